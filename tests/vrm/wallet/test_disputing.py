"""The wallet and the shop dispute: each shows messages that were sent, and learns what was decided."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from marketplace.disputes import service as disputes
from tests.support import ClockedMarket
from tests.vrm.wallet.conftest import URL, Wire
from tests.vrm.wallet.scenes import SHOPS, Play, at, words
from tests.vrm.wallet.test_conversing import own_assignment, read_mail, reply, say
from tests.vrm.wallet.test_disclosing import AtItsTime, won
from vrm.client.vendor import VendorClient
from vrm.errors import MarketUnreachable, UsageError, WalletError
from vrm.vendor import conversing as vendor_conversing
from vrm.vendor.ledger import Ledger
from vrm.wallet import Wallet, disputing
from vrm.wallet.own import OwnRequest


@pytest.fixture
async def shop(market: ClockedMarket, wire: Wire) -> AsyncIterator[VendorClient]:
    """The shop that wins."""
    transport = AtItsTime(market, wire)
    async with VendorClient(URL, SHOPS[0], transport=transport, attempts=1) as client:
        yield client


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        yield ledger


async def dispute(play: Play, entry: OwnRequest, text: str, **shown: Any) -> OwnRequest:
    async with play.client as client:
        return await disputing.dispute(play.wallet, client, entry, text, **shown)


def newest(play: Play) -> OwnRequest:
    return play.wallet.read().requests[-1]


async def written(play: Play, shop: VendorClient, ledger: Ledger) -> OwnRequest:
    """A request about which both have written."""
    entry = await won(play, shop)
    await say(play, entry, "By Friday, please.")
    await reply(play, shop, ledger, "Friday it is.")
    await read_mail(play)
    await vendor_conversing.hear(shop, ledger, at(play.market))
    return newest(play)


async def test_each_shows_what_the_other_wrote_and_learns_the_decision(
    play: Play, market: ClockedMarket, shop: VendorClient, ledger: Ledger
) -> None:
    entry = await written(play, shop, ledger)
    await dispute(play, entry, "It came on Monday.", theirs=[1])
    assert "opened a dispute" in words(newest(play), market)
    await read_mail(play)
    [case] = [one async for one in shop.disputes()]
    assert case.customer is not None
    [shown] = case.customer.body.messages
    assert shown.inside["content"]["text"] == "Friday it is."
    given = await own_assignment(shop)
    asked = ledger.conversation.shown(given.digest, [1], mine=False)
    await shop.dispute(given, "Nobody was at home.", asked)
    await read_mail(play)
    theirs = disputing.vendor_says(newest(play))
    assert theirs is not None
    assert (theirs.text, len(theirs.messages)) == ("Nobody was at home.", 1)
    assert "in dispute" in words(newest(play), market)
    await disputes.rule(market.market, given.digest, "customer", "Friday was agreed.")
    await read_mail(play)
    ruling = disputing.decision(newest(play))
    assert ruling is not None
    assert ruling.finds_for == "customer"
    assert "Friday was agreed." in words(newest(play), market)
    [case] = [one async for one in shop.disputes()]
    assert case.ruling is not None
    assert case.own is not None


async def test_a_side_is_said_once(play: Play, shop: VendorClient) -> None:
    entry = await dispute(play, await won(play, shop), "It never came.")
    with pytest.raises(WalletError, match="final"):
        await dispute(play, entry, "It never came!")


async def test_a_message_that_is_not_there(play: Play, shop: VendorClient, ledger: Ledger) -> None:
    entry = await won(play, shop)
    with pytest.raises(WalletError, match="no message 1"):
        await dispute(play, entry, "It never came.", theirs=[1])
    given = await own_assignment(shop)
    with pytest.raises(UsageError, match="no message 2"):
        ledger.conversation.shown(given.digest, [2], mine=True)


async def test_a_lost_answer_is_made_good(
    play: Play, shop: VendorClient, wallet: Wallet, wire: Wire
) -> None:
    entry = await won(play, shop)
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await dispute(play, entry, "It never came.")
    wire.loses_answers = False
    async with play.client as client:
        await disputing.send_due(wallet, client)
    [own] = newest(play).disputes
    assert own.has_arrived


async def test_it_comes_back_to_a_wallet_that_was_lost(
    play: Play, shop: VendorClient, wallet: Wallet
) -> None:
    await dispute(play, await won(play, shop), "It never came.")
    await play.market.publish()
    with wallet.editing() as state:
        state.requests[-1].disputes.clear()
        state.mail_cursor = None
    await read_mail(play)
    [own] = newest(play).disputes
    assert own.came_back
