"""Newcomers over HTTP: who goes first, until its quota for the epoch is used up."""

import io

import pytest

from marketplace.descriptor import service as descriptor
from marketplace.verify.earlier import check_evidence
from marketplace.verify.findings import Findings
from marketplace.verify.quotas import ON_WORD
from marketplace.whatif.days import compared, own_day
from tests.conftest import OpenMarket
from tests.marketplace.cascade.scenes import accept, assignments, decline
from tests.marketplace.verify.days import bundle_of, faults, verified
from tests.marketplace.verify.forging import Forgery, place_of
from tests.support import ClockedMarket, a_bid, a_key, a_request, a_vendor

KNOWN = a_key("vendor 0")
NEW = a_key("vendor 1")
PATIENT = {"minimum_open_minutes": 0, "acknowledge_minutes": 14 * 1440}
"""No silence becomes evidence while a test lasts."""


async def opened(open_market: OpenMarket, **newcomers: int) -> ClockedMarket:
    """A market with a vendor that has accepted an assignment and one that never had any."""
    rules = {"share": 1000, "evidence_below": 1, "quota": 2, "epoch_days": 30} | newcomers
    market = await open_market(newcomers=rules, schedule=PATIENT)
    await descriptor.announce(market.market)
    await market.store(a_vendor(market, KNOWN), a_vendor(market, NEW))
    request = a_request(market)
    await market.store(request)
    await market.publish()
    await market.store(a_bid(market, KNOWN, request))
    day = await market.reach_cutoff(request)
    await accept(market, (await assignments(market, day=day))[0])
    return market


async def play(market: ClockedMarket, *, requests: int = 1, tries: bool = True) -> str:
    """A day on which the known vendor is cheaper on all requests; answers its name."""
    posted = [
        a_request(market, policy="lowest-price", try_newcomers=tries) for _ in range(requests)
    ]
    await market.store(*posted)
    await market.publish()
    for key, amount in ((KNOWN, 10_000), (NEW, 20_000)):
        await market.send_batch(
            *(a_bid(market, key, request, price={"amount": amount}) for request in posted)
        )
    return await market.reach_cutoff(posted[0])


async def leads(market: ClockedMarket, day: str) -> dict[str, int]:
    return {one["vendor"]: one["leads"] for one in await market.items(f"/runs/{day}/places")}


@pytest.mark.on_postgresql
async def test_newcomers_go_first_until_their_quota_is_used_up(open_market: OpenMarket) -> None:
    market = await opened(open_market)
    day = await play(market, tries=False)
    assert await leads(market, day) == {KNOWN.did: 0, NEW.did: 2}
    (given,) = await assignments(market, day=day)
    assert (given["vendor"], given["newcomer"]) == (KNOWN.did, False)

    day = await play(market, requests=3)
    given = await assignments(market, day=day)
    assert [one["newcomer"] for one in given].count(True) == 2
    assert all(one["newcomer"] == (one["vendor"] == NEW.did) for one in given)
    led = next(one["request"] for one in given if one["newcomer"])
    told = await market.get(f"/runs/{day}/requests/{led}")
    assert [one["newcomer"] for one in told["candidates"]] == [True, False]
    assert "as a newcomer" in told["sentences"][0]

    day = await play(market)
    assert await leads(market, day) == {KNOWN.did: 0, NEW.did: 0}
    assert faults(await bundle_of(market, day)) == []
    await _verified_with_its_past(market, day)
    (given,) = await assignments(market, day=day)
    assert given["vendor"] == KNOWN.did


async def test_what_if_nobody_went_first(open_market: OpenMarket) -> None:
    market = await opened(open_market)
    past = await own_day(market.market, await play(market, requests=3))
    found = compared(past, {}, [0, 1000])
    assert (found.decided.led, found.policies["newcomers-1000"].led) == (2, 2)
    assert found.policies["newcomers-0"].led == 0
    assert found.moved["newcomers-0"].cheaper == 2


async def test_a_new_epoch_gives_a_new_quota(open_market: OpenMarket) -> None:
    market = await opened(open_market, epoch_days=1, quota=1)
    for _ in range(2):
        day = await play(market)
        assert (await leads(market, day))[NEW.did] == 1
        (given,) = await assignments(market, day=day)
        assert given["newcomer"]


async def test_ticks_spend_what_is_left_of_the_quota(open_market: OpenMarket) -> None:
    market = await opened(open_market, quota=1)
    third = a_key("vendor 2")
    await market.store(a_vendor(market, third))
    # The newcomer bids on the first request only, and declines it; its one lead is spent.
    posted = [a_request(market, policy="lowest-price", try_newcomers=True) for _ in range(2)]
    await market.store(*posted)
    await market.publish()
    await market.store(a_bid(market, NEW, posted[0], price={"amount": 20_000}))
    for key, amount in ((KNOWN, 10_000), (third, 21_000)):
        await market.send_batch(
            *(a_bid(market, key, request, price={"amount": amount}) for request in posted)
        )
    day = await market.reach_cutoff(posted[0])
    given = {one["request"]: one for one in await assignments(market, day=day)}
    led = given[posted[0].digest]
    await market.publish()
    assert led["newcomer"]
    await decline(market, led)
    await market.reach_tick()
    places = await market.items(f"/runs/{day}/ticks/1/places")
    assert {one["vendor"]: one["leads"] for one in places}[NEW.did] == 0
    bundle = await bundle_of(market, day)
    assert faults(bundle) == []
    assert verified(bundle).day.findings.checked["ticks"] == 1


async def _verified_with_its_past(market: ClockedMarket, day: str) -> None:
    """With all earlier bundles, how far the quota had gone rests on nobody's word, and a lie is found."""
    days = [one["day"] for one in await market.items("/runs")]
    past = [io.BytesIO(await bundle_of(market, one)) for one in days[1:]]
    bundle = await bundle_of(market, day)

    def checked(bundle: bytes) -> Findings:
        found = verified(bundle)
        check_evidence(found.day, past, 1, lambda *_: None)
        for file in past:
            file.seek(0)
        return found.day.findings

    honest = checked(bundle)
    assert (honest.faults, ON_WORD in honest.on_word) == ([], False)
    forgery = Forgery(bundle)
    place = place_of(forgery, NEW)
    place["leads"], place["led"] = 1, 1
    lies = [f"{fault.subject}: {fault.detail}" for fault in checked(forgery.pack()).faults]
    assert any("led before" in lie and "1 is stated, 2 is right" in lie for lie in lies)
