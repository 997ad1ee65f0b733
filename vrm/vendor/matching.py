"""Finding what a need asks for in the stock, and saying how it was recognised.

The first of three ways that finds anything decides:

1. ``gtin``: the need names a GTIN and the article bears it;
2. ``model``: the need names brand and model and the article is of both;
3. ``words``: same category, every word of the need's title describes the article, and the
   attributes that it states hold.

Whatever the way, what is stated on both sides must agree: another GTIN, brand, model, condition or unit is
another thing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from msgspec import UnsetType

from vrm.documents import Need
from vrm.vendor.stock import Stock, StockItem, fold, words_of

Way = Literal["gtin", "model", "words"]


@dataclass(frozen=True)
class Match:
    """An article that is what the need asks for."""

    item: StockItem
    way: Way
    because: str


def find(need: Need, stock: Stock) -> list[Match]:
    """Find the articles that answer a need, all recognised in the same way; empty when there are none."""
    gtin, brand, model = _text(need.gtin), _text(need.brand), _text(need.model)
    if gtin and (found := _fitting(need, stock.with_gtin(gtin))):
        return [Match(item, "gtin", f"{item.title} bears GTIN {gtin}") for item in found]
    if brand and model and (found := _fitting(need, stock.with_model(brand, model))):
        return [Match(item, "model", f"{item.title} is {brand} {model}") for item in found]
    wanted = words_of(need.title)
    if not wanted:
        return []
    same_kind = (item for item in stock.in_category(need.category) if wanted <= item.words)
    because = f"has every word of the title ({', '.join(sorted(wanted))})"
    return [Match(item, "words", f"{item.title} {because}") for item in _fitting(need, same_kind)]


def _fitting(need: Need, items: Iterable[StockItem]) -> list[StockItem]:
    return [item for item in items if not _contradicts(need, item)]


def _contradicts(need: Need, item: StockItem) -> bool:
    return (
        need.unit != item.unit
        or need.condition not in {"any", item.condition}
        or _differ(_text(need.gtin).zfill(14), item.gtin and item.gtin.zfill(14))
        or _differ(fold(_text(need.brand)), fold(item.brand))
        or _differ(fold(_text(need.model)), fold(item.model))
        or any(not _has(item, *stated) for stated in (need.attributes or {}).items())
    )


def _differ(one: str, other: str) -> bool:
    return bool(one.strip("0") and other) and one != other


def _has(item: StockItem, name: str, value: str) -> bool:
    own = {key.casefold(): text for key, text in item.attributes.items()}.get(name.casefold())
    return fold(own) == fold(value) if own is not None else words_of(value) <= item.words


def _text(value: str | UnsetType) -> str:
    return value or ""
