"""The customer says whether it came; what was received earns an F-stamp, what was not gives the token back."""

import crypto
from tests.marketplace.fulfilment.scenes import (
    OWNER,
    RIVAL,
    VENDOR,
    Given,
    delivered,
    delivery,
    given,
    pass_time,
    shipped,
)
from tests.marketplace.stamps.test_stamps import Claim, a_claim
from tests.support import (
    ClockedMarket,
    a_confirmation,
    a_disclosure,
    a_key,
    assert_refused,
    problem,
)
from tests.support.tokens import issuer_key, minted
from vrm.documents import Confirmation, Promise, Signed, read
from vrm.documents.standing import Stamp


def said(
    market: ClockedMarket, one: Given, received: bool = True, seq: int = 1
) -> Signed[Confirmation]:
    return a_confirmation(market, OWNER, one.request, one.assignment, received=received, seq=seq)


async def heard(market: ClockedMarket, key: crypto.SigningKey = VENDOR) -> list[bool]:
    page = await market.read(key, "/vendors/self/confirmations")
    return [item["confirmation"]["received"] for item in page["items"]]


async def ready(market: ClockedMarket) -> Given:
    """What its vendor says can be picked up."""
    one = await delivered(market)
    await market.store(shipped(market, one))
    return one


async def test_the_vendor_learns_it_with_the_next_batch(market: ClockedMarket) -> None:
    word = said(market, await delivered(market))
    answer = await market.send(word)
    promise = read(answer.content, Promise).body
    assert (promise.document, promise.document_type) == (word.digest, "Confirmation")
    assert (await market.send(word)).content == answer.content
    assert await heard(market) == []
    await market.publish()
    assert (await market.send(word)).content == answer.content
    assert await heard(market) == [True]
    assert await heard(market, RIVAL) == []


async def test_what_did_not_come_may_come_later(market: ClockedMarket) -> None:
    one = await ready(market)
    await market.store(said(market, one, received=False))
    await market.publish()
    assert await heard(market) == [False]
    await market.store(said(market, one, seq=2))
    await market.publish()
    assert await heard(market) == [True]


async def test_a_receipt_taken_back(market: ClockedMarket) -> None:
    """Nobody can get the goods, and then the token back too."""
    one = await ready(market)
    await market.store(said(market, one))
    denied = said(market, one, received=False, seq=2)
    await assert_refused(market, market.send(denied), 409, "already-received")
    await market.publish()
    await assert_refused(market, market.send(denied), 409, "already-received")


async def test_an_old_word_sent_again(market: ClockedMarket) -> None:
    one = await ready(market)
    old = said(market, one, received=False)
    await market.store(old, said(market, one, received=False, seq=2))
    await assert_refused(market, market.send(old), 409, "stale-sequence")


async def test_a_customer_who_never_told_where_to_deliver(market: ClockedMarket) -> None:
    """A fake customer cannot complain of a vendor that had nowhere to deliver to."""
    early = said(market, await given(market), received=False)
    await assert_refused(market, market.send(early), 409, "not-disclosed")


async def test_missing_before_it_is_due(market: ClockedMarket) -> None:
    """Else a customer has its token back at once, and the vendor a bad rating for nothing."""
    one = await delivered(market)
    missing = said(market, one, received=False)
    await assert_refused(market, market.send(missing), 409, "not-missing-yet")
    market.clock.advance(24 * 3600)
    await assert_refused(market, market.send(missing), 409, "not-missing-yet")
    market.clock.advance(1)
    await market.store(missing)
    await market.publish()
    assert (await delivery(market))["state"] == "not-received"


async def test_missing_although_its_vendor_was_just_told_anew(market: ClockedMarket) -> None:
    one = await delivered(market)
    await pass_time(market, 25)
    anew = a_disclosure(market, OWNER, one.request, one.assignment, seq=2)
    await market.store(said(market, one, received=False), anew)
    await market.publish()
    assert (await delivery(market))["state"] == "accepted"
    assert await heard(market) == []
    early = await claim(market, "stamp-r")
    assert problem(await early.post(market)) == (409, "no-stamp")


async def test_a_vendor_that_is_told_for_ever(market: ClockedMarket) -> None:
    """Each is an event, a leaf and a place in its lists."""
    one = await ready(market)
    await market.store(said(market, one, received=False, seq=8))
    once_more = said(market, one, received=False, seq=9)
    await assert_refused(market, market.send(once_more), 429, "words-used-up")
    anew = a_disclosure(market, OWNER, one.request, one.assignment, seq=9)
    await assert_refused(market, market.send(anew), 429, "words-used-up")
    await market.store(said(market, one, seq=9))


async def test_before_the_vendor_accepted(market: ClockedMarket) -> None:
    early = said(market, await given(market, accepted=False))
    await assert_refused(market, market.send(early), 409, "not-accepted")


async def test_a_vendor_that_confirms_its_own_delivery(market: ClockedMarket) -> None:
    one = await delivered(market)
    own = a_confirmation(market, a_key("vendor's friend"), one.request, one.assignment)
    await assert_refused(market, market.send(own), 403, "foreign-request")


# --- stamps ---


async def claim(market: ClockedMarket, kind: Stamp) -> Claim:
    token = minted(market.did, OWNER.did, await issuer_key(market.market))
    return await a_claim(market, OWNER, token, stamp=kind)


async def test_what_was_received_earns_an_f_stamp(market: ClockedMarket) -> None:
    one = await delivered(market)
    early = await claim(market, "stamp-f")
    await assert_refused(market, early.post(market), 409, "no-stamp")
    await market.store(said(market, one))
    assert problem(await early.post(market)) == (409, "no-stamp")
    await market.publish()
    wrong = await claim(market, "stamp-r")
    await assert_refused(market, wrong.post(market), 409, "no-stamp")
    await (await claim(market, "stamp-f")).stamp(market)


async def test_what_was_not_received_gives_the_token_back(market: ClockedMarket) -> None:
    one = await ready(market)
    await market.store(said(market, one, received=False))
    await market.publish()
    wrong = await claim(market, "stamp-f")
    await assert_refused(market, wrong.post(market), 409, "no-stamp")
    await (await claim(market, "stamp-r")).stamp(market)
    await market.store(said(market, one, seq=2))
    await market.publish()
    second = await claim(market, "stamp-f")
    assert problem(await second.post(market)) == (409, "stamp-given"), "one token, one stamp"
