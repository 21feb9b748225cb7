"""How labs fail for reasons that the person who started them can do something about, and in which words."""

from __future__ import annotations

import subprocess

from multus_py.lab.apierrors import ApiError
from multus_py.lab.executable import MissingPluginsError
from multus_py.lab.manifests import ManifestError
from multus_py.lab.netlink import LinkError
from multus_py.lab.runtime import PluginError

FAILURES = (ApiError, LinkError, ManifestError, MissingPluginsError, PluginError, OSError, subprocess.SubprocessError)


def explained(error: BaseException) -> str:
    """Return the message of an error, for a program that failed with what it said."""
    said = error.stderr.strip() if isinstance(error, subprocess.CalledProcessError) and error.stderr else ""
    return f"{error} {said}".strip()
