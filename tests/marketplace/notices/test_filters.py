"""Saved filters: a vendor is told of exactly what the board would show it, once, and never sooner."""

from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crypto
from marketplace.notices import filters as saved
from marketplace.notices import writing
from marketplace.notices.matching import Filters
from marketplace.vendors import service as vendors
from tests.marketplace.notices.conftest import VENDOR
from tests.support import (
    HERE,
    ClockedMarket,
    a_key,
    a_request,
    a_vendor,
    a_withdrawal,
    assert_refused,
    forged,
)
from vrm.documents import Nearness, SavedFilter, SavedFilters, Signed, sign
from vrm.documents.place import Point, cell_at, distance_m, point

FAR = point(52.52, 13.405)


def a_list(
    here: ClockedMarket, *filters: SavedFilter, key: crypto.SigningKey = VENDOR, **changes: Any
) -> Signed[SavedFilters]:
    """A vendor's filters."""
    facts: dict[str, Any] = {"market": here.did, "vendor": key.did, "seq": 1, "filters": filters}
    return sign(SavedFilters(**(facts | changes)), key)


def near(at: Point, within_m: int) -> Nearness:
    return Nearness(lat_e6=at.lat_e6, lng_e6=at.lng_e6, within_m=within_m)


async def told(market: ClockedMarket, key: crypto.SigningKey = VENDOR) -> dict[str, list[str]]:
    """The filters that each request passed, by its digest."""
    await writing.write(market.market)
    events = (await market.read(key, "/events"))["items"]
    assert {one["type"] for one in events} <= {"request.published"}
    return {one["data"]["request"]: one["data"]["filters"] for one in events}


async def test_a_vendor_is_told_of_what_passes_its_filters(market: ClockedMarket) -> None:
    nearby, far = a_request(market), a_request(market, area={"cell": cell_at(FAR, 6)})
    dear = a_request(market, price={"amount": 90_000})
    await market.store(
        a_vendor(market, VENDOR),
        a_list(
            market,
            SavedFilter(id="all"),
            SavedFilter(id="cheap", max_price=50_000, category=nearby.body.need.category),
            SavedFilter(id="near", near=near(HERE, 20_000)),
            SavedFilter(id="none", category="books"),
        ),
    )
    await market.store(nearby, far, dear)
    await writing.write(market.market)
    assert await told(market) == {}, "nothing is told before it is published"
    await market.publish()
    assert await told(market) == {
        nearby.digest: ["all", "cheap", "near"],
        far.digest: ["all", "cheap"],
        dear.digest: ["all", "near"],
    }
    await writing.write(market.market)
    assert len(await told(market)) == 3


@pytest.mark.on_postgresql
async def test_filters_tell_what_the_board_shows(market: ClockedMarket) -> None:
    at, within = point(48.21, 16.37), 3
    await market.store(
        a_vendor(market, VENDOR),
        a_list(market, SavedFilter(id="near", near=near(at, within * 1000), delivery="pickup")),
    )
    cells = {cell_at(point(48.18 + step / 100, 16.37), 7) for step in range(8)}
    await market.store(*(a_request(market, area={"cell": cell}) for cell in sorted(cells)))
    await market.publish()
    asked = {"lat": 48.21, "lng": 16.37, "within_km": within, "delivery": "pickup"}
    board = (await market.read(VENDOR, "/board", **asked))["items"]
    assert 0 < len(board) < len(cells)
    assert set(await told(market)) == {one["request"] for one in board}


async def test_blocks_tell_of_every_request_once(market: ClockedMarket, monkeypatch: Any) -> None:
    monkeypatch.setattr(saved, "BLOCK", 2)
    await market.store(a_vendor(market, VENDOR), a_list(market, SavedFilter(id="all")))
    posted = [a_request(market) for _ in range(5)]
    await market.store(*posted)
    await market.publish()
    assert set(await told(market)) == {one.digest for one in posted}


@pytest.mark.on_postgresql
async def test_others_filters_and_what_was_taken_back(market: ClockedMarket) -> None:
    other, pseudonym = a_key("other"), a_key("pseudonym")
    await market.store(a_vendor(market, VENDOR), a_vendor(market, other))
    for key in (VENDOR, other):
        await market.store(a_list(market, SavedFilter(id="all"), key=key))
    await market.store(a_list(market, seq=2))
    await vendors.suspend(market.market, other.did, "It sent nothing")
    request = a_request(market, pseudonym)
    await market.store(request, a_withdrawal(market, pseudonym, request.digest))
    await market.store(a_request(market))
    await market.publish()
    assert await told(market) == {}
    assert (await market.contents())["events"] == []


async def test_filters_that_are_not_the_vendor_s_own(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    listed = a_list(market, SavedFilter(id="all"), seq=5)
    raw = forged(listed, a_key("thief"))
    await assert_refused(market, market.post("/filters", raw), 422, "wrong-key")
    stranger = a_list(market, key=a_key("stranger"))
    await assert_refused(market, market.send(stranger), 404, "unknown-vendor")
    elsewhere = a_list(market, market=a_key("elsewhere").did)
    await assert_refused(market, market.send(elsewhere), 422, "wrong-market")
    strange = a_list(market, SavedFilter(id="all", category="unheard-of"))
    await assert_refused(market, market.send(strange), 422, "unknown-category")
    twice = [{"id": "all"}, {"id": "all"}]
    raw = forged(listed, VENDOR, filters=twice)
    await assert_refused(market, market.post("/filters", raw), 422, "invalid-field")
    raw = forged(listed, VENDOR, filters=[{"id": f"f{number}"} for number in range(21)])
    await assert_refused(market, market.post("/filters", raw), 422, "invalid-field")
    assert (await market.send(listed)).status_code == 201
    assert (await market.send(listed)).status_code == 200
    await assert_refused(market, market.send(a_list(market, seq=4)), 409, "stale-sequence")
    shown = await market.read(VENDOR, "/vendors/self/filters")
    assert shown["document"]["filters"] == [{"id": "all"}]


POINTS = st.builds(
    Point, st.integers(-90_000_000, 90_000_000), st.integers(-180_000_000, 180_000_000)
)


@given(POINTS, POINTS, st.integers(-3, 3))
def test_nearness_is_exact_to_the_metre(of: Point, to: Point, off: int) -> None:
    within = max(1, distance_m(of, to) + off)
    row = SimpleNamespace(
        vendor="v",
        filter="f",
        category=None,
        delivery=None,
        min_price=None,
        max_price=None,
        lat_e6=of.lat_e6,
        lng_e6=of.lng_e6,
        within_m=within,
    )
    request = SimpleNamespace(
        category="baby",
        amount=1,
        ships=True,
        picked_up=False,
        on_site=False,
        lat_e6=to.lat_e6,
        lng_e6=to.lng_e6,
    )
    passed = distance_m(of, to) <= within
    assert Filters([row]).passed_by(request) == ({"v": ["f"]} if passed else {})
