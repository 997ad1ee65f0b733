"""The report of a replay: one HTML file that loads nothing, and shows no place.

What it shows of orders and sellers are counts, shares and distances; a coordinate never comes in here.
"""

from __future__ import annotations

from html import escape
from importlib.resources import files

import numpy as np

from marketplace.replay.figures import WITHIN_KM, Figures, loads
from marketplace.replay.points import F64
from marketplace.replay.simulate import Dealt, Play
from marketplace.replay.svg import Series, bars, decades, key, linear, lines
from marketplace.replay.text import (
    NAMES,
    Text,
    assumptions,
    distance_table,
    km,
    load_table,
    outcome_table,
    percent,
)
from marketplace.resolver.tables import I64

NEAREST_KM = 0.1
"""Where the axis of distances begins; what is nearer stands there."""

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Market replay</title>
<style>
{style}</style>
</head>
<body>
<main>
<h1>Market replay</h1>
<p>{assumptions}</p>
<p class="soft">The points of orders and sellers come from the files; days, bids, capacity, prices and
reputation are simulated. A random seller stands in for a marketplace that does not know nearness. The nearest
seller, however many orders it gets, is the floor: no market can beat it. Neither of the two knows capacity or
radius.</p>
{body}
</main>
</body>
</html>
"""


def page(found: Play, summary: Figures) -> str:
    """The whole page."""
    style = files(__package__).joinpath("style.css").read_text(encoding="utf-8")
    body = [
        _section(distance_table(summary)),
        _distance_figure(found, summary),
        _within_figure(summary),
        _load_figure(found, summary),
        _unfilled_figure(summary),
    ]
    return PAGE.format(style=style, assumptions=escape(assumptions(summary)), body="\n".join(body))


def _distance_figure(found: Play, summary: Figures) -> str:
    dealings = _dealings(found)
    farthest = max(float(dealt.metres.max()) for dealt in dealings.values()) / 1000
    x = decades("distance from order to seller, km (logarithmic)", NEAREST_KM, farthest)
    grid = np.geomspace(x.low, x.high, 181)
    series = [
        Series(NAMES[name], name, _reached(dealt, grid, summary.orders))
        for name, dealt in dealings.items()
    ]
    title = "Share of orders served within a distance"
    medians = ", ".join(
        f"{NAMES[name]} {km(sums.median_m)} km" for name, sums in summary.distance.items()
    )
    text = (
        "Further left is nearer. A line that levels off below 100 % leaves the rest unfilled. "
        f"Medians of the served: {medians}."
    )
    y = linear("share of all orders", 100, " %")
    return _figure(
        title,
        text,
        key(series, "line") + _wide(lines("distance", title, text, x, y, series), title),
    )


def _within_figure(summary: Figures) -> str:
    series = [
        Series(
            NAMES[name],
            name,
            [(percent(n, summary.orders), at) for at, n in enumerate(found.within_km.values())],
        )
        for name, found in summary.distance.items()
    ]
    title = "Share of orders served within 10, 50 and 200 km"
    text = "Of all orders; an order that went nowhere counts as not served."
    groups = [f"{limit} km" for limit in WITHIN_KM]
    y = linear("share of all orders", 100, " %")
    chart = bars("within", title, text, "distance, at most", groups, y, series)
    return _figure(title, text, key(series, "bar") + _wide(chart, title))


def _load_figure(found: Play, summary: Figures) -> str:
    most = max(load.most for load in summary.load.values())
    series = [
        Series(
            f"{NAMES[name]}, Gini {summary.load[name].gini:.2f}",
            name,
            _descending(loads(dealt, summary.sellers)),
        )
        for name, dealt in _dealings(found).items()
    ]
    title = "Orders per seller, from the busiest to the least busy"
    text = (
        "A flat line loads sellers alike; where a line ends, the sellers to its right got nothing. "
        "The Gini coefficient is 0 where all have the same, near 1 where one has all."
    )
    x = linear("sellers, by number of orders", summary.sellers)
    y = decades("orders over all days (logarithmic)", 1.0, most)
    chart = _wide(lines("load", title, text, x, y, series), title)
    return _figure(title, text, key(series, "line") + chart, load_table(summary))


def _unfilled_figure(summary: Figures) -> str:
    shares = [percent(count, summary.orders) for count in summary.unfilled.values()]
    title = "Unfilled orders by reason"
    text = (
        "No-bids: no seller within the radius. None-eligible: bids, but none that counts. "
        "Capacity: every bid came from a seller who was full with nearer orders."
    )
    series = [Series("the resolver", "resolver", [(share, at) for at, share in enumerate(shares)])]
    y = linear("share of all orders", max(*shares, 1.0) * 1.05, " %")
    chart = bars("unfilled", title, text, "reason", list(summary.unfilled), y, series)
    return _figure(title, text, _wide(chart, title), outcome_table(summary))


def _dealings(found: Play) -> dict[str, Dealt]:
    return {"random": found.random, "nearest": found.nearest, "resolver": found.resolver}


def _reached(dealt: Dealt, grid_km: F64, orders: int) -> list[tuple[float, float]]:
    """For each distance the share of all orders, in percent, that went no farther."""
    served = np.sort(dealt.metres[dealt.metres >= 0])
    counts = np.searchsorted(served, grid_km * 1000, side="right")
    return list(zip(grid_km.tolist(), (100 * counts / orders).tolist(), strict=True))


def _descending(ascending: I64) -> list[tuple[float, float]]:
    """The corners of the curve of loads, which ends on the axis where they are zero."""
    values, counts = np.unique(ascending[ascending > 0], return_counts=True)
    corners: list[tuple[float, float]] = []
    seen = 0
    for value, count in zip(values[::-1].tolist(), counts[::-1].tolist(), strict=True):
        corners += [(seen, value), (seen + count, value)]
        seen += count
    return [*corners, (seen, 1.0)] if corners else [(0.0, 1.0)]


def _section(text: Text) -> str:
    return f"<section>{_wide(_table(text), text.title)}</section>"


def _figure(title: str, text: str, chart: str, table: Text | None = None) -> str:
    caption = f"<figcaption><h2>{escape(title)}</h2><p>{escape(text)}</p></figcaption>"
    below = _wide(_table(table), table.title) if table else ""
    return f"<figure>{caption}\n{chart}\n{below}</figure>"


def _wide(content: str, title: str) -> str:
    """What scrolls sideways on a narrow screen, by keyboard too."""
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{escape(title)}">{content}</div>'
    )


def _table(text: Text) -> str:
    head = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in text.headings)
    rows = []
    for first, *others in text.rows:
        cells = "".join(f"<td>{escape(_cell(cell))}</td>" for cell in others)
        rows.append(f'<tr><th scope="row">{escape(str(first))}</th>{cells}</tr>')
    return (
        f"<table><caption>{escape(text.title)}</caption><thead><tr>{head}</tr></thead>"
        f"<tbody>{''.join(rows)}</tbody></table>"
    )


def _cell(value: str | int | float) -> str:
    return value if isinstance(value, str) else f"{value:,}"
