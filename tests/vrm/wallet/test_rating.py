"""The wallet rates what came of a request, and learns what its vendor says once both are open."""

import pytest

from tests.support import ClockedMarket
from tests.vrm.wallet.conftest import Wire
from tests.vrm.wallet.scenes import Play
from tests.vrm.wallet.test_confirming import entry, read_mail, shop
from vrm.client.ratings import Ratings
from vrm.documents import RatingAnswer, VendorRating, recall
from vrm.errors import MarketRefused, MarketUnreachable, UsageError, WalletError
from vrm.wallet import Wallet, mail, rating, rounds
from vrm.wallet.own import OwnRequest

__all__ = ["entry"]

AGED = {"age": "30s"}


async def rate(play: Play, entry: OwnRequest, stars: int = 5, **facts: object) -> OwnRequest:
    async with play.client as client:
        return await rating.rate(play.wallet, client, entry, stars, **facts)  # type: ignore[arg-type]


async def opened(play: Play, market: ClockedMarket, wire: Wire) -> list[Ratings]:
    async with shop(market, wire) as vendor:
        return [one async for one in vendor.ratings(vendor.did)]


async def test_both_rate_read_and_answer(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    await rate(play, entry, 4, text="Well packed.", facets=AGED)
    async with shop(market, wire) as vendor:
        stored = await vendor.rate(entry.digest, entry.assignment_digest or "", 5, "Kind.")
        again = await vendor.rate(entry.digest, entry.assignment_digest or "", 5, "Kind.")
    assert stored == again
    assert await opened(play, market, wire) == []
    await read_mail(play)
    [found] = await opened(play, market, wire)
    assert found.by_customer is not None
    assert found.by_customer.rating is not None
    assert found.by_customer.rating.body.facets == AGED
    async with shop(market, wire) as vendor:
        await vendor.answer_rating(found, "Thank you.")
    mine = play.wallet.read().requests[-1]
    heard = rating.vendors_word(mine)
    assert heard is not None
    assert heard.body.text == "Kind."
    async with play.client as client:
        answered = await rating.answer(play.wallet, client, mine, "You too.")
        with pytest.raises(WalletError, match="final"):
            await rating.answer(play.wallet, client, mine, "And more.")
    assert answered.rating_answer is not None
    await read_mail(play)
    [found] = await opened(play, market, wire)
    assert found.by_vendor is not None
    assert found.by_vendor.answer is not None
    mine = play.wallet.read().requests[-1]
    assert mine.vendor_answer is not None
    assert recall(mine.vendor_answer.wire, RatingAnswer).text == "Thank you."


async def test_a_rating_is_final(play: Play, entry: OwnRequest) -> None:
    rated = await rate(play, entry)
    with pytest.raises(WalletError, match="final"):
        await rate(play, rated, 1)


async def test_a_facet_of_ones_own_words_is_not_posted(play: Play, entry: OwnRequest) -> None:
    with pytest.raises(UsageError, match="no facet"):
        await rate(play, entry, facets={"age": "born 1981-02-03"})
    assert play.wallet.read().requests[-1].rating is None


async def test_a_lost_answer_is_made_good(
    play: Play, wallet: Wallet, wire: Wire, entry: OwnRequest
) -> None:
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await rate(play, entry)
    wire.loses_answers = False
    async with play.client as client:
        await rating.send_due(wallet, client)
    own = wallet.read().requests[-1].rating
    assert own is not None
    assert own.has_arrived


async def test_a_rating_that_comes_too_late_is_forgotten(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    """Kept, it would be sent and refused with every sync."""
    async with shop(market, wire) as vendor:
        await vendor.rate(entry.digest, entry.assignment_digest or "", 5)
    market.clock.advance(15 * 86_400)
    await market.publish()
    with pytest.raises(MarketRefused) as refused:
        await rate(play, entry)
    assert refused.value.code == "ratings-closed"
    assert play.wallet.read().requests[-1].rating is None
    async with play.client as client:
        await rating.send_due(play.wallet, client)


async def test_another_vendors_word_is_not_taken_for_ones_own(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    """A market that mails somebody else's rating does not put it into the vendor's mouth."""
    await rate(play, entry)
    async with shop(market, wire) as vendor:
        await vendor.rate(entry.digest, entry.assignment_digest or "", 1, "Rude.")
    await read_mail(play)
    with play.wallet.editing() as state:
        kept = state.requests[-1]
        assert kept.vendor_rating is not None
        assert recall(kept.vendor_rating.wire, VendorRating).stars == 1
        kept.assignment_digest = "A" * 43
    assert rating.vendors_word(kept) is None


async def test_what_came_too_late_for_the_mail_is_found_by_name_of_the_vendor(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    async with shop(market, wire) as vendor:
        await vendor.rate(entry.digest, entry.assignment_digest or "", 3, "Quiet.")
    await rate(play, entry)
    await market.publish()
    async with play.client as client:
        found = await rating.look(play.wallet, client, play.wallet.read().requests[-1])
    heard = rating.vendors_word(found)
    assert heard is not None
    assert heard.body.text == "Quiet."


async def test_the_mail_is_read_as_long_as_the_other_side_may_answer(
    play: Play, entry: OwnRequest
) -> None:
    rules = play.wallet.read().rules
    late = play.market.clock.now + rules.ratings.answer_days * 86_400
    assert entry.epoch in set(mail.epochs_at(rules, late))


async def test_a_round_tells_that_ratings_are_open(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    async with play.client as client:
        await rounds.go(play.wallet, client)
    await rate(play, entry)
    async with shop(market, wire) as vendor:
        await vendor.rate(entry.digest, entry.assignment_digest or "", 5)
    await market.publish()
    async with play.client as client:
        told = await rounds.go(play.wallet, client)
    assert any("has rated you" in change.words for change in told.changes)
