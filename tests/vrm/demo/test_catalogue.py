"""The stage set of the demonstration is plausible, and shared by both sides."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from tests.vrm.client.test_base import descriptor
from vrm.client.base import Clock
from vrm.demo.catalogue import BY_SKU, ITEMS, SHOPS, towns
from vrm.demo.customers import cast
from vrm.documents import Category, MarketDescriptor, read
from vrm.documents.scalars import gtin_is_valid
from vrm.errors import UsageError
from vrm.vendor.stock import words_of

CLOCK = Clock(
    now="2026-11-21T09:00:00Z",
    day="2026-11-21",
    bids_close="2026-11-21T17:00:00Z",
    cutoff="2026-11-21T18:00:00Z",
    next_batch="2026-11-21T10:00:00Z",
)
MARKET = msgspec.structs.replace(
    read(descriptor(), MarketDescriptor).body,
    categories=tuple(Category(id=slug, title=slug) for slug in sorted({i.category for i in ITEMS})),
    policies=("best-nearby", "best-value", "nearest", "lowest-price"),
)


def test_articles_have_numbers_that_no_real_article_has() -> None:
    numbers = [item.gtin for item in ITEMS if item.gtin]
    assert all(len(number) == 13 and gtin_is_valid(number) for number in numbers)
    assert all(number.startswith("2") for number in numbers), "restricted circulation"
    assert len(set(numbers)) == len(numbers) >= 25


def test_what_is_wanted_can_be_recognised_on_the_shelf() -> None:
    for item in ITEMS:
        assert words_of(item.wanted_as) <= words_of(item.title, item.brand, item.model)


def test_shops_carry_what_their_categories_allow() -> None:
    for shop in SHOPS:
        assert {BY_SKU[sku].category for sku in shop.carries} <= set(shop.categories)


def test_each_reason_for_staying_unfilled_is_prepared() -> None:
    carried = {sku for shop in SHOPS for sku in shop.carries}
    staying = {sku for shop in SHOPS if not shop.to_suspend for sku in shop.carries}
    assert {item.sku for item in ITEMS} - carried, "nobody bids on these"
    assert carried - staying, "whoever bids on these is suspended"


def test_towns_are_real_and_near() -> None:
    around = towns("60601")
    assert len(around) > 100
    assert all(town.name.endswith(("IL, US", "IN, US")) for town in around)
    with pytest.raises(UsageError):
        towns("00000")


def test_a_seed_gives_the_same_customers_each_time() -> None:
    def drawn(seed: int) -> list[object]:
        players = cast(MARKET, CLOCK, {}, folder=Path("w"), centre="60601", count=60, seed=seed)
        return list(players)

    assert drawn(7) == drawn(7)
    assert drawn(7) != drawn(8)


def test_customers_differ_as_people_do() -> None:
    players = cast(MARKET, CLOCK, {}, folder=Path("w"), centre="60601", count=300, seed=1)
    wishes = [player.wish for player in players]
    assert len({player.home for player in players}) == 300
    assert len({player.town for player in players}) > 100
    assert len({wish.category for wish in wishes}) > 10
    assert {bool(wish.fixed) for wish in wishes} == {True, False}
    assert {wish.policy for wish in wishes} == {None, *MARKET.policies}
    assert {bool(wish.gtin) for wish in wishes} == {True, False}
    assert {wish.delivery for wish in wishes} >= {("ship",), ("pickup",), ("on-site",)}
    assert 1 < sum(player.changes_mind for player in players) < 30
    titles = Counter(wish.title for wish in wishes)
    assert all(titles[item.wanted_as] for item in ITEMS if item.category == "other")
