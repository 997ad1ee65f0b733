"""A replay's tables, as the terminal and the page both show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from marketplace.replay.figures import WITHIN_KM, Distances, Figures

NAMES: Final = {
    "random": "a random seller",
    "nearest": "the nearest seller",
    "resolver": "the resolver",
}
"""Who decides where an order goes, in the order of every table and chart."""


class Text(NamedTuple):
    """One table."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str | int | float, ...]]


def distance_table(found: Figures) -> Text:
    """How far orders went, all of them and those alone that the resolver served."""
    within = tuple(f"≤ {limit} km, %" for limit in WITHIN_KM)
    rows = [_distance(name, found.distance[key], found.orders) for key, name in NAMES.items()]
    rows += [
        _distance(f"{NAMES[key]}, same orders", found.distance_of_served[key], found.served)
        for key in ("random", "nearest")
    ]
    return Text(
        "How far orders went (shares of all orders; in the last two rows, of those that the resolver served)",
        ("each order to", "served", "median km", "mean km", "90 % within km", *within),
        rows,
    )


def load_table(found: Figures) -> Text:
    """How evenly sellers were loaded."""
    return Text(
        "Orders per seller, over all days",
        ("each order to", "Gini", "most", "without any"),
        [
            (name, found.load[key].gini, found.load[key].most, found.load[key].idle)
            for key, name in NAMES.items()
        ],
    )


def outcome_table(found: Figures) -> Text:
    """What became of the orders at the resolver."""
    counts = {
        "served": found.served,
        "  by the bid they liked best": found.first_choice,
        **{f"unfilled: {reason}": count for reason, count in found.unfilled.items()},
    }
    rows = [(name, count, percent(count, found.orders)) for name, count in counts.items()]
    return Text("What became of the orders at the resolver", ("", "orders", "%"), rows)


def assumptions(found: Figures) -> str:
    """The plan in one sentence."""
    plan = found.assumed
    days = "one day" if plan.days == 1 else f"{plan.days} days"
    capacity = (
        f"{plan.capacity} units per seller and day"
        if plan.capacity is not None
        else f"a capacity of {plan.capacity_factor} times the orders"
    )
    bands = f" drawn {plan.band_spread} bands round the prior's" if plan.band_spread else " alike"
    return (
        f"{found.orders:,} orders and {found.sellers:,} sellers, {days}; {found.bids:,} bids: at most "
        f"{plan.bids_per_request} for each order, by sellers drawn among the {plan.among} nearest within "
        f"{plan.radius_km} km; {capacity}; policy {plan.policy}; reputation{bands}; seed {plan.seed}."
    )


def percent(part: int, whole: int) -> float:
    """A share in percent, to one place."""
    return round(100 * part / whole, 1) if whole else 0.0


def km(metres: int | None) -> str | float:
    """Kilometres to one place; a dash where there is nothing to measure."""
    return "–" if metres is None else round(metres / 1000, 1)


def _distance(name: str, found: Distances, orders: int) -> tuple[str | int | float, ...]:
    lengths = (km(found.median_m), km(found.mean_m), km(found.p90_m))
    shares = (percent(count, orders) for count in found.within_km.values())
    return name, found.served, *lengths, *shares
