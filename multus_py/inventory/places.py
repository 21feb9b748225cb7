"""Where things stand on a node. Every root is an argument, so that tests and chroots have their own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Places:
    """The directories that the inventory looks into."""

    state: Path = Path("/var/lib/cni/multus")
    """`cniDir`: records, and `results/`."""
    addresses: Path = Path("/var/lib/cni/networks")
    """host-local's default `dataDir`; networks that name another one are looked up there."""
    runtime_results: tuple[Path, ...] = (Path("/var/lib/cni/results"), Path("/var/lib/cni/cache/results"))
    """Where the runtime's libcni notes what it has attached and not yet detached; the second is cri-dockerd's."""
    device_info: Path = Path("/var/run/k8s.cni.cncf.io/devinfo/cni")

    def at(self, state: Path) -> Places:
        """Return the same places with other records."""
        return dataclasses.replace(self, state=state)

    @property
    def results(self) -> Path:
        """The directory of libcni's cached results."""
        return self.state / "results"

    @property
    def shared(self) -> bool:
        """Whether the runtime keeps its own results where ours are, so that a result may be anybody's."""
        return self.results in self.runtime_results
