"""Drawings show every interface, address and line, and nothing that would break out of the document."""

from __future__ import annotations

import dataclasses
import re
from xml.etree import ElementTree as ET

from multus_py.findings.finding import Finding, Severity
from multus_py.inventory import mermaid, picture, svg
from multus_py.inventory.model import Attachment, Container

NAMESPACE = "{http://www.w3.org/2000/svg}"
LONG = "telco/user-plane-network-with-a-name-that-is-far-too-long-for-any-box-0123456789"


def attachment(network: str, interface: str, *addresses: str, master: str = "") -> Attachment:
    return Attachment(
        network=network,
        name=network,
        plugins=("macvlan", "tuning"),
        interface=interface,
        completed=True,
        master=master,
        addresses=addresses,
    )


def pod(name: str, *attachments: Attachment) -> Container:
    return Container(id=name * 8, pod_namespace="default", pod=name, attachments=attachments)


def node() -> list[Container]:
    eth0 = [attachment("cluster", "eth0", f"198.51.100.{n}/24", f"2001:db8::{n}/64", master="cni0") for n in range(3)]
    ten = [attachment(f"default/n{n}", f"net{n}", f"203.0.113.{n}/24", master=f"eth{n}") for n in range(1, 10)]
    return [pod("web", eth0[0]), pod("many", eth0[1], *ten), pod("long", eth0[2], attachment(LONG, "net1"))]


def texts(drawing: str) -> list[str]:
    return [element.text or "" for element in ET.fromstring(drawing).iter(f"{NAMESPACE}text")]


def test_a_picture_has_each_network_and_each_master_once() -> None:
    drawn = picture.picture("node", node())
    assert [network.name for network in drawn.networks].count("cluster") == 1
    assert drawn.masters == ("cni0", *(f"eth{n}" for n in range(1, 10)))
    assert [len(each.ports) for each in drawn.pods] == [1, 10, 2]


def test_the_svg_shows_every_interface_and_address_and_a_line_for_each() -> None:
    drawing = svg.svg(picture.picture("node", node()))
    shown = texts(drawing)
    wanted = [text for each in node() for it in each.attachments for text in (it.interface, *it.addresses)]
    assert [text for text in wanted if text not in shown] == []
    lines = ET.fromstring(drawing).findall(f"{NAMESPACE}path")
    assert len(lines) == 13 + 10  # interfaces, and masters of networks


def test_texts_of_the_svg_stay_inside_their_boxes() -> None:
    root = ET.fromstring(svg.svg(picture.picture("node", node())))
    width = float(root.attrib["width"])
    for element in root.iter(f"{NAMESPACE}text"):
        assert float(element.attrib["x"]) + 7.9 * len(element.text or "") <= width


def test_a_long_name_is_cut_in_the_middle_and_told_whole_on_demand() -> None:
    root = ET.fromstring(svg.svg(picture.picture("node", node())))
    titles = [element.text for element in root.iter(f"{NAMESPACE}title")]
    assert titles == [LONG]
    assert any(
        text.startswith("telco/user") and text.endswith("0123456789")
        for text in texts(ET.tostring(root, "unicode"))
        if "…" in text
    )


def test_an_empty_node_is_a_valid_drawing() -> None:
    assert texts(svg.svg(picture.picture("node", [])))[0] == "node"
    assert mermaid.mermaid(picture.picture("node", [])).startswith('---\ntitle: "node"\n---\nflowchart LR\n')


def test_what_the_kernel_has_otherwise_stands_at_the_interface() -> None:
    finding = Finding(id="address-missing", severity=Severity.ERROR, problem="it is gone")
    wrong = dataclasses.replace(attachment("cluster", "eth0"), findings=(finding,))
    drawn = picture.picture("node", [pod("web", wrong)])
    assert "✗ it is gone" in texts(svg.svg(drawn))
    assert "    class p0i0 trouble" in mermaid.mermaid(drawn).splitlines()


def test_mermaid_shows_networks_masters_and_pods() -> None:
    lines = mermaid.mermaid(picture.picture("node", node()[:1])).splitlines()
    assert lines[3:] == [
        "flowchart LR",
        '    m0[["cni0"]]',
        '    n0(["cluster<br/><i>macvlan + tuning</i>"])',
        "    m0 --- n0",
        '    subgraph p0["default/web"]',
        '        p0i0["<b>eth0</b><br/>198.51.100.0/24<br/>2001:db8::0/64"]',
        "    end",
        "    n0 --- p0i0",
        "    classDef trouble stroke:#c00,stroke-width:3px",
    ]


def test_names_cannot_break_out_of_a_drawing() -> None:
    evil = '"]; click </text><script>x</script>\n%%'
    drawn = picture.picture(
        evil, [Container(id="c", pod_namespace="a", pod=evil, attachments=(attachment(evil, evil),))]
    )
    root = ET.fromstring(svg.svg(drawn))
    assert {element.tag.removeprefix(NAMESPACE) for element in root.iter()} <= {"svg", "rect", "path", "text", "title"}
    body = mermaid.mermaid(drawn).split("flowchart LR")[1]
    assert not re.search(r"script>|\]; click", body)
