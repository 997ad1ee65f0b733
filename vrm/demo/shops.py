"""The vendors of a demonstration: who they are, what stands on their shelves, and how they bid.

All is drawn from a seed, so that the same seed makes the same shops (their keys are fresh each time).
"""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vrm.demo.catalogue import BY_SKU, SHOPS, Shop, towns
from vrm.documents import Place
from vrm.money import decimal_text
from vrm.places import Town

SEVERAL_PLACES: Final = 0.2
"""The share of vendors with more than one place."""

COLUMNS: Final = (
    "sku", "title", "gtin", "brand", "model", "category", "condition", "price", "cost", "quantity", "place",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """An article on a shelf; amounts in hundredths."""

    sku: str
    price: int
    cost: int
    quantity: int


@dataclass(frozen=True)
class Vendor:
    """One shop, before it has a key. ``units`` is what each place takes today."""

    name: str
    shop: Shop
    places: tuple[Place, ...]
    units: tuple[int, ...]
    shelf: tuple[Row, ...]
    undercut_percent: int

    def stock(self, digits: int) -> str:
        """Write the stock file; every article is at every place."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for row in self.shelf:
            item = BY_SKU[row.sku]
            price, cost = (_decimal(amount, digits) for amount in (row.price, row.cost))
            facts = (item.gtin, item.brand, item.model, item.category, "new")
            writer.writerow((item.sku, item.title, *facts, price, cost, row.quantity, ""))
        return text.getvalue()

    def rules(self, terms: Sequence[str]) -> str:
        """Write the rules file."""
        return (
            "[default]\n"
            f"terms = {_list(terms)}\n"
            f"delivery = {_list(self.shop.delivery)}\n"
            "lead_time_hours = 24\n"
            'strategy = "undercut"\n'
            f"undercut_percent = {self.undercut_percent}\n"
            "margin_percent = 5\n"
            "# Most bids do not win, and a place's capacity bounds those that do.\n"
            "overcommit_percent = 2000\n"
        )


def draw_vendors(seed: int, count: int, centre: str) -> list[Vendor]:
    """Draw the vendors around a postal code; every kind of shop occurs if ``count`` allows it.

    Raises:
        UsageError: ``centre`` is no US postal code that this installation knows.
    """
    rng = random.Random(f"vendors {seed}")  # noqa: S311 - a stage set, not a secret
    near = towns(centre)
    names: set[str] = set()
    return [_draw(rng, shop, near, names) for shop in _apportion(count)]


def write_files(folder: Path, vendor: Vendor, digits: int, terms: Sequence[str]) -> None:
    """Write a vendor's stock and rules into its folder."""
    (folder / "stock.csv").write_text(vendor.stock(digits), encoding="utf-8")
    (folder / "rules.toml").write_text(vendor.rules(terms), encoding="utf-8")


def _apportion(count: int) -> list[Shop]:
    """Share ``count`` out over the kinds, each time to the kind that lags most behind its share.

    Every kind occurs first, those that are to be suspended twice.
    """
    given = dict.fromkeys(SHOPS, 0)
    for _ in range(count):
        shop = min(SHOPS, key=lambda kind: _lead(kind, given[kind]))
        given[shop] += 1
    return [shop for shop, number in given.items() for _ in range(number)]


def _lead(shop: Shop, given: int) -> float:
    return (given + 1) / shop.share if given > shop.to_suspend else given - 2


def _draw(rng: random.Random, shop: Shop, near: Sequence[Town], names: set[str]) -> Vendor:
    several = rng.random() < SEVERAL_PLACES and not shop.to_suspend
    at = rng.sample(near, k=rng.choice((2, 3)) if several else 1)
    reach_km = rng.randint(*shop.reach_km)
    units = tuple(rng.randint(*shop.capacity) for _ in at)
    places = tuple(
        Place(
            id=f"place-{number}",
            name=f"{town.name} {town.code}",
            lat_e6=town.at.lat_e6,
            lng_e6=town.at.lng_e6,
            reach_m=reach_km * 1000,
            capacity=shop.capacity[1],
        )
        for number, town in enumerate(at, 1)
    )
    carried = sorted(rng.sample(shop.carries, k=max(1, len(shop.carries) - rng.randint(0, 1))))
    return Vendor(
        name=_name(rng, shop, at[0], names),
        shop=shop,
        places=places,
        units=units,
        shelf=tuple(_row(rng, sku) for sku in carried),
        undercut_percent=rng.randint(0, 8),
    )


def _row(rng: random.Random, sku: str) -> Row:
    usual = BY_SKU[sku].usual
    price = usual * rng.randint(92, 112) // 100
    return Row(sku, price, cost=price * rng.randint(60, 80) // 100, quantity=rng.randint(3, 12))


def _name(rng: random.Random, shop: Shop, town: Town, taken: set[str]) -> str:
    stem = rng.choice(shop.names).format(town.name.partition(",")[0])
    name, number = stem, 1
    while name in taken:
        number += 1
        name = f"{stem} {number}"
    taken.add(name)
    return name


def _decimal(hundredths: int, digits: int) -> str:
    """Write an amount of the catalogue in a currency with ``digits`` minor digits."""
    return decimal_text(hundredths * 10**digits // 100, digits)


def _list(words: Sequence[str]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
