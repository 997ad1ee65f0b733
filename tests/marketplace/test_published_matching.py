"""What a market publishes of a day equals what an exhaustive search would have chosen for its customers.

Everything goes through the real intake: profiles, requests and bids are signed, posted and stored; the outcome
is read from the public lists. The oracle shares no code with the resolver.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import crypto
from marketplace.resolver import STRUCK_OUT, UNLISTED, BidRow, PlaceRow, RequestRow
from tests.conftest import OpenMarket
from tests.marketplace.resolver.oracle import Rows, best_for_customers, keeps_capacity
from tests.support import (
    HERE,
    ClockedMarket,
    a_bid,
    a_key,
    a_place,
    a_preference,
    a_request,
    a_vendor,
)
from vrm.documents import Bid, PersonalRequest, Preference, Signed
from vrm.documents.place import Point, centre_of, distance_m

SPOTS = [Point(HERE.lat_e6 + 9_000 * north, HERE.lng_e6) for north in (0, 1, 2, 30)]
"""The centre, one, two and thirty kilometres to its north."""

REPLY = crypto.ReplyKey.from_seed(b"r" * 32).public.text
SALT = "A" * 22
VENDORS = [a_key(f"vendor {number}") for number in range(3)]


@dataclass(frozen=True)
class Plan:
    """A day as Hypothesis imagines it."""

    requests: list[dict[str, Any]]
    places: list[list[dict[str, Any]]]
    """For each vendor."""
    evidence: list[int]
    """For each vendor: the weight of its evidence, negative for bad."""
    suspended: list[bool]
    bids: list[tuple[int, int, dict[str, Any]]]
    """Which request, which vendor, what."""
    preferences: list[tuple[list[int], list[int], bool]]
    """For each request: the vendors whose bids its owner lists, those struck out, and whether only listed
    ones may win."""


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    ways = st.lists(st.sampled_from(["ship", "pickup", "on-site"]), min_size=1, unique=True)
    requests: list[dict[str, Any]] = [
        {
            "where": draw(st.sampled_from(SPOTS[:3])),
            "policy": draw(
                st.sampled_from(["best-nearby", "best-value", "nearest", "lowest-price"])
            ),
            "price": {
                "kind": draw(st.sampled_from(["ceiling", "ceiling", "fixed"])),
                "amount": draw(st.sampled_from([100, 100, 110])),
            },
            "area": {"radius_m": draw(st.sampled_from([1000, 20_000]))},
            "delivery": tuple(draw(ways)),
            "try_newcomers": draw(st.booleans()),
        }
        for _ in range(draw(st.integers(1, 4)))
    ]
    vendors = draw(st.integers(1, 3))
    places = [
        [
            {
                "place": f"p{number}",
                "where": draw(st.sampled_from(SPOTS)),
                "capacity": draw(st.integers(0, 2)),
                "reach_m": draw(st.sampled_from([1500, 50_000])),
            }
            for number in range(draw(st.integers(1, 2)))
        ]
        for _ in range(vendors)
    ]
    bids = [
        (
            request,
            vendor,
            {
                "place": draw(st.sampled_from(places[vendor]))["place"],
                "delivery": draw(st.sampled_from(requests[request]["delivery"])),
                "price": {"amount": draw(st.sampled_from([90, 100, 100, 110]))},
            },
        )
        for request in range(len(requests))
        for vendor in range(vendors)
        if draw(st.sampled_from([True, True, True, False]))
    ]
    evidence = [draw(st.sampled_from([0, 0, 20_000, -20_000])) for _ in range(vendors)]
    suspended = [draw(st.sampled_from([False] * 7 + [True])) for _ in range(vendors)]
    preferences = [
        (
            draw(st.lists(st.sampled_from(range(vendors)), unique=True)),
            draw(st.sampled_from([[], [], [0]])),
            draw(st.sampled_from([False, False, True])),
        )
        for _ in requests
    ]
    return Plan(requests, places, evidence, suspended, bids, preferences)


def listed(plan: Plan, request: int, vendor: int) -> int:
    """Where a request's owner puts a vendor's bid, as the resolver numbers it."""
    first, out, _ = plan.preferences[request]
    if vendor in out:
        return STRUCK_OUT
    return first.index(vendor) if vendor in first else UNLISTED


@pytest.fixture
async def favouring_newcomers(open_market: OpenMarket) -> ClockedMarket:
    """On every second request that allows it a vendor without evidence goes first, once."""
    rules = {"share": 500, "evidence_below": 1, "quota": 1, "epoch_days": 1}
    return await open_market(newcomers=rules)


@pytest.mark.on_postgresql
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(plan=plans())
async def test_the_published_assignments_are_the_best_stable_ones(
    favouring_newcomers: ClockedMarket, plan: Plan
) -> None:
    market = favouring_newcomers
    await market.reset()
    requests, bids, day = await play(market, plan)
    rows = await as_rows(market, plan, requests, bids, day)
    chosen = {
        (crypto.base64url_decode(one["request"]), one["vendor"], one["place"])
        for one in await market.items(f"/runs/{day}/assignments")
    }
    best = best_for_customers(rows)
    assert keeps_capacity(rows, best)
    assert chosen == {
        (request, bid.did, bid.place) for request, bid in best.items() if bid is not None
    }
    reasons = {one["request"]: one["reason"] for one in await market.items(f"/runs/{day}/unfilled")}
    assert len(chosen) + len(reasons) == len(requests)
    with_bids = {bid.body.request for bid in bids}
    assert {digest for digest, reason in reasons.items() if reason == "no-bids"} == {
        request.digest for request in requests if request.digest not in with_bids
    }


async def play(
    market: ClockedMarket, plan: Plan
) -> tuple[list[Signed[PersonalRequest]], list[Signed[Bid]], str]:
    """Play the day; answers its requests, the bids that the market took, and its name."""
    for key, places in zip(VENDORS, plan.places, strict=False):
        await market.store(a_vendor(market, key, places=tuple(a_place(**one) for one in places)))
    for key, balance in zip(VENDORS, plan.evidence, strict=False):
        if balance:  # then it is no newcomer here
            await market.execute(
                "INSERT INTO evidence "
                "(document, vendor, date, category, amount, tier, directed, weight, good) "
                "VALUES (:vendor, :vendor, '2026-11-01', 'baby', 100, 'trusted', false, :weight, :good)",
                vendor=key.did,
                weight=abs(balance),
                good=balance > 0,
            )
    requests = [
        a_request(market, a_key(f"pseudonym {number}"), reply_key=REPLY, **facts)
        for number, facts in enumerate(plan.requests)
    ]
    await market.store(*requests)
    await market.publish()
    bids = [
        a_bid(market, VENDORS[vendor], requests[request], salt=SALT, **facts)
        for request, vendor, facts in plan.bids
    ]
    results = await market.send_batch(*bids) if bids else []
    taken = [bid for bid, one in zip(bids, results, strict=True) if one["status"] == "accepted"]
    refused = {one["problem"]["code"] for one in results if one["status"] == "refused"}
    assert refused <= {"over-ceiling", "off-fixed-price", "out-of-reach"}
    for number, request in enumerate(requests):
        await market.store(preference_of(market, plan, number, request, taken))
    for key, suspended in zip(VENDORS, plan.suspended, strict=False):
        if suspended:
            await market.execute(
                "UPDATE vendors SET suspended = true WHERE did = :did", did=key.did
            )
    return requests, taken, await market.reach_cutoff(requests[0])


def preference_of(
    market: ClockedMarket,
    plan: Plan,
    number: int,
    request: Signed[PersonalRequest],
    bids: list[Signed[Bid]],
) -> Signed[Preference]:
    """The planned Preference on a request; bids that were refused are not in it."""
    by_vendor = {
        VENDORS.index(key): bid.digest
        for bid in bids
        for key in VENDORS
        if (bid.body.request, bid.body.vendor) == (request.digest, key.did)
    }
    first, out, only_listed = plan.preferences[number]
    return a_preference(
        market,
        a_key(f"pseudonym {number}"),
        request,
        listed=tuple(by_vendor[v] for v in first if v in by_vendor and v not in out),
        struck_out=tuple(by_vendor[v] for v in out if v in by_vendor),
        only_listed=only_listed,
        salt=SALT,
    )


async def as_rows(
    market: ClockedMarket,
    plan: Plan,
    requests: list[Signed[PersonalRequest]],
    bids: list[Signed[Bid]],
    day: str,
) -> Rows:
    """The day as the oracle takes it: from what was sent, and the bands that the run froze."""
    run = await market.get(f"/runs/{day}")
    bands = {one["vendor"]: one["band"] for one in await market.items(f"/runs/{day}/places")}
    where = {
        (key.did, one["place"]): one["where"]
        for key, places in zip(VENDORS, plan.places, strict=False)
        for one in places
    }
    numbers = {request.digest: number for number, request in enumerate(requests)}
    vendors = {key.did: number for number, key in enumerate(VENDORS)}
    centre = {request.digest: centre_of(request.body.area.cell) for request in requests}
    return Rows(
        [
            RequestRow(
                id=crypto.base64url_decode(request.digest),
                policy=request.body.policy,
                price=request.body.price.amount,
                fixed=request.body.price.kind == "fixed",
                currency="EUR",
                terms="PDC-INTENT",
                ways=request.body.delivery,
                radius_m=request.body.area.radius_m,
                only_listed=plan.preferences[number][2],
                tries_newcomers=request.body.try_newcomers,
            )
            for number, request in enumerate(requests)
        ],
        [
            PlaceRow(
                did=key.did,
                place=one["place"],
                capacity=one["capacity"],
                band=bands.get(key.did, 0),
                reach_m=one["reach_m"],
                admitted=not suspended,
                leads=0 if balance else 1,
            )
            for key, places, suspended, balance in zip(
                VENDORS, plan.places, plan.suspended, plan.evidence, strict=False
            )
            for one in places
        ],
        [
            BidRow(
                request=crypto.base64url_decode(bid.body.request),
                did=bid.body.vendor,
                place=bid.body.place,
                price=bid.body.price.amount,
                currency="EUR",
                terms="PDC-INTENT",
                way=bid.body.delivery,
                distance_m=distance_m(
                    where[bid.body.vendor, bid.body.place], centre[bid.body.request]
                ),
                listed=listed(plan, numbers[bid.body.request], vendors[bid.body.vendor]),
            )
            for bid in bids
        ],
        crypto.base64url_decode(run["report"]["seed"]),
        newcomer_share=500,
    )
