"""Both sides rate, and neither reads what the other says before its own word is given or its time is over."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from marketplace.models.reputation import Evidence
from marketplace.moderation import service as moderation
from tests.marketplace.fulfilment.scenes import OWNER, RIVAL, VENDOR, Given, delivered, given
from tests.support import (
    ClockedMarket,
    a_key,
    a_rating,
    a_request,
    a_vendor_rating,
    an_answer_to,
    assert_refused,
    forged,
    problem,
)
from vrm.documents import Promise, Rating, Report, Reveal, Signed, VendorRating, read, sign

DAY = 86_400


@pytest.fixture
async def lite(sqlite_market: ClockedMarket) -> ClockedMarket:
    """An empty market on SQLite."""
    await sqlite_market.reset()
    return sqlite_market


def says(market: ClockedMarket, one: Given, **changes: Any) -> Signed[Rating]:
    return a_rating(market, OWNER, one.request, one.assignment, **changes)


def says_back(market: ClockedMarket, one: Given, **changes: Any) -> Signed[VendorRating]:
    return a_vendor_rating(market, VENDOR, one.request, one.assignment, **changes)


async def shown(market: ClockedMarket, one: Given) -> list[Any]:
    of_vendor = await market.items(f"/vendors/{VENDOR.did}/ratings")
    assert await market.items(f"/requests/{one.request.digest}/ratings") == of_vendor
    return of_vendor


async def seen(market: ClockedMarket, one: Given) -> Any:
    """All that a vendor, or anybody, can read that could tell of a rating."""
    vendor = await market.get(f"/vendors/{VENDOR.did}")
    events = await market.read(VENDOR, "/events")
    return await shown(market, one), vendor, events


async def evidence(market: ClockedMarket) -> list[Any]:
    """The evidence besides the vendor's own acceptance: documents, and whether they speak for it."""
    rows = (await market.contents())["evidence"]
    return [(row[0], row[-1]) for row in rows if row[5] is not None]


@pytest.mark.parametrize(
    ("policy", "prefers", "directed"),
    [("best-value", False, False), ("best-value", True, True), ("lowest-price", False, True)],
)
async def test_whoever_directs_an_order_to_a_vendor_praises_it_as_such(
    lite: ClockedMarket, policy: str, prefers: bool, directed: bool
) -> None:
    one = await delivered(lite, policy=policy, prefers=prefers)
    await lite.store(says_back(lite, one))
    await lite.send(says(lite, one))
    await lite.publish()
    async with lite.market.db.snapshot() as connection:
        customers = select(Evidence.directed).where(Evidence.tier.is_not(None))
        assert (await connection.execute(customers)).scalars().all() == [directed]


async def test_both_are_opened_together(market: ClockedMarket) -> None:
    one = await delivered(market)
    rating, back = says(market, one, stars=2, text="Late."), says_back(market, one, stars=4)
    answer = await market.send(rating)
    promise = read(answer.content, Promise).body
    assert (promise.document, promise.document_type) == (rating.digest, "Rating")
    assert (await market.send(rating)).content == answer.content
    await market.store(back)
    assert (await market.send(back)).status_code == 200
    assert await shown(market, one) == []
    await market.publish()
    assert (await market.send(rating)).content == answer.content
    [view] = await shown(market, one)
    assert view["by_customer"]["rating"]["document"]["text"] == "Late."
    assert (view["by_customer"]["stars"], view["by_vendor"]["stars"]) == (2, 4)
    reveal = read(_bytes(view["reveal"]), Reveal)
    assert (reveal.body.rating, reveal.body.vendor_rating) == (rating.digest, back.digest)
    assert await evidence(market) == [(reveal.digest, False)]
    events = (await market.read(VENDOR, "/events"))["items"]
    assert events[-1]["type"] == "rating.revealed"
    assert events[-1]["data"] == {"assignment": one.assignment}


@pytest.mark.parametrize("first", ["customer", "vendor"])
async def test_one_alone_is_opened_when_the_other_may_no_more(
    lite: ClockedMarket, first: str
) -> None:
    market = lite
    one = await delivered(market)
    mine, other = says(market, one), says_back(market, one)
    if first == "vendor":
        await market.store(other)
    else:
        await market.store(mine)
    await market.publish()
    market.clock.advance(14 * DAY - 2 * market.rules.schedule.batch_seconds)
    await market.publish()
    assert await shown(market, one) == []
    await market.publish()
    [view] = await shown(market, one)
    assert (view["by_customer"] is None) == (first == "vendor")
    assert len(await evidence(market)) == (first == "customer")
    late = mine if first == "vendor" else other
    await assert_refused(market, market.send(late), 409, "ratings-closed")


async def test_a_side_that_waits_for_the_others_rating_learns_nothing(
    lite: ClockedMarket,
) -> None:
    """Whether the customer has rated shows nowhere before the vendor's own word is given."""
    market = lite
    one = await delivered(market)
    rating = says(market, one, stars=1)
    before = await seen(market, one)
    probe = an_answer_to(rating, VENDOR)
    await assert_refused(market, market.send(probe), 404, "unknown-rating")
    await market.store(rating)
    await market.publish()
    assert await seen(market, one) == before
    await assert_refused(market, market.send(probe), 404, "unknown-rating")
    assert problem(await _reported(market, rating.digest)) == (404, "unknown-document")
    assert problem(await market.http.get(f"/log/documents/{rating.digest}")) == (404, "not-found")


async def test_a_customer_who_waits_learns_nothing_either(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    before = await seen(market, one)
    back = says_back(market, one)
    await market.store(back)
    mails = len((await market.contents())["mail_segments"])
    await market.publish()
    assert await seen(market, one) == before
    assert len((await market.contents())["mail_segments"]) == mails
    guess = an_answer_to(back, OWNER)
    await assert_refused(market, market.send(guess), 404, "unknown-rating")


async def test_a_rating_sent_twice_with_another_word(market: ClockedMarket) -> None:
    one = await delivered(market)
    rating, back = says(market, one), says_back(market, one)
    await market.store(rating, back)
    await assert_refused(market, market.send(says(market, one)), 409, "already-rated")
    await assert_refused(market, market.send(says_back(market, one)), 409, "already-rated")
    await market.publish()
    await assert_refused(market, market.send(says(market, one)), 409, "already-rated")
    await assert_refused(market, market.send(says_back(market, one)), 409, "already-rated")


async def test_a_fake_customer_who_never_told_where_to_deliver(
    lite: ClockedMarket,
) -> None:
    market = lite
    one = await given(market)
    await assert_refused(market, market.send(says(market, one)), 409, "not-disclosed")
    await assert_refused(market, market.send(says_back(market, one)), 409, "not-disclosed")


async def test_before_the_vendor_accepted(lite: ClockedMarket) -> None:
    market = lite
    one = await given(market, accepted=False)
    await assert_refused(market, market.send(says(market, one)), 409, "not-accepted")
    await assert_refused(market, market.send(says_back(market, one)), 409, "not-accepted")


async def test_strangers_on_both_sides(lite: ClockedMarket) -> None:
    """Neither a vendor's friends nor its rivals rate it; nobody rates another vendor's customer."""
    market = lite
    one = await delivered(market)
    stranger = a_rating(market, a_key("stranger"), one.request, one.assignment)
    await assert_refused(market, market.send(stranger), 403, "foreign-request")
    rival = a_vendor_rating(market, RIVAL, one.request, one.assignment)
    await assert_refused(market, market.send(rival), 403, "not-your-assignment")
    forgery = forged(says(market, one), a_key("stranger"))
    await assert_refused(market, market.post("/ratings", forgery), 422, "wrong-key")
    grafted = a_rating(market, OWNER, a_request(market, OWNER), one.assignment)
    await assert_refused(market, market.send(grafted), 404, "unknown-assignment")


async def test_facets_that_would_name_somebody(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    named = says(market, one, facets={"age": "born 1981-02-03"})
    await assert_refused(market, market.send(named), 422, "too-unusual")
    await market.store(says(market, one, facets={"age": "40s"}))


async def test_ninety_days_are_enough(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    market.clock.advance(89 * DAY)
    await market.store(says(market, one))
    market.clock.advance(DAY)
    await market.publish()
    assert len(await shown(market, one)) == 1, "what nobody can answer any more is open"
    await assert_refused(market, market.send(says_back(market, one)), 409, "ratings-closed")


@pytest.mark.on_postgresql
async def test_each_side_answers_once(market: ClockedMarket) -> None:
    one = await delivered(market)
    rating, back = says(market, one), says_back(market, one)
    await market.store(rating, back)
    await market.publish()
    thanks, sorry = an_answer_to(rating, VENDOR), an_answer_to(back, OWNER)
    await market.store(thanks, sorry)
    assert (await market.send(thanks)).status_code == 200
    await market.publish()
    assert (await market.send(sorry)).status_code == 202
    [view] = await shown(market, one)
    assert view["by_customer"]["answer"]["digest"] == thanks.digest
    assert view["by_vendor"]["answer"]["digest"] == sorry.digest
    for again, key in ((rating, VENDOR), (back, OWNER)):
        second = an_answer_to(again, key, text="And one more thing.")
        await assert_refused(market, market.send(second), 409, "already-answered")


async def test_an_answer_by_somebody_else(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    rating, back = says(market, one), says_back(market, one)
    await market.store(rating, back)
    await market.publish()
    rival = an_answer_to(rating, RIVAL)
    await assert_refused(market, market.send(rival), 403, "not-your-assignment")
    stranger = an_answer_to(back, a_key("stranger"))
    await assert_refused(market, market.send(stranger), 403, "foreign-request")


async def test_hidden_words_keep_their_stars(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    rating = says(market, one, stars=1, text="Frau Huber at the counter was rude.")
    await market.store(rating, says_back(market, one))
    await market.publish()
    assert (await _reported(market, rating.digest)).status_code == 201
    await moderation.decide(market.market, rating.digest, "It names somebody.", hidden=True)
    [view] = await shown(market, one)
    said = view["by_customer"]
    assert (said["stars"], said["rating"]["document"]) == (1, None)
    assert said["rating"]["hidden"]["document"] == rating.digest
    assert len(await evidence(market)) == 1


async def test_lists_of_ratings_are_paged_newest_first(lite: ClockedMarket) -> None:
    market = lite
    one = await delivered(market)
    await market.store(says(market, one), says_back(market, one))
    await market.publish()
    page = await market.get(f"/vendors/{VENDOR.did}/ratings", limit=1)
    assert (len(page["items"]), page["next"]) == (1, None)
    assert await market.items(f"/vendors/{RIVAL.did}/ratings") == []


async def _reported(market: ClockedMarket, document: str) -> Any:
    key = a_key("reporter")
    body = Report(market=market.did, reporter=key.did, document=document, reason="personal-data")
    return await market.send(sign(body, key))


def _bytes(document: Any) -> bytes:
    return msgspec.json.encode(document)
