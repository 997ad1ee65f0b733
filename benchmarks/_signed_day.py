"""A day whose documents are all signed, taken through the market's own freeze, resolver, log and announcement.

There is a vendor for every ten requests, on a square map with 0.15 of them per square kilometre; every
request has ten bids, from ten of the vendors around it. Documents are made by several processes; they go into
the tables without the API, which would verify each of them first.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from scipy.spatial import cKDTree
from sqlalchemy import insert

import crypto
from marketplace.descriptor import service as descriptor
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.models import PublishedRequest, StoredBid
from marketplace.requests.rules import published_row
from marketplace.resolver.rows import WAY_CODES
from marketplace.runs import service as runs
from marketplace.vendors import repository as vendors
from tests.support.clock import SetClock
from vrm.documents import (
    AcceptedTerms,
    Area,
    AskingPrice,
    Bid,
    BidPrice,
    MarketDescriptor,
    Need,
    PersonalRequest,
    Place,
    Signed,
    VendorProfile,
    read,
    sign,
)
from vrm.documents.place import Point, cell_at, centre_of, distance_m
from vrm.documents.scalars import DeliveryWay, Policy

BIDS = 10
REQUESTS_PER_VENDOR = 10
NEIGHBOURS = 40
PER_KM2 = 0.15
METRES_PER_DEGREE = 111_195
NORTH, EAST = 48.2, 16.4
POLICIES: tuple[Policy, ...] = ("best-nearby", "best-value", "nearest", "lowest-price")
CHUNK = 500


@dataclass(frozen=True)
class Made:
    """A bid that is being made: which request, which vendor, at what price."""

    request: str
    vendor: int
    amount: int
    way: DeliveryWay


def key_of(kind: str, number: int) -> crypto.SigningKey:
    """The key of a vendor or a pseudonym."""
    return crypto.SigningKey.from_seed(hashlib.sha256(f"{kind} {number}".encode()).digest())


async def play(market: Market, clock: SetClock, requests: int, processes: int) -> str:
    """Make a day of so many requests, and take it to its announcement; answers its name."""
    count = max(requests // REQUESTS_PER_VENDOR, NEIGHBOURS)
    random = np.random.default_rng(1)
    side = float(np.sqrt(count / PER_KM2)) * 1000
    at = random.uniform(0, side, (count, 2))
    await descriptor.announce(market)
    with ProcessPoolExecutor(processes) as pool:
        rules = market.rules
        places = [_point(x, y) for x, y in at.tolist()]
        work = [(rules, part, places) for part in _chunks(range(count))]
        profiles = [one for part in pool.map(_profiles, work) for one in part]
        await _store_vendors(market, profiles)
        spots = random.uniform(0, side, (requests, 2))
        work = [
            (rules, part, [_point(*spots[n]) for n in part]) for part in _chunks(range(requests))
        ]
        asked = [one for part in pool.map(_requests, work) for one in part]
        instant = market.calendar.batch_at_or_before(clock.now)
        await _store_requests(market, asked, instant)
        near = cKDTree(at).query(spots, k=min(NEIGHBOURS, count))[1]
        await _store_bids(market, pool, asked, near, places, random)
    cutoff = market.calendar.joins(instant)
    await log.grow(market)
    clock.set(cutoff)
    await runs.close_days(market)
    await log.grow(market)
    return market.calendar.local_date(cutoff).isoformat()


def _point(x: float, y: float) -> Point:
    lat = NORTH + y / METRES_PER_DEGREE
    lng = EAST + x / (METRES_PER_DEGREE * float(np.cos(np.radians(NORTH))))
    return Point(round(lat * 1e6), round(lng * 1e6))


def _chunks(numbers: range) -> Iterator[range]:
    for first in range(0, len(numbers), CHUNK):
        yield numbers[first : first + CHUNK]


def _profiles(work: tuple[MarketDescriptor, range, Sequence[Point]]) -> list[bytes]:
    rules, numbers, places = work
    found = []
    for number in numbers:
        key = key_of("vendor", number)
        place = Place(
            id="shop", name="Shop", lat_e6=places[number].lat_e6, lng_e6=places[number].lng_e6,
            reach_m=90_000, capacity=12,
        )  # fmt: skip
        body = VendorProfile(
            market=rules.market, vendor=key.did, seq=1, name=f"Shop {number}", places=(place,),
            categories=("other",), delivery=("ship", "pickup"), terms=(rules.terms[0].id,),
        )  # fmt: skip
        found.append(sign(body, key).wire)
    return found


def _requests(
    work: tuple[MarketDescriptor, range, Sequence[Point]],
) -> list[tuple[str, bytes, int, bool]]:
    rules, numbers, spots = work
    terms = AcceptedTerms(id=rules.terms[0].id, digest=rules.terms[0].digest)
    reply = crypto.ReplyKey.from_seed(bytes(32)).public.text
    found = []
    for number, spot in zip(numbers, spots, strict=True):
        key, fixed = key_of("pseudonym", number), number % 4 == 0
        amount = 2_000 + number % 90_000
        body = PersonalRequest(
            market=rules.market, pseudonym=key.did, reply_key=reply,
            need=Need(title=f"Thing {number}", category="other"),
            price=AskingPrice(
                kind="fixed" if fixed else "ceiling", amount=amount, currency=rules.currency.code
            ),
            area=Area(cell=cell_at(spot, rules.cells.finest), radius_m=90_000),
            delivery=("pickup", "ship"), terms=terms, policy=POLICIES[number % 4],
        )  # fmt: skip
        signed = sign(body, key)
        found.append((signed.digest, signed.wire, amount, fixed))
    return found


async def _store_vendors(market: Market, profiles: Sequence[bytes]) -> None:
    for first in range(0, len(profiles), 10 * CHUNK):
        async with market.db.unit_of_work() as connection:
            for wire in profiles[first : first + 10 * CHUNK]:
                profile = read(wire, VendorProfile)
                await vendors.store_profile(connection, profile)
                await log.record(connection, profile, profile.body.vendor)


async def _store_requests(
    market: Market, asked: Sequence[tuple[str, bytes, int, bool]], instant: int
) -> None:
    ordered = iter(sorted(asked))
    while block := list(islice(ordered, 10 * CHUNK)):
        rows = [
            published_row(
                digest, wire, read(wire, PersonalRequest).body, instant, instant, market.calendar
            )
            for digest, wire, _, _ in block
        ]
        async with market.db.unit_of_work() as connection:
            await connection.execute(insert(PublishedRequest), rows)
            await log.put(connection, [row["digest"] for row in rows])


async def _store_bids(
    market: Market,
    pool: ProcessPoolExecutor,
    asked: Sequence[tuple[str, bytes, int, bool]],
    near: Any,
    places: Sequence[Point],
    random: np.random.Generator,
) -> None:
    work: list[tuple[MarketDescriptor, list[Made]]] = []
    share = random.integers(60, 101, (len(asked), BIDS))
    step = near.shape[1] // BIDS
    offset = np.arange(0, near.shape[1], step)[:BIDS]
    for number, (digest, _, amount, fixed) in enumerate(asked):
        bids = [
            Made(
                digest,
                int(near[number, place]),
                amount if fixed else max(1, int(amount * share[number, at] // 100)),
                "pickup" if at % 2 else "ship",
            )
            for at, place in enumerate(offset.tolist())
        ]
        if not number % (CHUNK // BIDS):
            work.append((market.rules, []))
        work[-1][1].extend(bids)
    centres = {}
    for digest, wire, _, _ in asked:
        centres[digest] = centre_of(read(wire, PersonalRequest).body.area.cell)
    rows: list[dict[str, Any]] = []
    for (_, made), wires in zip(work, pool.map(_bids, work, chunksize=4), strict=True):
        for one, (digest, did, wire) in zip(made, wires, strict=True):
            rows.append(
                {
                    "digest": digest, "request": one.request, "vendor": did, "place": "shop",
                    "place_number": one.vendor + 1, "seq": 1, "amount": one.amount,
                    "delivery": one.way, "way": int(WAY_CODES[one.way]),
                    "distance_m": distance_m(places[one.vendor], centres[one.request]),
                    "state": "live", "received_at": 1, "valid_until": None, "wire": wire,
                }
            )  # fmt: skip
        if len(rows) >= 40 * CHUNK:
            await _insert(market, rows)
            rows = []
    await _insert(market, rows)


async def _insert(market: Market, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        async with market.db.unit_of_work() as connection:
            await connection.execute(insert(StoredBid), list(rows))
            await log.put(connection, [row["digest"] for row in rows])


def _bids(work: tuple[MarketDescriptor, list[Made]]) -> list[tuple[str, str, bytes]]:
    rules, made = work
    terms = AcceptedTerms(id=rules.terms[0].id, digest=rules.terms[0].digest)
    found = []
    for one in made:
        key = key_of("vendor", one.vendor)
        salted = hashlib.sha256(f"{one.request} {one.vendor}".encode()).digest()[:16]
        body = Bid(
            market=rules.market, request=one.request, vendor=key.did, place="shop",
            price=BidPrice(amount=one.amount, currency=rules.currency.code),
            delivery=one.way, lead_time_hours=24, terms=terms, seq=1,
            salt=base64.urlsafe_b64encode(salted).rstrip(b"=").decode(),
        )  # fmt: skip
        signed: Signed[Bid] = sign(body, key)
        found.append((signed.digest, key.did, signed.wire))
    return found
