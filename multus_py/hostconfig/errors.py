"""The error of this package: its message is for the person who looks after the node."""

from __future__ import annotations


class HostConfigError(Exception):
    """Only a person can mend this; whatever was valid on the node before is still there."""
