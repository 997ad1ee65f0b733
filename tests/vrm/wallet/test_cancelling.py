"""The wallet takes its word back, and learns that a vendor has."""

import pytest

from tests.support import ClockedMarket, a_vendor_cancellation
from tests.support.tokens import issuer_key
from tests.vrm.wallet.conftest import Wire
from tests.vrm.wallet.scenes import SHOPS, Play, at, followed, given, signed, words
from tests.vrm.wallet.test_confirming import collect, confirm, read_mail, shop
from tests.vrm.wallet.test_disclosing import MARIA, tell
from vrm.errors import MarketRefused, MarketUnreachable, WalletError
from vrm.wallet import Wallet, cancelling, disclosing
from vrm.wallet.own import OwnRequest

HOUR = 3600


@pytest.fixture
async def entry(play: Play, market: ClockedMarket, wire: Wire) -> OwnRequest:
    """A request whose vendor has accepted."""
    await issuer_key(market.market)
    await play()
    async with shop(market, wire) as vendor:
        await vendor.accept([(await given(market)).digest])
    await read_mail(play)
    return await followed(play.wallet, play.client)


async def cancel(play: Play, entry: OwnRequest) -> OwnRequest:
    async with play.client as client:
        return await cancelling.cancel(play.wallet, client, entry)


def newest(play: Play) -> OwnRequest:
    return play.wallet.read().requests[-1]


async def test_the_vendor_learns_it_with_the_next_batch(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    assert (await cancel(play, entry)).status(at(market)) == "cancelling"
    assert disclosing.undisclosed(play.wallet.read()) == [], "it is told nothing any more"
    await read_mail(play)
    assert newest(play).status(at(market)) == "cancelled"
    assert "want it no more" in words(newest(play), market)
    async with shop(market, wire) as vendor:
        [heard] = [one async for one in vendor.cancellations()]
        [delivery] = [one async for one in vendor.deliveries()]
    assert (heard.request.digest, delivery.state) == (entry.digest, "cancelled")
    assert await collect(play) == 0, "the vendor has kept its word: no token comes back"
    with pytest.raises(WalletError, match="before"):
        await cancel(play, newest(play))


async def test_the_vendor_was_first(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    await tell(play, entry, MARIA)
    await read_mail(play)
    async with shop(market, wire) as vendor:
        [assigned] = [one async for one in vendor.my_assignments()]
        await vendor.ship(assigned)
    with pytest.raises(MarketRefused, match="already-shipped"):
        await cancel(play, newest(play))
    assert newest(play).cancellations == [], "what cannot count is not sent again"
    await read_mail(play)
    assert newest(play).status(at(market)) == "ready"


async def test_a_lost_answer_is_made_good(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await cancel(play, entry)
    wire.loses_answers = False
    async with play.client as client:
        await cancelling.send_due(play.wallet, client)
    assert newest(play).cancellations[-1].has_arrived


async def test_nothing_to_cancel_before_a_vendor_accepted(play: Play) -> None:
    await play()
    with pytest.raises(WalletError, match="vrm withdraw"):
        await cancel(play, await followed(play.wallet, play.client))


async def test_it_comes_back_to_a_wallet_that_was_lost(
    play: Play, wallet: Wallet, market: ClockedMarket, entry: OwnRequest
) -> None:
    await cancel(play, entry)
    with wallet.editing() as state:
        state.requests[-1].cancellations.clear()
    await read_mail(play)
    assert newest(play).status(at(market)) == "cancelled"


async def test_the_vendor_takes_its_word_back(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    async with shop(market, wire) as vendor:
        [assigned] = [one async for one in vendor.my_assignments()]
        await vendor.cancel(assigned, "It broke.")
    await read_mail(play)
    assert newest(play).status(at(market)) == "vendor-cancelled"
    assert "counts against it" in words(newest(play), market)
    assert await collect(play) == 1, "the token comes back"


async def test_a_rival_s_cancellation_that_a_market_passes_on(
    play: Play, market: ClockedMarket, entry: OwnRequest
) -> None:
    assert entry.assignment_digest is not None
    said = a_vendor_cancellation(market, SHOPS[1], signed(entry), entry.assignment_digest)
    with play.wallet.editing() as state:
        state.requests[-1].vendor_cancellations[said.digest] = said.wire
    assert newest(play).status(at(market)) == "accepted"


async def test_told_too_late_whom_to_deliver_to(
    play: Play, market: ClockedMarket, entry: OwnRequest
) -> None:
    assert "before" in words(entry, market)
    assert entry.disclose_by is not None
    market.clock.advance(25 * HOUR)
    assert entry.status(at(market)) == "lapsed"
    with pytest.raises(MarketRefused, match="delivery-ended"):
        await tell(play, entry, MARIA)
    async with play.client as client:
        await disclosing.send_due(play.wallet, client, at(market))  # tells nobody again
    assert newest(play).is_over
    with pytest.raises(WalletError):
        await confirm(play, entry)
