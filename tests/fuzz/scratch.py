"""Where a target's files go, for the length of one input: in memory, as there are thousands of inputs a minute."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_MEMORY = Path("/dev/shm")


@contextmanager
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="multus-fuzz-", dir=_MEMORY if _MEMORY.is_dir() else None))
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def file(data: bytes) -> Iterator[Path]:
    with folder() as made:
        path = made / "file"
        path.write_bytes(data)
        yield path


def text(data: bytes) -> str:
    """Return bytes as the text that the API server could hold: UTF-8 without lone surrogates."""
    return data.decode(errors="replace")
