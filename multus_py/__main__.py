"""The program: a CNI call, or one of the operator's commands."""

from __future__ import annotations

import posix
import sys

from multus_py import entry

status = entry.main(sys.argv, posix.environ)
if status is not None:
    entry.exit_now(status)

from multus_py.cli import main  # noqa: E402 - a CNI call must not load it

sys.exit(main.main(sys.argv[1:], called=sys.argv[0].rpartition("/")[2]))
