"""What vendors do with their assignments becomes evidence, and evidence decides the next tie."""

import pytest

from tests.marketplace.cascade.scenes import VENDORS
from tests.support import ClockedMarket, a_bid, a_decline, a_request, a_vendor, an_acceptance


async def band(market: ClockedMarket, did: str) -> int:
    found: int = (await market.get(f"/vendors/{did}"))["band"]
    return found


async def a_day_of_ties(market: ClockedMarket, requests: int) -> dict[str, int]:
    """Two vendors bid alike on all requests; answers how many each got."""
    posted = [a_request(market) for _ in range(requests)]
    await market.store(*posted)
    await market.publish()
    for key in VENDORS[:2]:
        await market.send_batch(*(a_bid(market, key, r, price={"amount": 20_000}) for r in posted))
    day = await market.reach_cutoff(posted[0])
    won = dict.fromkeys((key.did for key in VENDORS[:2]), 0)
    for given in await market.items(f"/runs/{day}/assignments"):
        won[given["vendor"]] += 1
    return won


@pytest.mark.on_postgresql
async def test_a_vendor_that_declines_falls_a_band_and_loses_the_next_tie(
    market: ClockedMarket,
) -> None:
    steady, fickle = VENDORS[:2]
    await market.store(*(a_vendor(market, key) for key in (steady, fickle)))
    before = await band(market, fickle.did)
    assert before == await band(market, steady.did)
    won = await a_day_of_ties(market, 16)
    assert won[steady.did] == won[fickle.did] == 8  # the draw gives to both till their units end
    for key, answering in ((steady, an_acceptance), (fickle, a_decline)):
        for one in (await market.read(key, "/vendors/self/assignments"))["items"]:
            await market.store(answering(market, key, one["digest"]))
    after = await band(market, fickle.did)
    assert after < before
    assert after < await band(market, steady.did)
    told = (await market.get(f"/vendors/{fickle.did}"))["reputation"]
    assert "from 8 pieces of evidence: 0 for it" in told
    assert "8 against it, which weigh 8.0" in told
    assert (await a_day_of_ties(market, 6)) == {steady.did: 6, fickle.did: 0}


async def test_the_first_failure_of_a_market_is_one_vendor_s_own(market: ClockedMarket) -> None:
    await market.store(*(a_vendor(market, key) for key in VENDORS[:3]))
    stranger = VENDORS[2].did
    before = await band(market, stranger)
    won = await a_day_of_ties(market, 1)
    (key,) = [key for key in VENDORS[:2] if won[key.did]]
    (one,) = (await market.read(key, "/vendors/self/assignments"))["items"]
    await market.store(a_decline(market, key, one["digest"]))
    assert await band(market, stranger) >= before - 2
    assert await band(market, key.did) < await band(market, stranger)


async def test_every_piece_of_evidence_is_a_signed_document(market: ClockedMarket) -> None:
    """An Acceptance, or the assignment that nobody answered."""
    answering, silent = VENDORS[:2]
    await market.store(*(a_vendor(market, key) for key in (answering, silent)))
    await a_day_of_ties(market, 16)
    documents = {}
    for one in (await market.read(answering, "/vendors/self/assignments"))["items"]:
        acceptance = an_acceptance(market, answering, one["digest"])
        await market.store(acceptance)
        documents[acceptance.digest] = True
    for one in (await market.read(silent, "/vendors/self/assignments"))["items"]:
        documents[one["digest"]] = False
    await market.reach_cutoff()
    evidence = {row[0]: bool(row[-1]) for row in (await market.contents())["evidence"]}
    assert evidence == documents
