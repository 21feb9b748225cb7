"""What goes wrong on the machine itself. Nothing else leaves this package."""

from __future__ import annotations

import posix


class NodeError(Exception):
    """The kernel, the kubelet, or a file did not do what was asked; the message names the object and the reason."""


class UnavailableError(NodeError):
    """Nobody answered, or not in time. Asking again later may help."""


class KernelError(NodeError):
    """The kernel refused a netlink request."""

    def __init__(self, number: int, explanation: str = "") -> None:
        """Keep the error number for decisions, and both the system's and the kernel's own words for people."""
        self.errno = number
        reason = posix.strerror(number).lower()
        super().__init__(f"{explanation.rstrip('.')} ({reason})" if explanation else reason)
