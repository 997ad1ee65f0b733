"""The wallet says whether it came, and has a stamp for it once that counts."""

from datetime import timedelta

import pytest

from crypto.tokens import Token, verify
from tests.support import ClockedMarket, a_shipment
from tests.support.tokens import issuer_key
from tests.vrm.wallet.conftest import Wire
from tests.vrm.wallet.scenes import SHOPS, Play, at, followed, given, signed, words
from tests.vrm.wallet.test_disclosing import MARIA, AtItsTime, tell
from vrm.client.vendor import VendorClient
from vrm.documents import Confirmation, recall
from vrm.documents.permits import stamp_challenge
from vrm.errors import MarketRefused, MarketUnreachable, WalletError
from vrm.wallet import Wallet, cancelling, confirming, mail, stamps
from vrm.wallet.own import OwnRequest


@pytest.fixture
async def entry(play: Play, market: ClockedMarket, wire: Wire) -> OwnRequest:
    """A request whose vendor has accepted and knows whom to deliver to."""
    await issuer_key(market.market)
    await play()
    async with shop(market, wire) as vendor:
        await vendor.accept([(await given(market)).digest])
    await read_mail(play)
    await tell(play, await followed(play.wallet, play.client), MARIA)
    await market.publish()
    return play.wallet.read().requests[-1]


def shop(market: ClockedMarket, wire: Wire) -> VendorClient:
    transport = AtItsTime(market, wire)
    return VendorClient("https://market.test", SHOPS[0], transport=transport, attempts=1)


async def read_mail(play: Play) -> None:
    await play.market.publish()
    async with play.client as client:
        await mail.fetch(play.wallet, client)


async def confirm(play: Play, entry: OwnRequest, received: bool = True) -> OwnRequest:
    async with play.client as client:
        now = at(play.market)
        return await confirming.confirm(play.wallet, client, entry, now, received=received)


async def ship(play: Play, market: ClockedMarket, wire: Wire) -> OwnRequest:
    async with shop(market, wire) as vendor:
        [assigned] = [one async for one in vendor.my_assignments()]
        await vendor.ship(assigned)
    await read_mail(play)
    return play.wallet.read().requests[-1]


async def collect(play: Play) -> int:
    async with play.client as client:
        return await stamps.collect(play.wallet, client)


async def test_the_vendor_learns_it_and_the_owner_has_a_stamp(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    told = await confirm(play, entry)
    assert told.status(at(market)) == "received"
    assert await collect(play) == 0, "a claim before it counts would be the token's last"
    await read_mail(play)
    async with shop(market, wire) as vendor:
        [heard] = [one async for one in vendor.confirmations()]
    assert heard.confirmation.body.received
    assert heard.request.digest == entry.digest
    assert await collect(play) == 1
    assert await collect(play) == 0
    [stamp] = play.wallet.read().stamps
    key = await issuer_key(market.market, "stamp-f")
    verify(Token.parse(stamp.token), challenge=stamp_challenge(market.did, "stamp-f"), key=key)


async def test_the_owner_learns_that_it_is_ready(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    found = await ship(play, market, wire)
    assert found.status(at(market)) == "ready"
    assert "ready to be picked up" in words(found, market)


async def test_a_rival_that_says_it_has_shipped_it(
    play: Play, market: ClockedMarket, entry: OwnRequest
) -> None:
    """Even if a market should pass it on."""
    assert entry.assignment_digest is not None
    said = a_shipment(market, SHOPS[1], signed(entry), entry.assignment_digest)
    with play.wallet.editing() as state:
        state.requests[-1].shipments[said.digest] = said.wire
    assert play.wallet.read().requests[-1].status(at(market)) == "accepted"


async def test_what_did_not_come_gives_an_r_stamp(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    told = await confirm(play, await ship(play, market, wire), received=False)
    assert told.status(at(market)) == "not-received"
    await read_mail(play)
    assert await collect(play) == 1
    [stamp] = play.wallet.read().stamps
    key = await issuer_key(market.market, "stamp-r")
    verify(Token.parse(stamp.token), challenge=stamp_challenge(market.did, "stamp-r"), key=key)


async def test_missing_before_it_is_due(
    play: Play, market: ClockedMarket, entry: OwnRequest
) -> None:
    with pytest.raises(WalletError, match="has time at least until"):
        await confirm(play, entry, received=False)
    assert play.wallet.read().requests[-1].confirmations == []
    market.clock.advance(25 * 3600)
    told = await confirm(play, entry, received=False)
    assert told.status(at(market)) == "not-received"


async def test_missing_before_the_market_finds_it_due(
    play: Play, market: ClockedMarket, wallet: Wallet, entry: OwnRequest
) -> None:
    """The wallet's clock is ahead: what the market refuses is not kept as said."""
    ahead = at(market) + timedelta(hours=25)
    async with play.client as client:
        with pytest.raises(MarketRefused) as caught:
            await confirming.confirm(wallet, client, entry, ahead, received=False)
    assert caught.value.code == "not-missing-yet"
    assert wallet.read().requests[-1].confirmations == []


async def test_what_was_cancelled_gives_an_r_stamp_where_its_vendor_was_overdue(
    play: Play, market: ClockedMarket, wallet: Wallet, entry: OwnRequest
) -> None:
    market.clock.advance(48 * 3600)
    await market.publish()
    async with play.client as client:
        await cancelling.cancel(wallet, client, entry)
    assert await collect(play) == 0, "it does not count yet"
    await read_mail(play)
    assert await collect(play) == 1


async def test_what_did_not_come_may_come_later(
    play: Play, market: ClockedMarket, wire: Wire, entry: OwnRequest
) -> None:
    ready = await ship(play, market, wire)
    told = await confirm(play, await confirm(play, ready, received=False))
    assert [recall(own.wire, Confirmation).received for own in told.confirmations] == [False, True]
    with pytest.raises(WalletError, match="final"):
        await confirm(play, told, received=False)


async def test_nothing_is_said_where_nobody_knew_where_to_deliver(play: Play) -> None:
    await play()
    with pytest.raises(WalletError, match="whom to deliver to"):
        await confirm(play, await followed(play.wallet, play.client))


async def test_a_lost_answer_is_made_good(
    play: Play, wallet: Wallet, wire: Wire, entry: OwnRequest
) -> None:
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await confirm(play, entry)
    wire.loses_answers = False
    async with play.client as client:
        await confirming.send_due(wallet, client)
    [own] = wallet.read().requests[-1].confirmations
    assert own.has_arrived
