"""A brand's day in figures: pure."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median_low
from typing import NamedTuple

from marketplace.brands.schemas import BrandReport, ItemReport, Seller, Served


class Outcome(NamedTuple):
    """What became of one request for an item: the vendor that got it, or whether the brand ships it."""

    item: str
    vendor: str | None
    distance_m: int | None
    shipped: bool


def report(
    day: str,
    principal: str,
    outcomes: Iterable[Outcome],
    titles: Mapping[str, str],
    names: Mapping[str, str],
) -> BrandReport:
    """Put a day's outcomes together, by item.

    Args:
        titles: of the items, by id.
        names: of the vendors, by did.
    """
    by_item: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        by_item[outcome.item].append(outcome)
    everything = [outcome for found in by_item.values() for outcome in found]
    return BrandReport(
        day=day,
        principal=principal,
        total=_figures(everything),
        items=[
            ItemReport(
                id=item, title=titles[item], figures=_figures(found), sellers=_sellers(found, names)
            )
            for item, found in sorted(by_item.items())
        ],
    )


def _figures(outcomes: Sequence[Outcome]) -> Served:
    distances = [one.distance_m for one in outcomes if one.distance_m is not None]
    shipped = sum(one.shipped for one in outcomes)
    return Served(
        requests=len(outcomes),
        served=len(distances),
        median_distance_m=median_low(distances) if distances else None,
        shipped=shipped,
        unfilled=len(outcomes) - len(distances) - shipped,
    )


def _sellers(outcomes: Iterable[Outcome], names: Mapping[str, str]) -> list[Seller]:
    distances: dict[str, list[int]] = defaultdict(list)
    for one in outcomes:
        if one.vendor is not None and one.distance_m is not None:
            distances[one.vendor].append(one.distance_m)
    served = Counter({vendor: len(found) for vendor, found in distances.items()})
    return [
        Seller(
            vendor=vendor,
            name=names[vendor],
            served=count,
            median_distance_m=median_low(distances[vendor]),
        )
        for vendor, count in sorted(served.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
