"""What a path of this process is on the host: containers that install have the host's directories below /host."""

from __future__ import annotations

from pathlib import PurePath

_HOST = PurePath("/host")


def on_host(path: PurePath) -> str:
    """Return the path as a program on the host has to name it."""
    return str("/" / path.relative_to(_HOST)) if path.is_relative_to(_HOST) else str(path)
