"""The referee's own resolver against an oracle that tries every matching there is."""

import itertools
from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

import crypto
from marketplace.resolver import BidRow, PlaceRow, RequestRow
from tests.marketplace.resolver.oracle import Rows, choices
from tests.vrm.documents.samples import KEY, a_request
from vrm.client.public import RunBid, RunPlace
from vrm.demo.rerun import Candidate, Day, metres_between
from vrm.documents import (
    AcceptedTerms,
    AskingPrice,
    Bid,
    BidPrice,
    PersonalRequest,
    Preference,
    Signed,
)
from vrm.documents.place import Point, cell_at, centre_of, distance_m
from vrm.documents.scalars import Policy

VENDORS = [crypto.SigningKey.from_seed(bytes([n]) * 32).did for n in range(4)]
SEED = crypto.base64url_encode(b"s" * 32)
TERMS = AcceptedTerms(id="PDC-INTENT", digest="A" * 43)
POLICIES: list[Policy] = ["best-nearby", "best-value", "nearest", "lowest-price"]

Matching = dict[str, Candidate]


def a_digest(number: int) -> str:
    return crypto.base64url_encode(bytes([number]) * 32)


def request(
    number: int, policy: Policy = "best-value", **changes: object
) -> Signed[PersonalRequest]:
    body = a_request(policy=policy, delivery=("ship", "pickup"), **changes)
    return Signed(body, a_digest(number), b"")


def bid(
    number: int, on: int, vendor: int, *, km: int, amount: int = 20_000, **changes: str
) -> RunBid:
    body = Bid(
        market=KEY.did,
        request=a_digest(on),
        vendor=VENDORS[vendor],
        place="main",
        price=BidPrice(amount=amount, currency=changes.get("currency", "USD")),
        delivery=changes.get("delivery", "ship"),  # type: ignore[arg-type]
        lead_time_hours=1,
        terms=TERMS,
        seq=1,
        salt="A" * 22,
    )
    return RunBid(Signed(body, a_digest(100 + number), b""), km * 1000)


def place(
    vendor: int, *, units: int = 1, band: int = 16, reach_km: int = 50, leads: int = 0
) -> RunPlace:
    return RunPlace(
        VENDORS[vendor], "main", 0, 0, reach_km * 1000, units, band, False, leads, "A" * 43
    )


@st.composite
def small_days(draw: st.DrawFn) -> Day:
    requests = [request(n, draw(st.sampled_from(POLICIES))) for n in range(draw(st.integers(1, 4)))]
    places = [
        place(v, units=draw(st.integers(0, 2)), band=draw(st.integers(15, 16)))
        for v in range(draw(st.integers(1, 3)))
    ]
    pairs = itertools.product(range(len(requests)), range(len(places)))
    bids = [
        bid(n, r, v, km=draw(st.integers(1, 3)), amount=draw(st.sampled_from([19_900, 20_000])))
        for n, (r, v) in enumerate(pairs)
        if draw(st.booleans())
    ]
    return Day(requests, bids, places, {}, SEED)


@settings(max_examples=150, deadline=None)
@given(small_days())
def test_each_request_gets_the_best_that_any_stable_matching_gives_it(day: Day) -> None:
    verdicts = day.verdicts()
    stable = [matching for matching in every_matching(day) if is_stable(day, matching)]
    assert stable
    for digest, verdict in verdicts.items():
        ranks = [verdict.ranked.index(m[digest]) for m in stable if digest in m]
        assert verdict.rank == (min(ranks) if ranks else None)
        assert (verdict.reason is None) == (verdict.rank is not None)


@settings(max_examples=50, deadline=None)
@given(small_days(), st.randoms())
def test_who_starts_makes_no_difference(day: Day, dice: object) -> None:
    expected = day.verdicts()
    again = Day(
        reversed([Signed(body, digest, b"") for digest, body in day.requests.items()]),
        [held for bids in day.bids.values() for held in reversed(bids)],
        reversed(day.places.values()),
        {},
        SEED,
    )
    assert again.verdicts() == expected


def every_matching(day: Day) -> list[Matching]:
    """Every way to give requests to eligible bids within the places' units."""
    options = [[None, *order] for order in day.orders.values()]
    found = []
    for choice in itertools.product(*options):
        taken = [candidate for candidate in choice if candidate is not None]
        doors = Counter(candidate.door for candidate in taken)
        if all(count <= day.places[door].units for door, count in doors.items()):
            found.append({candidate.request: candidate for candidate in taken})
    return found


def is_stable(day: Day, matching: Matching) -> bool:
    """No request and place would both rather have each other."""
    for digest, order in day.orders.items():
        got = order.index(matching[digest]) if digest in matching else len(order)
        for better in order[:got]:
            kept = [c for c in matching.values() if c.door == better.door]
            if len(kept) < day.places[better.door].units:
                return False
            if any((c.distance_m, c.draw) > (better.distance_m, better.draw) for c in kept):
                return False
    return True


# --- orders ---


def order_of(policy: Policy, *bids: RunBid, places: list[RunPlace]) -> list[int]:
    day = Day([request(0, policy)], bids, places, {}, SEED)
    return [VENDORS.index(candidate.vendor) for candidate in day.orders[a_digest(0)]]


def test_each_policy_weighs_its_figures_in_its_own_order() -> None:
    famed_far = bid(0, 0, 0, km=9, amount=21_000)
    near_dear = bid(1, 0, 1, km=1, amount=22_000)
    cheap = bid(2, 0, 2, km=5, amount=19_000)
    places = [place(0, band=18), place(1), place(2)]
    bids = (famed_far, near_dear, cheap)
    assert order_of("best-nearby", *bids, places=places) == [0, 1, 2]
    assert order_of("best-value", *bids, places=places) == [0, 2, 1]
    assert order_of("nearest", *bids, places=places) == [1, 2, 0]
    assert order_of("lowest-price", *bids, places=places) == [2, 0, 1]


def test_metres_within_one_kilometre_do_not_count_for_the_best_nearby() -> None:
    a, b = bid(0, 0, 0, km=2, amount=20_000), bid(1, 0, 1, km=2, amount=19_000)
    b = RunBid(b.bid, 2_999)
    places = [place(0), place(1)]
    assert order_of("best-nearby", a, b, places=places) == [1, 0]
    assert order_of("nearest", a, b, places=places) == [0, 1]


def test_the_last_word_is_the_hash_of_seed_request_and_vendor() -> None:
    """Pinned, so that nobody changes the bytes that go into it."""
    bids = [bid(n, 0, n, km=2) for n in range(4)]
    day = Day([request(0)], bids, [place(n) for n in range(4)], {}, SEED)
    draws = [(VENDORS.index(c.vendor), f"{c.draw:064x}"[:12]) for c in day.orders[a_digest(0)]]
    assert draws == [
        (2, "33907716877a"),
        (0, "a3f17baa01ec"),
        (1, "b4ccdc72c996"),
        (3, "d7aa7245b5bd"),
    ]


# --- newcomers ---


@st.composite
def days_with_newcomers(draw: st.DrawFn) -> tuple[Day, Rows]:
    """A day at a market where newcomers go first on half of the requests; and for the resolver's oracle."""
    asked = [request(n, try_newcomers=draw(st.booleans())) for n in range(draw(st.integers(1, 6)))]
    quotas = draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
    places = [place(v, units=3, leads=leads) for v, leads in enumerate(quotas)]
    pairs = itertools.product(range(len(asked)), range(len(quotas)))
    amounts = st.sampled_from([19_900, 20_000, 99_000])
    bids = [bid(n, r, v, km=2, amount=draw(amounts)) for n, (r, v) in enumerate(pairs)]
    seed = draw(st.binary(min_size=32, max_size=32))
    day = Day(asked, bids, places, {}, crypto.base64url_encode(seed), newcomer_share=500)
    rows = Rows(
        [
            RequestRow(
                id=crypto.base64url_decode(one.digest),
                policy=one.body.policy,
                price=one.body.price.amount,
                fixed=False,
                currency="USD",
                terms="",
                ways=one.body.delivery,
                radius_m=one.body.area.radius_m,
                tries_newcomers=one.body.try_newcomers,
            )
            for one in asked
        ],
        [
            PlaceRow(
                did=one.vendor,
                place=one.place,
                capacity=one.units,
                band=one.band,
                reach_m=one.reach_m,
                leads=one.leads,
            )
            for one in places
        ],
        [
            BidRow(
                request=crypto.base64url_decode(one.bid.body.request),
                did=one.bid.body.vendor,
                place="main",
                price=one.bid.body.price.amount,
                currency="USD",
                terms="",
                way="ship",
                distance_m=one.distance_m,
            )
            for one in bids
        ],
        seed,
        500,
    )
    return day, rows


@settings(max_examples=100, deadline=None)
@given(days_with_newcomers())
def test_newcomers_lead_where_the_resolver_s_oracle_lets_them(played: tuple[Day, Rows]) -> None:
    day, rows = played
    for row in rows.requests:
        order = day.orders[crypto.base64url_encode(row.id)]
        assert [one.vendor for one in order] == [one.did for one in choices(rows, row)]


# --- eligibility ---


def refusal(held: RunBid, asked: Signed[PersonalRequest] | None = None, reach_km: int = 50) -> str:
    day = Day([asked or request(0)], [held], [place(0, reach_km=reach_km)], {}, SEED)
    return day.refusal(held) or "eligible"


def test_each_rule_refuses_by_itself() -> None:
    fixed = request(0, price=AskingPrice(kind="fixed", amount=25_000, currency="USD"))
    other_terms = request(0, terms=AcceptedTerms(id="PDC-INTENT", digest="B" * 42 + "A"))
    assert refusal(bid(0, 0, 0, km=1)) == "eligible"
    assert refusal(bid(0, 0, 0, km=1, amount=25_001)) == "is over the ceiling"
    assert refusal(bid(0, 0, 0, km=1, amount=24_999), fixed) == "is off the fixed price"
    assert refusal(bid(0, 0, 0, km=1, currency="EUR")) == "is in another currency"
    assert refusal(bid(0, 0, 0, km=1, delivery="on-site")) == "delivers in another way"
    assert refusal(bid(0, 0, 0, km=1), other_terms) == "accepts other terms"
    assert refusal(bid(0, 0, 0, km=11), reach_km=10) == "is too far away"
    assert refusal(bid(0, 0, 0, km=15, delivery="pickup"), reach_km=10) == "eligible"
    assert refusal(bid(0, 0, 0, km=16, delivery="pickup")) == "is too far away"
    assert "does not list" in refusal(bid(0, 0, 1, km=1))


# --- preferences ---


def preferring(**facts: Any) -> list[int]:
    """Which vendors' bids count, in the order of a request whose owner says something about them."""
    bids = [bid(n, 0, n, km=1, amount=20_000 + n) for n in range(4)]
    named: dict[str, Any] = {
        name: tuple(a_digest(100 + n) for n in value) if isinstance(value, list) else value
        for name, value in facts.items()
    }
    body = Preference(
        market=KEY.did,
        pseudonym=KEY.did,
        request=a_digest(0),
        seq=1,
        salt="A" * 22,
        **named,
    )
    places = [place(n) for n in range(4)]
    preference = Signed(body, a_digest(50), b"")
    day = Day([request(0, "lowest-price")], bids, places, {}, SEED, [preference])
    return [VENDORS.index(candidate.vendor) for candidate in day.orders[a_digest(0)]]


def test_the_owners_order_goes_before_the_policy() -> None:
    assert preferring() == [0, 1, 2, 3]
    assert preferring(listed=[3, 1]) == [3, 1, 0, 2]
    assert preferring(listed=[3, 1], only_listed=True) == [3, 1]
    assert preferring(listed=[2], struck_out=[0]) == [2, 1, 3]
    assert preferring(only_listed=True) == []


# --- distances ---


@given(
    st.builds(Point, st.integers(-89_000_000, 89_000_000), st.integers(-179_000_000, 179_000_000)),
    st.builds(Point, st.integers(-89_000_000, 89_000_000), st.integers(-179_000_000, 179_000_000)),
)
def test_two_ways_to_measure_agree_within_a_metre(home: Point, shop: Point) -> None:
    cell = cell_at(home, 6)
    assert abs(metres_between(cell, shop) - distance_m(centre_of(cell), shop)) <= 1
