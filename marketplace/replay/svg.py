"""Two kinds of chart as inline SVG: lines over two axes, and groups of bars.

Colours, strokes and fonts come from the page's style sheet by class, so that a chart follows light and dark.
All numbers are written with one decimal: the same data give the same bytes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Final, Literal

WIDTH, HEIGHT = 760, 360
LEFT, RIGHT, TOP, BOTTOM = 64, 28, 18, 52
INNER_WIDTH: Final = WIDTH - LEFT - RIGHT
INNER_HEIGHT: Final = HEIGHT - TOP - BOTTOM


@dataclass(frozen=True, slots=True)
class Axis:
    """A scale with its label, unit included, and its ticks with their texts."""

    label: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]]
    is_log: bool = False

    def at(self, value: float) -> float:
        """Where a value stands, from 0 to 1; values beyond the ends stand at the ends."""
        value = min(max(value, self.low), self.high)
        if self.is_log:
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)


@dataclass(frozen=True, slots=True)
class Series:
    """A line or a colour of bars; `css` is its class, `values` its points or its heights."""

    name: str
    css: str
    values: Sequence[tuple[float, float]]


def linear(label: str, highest: float, unit: str = "") -> Axis:
    """An axis from 0 to a round number not below `highest`, with four to ten steps of 1, 2 or 5."""
    highest = max(highest, 1e-9)
    step = 10.0 ** math.floor(math.log10(highest))
    step *= next(part for part in (0.1, 0.2, 0.5, 1.0) if highest / (step * part) <= 10)
    steps = math.ceil(highest / step - 1e-9)
    ticks = [(step * n, f"{step * n:,.10g}{unit}") for n in range(steps + 1)]
    return Axis(label, 0.0, step * steps, ticks)


def decades(label: str, low: float, highest: float) -> Axis:
    """A logarithmic axis from `low`, a power of ten, to a power of ten not below `highest`."""
    count = max(1, math.ceil(math.log10(max(highest, low) / low) - 1e-9))
    values = [low * 10**n for n in range(count + 1)]
    return Axis(label, low, values[-1], [(v, f"{v:,.10g}") for v in values], is_log=True)


def lines(name: str, title: str, text: str, x: Axis, y: Axis, series: Sequence[Series]) -> str:
    """A chart of lines; `name` is unique on the page, `title` and `text` are for who cannot see it."""
    drawn = [
        f'<path class="line {one.css}" d="{_path([(_x(x, a), _y(y, b)) for a, b in one.values])}"/>'
        for one in series
    ]
    return _chart(name, title, text, [*_grid_y(y), *_grid_x(x), *drawn])


def bars(
    name: str,
    title: str,
    text: str,
    x_label: str,
    groups: Sequence[str],
    y: Axis,
    series: Sequence[Series],
) -> str:
    """A chart of bars in groups; each value is (height, group), and stands above its bar in percent."""
    slot = INNER_WIDTH / len(groups)
    width = min(slot * 0.8 / len(series), 72.0)
    parts = _grid_y(y)
    for at, group in enumerate(groups):
        middle = LEFT + slot * (at + 0.5)
        parts.append(_text(middle, HEIGHT - BOTTOM + 20, group, "tick", "middle"))
        for number, one in enumerate(series):
            height, _ = one.values[at]
            x = middle + width * (number - len(series) / 2)
            top = _y(y, height)
            parts.append(
                f'<rect class="bar {one.css}" x="{x + 2:.1f}" y="{top:.1f}" '
                f'width="{width - 4:.1f}" height="{HEIGHT - BOTTOM - top:.1f}"/>'
            )
            parts.append(_text(x + width / 2, top - 5, f"{height:.1f} %", "value", "middle"))
    parts.append(_x_label(x_label))
    return _chart(name, title, text, parts)


def key(series: Sequence[Series], mark: Literal["line", "bar"]) -> str:
    """The list that says which line or colour is which."""
    shape = {
        "line": '<path class="line {}" d="M1 6H33"/>',
        "bar": '<rect class="bar {}" x="10" width="12" height="12"/>',
    }
    swatch = f'<svg viewBox="0 0 34 12" aria-hidden="true">{shape[mark]}</svg>'
    items = [f"<li>{swatch.format(one.css)}{escape(one.name)}</li>" for one in series]
    return f'<ul class="key">{"".join(items)}</ul>'


def _chart(name: str, title: str, text: str, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-labelledby="{name}-title {name}-text">\n'
        f'<title id="{name}-title">{escape(title)}</title>\n'
        f'<desc id="{name}-text">{escape(text)}</desc>\n' + "\n".join(parts) + "\n</svg>"
    )


def _grid_y(axis: Axis) -> list[str]:
    parts = []
    for value, text in axis.ticks:
        y = _y(axis, value)
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{WIDTH - RIGHT}"/>')
        parts.append(_text(LEFT - 8, y + 4, text, "tick", "end"))
    middle = TOP + INNER_HEIGHT / 2
    parts.append(
        f'<text class="label" text-anchor="middle" '
        f'transform="translate(14 {middle:.1f}) rotate(-90)">{escape(axis.label)}</text>'
    )
    return parts


def _grid_x(axis: Axis) -> list[str]:
    parts = []
    for value, text in axis.ticks:
        x = _x(axis, value)
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{HEIGHT - BOTTOM}"/>')
        parts.append(_text(x, HEIGHT - BOTTOM + 20, text, "tick", "middle"))
    return [*parts, _x_label(axis.label)]


def _x_label(label: str) -> str:
    return _text(LEFT + INNER_WIDTH / 2, HEIGHT - 10, label, "label", "middle")


def _text(x: float, y: float, text: str, css: str, anchor: str) -> str:
    return (
        f'<text class="{css}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
    )


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in points)


def _x(axis: Axis, value: float) -> float:
    return LEFT + axis.at(value) * INNER_WIDTH


def _y(axis: Axis, value: float) -> float:
    return HEIGHT - BOTTOM - axis.at(value) * INNER_HEIGHT
