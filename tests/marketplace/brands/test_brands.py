"""What a brand reads of its own: what it ships, and how its items were served."""

from typing import Any

import pytest

from tests.support import (
    HERE,
    ClockedMarket,
    a_bid,
    a_key,
    a_place,
    a_request,
    a_request_for,
    a_vendor,
    an_item,
    problem,
)
from vrm.documents import CatalogueItem, PersonalRequest, Signed
from vrm.documents.place import Point

BRAND, OTHER = a_key("brand"), a_key("other brand")
SHOPS = [a_key(f"shop {number}") for number in range(2)]


async def a_day(market: ClockedMarket) -> tuple[str, list[Signed[PersonalRequest]]]:
    """Four requests for one item, of which two shops serve three, and one for another that nobody may sell."""
    duo, rare = an_item(market, BRAND), an_item(market, BRAND, id="rare", authorised=())
    theirs = an_item(market, OTHER)
    await market.store(
        a_vendor(market, BRAND, name="Pramwell"),
        a_vendor(market, OTHER, name="Safebank"),
        *(
            a_vendor(market, key, name=f"Shop {number}", places=(_place(number),))
            for number, key in enumerate(SHOPS)
        ),
        duo,
        rare,
        theirs,
    )
    wanted: list[Signed[CatalogueItem]] = [duo, duo, duo, duo, rare, theirs]
    requests = [a_request_for(market, item) for item in wanted]
    await market.store(*requests, a_request(market))
    await market.publish()
    await market.store(*(a_bid(market, SHOPS[0], request) for request in requests[:2]))
    await market.store(a_bid(market, SHOPS[1], requests[2]))
    return await market.reach_cutoff(requests[0]), requests


def _place(number: int) -> Any:
    return a_place(where=Point(HERE.lat_e6 + number * 20_000, HERE.lng_e6))


async def test_a_brands_day(market: ClockedMarket) -> None:
    day, _ = await a_day(market)
    found = await market.read(BRAND, "/vendors/self/report", day=day)
    assert found == await market.read(BRAND, "/vendors/self/report")
    assert (found["day"], found["principal"]) == (day, BRAND.did)
    total = found["total"]
    assert (total["requests"], total["served"], total["shipped"], total["unfilled"]) == (5, 3, 2, 0)
    duo, rare = found["items"]
    assert (duo["id"], duo["figures"]["served"], duo["figures"]["shipped"]) == ("duo", 3, 1)
    near, far = duo["sellers"]
    assert (near["name"], near["served"], far["name"], far["served"]) == ("Shop 0", 2, "Shop 1", 1)
    assert near["median_distance_m"] == duo["figures"]["median_distance_m"]
    assert near["median_distance_m"] < far["median_distance_m"] < 3_000
    assert (rare["figures"]["median_distance_m"], rare["sellers"]) == (None, [])


async def test_a_brands_orders_in_pages(market: ClockedMarket) -> None:
    _, requests = await a_day(market)
    found: list[Any] = []
    page = await market.read(BRAND, "/vendors/self/fallbacks", limit=1)
    while page["next"] is not None:
        found += page["items"]
        page = await market.read(BRAND, "/vendors/self/fallbacks", limit=1, cursor=page["next"])
    found += page["items"]
    shipped = {one["fallback"]["request"] for one in found}
    assert shipped == {requests[3].digest, requests[4].digest}
    assert all(one["request"]["item"]["principal"] == BRAND.did for one in found)
    later = await market.read(BRAND, "/vendors/self/fallbacks", cursor=page["resume"])
    assert later["items"] == []


@pytest.mark.on_postgresql
async def test_another_brand_reads_nothing_of_it(market: ClockedMarket) -> None:
    day, requests = await a_day(market)
    found = await market.read(OTHER, "/vendors/self/report", day=day)
    assert [(one["id"], one["figures"]["requests"]) for one in found["items"]] == [("duo", 1)]
    page = await market.read(OTHER, "/vendors/self/fallbacks")
    assert [one["fallback"]["request"] for one in page["items"]] == [requests[5].digest]
    nothing = await market.read(SHOPS[0], "/vendors/self/report", day=day)
    assert nothing["items"] == []


async def test_a_brands_reads_without_a_signature(market: ClockedMarket) -> None:
    for path in ("/vendors/self/report", "/vendors/self/fallbacks"):
        assert problem(await market.http.get(path)) == (401, "signature-required")


async def test_a_report_of_a_day_that_is_not_there(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, BRAND))
    for query in ("", "?day=2026-01-01"):
        answer = await market.ask(BRAND, f"/vendors/self/report{query}")
        assert problem(answer) == (404, "unknown-run")
