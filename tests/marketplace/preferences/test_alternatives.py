"""A bid that offers something else than was asked for wins only if the owner lists it."""

import pytest

from tests.support import ClockedMarket, a_bid, a_key, a_preference, a_request, a_vendor
from vrm.documents import Alternative, Bid, PersonalRequest, Signed

OWNER = a_key("owner")
PLAIN, OTHER = a_key("plain"), a_key("other")

Offers = tuple[Signed[PersonalRequest], Signed[Bid], Signed[Bid]]


@pytest.fixture
async def offers(market: ClockedMarket) -> Offers:
    """A request with a plain bid, and a cheaper one that offers something else."""
    request = a_request(market, OWNER, policy="lowest-price")
    await market.store(a_vendor(market, PLAIN), a_vendor(market, OTHER), request)
    await market.publish()
    plain = a_bid(market, PLAIN, request, price={"amount": 20_000})
    other = a_bid(
        market,
        OTHER,
        request,
        price={"amount": 10_000},
        alternative=Alternative(title="Single stroller with a buggy board"),
    )
    await market.store(plain, other)
    return request, plain, other


async def winner(market: ClockedMarket, request: Signed[PersonalRequest]) -> str | None:
    day = await market.reach_cutoff(request)
    assigned = await market.items(f"/runs/{day}/assignments")
    return assigned[0]["bid"] if assigned else None


async def test_an_alternative_that_nobody_listed_cannot_win(
    market: ClockedMarket, offers: Offers
) -> None:
    request, plain, other = offers
    assert await winner(market, request) == plain.digest
    day = (await market.items("/runs"))[0]["day"]
    found = await market.get(f"/runs/{day}/requests/{request.digest}")
    refused = next(c for c in found["candidates"] if c["bid"] == other.digest)
    assert refused["why"] == "alternative"
    assert "which the customer did not list" in " ".join(found["sentences"])


async def test_an_alternative_wins_when_it_is_listed(market: ClockedMarket, offers: Offers) -> None:
    request, _, other = offers
    await market.store(a_preference(market, OWNER, request, listed=(other.digest,)))
    assert await winner(market, request) == other.digest


async def test_an_alternative_behind_a_plain_bid_is_its_reserve(
    market: ClockedMarket, offers: Offers
) -> None:
    request, plain, other = offers
    listed = (plain.digest, other.digest)
    await market.store(a_preference(market, OWNER, request, listed=listed))
    assert await winner(market, request) == plain.digest
    day = (await market.items("/runs"))[0]["day"]
    [assignment] = await market.items(f"/runs/{day}/assignments")
    assert assignment["reserve"] == [other.digest]


async def test_a_preference_that_lists_others_does_not_let_it_in(
    market: ClockedMarket, offers: Offers
) -> None:
    request, plain, _ = offers
    await market.store(a_preference(market, OWNER, request, struck_out=(plain.digest,)))
    assert await winner(market, request) is None


async def test_a_plain_bid_that_takes_the_place_of_an_alternative_counts(
    market: ClockedMarket, offers: Offers
) -> None:
    request, _, _ = offers
    newer = a_bid(market, OTHER, request, price={"amount": 9_000}, seq=2)
    await market.store(newer)
    assert await winner(market, request) == newer.digest


@pytest.mark.on_postgresql
async def test_alternatives_in_a_batch_of_bids(market: ClockedMarket) -> None:
    requests = [a_request(market, policy="lowest-price") for _ in range(3)]
    await market.store(a_vendor(market, PLAIN), a_vendor(market, OTHER), *requests)
    await market.publish()
    something = Alternative(title="Something else")
    sent = [a_bid(market, PLAIN, one, price={"amount": 20_000}) for one in requests]
    sent += [
        a_bid(market, OTHER, one, price={"amount": 10_000}, alternative=something)
        for one in requests
    ]
    assert {one["status"] for one in await market.send_batch(*sent)} == {"accepted"}
    day = await market.reach_cutoff(requests[0])
    assigned = await market.items(f"/runs/{day}/assignments")
    assert {one["vendor"] for one in assigned} == {PLAIN.did}
    assert len(assigned) == 3
