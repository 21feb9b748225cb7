"""Makes a container image of dist/multus, from scratch: no registry, no daemon, no base image.

`make image` runs this. In the image are the installed layout, as /opt/multus, and what it needs of the machine that it
was built on: the C library and its loader, and libz. The archive is what `docker save` writes, so everybody can load
it: `ctr --namespace k8s.io images import`, `docker load`, `podman load`, `kind load image-archive`, k3s' folder of
images. The same build gives the same bytes.
"""

from __future__ import annotations

import argparse
import io
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path, PurePosixPath

import multus_py
from tools import elf

NAME = f"multus-py:{multus_py.VERSION}"
HOME = PurePosixPath("opt/multus")
ENTRYPOINT = [f"/{HOME}/multus"]
_DIST = Path(__file__).parents[1] / "dist"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_FOUND = re.compile(r"^\s*(?:(?P<name>\S+) => )?(?P<path>/\S+) \(0x", re.MULTILINE)


class ImageError(Exception):
    """No image can be made of this."""


def main(argv: list[str]) -> int:
    """Make the image; return the exit status."""
    parser = argparse.ArgumentParser(prog="tools/image.py", description="make a container image of a build")
    parser.add_argument("--program", type=Path, default=_DIST / "multus", help="the build (%(default)s)")
    parser.add_argument("--archive", type=Path, default=_DIST / "multus-image.tar", help="the result (%(default)s)")
    parser.add_argument("--root", type=Path, help="write the image's files into this directory, and no archive")
    parser.add_argument("--name", default=NAME, help="what the image is called (%(default)s)")
    options = parser.parse_args(argv)
    try:
        with tempfile.TemporaryDirectory() as directory:
            files = contents(unpack(options.program, Path(directory)))
            if options.root:
                copy(files, options.root)
                return 0
            write(options.archive, files, name=options.name)
    except (ImageError, elf.ELFError) as error:
        print(f"image: {error}", file=sys.stderr)
        return 1
    print(f"image: {options.archive}: {options.name}, {options.archive.stat().st_size} bytes")
    return 0


def unpack(program: Path, directory: Path) -> Path:
    """Install a build into a directory; return the directory of its layout. Raises ImageError."""
    command = [str(program), "install", "--cni-bin-dir", str(directory)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise ImageError(f"{' '.join(command)}: {done.stderr.strip()}")
    return (directory / "multus").resolve().parent


def contents(layout: Path) -> dict[PurePosixPath, Path]:
    """Return what is in an image: where it is there, where it comes from. Raises ImageError, ELFError."""
    inside = {path.relative_to(layout): path for path in layout.rglob("*") if path.is_file()}
    files = {HOME / path: source for path, source in inside.items()}
    bundled = {path.name for path in inside if path.parent != Path()}
    for path, source in inside.items():
        if path.name == "multus" or ".so" in path.suffixes:
            # The program itself is loaded before anybody can say that there are libraries beside it.
            own = frozenset[str]() if path.name == "multus" else bundled
            files |= {PurePosixPath(found.relative_to("/")): found for found in libraries(source, bundled=own)}
    return files


def libraries(file: Path, *, bundled: frozenset[str] | set[str]) -> list[Path]:
    """Return the files of this machine that a file is linked with, by the names the loader finds them by.

    Raises:
        ImageError: The machine lacks one.
        ELFError: The file cannot be read.
    """
    if not elf.libraries(file):
        return []
    done = subprocess.run(["ldd", str(file)], check=True, capture_output=True, text=True)
    found = [(match["name"] or "", Path(match["path"])) for match in _FOUND.finditer(done.stdout)]
    missing = {name for name in elf.libraries(file) if name not in {path.name for _, path in found} | bundled}
    if missing:
        raise ImageError(f"{file.name} is linked with {', '.join(sorted(missing))}, and this machine has no such file")
    return [path for name, path in found if name not in bundled]


def copy(files: dict[PurePosixPath, Path], root: Path) -> None:
    """Write the files of an image into a directory."""
    for path, source in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(source, target)


def write(archive: Path, files: dict[PurePosixPath, Path], *, name: str = NAME) -> None:
    """Write the archive of an image, under another name until it is complete."""
    layer = _layer(files)
    config = _encoded(
        {
            "architecture": _architecture(files),
            "os": "linux",
            "config": {"Entrypoint": ENTRYPOINT, "User": "0:0", "WorkingDir": "/"},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{sha256(layer).hexdigest()}"]},
            "history": [{"created_by": "tools/image.py"}],
        }
    )
    manifest = _encoded([{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}])
    new = archive.with_name(f".{archive.name}.new")
    with tarfile.open(new, "w") as tar:
        for member, content in (("config.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
            _add(tar, member, content)
    new.rename(archive)


def _architecture(files: dict[PurePosixPath, Path]) -> str:
    machine: str = json.loads(files[HOME / "lib/build.json"].read_text())["machine"]
    return _ARCHITECTURES.get(machine, machine)


def _layer(files: dict[PurePosixPath, Path]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        folders = {parent for path in files for parent in path.parents if parent.name}
        for path in sorted(folders | files.keys()):
            if path in folders:
                _add(tar, str(path), b"", type=tarfile.DIRTYPE)
            else:
                _add(tar, str(path), files[path].read_bytes(), mode=files[path].stat().st_mode & 0o755)
    return file.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, type: bytes = tarfile.REGTYPE, mode: int = 0o755) -> None:
    """Add a member that belongs to root and has no date: nothing in it depends on when and by whom it was made."""
    member = tarfile.TarInfo(name)
    member.type, member.size, member.mode = type, len(content), mode
    tar.addfile(member, io.BytesIO(content))


def _encoded(document: object) -> bytes:
    return json.dumps(document, sort_keys=True).encode()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
