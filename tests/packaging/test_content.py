"""What is in the build, exactly: nothing of the tests, no library that nobody decided on, no surprise."""

from __future__ import annotations

import marshal
import re
import sys
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TypedDict

import pytest

from multus_py import entry, frozen, singlefile
from tools import bundle

readers = pytest.importorskip("PyInstaller.archive.readers", reason="needs PyInstaller, which `make setup` installs")

# Of the machine, not ours: what only a C library has. All else that is linked must be in the build.
MACHINE = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}

LIBRARIES = {
    r"libpython3\.\d+\.so\.1\.0": "the interpreter",
    r"libexpat\.so\.1": "the interpreter is linked with it",
    r"libz\.so\.1": "the interpreter is linked with it",
    r"libssl\.so\.3": "TLS to the API server",
    r"libcrypto\.so\.3": "TLS to the API server",
    r"libffi\.so\.8": "ctypes, for setns and inotify",
    r"libstdc\+\+\.so\.6": "grpc is linked with it; images without a distribution do not have it",
    r"libgcc_s\.so\.1": "rpds, of jsonschema, is linked with it; images without a distribution do not have it",
}
EXTENSIONS = {"_contextvars", "_ctypes", "_hashlib", "_json", "_ssl", "_typing", "resource"}
EXTENSIONS |= {"google._upb._message", "grpc._cython.cygrpc"}
# Built into Debian's libpython; extension modules of their own elsewhere.
EXTENSIONS_ELSEWHERE = {
    *("_asyncio", "_bisect", "_blake2", "_csv", "_datetime", "_elementtree", "_heapq", "_md5", "_multiprocessing"),
    *("_opcode", "_pickle", "_posixshmem", "_posixsubprocess", "_queue", "_random", "_sha1", "_sha256", "_sha3"),
    *("_sha512", "_socket", "_statistics", "_struct", "_uuid", "_zoneinfo", "array", "binascii", "fcntl", "grp"),
    *("math", "mmap", "pyexpat", "select", "syslog", "termios", "unicodedata", "zlib"),
}
LIBRARY_FILES = {"base_library.zip", "build.json", frozen.BUNDLE}
OURS = {"multus_py", "plugins"}
THIRD_PARTY = {"google", "grpc", "typing_extensions", "yaml"}
THIRD_PARTY_OF_COMMANDS = {
    *("attr", "attrs", "jsonschema", "jsonschema_specifications", "referencing", "rpds", "typing_extensions"),
    *("prometheus_client", "rich", "shtab"),
}
DATA = re.compile(r"multus_py/schemas/[\w-]+\.schema\.json|jsonschema_specifications/schemas/draft[\w/-]+(\.json)?")
ROOT = Path(__file__).parents[2]
PLUGIN_PATH = re.compile(r"multus_py(\.entry|\.(base|cni|multinet|cluster|node|attach)(\.\w+)?)?")


class Index(TypedDict):
    """The index of the bundle."""

    code: Mapping[str, tuple[int, int, bool]]
    extensions: Mapping[str, tuple[str, ...]]
    sequences: Mapping[str, tuple[str, ...]]


@pytest.fixture(scope="module")
def index(layout: Path) -> Index:
    data = (layout / "lib" / frozen.BUNDLE).read_bytes()
    found: Index = marshal.loads(data[8:])
    return found


def entries(program: Path) -> Iterator[tuple[str, str]]:
    """Return the kind and the name of each entry of a program's archive, in order."""
    for name, (*_, kind) in readers.CArchiveReader(str(program)).toc.items():
        yield kind, name


def test_the_bootloader_runs_our_stage_0_first_and_no_hooks_before_it(single_file: Path, layout: Path) -> None:
    for program in (single_file, layout / "multus"):
        runs = [name for kind, name in entries(program) if kind in "mMs"]
        assert runs[0] == "multus_py.frozen"
        assert not [name for name in runs[:1] if name.startswith("pyi")]


def test_the_single_file_runs_nothing_but_stage_0(single_file: Path) -> None:
    assert [name for kind, name in entries(single_file) if kind in "mMsz"] == ["multus_py.frozen"]


def test_the_single_file_unpacks_next_to_nothing_at_its_start(single_file: Path) -> None:
    unpacked = {name for kind, name in entries(single_file) if kind in "bxn"}

    libpython = {name for name in unpacked if name.startswith("libpython3.")}
    assert unpacked - libpython <= {"base_library.zip", singlefile.MARKER, "libexpat.so.1"}
    assert len(libpython) == 1


def test_the_marker_is_unpacked_first(single_file: Path) -> None:
    assert next(name for kind, name in entries(single_file) if kind in "bxn") == singlefile.MARKER


def test_the_payload_is_the_installed_layout(single_file: Path, layout: Path) -> None:
    payload = {name.removeprefix(frozen.PAYLOAD) for kind, name in entries(single_file) if kind == "a"}

    assert payload == {str(path.relative_to(layout)) for path in layout.rglob("*") if path.is_file()}


def test_our_own_reader_reads_what_pyinstallers_does(single_file: Path) -> None:
    reader = readers.CArchiveReader(str(single_file))
    start = reader._start_offset

    expected = {
        name.removeprefix(frozen.PAYLOAD): start + offset
        for name, (offset, *_) in reader.toc.items()
        if name.startswith(frozen.PAYLOAD)
    }
    archive = frozen.Archive(str(single_file))
    assert {name: archive.place(name) for name in archive.names()} == expected


def test_libraries_are_those_that_were_decided_on(layout: Path) -> None:
    files = {path.name for path in (layout / "lib").iterdir() if path.is_file()} - LIBRARY_FILES

    assert {name for name in files if not any(re.fullmatch(pattern, name) for pattern in LIBRARIES)} == set()


def test_extension_modules_are_those_that_were_decided_on(index: Index) -> None:
    assert set(index["extensions"]) - EXTENSIONS - EXTENSIONS_ELSEWHERE == set()
    assert set(index["extensions"]) >= {"_json", "_ssl"}


def test_extension_modules_have_the_libraries_that_they_need(index: Index, layout: Path) -> None:
    files = [file for needed in index["extensions"].values() for file in needed]

    assert [file for file in files if not (layout / "lib" / file).is_file()] == []
    assert {"libssl.so.3", "libcrypto.so.3"} <= set(index["extensions"]["_ssl"])


def test_there_are_only_modules_of_ours_of_python_and_of_the_libraries_that_were_decided_on(index: Index) -> None:
    top = {name.partition(".")[0] for name in index["code"]}

    assert top - OURS - THIRD_PARTY - sys.stdlib_module_names == set()


def test_commands_have_only_the_libraries_that_were_decided_on(layout: Path) -> None:
    archive = readers.CArchiveReader(str(layout / "multus")).open_embedded_archive("PYZ.pyz")
    top = {name.partition(".")[0] for name in archive.toc}

    assert top - OURS - THIRD_PARTY_OF_COMMANDS - sys.stdlib_module_names == set()
    assert top >= {"jsonschema", "prometheus_client"}


def test_the_only_data_files_are_schemas(layout: Path) -> None:
    lib = layout / "lib"
    files = {str(path.relative_to(lib)) for path in lib.glob("*/**/*") if path.is_file()}
    data = {name for name in files if not name.endswith(".so")}

    assert {name for name in data if not DATA.fullmatch(name)} == set()
    ours = {name for name in data if name.startswith("multus_py/")}
    assert ours == {f"multus_py/schemas/{path.name}" for path in (ROOT / "multus_py/schemas").iterdir()}


def test_nothing_of_tests_and_lab_is_in_it(index: Index, layout: Path) -> None:
    everything = {*index["code"], *readers.CArchiveReader(str(layout / "multus")).open_embedded_archive("PYZ.pyz").toc}

    assert not [
        name
        for name in everything
        if re.match(r"(multus_py\.lab|tests|test|unittest|pytest|_pytest|hypothesis|trustme|tkinter)(\.|$)", name)
    ]


def test_every_verb_is_in_it_with_its_modules_in_an_order_that_works(index: Index) -> None:
    assert set(index["sequences"]) == set(entry.VERBS)
    for verb, (module, _) in entry.VERBS.items():
        assert {module, "multus_py.entry", "multus_py.cni.skel"} <= set(index["sequences"][verb])
        assert [name for name in index["sequences"][verb] if not PLUGIN_PATH.fullmatch(name)] == []


def test_a_module_is_in_the_build_once(index: Index, layout: Path) -> None:
    archive = readers.CArchiveReader(str(layout / "multus")).open_embedded_archive("PYZ.pyz")

    assert set(archive.toc) & set(index["code"]) == set()


def test_the_base_library_has_the_codecs_of_the_start_and_nothing_else(layout: Path) -> None:
    names = zipfile.ZipFile(layout / "lib/base_library.zip").namelist()

    assert names == [f"encodings/{name}.pyc" for name in ("__init__", "aliases", "ascii", "latin_1", "utf_8")]


def test_the_build_knows_nothing_of_the_machine_it_was_made_on(layout: Path) -> None:
    root = str(ROOT).encode()

    assert [path for path in layout.rglob("*") if path.is_file() and root in path.read_bytes()] == []


def test_our_modules_are_the_ones_that_the_bundler_takes_for_ours() -> None:
    assert set(bundle.OURS) == OURS
