"""Panels of a Grafana dashboard, drawn: where the dashboard has them, with its titles, units and legends."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from tests.e2e.pictures.prometheus import Curve

mpl.rcParams.update({"font.size": 8.5, "font.family": "DejaVu Sans", "svg.fonttype": "none", "svg.hashsalt": "multus"})

_COLUMNS, _WIDTH, _ROW = 24, 16.0, 0.36
_GAP = 0.012
_TIMES = ((86400, "days"), (3600, "h"), (60, "min"), (1, "s"))
_AXES = {"s": "seconds", "reqps": "a second", "ops": "a second", "bytes": "MiB", "short": "number"}


@dataclass(frozen=True)
class Place:
    """Where a panel is, in cells."""

    x: int
    y: int
    w: int
    h: int


@dataclass(frozen=True)
class Panel:
    """One panel, with what was found for it."""

    title: str
    kind: str
    """timeseries or stat."""
    unit: str
    place: Place
    curves: Sequence[tuple[str, Curve]]
    """Each with its name for the legend."""


def draw(panels: Sequence[Panel], *, caption: str, start: float, end: float, files: Sequence[Path]) -> None:
    """Draw a dashboard.

    Args:
        panels: What is on it.
        caption: What the reader sees.
        start: The time that counts as nought.
        end: The last time on the axes.
        files: Where it goes; the suffix says the format.
    """
    rows = max(panel.place.y + panel.place.h for panel in panels)
    figure = Figure(figsize=(_WIDTH, rows * _ROW + 0.5))
    body = rows * _ROW / (rows * _ROW + 0.5)
    figure.text(_GAP, 1 - (1 - body) / 2, caption, fontsize=10, va="center")
    for panel in panels:
        axes = figure.add_axes(_box(panel.place, rows, body, inset=panel.kind != "stat"))
        if panel.kind == "stat":
            _stat(axes, panel)
        else:
            _series(axes, panel, start=start, end=end)
    for file in files:
        figure.savefig(file, dpi=110, metadata={"Date": None} if file.suffix == ".svg" else {})


def _box(place: Place, rows: int, body: float, *, inset: bool) -> tuple[float, float, float, float]:
    """Return left, bottom, width and height of the axes, in parts of the picture."""
    left, width = place.x / _COLUMNS, place.w / _COLUMNS
    height = place.h / rows * body
    bottom = body - place.y / rows * body - height
    if not inset:
        return left + _GAP / 2, bottom + 0.3 * height, width - _GAP, 0.45 * height
    return left + 0.045, bottom + 0.18 * height, width - 0.06, 0.68 * height


def _stat(axes: Axes, panel: Panel) -> None:
    axes.set_title(panel.title, fontsize=8.5)
    axes.set_xticks([])
    axes.set_yticks([])
    shown = [(name, curve.values[-1]) for name, curve in panel.curves if curve.values]
    text = ", ".join(f"{name + ': ' if name else ''}{_amount(value, panel.unit)}" for name, value in shown) or "none"
    axes.text(0.5, 0.5, text, ha="center", va="center", fontsize=13)


def _series(axes: Axes, panel: Panel, *, start: float, end: float) -> None:
    axes.set_title(panel.title, fontsize=9.5, loc="left")
    axes.set_ylabel(_AXES[panel.unit])
    axes.set_xlabel("seconds since the first pod", labelpad=1)
    axes.grid(visible=True, linewidth=0.4, alpha=0.6)
    for name, curve in panel.curves:
        times = [at - start for at in curve.times]
        axes.plot(times, [_scaled(value, panel.unit) for value in curve.values], label=name, linewidth=1.3)
    axes.set_xlim(0, end - start)
    highest = max((value for _, curve in panel.curves for value in curve.values if not math.isnan(value)), default=0.0)
    axes.set_ylim(0, 1.15 * _scaled(highest, panel.unit) or 1)
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    if not panel.curves:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", va="center", color="0.4")
    else:
        axes.legend(fontsize=7, loc="best", framealpha=0.85, ncols=2 if len(panel.curves) > 4 else 1)


def _scaled(value: float, unit: str) -> float:
    return value / 2**20 if unit == "bytes" else value


def _amount(value: float, unit: str) -> str:
    if math.isnan(value):
        return "-"
    if unit == "s":
        scale, name = next((size, name) for size, name in _TIMES if value >= 2 * size or size == 1)
        return f"{value / scale:.0f} {name}"
    return f"{round(value, 1):g}"


def legend(form: str, labels: Mapping[str, str]) -> str:
    """Return a curve's name: the dashboard's text, with the labels' values in it."""
    for name, value in labels.items():
        form = form.replace(f"{{{{{name}}}}}", value)
    return form
