"""Whatever somebody has made of a node: one step never takes a valid configuration away, and a second finds no work."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from multus_py.attach import settings
from multus_py.hostconfig import layout, removal
from multus_py.hostconfig.errors import HostConfigError
from tests.unit.hostconfig.node import BRIDGE, Node, chain, multus

if TYPE_CHECKING:
    from multus_py.base.jsontext import JSONObject

NAMES = st.sampled_from(
    [
        *(
            "00-multus.conf",
            "00-multus.conflist",
            "00-multus.conf.cilium_bak",
            ".00-multus.conf.7.tmp",
            "70-multus.conf",
        ),
        *("05-a.conflist", "05-a.conflist.old", "10-b.conf", "10-b.conf.old", "20-c.json", "00-multus.conf.old"),
    ]
)
CONTENTS = st.sampled_from(
    ["", "{", "{}", "[]", "5", "{} {}", '{"type": 5}', '{"plugins": null}', '{"plugins": [null]}', "\ud7ff"]
    + [json.dumps(content) for content in (BRIDGE, multus(), multus(type="multus-shim"), multus(delegates=[multus()]))]
    + [json.dumps(chain("a", version=version)) for version in ("", "0.3.1", "1.0.0", "9.0.0", "x")]
)
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        "rename_conf_file": st.booleans(),
        "master_cni_file": st.sampled_from(["", "10-b.conf", "00-multus.conf"]),
        "cni_version": st.just("1.0.0"),
        "override_network_name": st.booleans(),
    },
)


def plugins_of(document: JSONObject) -> list[JSONObject]:
    inner = document.get("plugins")
    return [item for item in inner if isinstance(item, dict)] if isinstance(inner, list) else [document]


@given(st.dictionaries(NAMES, CONTENTS, max_size=6), OPTIONS)
def test_a_step_never_makes_it_worse_and_is_done_at_once(contents: dict[str, str], options: dict[str, object]) -> None:
    with tempfile.TemporaryDirectory() as root:
        node = Node(Path(root))
        for name, content in contents.items():
            node.put(name, content)
        before = layout.in_place(node.options)
        try:
            outcome = node.reconcile(**options)
        except HostConfigError:
            assert layout.in_place(node.options) == before
            return
        after = layout.in_place(node.options)
        assert bool(after) == (not outcome.waiting)
        assert after or not before
        if any(change.what.startswith("config-") for change in outcome.changes):
            [document] = after.values()
            [plugin] = plugins_of(document)
            assert settings.parse(json.dumps(plugin).encode()).delegates
        assert node.reconcile().changes == ()
        removal.remove(node.options)
        assert layout.in_place(node.options) == {}
