"""Catalogue items: what a brand may list, who may say so, and how the list is read."""

import asyncio
from typing import Any

import pytest

from tests.conftest import OpenMarket
from tests.support import (
    ClockedMarket,
    a_key,
    a_vendor,
    an_item,
    assert_refused,
    forged,
    problem,
)
from vrm.documents import CatalogueItem, Signed

BRAND, OTHER = a_key("brand"), a_key("other brand")


async def listed(market: ClockedMarket, **changes: Any) -> Signed[CatalogueItem]:
    """A brand with an item on the list."""
    item = an_item(market, BRAND, **changes)
    await market.store(a_vendor(market, BRAND), a_vendor(market, OTHER), item)
    return item


async def test_an_item_and_its_versions(market: ClockedMarket) -> None:
    first = await listed(market)
    again = await market.send(first)
    assert (again.status_code, again.json()["item"]) == (200, first.digest)
    second = an_item(market, BRAND, seq=2, amount=22_900)
    assert (await market.send(second)).status_code == 201
    now = await market.get(f"/catalogue/{BRAND.did}/duo")
    assert (now["item"], now["document"]["amount"]) == (second.digest, 22_900)
    assert now["name"] == "Kinderladen Beispiel"
    old = await market.get(f"/catalogue/{first.digest}")
    assert (old["item"], old["document"]["amount"]) == (first.digest, 24_900)
    assert [one["item"] for one in await market.items("/catalogue")] == [second.digest]


@pytest.mark.on_postgresql
async def test_the_catalogue_by_filters_and_pages(market: ClockedMarket) -> None:
    await listed(market)
    await market.store(
        an_item(market, BRAND, id="old", listed=False),
        an_item(market, BRAND, id="book", category="books"),
        an_item(market, OTHER),
    )

    async def found(**asked: Any) -> list[tuple[str, str]]:
        items = await market.items("/catalogue", limit=1, **asked)
        assert items == await market.items("/catalogue", **asked)
        return sorted((one["principal"], one["id"]) for one in items)

    mine = [(BRAND.did, name) for name in ("book", "duo", "old")]
    assert await found() == sorted([*mine, (OTHER.did, "duo")])
    assert await found(principal=BRAND.did) == mine
    assert await found(category="books") == mine[:1]
    assert await found(listed="false") == mine[2:]
    assert await found(principal=BRAND.did, category="baby", listed="true") == mine[1:2]
    answer = await market.http.get("/catalogue", params={"cursor": "WzFd"})
    assert problem(answer) == (400, "invalid-cursor")


async def test_what_a_reader_has_already_is_not_sent_again(market: ClockedMarket) -> None:
    item = await listed(market)
    for path in ("/catalogue", f"/catalogue/{BRAND.did}/duo", f"/catalogue/{item.digest}"):
        first = await market.http.get(path)
        tag = {"If-None-Match": f'"other", W/{first.headers["ETag"]}'}
        again = await market.http.get(path, headers=tag)
        assert (again.status_code, again.content) == (304, b"")
    await market.store(an_item(market, BRAND, seq=2, amount=1))
    changed = await market.http.get("/catalogue", headers=tag)
    assert changed.status_code == 200


async def test_an_unknown_item(market: ClockedMarket) -> None:
    for path in (f"/catalogue/{BRAND.did}/duo", f"/catalogue/{'A' * 43}"):
        assert problem(await market.http.get(path)) == (404, "unknown-item")


# --- refusals ---


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"category": "rockets"}, 422, "unknown-category"),
        ({"currency": "USD"}, 422, "currency-mismatch"),
        ({"terms": ("PDC-ALL",)}, 422, "unknown-terms"),
        ({"market": a_key("another market").did}, 422, "wrong-market"),
    ],
)
async def test_an_item_that_the_market_cannot_list(
    market: ClockedMarket, change: dict[str, Any], status: int, code: str
) -> None:
    await listed(market)
    item = an_item(market, BRAND, id="new", **change)
    await assert_refused(market, market.send(item), status, code)


async def test_a_brand_that_nobody_admitted(market: ClockedMarket) -> None:
    await assert_refused(market, market.send(an_item(market, BRAND)), 404, "unknown-vendor")


@pytest.mark.on_postgresql
async def test_a_suspended_brand_lists_nothing(market: ClockedMarket) -> None:
    await listed(market)
    await market.execute("UPDATE vendors SET suspended = true")
    newer = an_item(market, BRAND, seq=2)
    await assert_refused(market, market.send(newer), 403, "suspended")


async def test_a_replayed_older_price(market: ClockedMarket) -> None:
    cheap = await listed(market, amount=100)
    await market.store(an_item(market, BRAND, seq=2))
    await assert_refused(market, market.send(cheap), 409, "stale-sequence")
    twin = an_item(market, BRAND, seq=2, amount=50)
    await assert_refused(market, market.send(twin), 409, "stale-sequence")


async def test_an_item_of_another_brand_under_a_foreign_signature(market: ClockedMarket) -> None:
    item = await listed(market)
    await assert_refused(
        market, market.post("/catalogue", forged(item, OTHER, seq=2)), 422, "wrong-key"
    )


async def test_an_item_changed_on_its_way(market: ClockedMarket) -> None:
    item = await listed(market)
    cheaper = item.wire.replace(b'"amount":24900', b'"amount":24901')
    await assert_refused(market, market.post("/catalogue", cheaper), 422, "bad-signature")


@pytest.mark.on_postgresql
async def test_two_versions_of_one_moment_leave_one(open_market: OpenMarket) -> None:
    market = await open_market()
    await listed(market)
    versions = [an_item(market, BRAND, seq=n) for n in range(2, 8)]
    answers = await asyncio.gather(*(market.send(version) for version in versions))
    assert {answer.status_code for answer in answers} <= {201, 409}
    (left,) = await market.items("/catalogue")
    stored = [v.digest for v, a in zip(versions, answers, strict=True) if a.status_code == 201]
    assert left["document"]["seq"] == 7
    assert left["item"] in stored
