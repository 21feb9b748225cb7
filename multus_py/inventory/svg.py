"""A picture of attachments as SVG: the node's interfaces on the left, its networks, the pods on the right.

Lines have the colour of their network, so that they can be followed where they cross. Long names are cut in the middle;
the whole one is shown where the mouse rests.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from multus_py.inventory.picture import Network, Picture, Pod, Port

_COLOURS = (
    "#0072b2",
    "#d55e00",
    "#009e73",
    "#aa4499",
    "#b8860b",
    "#56b4e9",
    "#882255",
    "#666666",
    "#117733",
    "#e06c9f",
)
"""Of pairwise different brightness or hue, also for those who see fewer colours (after Okabe and Ito)."""
_FONT, _CHAR, _LINE = 13, 7.9, 18
"""The size of the letters, and what a letter and a line take, in pixels. The font has letters of one width."""
_PAD, _GAP, _MARGIN, _TOP = 10, 14, 24, 84
_GUTTER = 110
"""Between two columns: room for the lines."""
_LONGEST = 52
_TITLE = 12
"""What a letter of the title takes."""
_HEADINGS = ("INTERFACES OF THE NODE", "NETWORKS", "PODS")
_TROUBLE = "#c00000"


@dataclass(frozen=True, kw_only=True)
class _Box:
    """A box in a column, with the heights that lines lead to."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        return self.y + self.height / 2

    @property
    def right(self) -> float:
        return self.x + self.width


def svg(picture: Picture) -> str:
    """Return the drawing as a document."""
    widths = [
        _width([_HEADINGS[0], *picture.masters]),
        _width([_HEADINGS[1], *(text for each in picture.networks for text in (each.name, each.plugins))]),
        max([_width([_HEADINGS[2]]), *map(_pod_width, picture.pods)]),
    ]
    left, centre, right = (_MARGIN + sum(widths[:index]) + _GUTTER * index for index in range(3))
    pods = _column(right, widths[2], [_pod_height(pod) for pod in picture.pods])
    ports = [_port_heights(pod, box) for pod, box in zip(picture.pods, pods, strict=True)]
    networks = _spread(_column(centre, widths[1], [2 * _LINE + _PAD] * len(picture.networks)), pods)
    masters = _spread(_column(left, widths[0], [_LINE + _PAD] * len(picture.masters)), networks)
    bottom = max((box.y + box.height for box in (*pods, *networks, *masters)), default=_TOP)
    root = _root(max(right + widths[2], _TITLE * len(picture.title)) + _MARGIN, max(bottom, _TOP) + _MARGIN)
    _text(root, _MARGIN, 34, picture.title, size=17, weight="bold")
    for x, heading in zip((left, centre, right), _HEADINGS, strict=True):
        _text(root, x, _TOP - 16, heading, size=11, colour="#666666")
    for index, network in enumerate(picture.networks):
        if network.master:
            _line(root, masters[picture.masters.index(network.master)], networks[index], networks[index].middle, index)
    for pod, heights, box in zip(picture.pods, ports, pods, strict=True):
        for port, height in zip(pod.ports, heights, strict=True):
            _line(root, networks[port.network], box, height, port.network)
    for name, box in zip(picture.masters, masters, strict=True):
        _frame(root, box, "#f2f2f2", "#444444")
        _text(root, box.x + _PAD, box.middle + 5, name, weight="bold")
    for index, (network, box) in enumerate(zip(picture.networks, networks, strict=True)):
        _draw_network(root, network, box, _colour(index))
    for pod, heights, box in zip(picture.pods, ports, pods, strict=True):
        _draw_pod(root, pod, heights, box)
    for element in root:
        element.tail = "\n"
    return tostring(root, encoding="unicode") + "\n"


def _column(x: float, width: float, heights: Sequence[float]) -> list[_Box]:
    """Return boxes below each other."""
    boxes, y = [], float(_TOP)
    for height in heights:
        boxes.append(_Box(x=x, y=y, width=width, height=height))
        y += height + _GAP
    return boxes


def _spread(boxes: list[_Box], beside: list[_Box]) -> list[_Box]:
    """Spread the boxes of a column over the height of the one beside it, if that is higher."""
    if not boxes or not beside:
        return boxes
    spare = beside[-1].y + beside[-1].height - (boxes[-1].y + boxes[-1].height)
    step = max(spare, 0) / (len(boxes) + 1)
    return [
        _Box(x=box.x, y=box.y + step * (index + 1), width=box.width, height=box.height)
        for index, box in enumerate(boxes)
    ]


def _pod_height(pod: Pod) -> float:
    return _LINE * (1 + sum(map(_lines, pod.ports))) + 2 * _PAD


def _lines(port: Port) -> int:
    return max(len(port.addresses), 1) + len(port.trouble)


def _port_heights(pod: Pod, box: _Box) -> list[float]:
    """Return the height of each interface's first line, where the line from its network ends."""
    heights, y = [], box.y + _PAD + 1.5 * _LINE
    for port in pod.ports:
        heights.append(y)
        y += _LINE * _lines(port)
    return heights


def _pod_width(pod: Pod) -> float:
    texts = ["no address", *(text for port in pod.ports for text in (*port.addresses, *_marked(port)))]
    return max(_width([pod.name]), _width(texts) + (_name_width(pod) + 2) * _CHAR)


def _name_width(pod: Pod) -> int:
    return max((len(port.name) for port in pod.ports), default=0)


def _marked(port: Port) -> list[str]:
    return [f"✗ {text}" for text in port.trouble]


def _draw_network(root: Element, network: Network, box: _Box, colour: str) -> None:
    _frame(root, box, "#ffffff", colour, radius=14)
    _text(root, box.x + _PAD, box.y + _LINE, network.name, colour=colour, weight="bold")
    _text(root, box.x + _PAD, box.y + 2 * _LINE, network.plugins, colour="#666666")


def _draw_pod(root: Element, pod: Pod, heights: Sequence[float], box: _Box) -> None:
    _frame(root, box, "#fbfbf7", "#444444")
    _text(root, box.x + _PAD, box.y + _PAD + 0.7 * _LINE, pod.name, weight="bold")
    second = box.x + _PAD + (_name_width(pod) + 2) * _CHAR
    for port, height in zip(pod.ports, heights, strict=True):
        _text(root, box.x + _PAD, height + 5, port.name, colour=_colour(port.network), weight="bold")
        shown = [(text, "#222222") for text in port.addresses or ("no address",)]
        shown += [(text, _TROUBLE) for text in _marked(port)]
        for index, (text, colour) in enumerate(shown):
            _text(root, second, height + 5 + index * _LINE, text, colour=colour)


def _line(root: Element, start: _Box, end: _Box, height: float, network: int) -> None:
    """Draw a line from a box's right side to another one's left side, at a height."""
    bend = (end.x - start.right) / 2
    path = f"M {start.right:.1f} {start.middle:.1f} c {bend:.1f} 0 {bend:.1f} {height - start.middle:.1f} "
    path += f"{end.x - start.right:.1f} {height - start.middle:.1f}"
    SubElement(root, "path", {"d": path, "fill": "none", "stroke": _colour(network), "stroke-width": "2"})


def _frame(root: Element, box: _Box, fill: str, stroke: str, *, radius: int = 5) -> None:
    places = {"x": box.x, "y": box.y, "width": box.width, "height": box.height, "rx": radius}
    attributes = {key: f"{number:.1f}" for key, number in places.items()}
    SubElement(root, "rect", {**attributes, "fill": fill, "stroke": stroke, "stroke-width": "1.5"})


def _text(
    root: Element, x: float, y: float, text: str, *, size: int = _FONT, colour: str = "#222222", weight: str = "normal"
) -> None:
    attributes = {"x": f"{x:.1f}", "y": f"{y:.1f}", "font-size": str(size), "fill": colour, "font-weight": weight}
    element = SubElement(root, "text", attributes)
    element.text = _shortened(text)
    if element.text != text:
        SubElement(element, "title").text = text


def _shortened(text: str) -> str:
    """Cut a long text in the middle: both ends tell names apart."""
    if len(text) <= _LONGEST:
        return text
    half = (_LONGEST - 1) // 2
    return f"{text[: _LONGEST - 1 - half]}…{text[-half:]}"


def _width(texts: Iterable[str]) -> float:
    return max(len(_shortened(text)) for text in texts) * _CHAR + 2 * _PAD


def _colour(network: int) -> str:
    return _COLOURS[network % len(_COLOURS)]


def _root(width: float, height: float) -> Element:
    size = {"width": f"{width:.0f}", "height": f"{height:.0f}", "viewBox": f"0 0 {width:.0f} {height:.0f}"}
    font = {"font-family": "DejaVu Sans Mono, Menlo, Consolas, monospace"}
    root = Element("svg", {"xmlns": "http://www.w3.org/2000/svg", **size, **font})
    SubElement(root, "rect", {"width": "100%", "height": "100%", "fill": "#ffffff"})
    return root
