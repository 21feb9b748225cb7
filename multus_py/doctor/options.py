"""Where a node is looked at: its directories, its name in the cluster, and how much of its log is read."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from multus_py.doctor import server
from multus_py.inventory.places import Places

CONF_DIR = PurePosixPath("/etc/cni/net.d")
BIN_DIR = PurePosixPath("/opt/cni/bin")
_MODULES = PurePosixPath("/lib/modules")
_HERE = Path("/")


@dataclass(frozen=True, kw_only=True)
class Options:
    """Where to look. All paths are the node's own."""

    root: Path = _HERE
    """Where the node's root is, seen from here."""
    conf_dir: PurePosixPath = CONF_DIR
    primary_dir: PurePosixPath | None = None
    """Where the primary network's configuration is; None for `conf_dir`."""
    bin_dir: PurePosixPath = BIN_DIR
    cni_dir: str = ""
    """Where the state is; empty for what the configuration says."""
    kubeconfig: str = ""
    """Empty for what the configuration says."""
    node: str = field(default_factory=lambda: os.environ.get("MULTUS_NODE_NAME") or socket.gethostname().lower())
    """The node's name in the cluster."""
    api_timeout: float = server.TIMEOUT
    """Seconds that one question to the API server may take."""
    log_lines: int = 1000
    """How many lines at the end of the log are read."""
    modules: PurePosixPath = _MODULES
    proc: Path = Path("/proc")
    """The kernel's, as seen from here: it is the same in a container."""
    sys: Path = Path("/sys")
    places: Places = field(default_factory=Places)
    """Where the inventory looks; its `state` is not used."""
