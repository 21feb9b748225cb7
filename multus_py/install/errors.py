"""The error of this package: its message is for the person who installs."""

from __future__ import annotations


class InstallError(Exception):
    """It could not be done; what was installed before works as before."""
