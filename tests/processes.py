"""What tests want to know of processes that are none of their children."""

from __future__ import annotations

import time
from pathlib import Path


def ends(pid: int, *, seconds: float = 10) -> bool:
    """Wait until a process has ended; a zombie has. The kernel ends a killed process in its own time."""
    for _ in range(int(seconds * 100)):
        try:
            state = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]
        except FileNotFoundError:
            return True
        if state == "Z":
            return True
        time.sleep(0.01)
    return False
