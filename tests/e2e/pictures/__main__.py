"""`make pictures`: the dashboard of conf/monitoring, on a real run, as docs/img/dashboard.svg.

    python -m tests.e2e --run=tests.e2e.pictures PROMETHEUS

Real pods come and go on a real Kubernetes where the DaemonSet is installed as README says; a real Prometheus reads its
metrics, and answers the dashboard's own questions.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from pathlib import Path

import multus_py
from multus_py.lab.objects import JSON, Object, at, text
from tests.e2e import cluster as clusters
from tests.e2e import networks, readme
from tests.e2e.cluster import CONF, Cluster, new_space
from tests.e2e.equipment import REPOSITORY
from tests.e2e.load import Load
from tests.e2e.pictures import drawing
from tests.e2e.pictures.drawing import Panel, Place
from tests.e2e.pictures.prometheus import Prometheus
from tests.e2e.waiting import say

_PORT = 9489
_LOAD, _CALM = 90.0, 15.0
"""Seconds with pods that come and go, and then without."""
_RATE = "15s"
_IMAGES = REPOSITORY / "docs/img"


def main(binary: Path) -> int:
    """Run it, with that Prometheus; return the exit status."""
    work = Path(os.environ["MULTUS_E2E_WORK"])
    with clusters.up() as cluster:
        version = str(cluster.api.get("/version")["gitVersion"])
        _install(cluster)
        targets = {node.name: f"{node.address.node}:{_PORT}" for node in cluster.nodes}
        prometheus = Prometheus(
            binary, targets, directory=work / "state" / "prometheus", log=work / "logs" / "prometheus.log"
        )
        try:
            start, pods = _load(cluster)
            end = time.time()
            panels = [
                _panel(prometheus, one, start=start, end=end)
                for one in _objects(json.loads((CONF / "monitoring/dashboard.json").read_text())["panels"])
            ]
        finally:
            prometheus.close()
    caption = (
        f"multus-py {multus_py.VERSION}, the DaemonSet on two nodes of Kubernetes {version}: {pods} pods with a second"
        f" network come and go for {_LOAD:.0f} s, at most four at a time. Rates over {_RATE}."
    )
    _IMAGES.mkdir(parents=True, exist_ok=True)
    preview = Path(os.environ.get("PREVIEW", work / "dashboard.png"))
    drawing.draw(panels, caption=caption, start=start, end=end, files=[_IMAGES / "dashboard.svg", preview])
    shutil.rmtree(work / "logs", ignore_errors=True)
    return 0


def _install(cluster: Cluster) -> None:
    """Install the DaemonSet as README says, on nodes that never heard of Multus."""
    for node in cluster.nodes:
        node.strip()
    time.sleep(1)  # the runtime reads it when the kernel tells it so
    say("installing the DaemonSet")
    readme.follow(cluster, "Make and load the image")
    readme.follow(cluster, "Apply")


def _load(cluster: Cluster) -> tuple[float, int]:
    """Let pods come and go; return when that began, and how many came."""
    say("pods come and go")
    with new_space(cluster, "pictures") as space:
        space.nad("storage", networks.macvlan())
        start = time.time()
        with Load(space, "storage") as load:
            time.sleep(_LOAD)
        assert not load.failures(), load.failures()
        time.sleep(_CALM)
    return start, load.count


def _panel(prometheus: Prometheus, panel: Object, *, start: float, end: float) -> Panel:
    """Ask what the panel asks."""
    curves = [
        (drawing.legend(text(target, "legendFormat"), curve.labels), curve)
        for target in _objects(panel["targets"])
        for curve in prometheus.range(_expression(text(target, "expr")), start=start, end=end)
    ]
    x, y, w, h = (int(str(at(panel, "gridPos", key))) for key in "xywh")
    unit = text(panel, "fieldConfig", "defaults", "unit")
    return Panel(text(panel, "title"), text(panel, "type"), unit, Place(x, y, w, h), curves)


def _expression(expression: str) -> str:
    """Put in what Grafana does."""
    return expression.replace("$__rate_interval", _RATE).replace("$node", ".*")


def _objects(found: JSON) -> list[Object]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
