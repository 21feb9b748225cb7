"""Multus whose daemon takes seconds for minutes: how long it bears with an API server that says nothing, and so on.

python -m tests.integration.flows.hurried daemon ...
"""

from __future__ import annotations

import sys

from multus_py.cli import main
from multus_py.daemon import cluster, following, pace

cluster.IDLE, cluster.PATIENCE = 1.0, 2.0
following.GRACE, following.LONGEST_PAUSE = 0.5, 1.0
pace.EVERY = 0.2

if __name__ == "__main__":
    sys.exit(main.main(sys.argv[1:], called="multus"))
