"""The one container image, made on the spot from the machine's static busybox; nothing is fetched."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path

NAMES = ("busybox:stable", "multus-e2e/pause:1")
"""What it is called: as the examples ask for it, and as the sandbox."""
PAUSE = NAMES[1]
_APPLETS = ("sh", "sleep", "ip", "ping", "httpd", "wget", "nc", "cat", "echo", "hostname")
_WAIT = ["/bin/sh", "-c", "trap 'exit 0' TERM; while :; do sleep 1000 & wait $!; done"]


def write(archive: Path) -> None:
    """Write the image as `docker save` would."""
    layer = _layer()
    config = json.dumps(
        {
            "architecture": "amd64",
            "os": "linux",
            "config": {"Cmd": _WAIT, "Env": ["PATH=/bin"]},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
        }
    ).encode()
    manifest = json.dumps([{"Config": "config.json", "RepoTags": NAMES, "Layers": ["layer.tar"]}]).encode()
    with tarfile.open(archive, "w") as tar:
        for name, content in (("config.json", config), ("layer.tar", layer), ("manifest.json", manifest)):
            _add(tar, name, content)


def _layer() -> bytes:
    busybox = shutil.which("busybox")
    assert busybox, "make e2e-tools installs busybox-static"
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w") as tar:
        for folder in ("bin", "tmp", "proc", "sys", "dev", "etc"):
            _add(tar, folder, b"", type=tarfile.DIRTYPE)
        _add(tar, "bin/busybox", Path(busybox).read_bytes())
        for applet in _APPLETS:
            _add(tar, f"bin/{applet}", b"", type=tarfile.SYMTYPE, to="busybox")
    return file.getvalue()


def _add(tar: tarfile.TarFile, name: str, content: bytes, *, type: bytes = tarfile.REGTYPE, to: str = "") -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type, entry.linkname, entry.mode = len(content), type, to, 0o755
    tar.addfile(entry, io.BytesIO(content))
