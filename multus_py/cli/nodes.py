"""The node that commands look at: from the options that `parsers.add_node` adds to what `inventory` opens."""

from __future__ import annotations

import argparse
import os
from pathlib import Path
from typing import TYPE_CHECKING

from multus_py.attach import adapters
from multus_py.cli import parsers
from multus_py.inventory import node
from multus_py.inventory.node import InventoryError, Node

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject


def configuration(arguments: argparse.Namespace) -> JSONObject | None:
    """Return the node's Multus configuration, None when it has none; options go before what it says.

    Raises:
        InventoryError: It cannot be read.
    """
    path: Path | None = arguments.multus_conf_file
    found = node.read_configuration(path) if path else node.configuration(arguments.cni_conf_dir)
    if path and found is None:
        raise InventoryError(f"{path} is no Multus configuration")
    if found is None:
        return None
    return {**found, **({"cniDir": str(arguments.cni_dir)} if arguments.cni_dir else {})}


def opened(arguments: argparse.Namespace) -> Node:
    """Return this node. One without a Multus configuration is what its records say. Raises InventoryError."""
    config = configuration(arguments) or node.bare(arguments.cni_dir or parsers.CNI_DIR)
    return node.opened(config, ports=adapters.real_ports(os.environb))
