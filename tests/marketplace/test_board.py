"""The board: each filter, boxes against brute force, and following it while it grows."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from marketplace.board.rules import box_around
from tests.support import (
    HERE,
    ClockedMarket,
    a_bid,
    a_key,
    a_request,
    a_vendor,
    a_withdrawal,
    problem,
)
from vrm.documents import PersonalRequest, Signed
from vrm.documents.place import Point, centre_of, distance_m

VENDOR = a_key("vendor")


async def published(market: ClockedMarket, *requests: Signed[PersonalRequest]) -> None:
    await market.store(a_vendor(market, VENDOR), *requests)
    await market.publish()


async def found(market: ClockedMarket, **filters: Any) -> set[str]:
    page = await market.read(VENDOR, "/board", **filters)
    return {item["request"] for item in page["items"]}


def degrees(where: Point) -> dict[str, float]:
    return {"lat": where.lat_e6 / 1e6, "lng": where.lng_e6 / 1e6}


@pytest.mark.on_postgresql
async def test_by_category(market: ClockedMarket) -> None:
    baby, books = a_request(market), a_request(market, need={"category": "books"})
    await published(market, baby, books)
    assert await found(market, category="books") == {books.digest}
    assert await found(market, category="garden") == set()


@pytest.mark.on_postgresql
async def test_by_price(market: ClockedMarket) -> None:
    cheap, dear = (a_request(market, price={"amount": amount}) for amount in (1_000, 9_000))
    await published(market, cheap, dear)
    assert await found(market, min_price=1_001) == {dear.digest}
    assert await found(market, max_price=8_999) == {cheap.digest}
    assert await found(market, min_price=1_000, max_price=9_000) == {cheap.digest, dear.digest}


@pytest.mark.on_postgresql
async def test_by_delivery(market: ClockedMarket) -> None:
    ways = [("ship",), ("pickup", "on-site"), ("pickup",)]
    requests = [a_request(market, delivery=way) for way in ways]
    await published(market, *requests)
    for way in ("ship", "pickup", "on-site"):
        expected = {r.digest for r in requests if way in r.body.delivery}
        assert await found(market, delivery=way) == expected


@pytest.mark.on_postgresql
async def test_by_distance(market: ClockedMarket) -> None:
    near = a_request(market)
    far = a_request(market, where=Point(HERE.lat_e6 + 300_000, HERE.lng_e6))
    await published(market, near, far)
    page = await market.read(VENDOR, "/board", **degrees(HERE))
    distances = {item["request"]: item["distance_m"] for item in page["items"]}
    assert distances == {
        request.digest: distance_m(HERE, centre_of(request.body.area.cell))
        for request in (near, far)
    }
    assert await found(market, **degrees(HERE), within_km=10) == {near.digest}
    exactly = distances[far.digest] / 1000
    assert far.digest in await found(market, **degrees(HERE), within_km=exactly)
    assert far.digest not in await found(market, **degrees(HERE), within_km=exactly - 0.001)


async def test_by_state(market: ClockedMarket) -> None:
    pseudonym = a_key()
    withdrawn, closed = a_request(market, pseudonym), a_request(market)
    await published(market, withdrawn, closed)
    await market.store(a_withdrawal(market, pseudonym, withdrawn.digest))
    await market.publish()
    assert await found(market) == {closed.digest}
    await market.reach_cutoff(closed)
    open_ = a_request(market)
    await market.store(open_)
    await market.publish()
    assert await found(market) == await found(market, state="open") == {open_.digest}
    assert await found(market, state="closed") == {closed.digest}
    everything = {withdrawn.digest, closed.digest, open_.digest}
    assert await found(market, state="all") == everything
    states = {
        digest: (await market.read(VENDOR, f"/board/{digest}"))["state"] for digest in everything
    }
    assert states == {
        withdrawn.digest: "withdrawn",
        closed.digest: "closed",
        open_.digest: "open",
    }


@pytest.mark.on_postgresql
async def test_a_request_is_closed_when_its_bids_are(market: ClockedMarket) -> None:
    request = a_request(market)
    await published(market, request)
    item = await market.read(VENDOR, f"/board/{request.digest}")
    market.clock.set(item["bids_close"])
    assert await found(market) == set()
    assert await found(market, state="closed") == {request.digest}


async def test_the_board_shows_what_was_signed(market: ClockedMarket) -> None:
    request = a_request(market)
    await published(market, request)
    answer = await market.ask(VENDOR, "/board")
    assert request.wire in answer.content


async def test_one_request_that_nobody_published(market: ClockedMarket) -> None:
    waiting = a_request(market)
    await market.store(a_vendor(market, VENDOR), waiting)
    for digest in (waiting.digest, "A" * 43, "x"):
        answer = await market.ask(VENDOR, f"/board/{digest}")
        assert problem(answer) == (404, "unknown-request")


@pytest.mark.on_postgresql
async def test_following_sees_everything_exactly_once(market: ClockedMarket) -> None:
    """While batches of several sizes are published between the pages of several readers."""
    await market.store(a_vendor(market, VENDOR))
    seen: dict[int, list[str]] = {1: [], 3: [], 100: []}
    cursors: dict[int, str | None] = dict.fromkeys(seen)
    posted = []
    for size in (0, 5, 1, 7, 0, 2):
        for _ in range(size):
            posted.append(a_request(market))
            await market.store(posted[-1])
        await market.publish()
        for limit in seen:
            for _ in range(2):  # a slow reader: it does not reach the end each time
                params = {} if cursors[limit] is None else {"cursor": cursors[limit]}
                page = await market.read(VENDOR, "/board", limit=limit, **params)
                seen[limit] += [item["request"] for item in page["items"]]
                cursors[limit] = page["next"] or page["resume"]
    for limit in seen:
        while (newest := cursors[limit]) is not None:
            page = await market.read(VENDOR, "/board", limit=limit, cursor=newest)
            seen[limit] += [item["request"] for item in page["items"]]
            cursors[limit] = page["next"]
    for digests in seen.values():
        assert sorted(digests) == sorted(request.digest for request in posted)


async def test_pages_of_a_filter_by_distance_are_full(market: ClockedMarket) -> None:
    """What the box lets through and the circle does not, shortens no page and drops nothing."""
    corner = Point(
        HERE.lat_e6 + 80_000, HERE.lng_e6 + 120_000
    )  # inside of the box, outside of 11 km
    requests = [a_request(market, where=where) for where in [corner, HERE] * 6]
    await published(market, *requests)
    near = {r.digest for r in requests if distance_m(HERE, centre_of(r.body.area.cell)) <= 11_000}
    assert 0 < len(near) < len(requests)
    seen: list[str] = []
    page: dict[str, Any] = {"next": None}
    for _ in range(20):
        params = {"cursor": page["next"]} if page["next"] else {}
        page = await market.read(VENDOR, "/board", limit=2, **degrees(HERE), within_km=11, **params)
        seen += [item["request"] for item in page["items"]]
        if page["next"] is None:
            break
        assert len(page["items"]) == 2
    assert sorted(seen) == sorted(near)


def cursor(*key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(key).encode()).rstrip(b"=").decode()


INVALID = {
    "not_base64": "%%%",
    "not_ascii": "\u00e9",
    "not_json": base64.urlsafe_b64encode(b"{").decode(),
    "an_object": base64.urlsafe_b64encode(b"{}").decode(),
    "too_short": cursor(1),
    "too_long": cursor(1, "a", "b"),
    "of_other_types": cursor("a", 1),
    "an_integer_that_no_database_holds": cursor(2**70, "a"),
    "nul": cursor(1, "\x00"),
    "text_outside_ascii": cursor(1, "\u00e9"),
}


@pytest.mark.parametrize("name", INVALID)
async def test_an_invalid_cursor(market: ClockedMarket, name: str) -> None:
    await market.store(a_vendor(market, VENDOR))
    answer = await market.ask(VENDOR, "/board", cursor=INVALID[name])
    assert problem(answer) == (400, "invalid-cursor")


LISTS = ["/vendors", "/batches", "/runs", "/vendors/self/bids", "/vendors/self/assignments"]


@pytest.mark.parametrize("path", LISTS)
async def test_a_cursor_of_another_list(market: ClockedMarket, path: str) -> None:
    await market.store(a_vendor(market, VENDOR))
    answer = await market.ask(VENDOR, path, cursor=cursor("a", "b", 3))
    assert problem(answer) == (400, "invalid-cursor")


INVALID_FILTERS = [
    {"lat": 48},
    {"lng": 16},
    {"within_km": 5},
    {"lat": "nan", "lng": "nan"},
    {"lat": "inf", "lng": 0},
    {"lat": 91, "lng": 0},
    {"lat": 0, "lng": 181},
    {"lat": 0, "lng": 0, "within_km": 0},
    {"lat": 0, "lng": 0, "within_km": "nan"},
    {"lat": "north", "lng": 0},
    {"min_price": -1},
    {"min_price": 2**53},
    {"max_price": 1.5},
    {"delivery": "drone"},
    {"state": "withdrawn"},
    {"category": "\x00"},
    {"category": "Baby"},
    {"limit": 0},
    {"limit": 1001},
    {"limit": "many"},
]


@pytest.mark.parametrize("filters", INVALID_FILTERS, ids=str)
async def test_an_invalid_filter(market: ClockedMarket, filters: dict[str, Any]) -> None:
    await market.store(a_vendor(market, VENDOR))
    answer = await market.ask(VENDOR, "/board", **filters)
    assert problem(answer) == (400, "invalid-parameter")


async def test_the_board_shows_no_bid(market: ClockedMarket) -> None:
    request = a_request(market)
    await published(market, request)
    before = await market.read(VENDOR, "/board")
    other = a_key("other")
    await market.store(a_vendor(market, other), a_bid(market, other, request))
    assert await market.read(VENDOR, "/board") == before


latitudes = st.one_of(
    st.integers(-90_000_000, 90_000_000),
    st.sampled_from([-90_000_000, 90_000_000, 89_999_999, -89_999_000, 0]),
)
longitudes = st.one_of(
    st.integers(-180_000_000, 180_000_000),
    st.sampled_from([-180_000_000, 180_000_000, 179_999_999, -179_999_000, 0]),
)
points = st.builds(Point, latitudes, longitudes)
radii = st.one_of(st.integers(1, 20_100_000), st.integers(1, 5000))


@settings(max_examples=500, deadline=None)
@given(points, points, radii)
def test_a_box_holds_every_point_within_the_radius(
    centre: Point, where: Point, radius: int
) -> None:
    if distance_m(centre, where) <= radius:
        assert in_box(centre, where, radius)


@settings(max_examples=500, deadline=None)
@given(points, st.integers(1, 50_000), st.floats(-1, 1), st.floats(-1, 1))
def test_a_box_holds_the_points_around_its_centre(
    centre: Point, radius: int, north: float, east: float
) -> None:
    """Points chosen near the edge, also across the date line and the poles."""
    latitude = centre.lat_e6 + round(north * radius * 9.1)  # a metre is 9 millionths of a degree
    where = Point(
        max(-90_000_000, min(90_000_000, latitude)),
        (centre.lng_e6 + round(east * radius * 20) + 180_000_000) % 360_000_000 - 180_000_000,
    )
    if distance_m(centre, where) <= radius:
        assert in_box(centre, where, radius)


@settings(max_examples=200, deadline=None)
@given(st.builds(Point, st.integers(-60_000_000, 60_000_000), longitudes), st.integers(1000, 10**6))
def test_a_box_holds_little_more(centre: Point, radius: int) -> None:
    box = box_around(centre, radius)
    height = box.north - box.south
    assert abs(height - 2 * radius * 8.9932) < 0.01 * height + 20
    assert all(-180_000_000 <= west <= east <= 180_000_000 for west, east in box.spans)


def in_box(centre: Point, where: Point, radius: int) -> bool:
    box = box_around(centre, radius)
    return box.south <= where.lat_e6 <= box.north and any(
        west <= where.lng_e6 <= east for west, east in box.spans
    )
