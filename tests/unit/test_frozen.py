"""Stage 0, as far as it can be tried outside a build; tests/packaging tries the rest on the built program."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from multus_py import frozen
from multus_py.cni import skel, versions
from multus_py.frozen import Archive, Bundle
from plugins import passthru
from tools import bundle
from tools.bundle import Module


def test_the_answer_to_version_is_the_one_that_skel_would_give() -> None:
    assert skel.version_document(versions.SUPPORTED).encode() == frozen.VERSION_ANSWER


@pytest.mark.parametrize("module", frozen.PLUGINS.values())
def test_plugins_that_travel_along_would_answer_the_same(module: str) -> None:
    assert module == passthru.__name__

    answered: list[bytes] = []
    status = skel.run(
        passthru.HANDLERS,
        environ={b"CNI_COMMAND": b"VERSION"},
        stdin=lambda: pytest.fail("VERSION has no input"),
        stdout=answered.append,
    )

    assert (status, answered) == (0, [frozen.VERSION_ANSWER])


writers = pytest.importorskip("PyInstaller.archive.writers", reason="needs PyInstaller, which `make setup` installs")

SOURCES = {
    "sample": 'VALUE = 1\n\ndef kind(of: "Unknown") -> "Unknown":\n    """Say."""\n    return __name__',
    "sample.first": "from sample import second\nORDER = ['first', *second.ORDER]",
    "sample.second": "from __future__ import annotations\nORDER = ['second']\nclass Record:\n    field: Unknown",
    "sample.broken": "raise RuntimeError('broken')",
}
FILES = {"sample": "sample/__init__.py", **{name: f"{name.replace('.', '/')}.py" for name in SOURCES if "." in name}}


@pytest.fixture
def found(tmp_path: Path) -> Iterator[Bundle]:
    """Give a bundle, in the middle of a file, with a finder in place."""
    (tmp_path / "sample").mkdir()
    for name, text in SOURCES.items():
        (tmp_path / FILES[name]).write_text(text)
    modules = [Module(name, tmp_path / file) for name, file in FILES.items()]
    bundle.write(
        tmp_path / "alone",
        modules,
        extensions={"sample.native": ["native.so", "libneeded.so.1"]},
        sequences={"ADD": ("sample", "sample.second", "sample.first")},
    )
    (tmp_path / "file").write_bytes(b"something before" + (tmp_path / "alone").read_bytes() + b"and after")
    made = Bundle(str(tmp_path / "file"), len(b"something before"), "/directory")
    sys.meta_path.insert(0, made)
    yield made
    sys.meta_path.remove(made)
    for name in [name for name in sys.modules if name.partition(".")[0] == "sample"]:
        del sys.modules[name]


def test_modules_are_imported_from_the_bundle(found: Bundle) -> None:
    first = __import__("sample.first", fromlist=["ORDER"])

    assert first.ORDER == ["first", "second"]
    assert (first.__spec__ and first.__spec__.origin) == frozen.BUNDLE
    assert sys.modules["sample"].__path__ == ["/directory/sample"]


def test_a_verbs_modules_are_loaded_in_order_and_belong_to_their_packages(found: Bundle) -> None:
    found.load("ADD")

    sample = sys.modules["sample"]
    assert sample.first is sys.modules["sample.first"]
    assert sample.kind(None) == "sample"
    assert sys.modules["sample.first"].ORDER == ["first", "second"]


def test_what_is_loaded_already_is_not_loaded_again(found: Bundle) -> None:
    second = __import__("sample.second", fromlist=["ORDER"])

    found.load("ADD")

    assert sys.modules["sample.second"] is second


@pytest.mark.parametrize("verb", ["DEL", "", "rubbish"])
def test_a_verb_without_a_sequence_loads_nothing_ahead(found: Bundle, verb: str) -> None:
    found.load(verb)

    assert "sample" not in sys.modules


def test_a_module_that_fails_can_be_tried_again(found: Bundle) -> None:
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            __import__("sample.broken")


def test_extension_modules_are_found_beside_it(found: Bundle) -> None:
    spec = found.find_spec("sample.native")

    assert spec
    assert spec.origin == "/directory/native.so"


def test_extension_modules_are_provided_with_what_they_need(found: Bundle) -> None:
    provided: list[str] = []
    found.provide = provided.append

    found.find_spec("sample.native")

    assert provided == ["native.so", "libneeded.so.1"]


def test_what_is_not_in_it_is_left_to_others(found: Bundle) -> None:
    assert found.find_spec("json") is None
    assert found.find_spec("sample.third") is None


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Give an archive with two files of a payload, one of them large, and something else."""
    (tmp_path / "small").write_bytes(b"library")
    (tmp_path / "large").write_bytes(bytes(range(256)) * 8192 + b"end")
    (tmp_path / "other").write_bytes(b"not of the payload")
    entries = [
        ("payload/lib/a/b.so.1", str(tmp_path / "small"), False, "a"),
        ("other", str(tmp_path / "other"), False, "x"),
        ("payload/lib/large", str(tmp_path / "large"), False, "a"),
    ]
    writers.CArchiveWriter(str(tmp_path / "archive"), entries, "libpython.so")
    (tmp_path / "file").write_bytes(b"ELF" * 1000 + (tmp_path / "archive").read_bytes() + b"section headers" * 100)
    return Archive(str(tmp_path / "file"))


def test_the_archive_has_the_files_of_the_layout(tmp_path: Path, archive: Archive) -> None:
    assert archive.names() == ["lib/a/b.so.1", "lib/large"]
    assert (tmp_path / "file").read_bytes()[archive.place("lib/a/b.so.1") :].startswith(b"library")


@pytest.mark.parametrize(
    ("name", "original", "mode"),
    [("lib/a/b.so.1", "small", 0o755), ("lib/large", "large", 0o644)],
    ids=["library", "large"],
)
def test_a_file_is_unpacked_with_its_directories(
    tmp_path: Path, archive: Archive, name: str, original: str, mode: int
) -> None:
    target = tmp_path / "home/deep" / name

    archive.unpack(name, str(target))

    assert target.read_bytes() == (tmp_path / original).read_bytes()
    assert target.stat().st_mode & 0o777 == mode


def test_a_file_that_is_there_is_left_as_it_is(tmp_path: Path, archive: Archive) -> None:
    (tmp_path / "there").write_text("something else")

    archive.unpack("lib/large", str(tmp_path / "there"))

    assert (tmp_path / "there").read_text() == "something else"


def test_what_is_not_in_the_payload_cannot_be_unpacked(tmp_path: Path, archive: Archive) -> None:
    with pytest.raises(KeyError):
        archive.unpack("other", str(tmp_path / "there"))

    assert not (tmp_path / "there").exists()


def test_a_file_without_an_archive_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\0" * 100_000)

    with pytest.raises(ValueError, match="subsection not found"):
        Archive(str(tmp_path / "file"))
