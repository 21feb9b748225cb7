"""A picture of attachments as Mermaid, which code hosts and wikis draw inside Markdown."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from multus_py.inventory.picture import Picture, Port

_BREAK = "<br/>"


def mermaid(picture: Picture) -> str:
    """Return the drawing."""
    lines = ["---", f"title: {_plain(picture.title)}", "---", "flowchart LR"]
    masters = {name: f"m{index}" for index, name in enumerate(picture.masters)}
    lines += [f'    {key}[["{_escaped(name)}"]]' for name, key in masters.items()]
    for index, network in enumerate(picture.networks):
        lines.append(f'    n{index}(["{_escaped(network.name)}{_BREAK}<i>{_escaped(network.plugins)}</i>"])')
        if network.master:
            lines.append(f"    {masters[network.master]} --- n{index}")
    for number, pod in enumerate(picture.pods):
        lines.append(f'    subgraph p{number}["{_escaped(pod.name)}"]')
        lines += [f'        p{number}i{index}["{_label(port)}"]' for index, port in enumerate(pod.ports)]
        lines.append("    end")
        lines += [f"    n{port.network} --- p{number}i{index}" for index, port in enumerate(pod.ports)]
        lines += [f"    class p{number}i{index} trouble" for index, port in enumerate(pod.ports) if port.trouble]
    lines.append("    classDef trouble stroke:#c00,stroke-width:3px")
    return "\n".join(lines) + "\n"


def _label(port: Port) -> str:
    return _BREAK.join(
        [f"<b>{_escaped(port.name)}</b>", *map(_escaped, port.addresses), *(f"✗ {_escaped(it)}" for it in port.trouble)]
    )


def _plain(text: str) -> str:
    """Return a text that is one of YAML's whatever is in it: JSON's texts are."""
    import json

    return json.dumps(text, ensure_ascii=False)


def _escaped(text: str) -> str:
    """Write what means something to Mermaid or HTML as entities, in Mermaid's spelling."""
    return "".join(char if char.isalnum() or char in " -_./:+(),%" else f"#{ord(char)};" for char in text)
