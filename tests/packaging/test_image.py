"""The container image: complete, the same each time, and nothing in it that is not needed."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from hashlib import sha256
from pathlib import Path, PurePosixPath

import pytest

import multus_py
from tools import image

MACHINE = {"libc", "libdl", "libm", "libpthread", "librt", "libz", "ld-linux-x86-64", "ld-linux-aarch64"}


@pytest.fixture(scope="module")
def files(layout: Path) -> dict[PurePosixPath, Path]:
    return image.contents(layout)


@pytest.fixture(scope="module")
def archive(files: dict[PurePosixPath, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("image") / "image.tar"
    image.write(path, files)
    return path


def test_the_archive_is_what_docker_save_writes(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        parts = {member.name: _content(tar, member) for member in tar}

    (manifest,) = json.loads(parts["manifest.json"])
    assert manifest == {
        "Config": "config.json",
        "RepoTags": [f"multus-py:{multus_py.VERSION}"],
        "Layers": ["layer.tar"],
    }
    config = json.loads(parts["config.json"])
    assert config["rootfs"]["diff_ids"] == [f"sha256:{sha256(parts['layer.tar']).hexdigest()}"]
    assert config["config"]["Entrypoint"] == ["/opt/multus/multus"]
    assert config["architecture"] in {"amd64", "arm64"}
    with tarfile.open(fileobj=io.BytesIO(parts["layer.tar"])) as layer:
        assert layer.getmember("thin_entrypoint").linkname == "/opt/multus/multus"
        assert {member.mtime for member in layer} == {0}


def test_the_same_build_gives_the_same_bytes(archive: Path, files: dict[PurePosixPath, Path], tmp_path: Path) -> None:
    image.write(tmp_path / "again.tar", dict(reversed(files.items())))

    assert (tmp_path / "again.tar").read_bytes() == archive.read_bytes()
    assert [path.name for path in tmp_path.iterdir()] == ["again.tar"], "nothing unfinished is left"


def test_of_the_machine_there_is_the_c_library_and_libz_and_nothing_else(files: dict[PurePosixPath, Path]) -> None:
    ours = {path for path in files if path.is_relative_to(image.HOME)}

    assert {path.name.partition(".")[0] for path in files.keys() - ours} <= MACHINE
    assert PurePosixPath("opt/multus/multus") in ours


def test_a_library_that_the_machine_lacks_is_named(tmp_path: Path, layout: Path) -> None:
    odd = tmp_path / "libssl.so.3"
    odd.write_bytes((layout / "lib/libssl.so.3").read_bytes().replace(b"libcrypto.so.3", b"libcrypto.so.9"))

    with pytest.raises(image.ImageError, match=r"libssl\.so\.3 is linked with libcrypto\.so\.9"):
        image.libraries(odd, bundled=frozenset())


@pytest.mark.root
def test_the_program_runs_and_installs_itself_with_nothing_but_the_image(
    files: dict[PurePosixPath, Path], tmp_path: Path
) -> None:
    image.copy(files, tmp_path)
    (tmp_path / "host").mkdir()

    version = _run(tmp_path, "version")
    _run(tmp_path, "install", "--cni-bin-dir", "/host")

    assert "installed in /opt/multus" in version
    assert (tmp_path / "host/multus").is_symlink()
    assert (
        f"multus {multus_py.VERSION}"
        in subprocess.run([tmp_path / "host/multus", "version"], check=True, capture_output=True, text=True).stdout
    )


@pytest.mark.root
def test_the_names_of_the_originals_installers_are_there(files: dict[PurePosixPath, Path], tmp_path: Path) -> None:
    image.copy(files, tmp_path)
    (tmp_path / "host/opt/cni/bin").mkdir(parents=True)

    _run(tmp_path, "--type", "thin", program="/install_multus")

    assert (tmp_path / "host/opt/cni/bin/multus").is_symlink()
    assert "--multus-conf-file" in _run(tmp_path, "--help", program="/thin_entrypoint")


def _run(root: Path, *argv: str, program: str = image.ENTRYPOINT[0]) -> str:
    command = ["chroot", str(root), program, *argv]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file, f"{member.name} is a file"
    return file.read()
