"""The node's files, seen from where we are: on the node itself, or in a container that has its root at /host."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

_HERE = Path("/")
_MOST_LINKS = 40  # as many as the kernel follows


class Root:
    """Where the node's files are. Links are followed as the node itself would, so none leads out."""

    def __init__(self, top: Path = _HERE) -> None:
        """Name the directory that is the node's `/`."""
        self._top = top

    def __call__(self, path: str | PurePosixPath) -> Path:
        """Return where a path of the node leads to."""
        if self._top == _HERE:
            return Path(path)
        left, links = list(reversed(PurePosixPath("/", path).parts[1:])), 0
        found = self._top
        while left:
            part = left.pop()
            step = found / part
            if part == "..":
                found = found if found == self._top else found.parent
            elif step.is_symlink() and links < _MOST_LINKS:
                links += 1
                target = PurePosixPath(step.readlink())
                found = self._top if target.is_absolute() else found
                left += reversed([piece for piece in target.parts if piece != "/"])
            else:
                found = step
        return found
