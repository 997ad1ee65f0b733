"""A device is lost, and everything comes back from the phrase: at a real market, over HTTP."""

import shutil
from pathlib import Path
from typing import Any

import httpx
import pytest

from crypto.vault import Cost
from marketplace.mail import service as mailing
from marketplace.requests import service as publishing
from tests.support import (
    ClockedMarket,
    a_bid,
    a_bid_withdrawal,
    a_key,
    a_question,
    a_request,
    a_vendor,
    an_acceptance,
)
from tests.support.tokens import issuer_key
from tests.vrm.wallet.conftest import PASSPHRASE, Wire, bare_wallet
from tests.vrm.wallet.scenes import STROLLER, at, given, signed
from tests.vrm.wallet.test_devices import another
from vrm.client.customer import CustomerClient
from vrm.errors import MarketUnreachable
from vrm.wallet import (
    Wallet,
    mail,
    membership,
    offers,
    outcomes,
    questions,
    recovery,
    requests,
    tokens,
)
from vrm.wallet.own import OwnRequest
from vrm.wallet.secret import Secret

SHOP, OTHER = a_key("shop"), a_key("other shop")

LOCAL = frozenset(("place", "came_back", "promise", "withdrawal_promise", "answers", "preferences"))
"""What of a request stays with the device that was lost, or is compared apart."""


async def synced(wallet: Wallet, client: CustomerClient) -> list[OwnRequest]:
    await mail.fetch(wallet, client)
    return (await outcomes.sync(wallet, client)).requests


async def ask(wallet: Wallet, client: CustomerClient) -> OwnRequest:
    entry = requests.prepare(wallet, STROLLER, await client.descriptor())
    return await requests.send(wallet, client, entry)


async def restored(
    phrase: str, client: CustomerClient, market: ClockedMarket, home: Path, device: int = 0
) -> Wallet:
    """What `vrm init --phrase` does on an empty folder."""
    secret = Secret.from_phrase(phrase)
    found = await membership.look_up(secret.identity, client)
    assert found is not None
    again = Wallet.create(
        home,
        PASSPHRASE,
        url=client.url,
        rules=await client.descriptor(),
        now=at(market),
        cost=Cost.MINIMUM,
        secret=Secret(phrase=phrase, device=found.devices(secret.devices_key)[device].branch),
    )
    membership.adopt(again, found)
    await tokens.restore(again, client)
    await recovery.recover(again, client)
    return again


def told(entry: OwnRequest) -> dict[str, Any]:
    """A request as it must be on any device of its owner's."""
    facts = {name: getattr(entry, name) for name in entry.__struct_fields__ if name not in LOCAL}
    facts["answers"] = {asked: own.wire for asked, own in entry.answers.items()}
    facts["preferences"] = [own.wire for own in entry.preferences]
    return facts


@pytest.fixture
async def wallet(tmp_path: Path, market: ClockedMarket) -> Wallet:
    await issuer_key(market.market)
    return bare_wallet(tmp_path / "wallet", market.rules, at(market))


async def test_a_lost_device_gets_everything_back(
    tmp_path: Path, wallet: Wallet, market: ClockedMarket
) -> None:
    await market.store(a_vendor(market, SHOP), a_vendor(market, OTHER))
    with market.served() as url:
        async with CustomerClient(url, attempts=1) as client:
            await membership.join(wallet, client, at(market))
            await tokens.draw_due(wallet, client)
            first, taken_back = await ask(wallet, client), await ask(wallet, client)
            await market.publish()
            asks = a_question(market, OTHER, signed(first))
            bids = [a_bid(market, key, signed(first)) for key in (SHOP, OTHER)]
            await market.store(*bids, asks, a_bid(market, SHOP, signed(taken_back)))
            await market.publish()
            await synced(wallet, client)
            await offers.prefer(wallet, client, wallet.read().requests[0], listed=[bids[0].digest])
            await questions.answer(wallet, client, asks.digest, "75 cm.")
            await requests.withdraw(wallet, client, wallet.read().requests[1])
            await market.publish()
            await market.reach_cutoff(signed(first))
            await market.store(an_acceptance(market, SHOP, (await given(market)).digest))
            still_open = await ask(wallet, client)
            await market.publish()
            late = a_bid(market, OTHER, signed(still_open))
            await market.store(late)
            await market.publish()
            await market.store(a_bid_withdrawal(market, OTHER, late.digest))
            await market.publish()
            pending = await ask(wallet, client)
            before = await synced(wallet, client)
            statuses = [entry.status(at(market)) for entry in before]
            assert statuses == ["accepted", "withdrawn", "published", "pending"]

            unused = tokens.left(wallet.read())
            phrase = wallet.phrase
            shutil.rmtree(wallet.home)
            again = await restored(phrase, client, market, tmp_path / "again")
            after = sorted(again.read().requests, key=lambda one: one.index)
            assert len(after) == 3
            for mine, then in zip(after, before, strict=False):
                assert told(mine) == told(then)
            assert after[0].preferences[0].has_arrived
            assert next(iter(after[0].answers.values())).has_arrived
            assert tokens.left(again.read()) == unused + 1, "the one of what is pending yet"

            await market.publish()
            found = (await synced(again, client))[-1]
            assert (found.digest, found.status(at(market))) == (pending.digest, "published")
            assert found.leaf is not None
            assert tokens.left(again.read()) == unused
            await requests.withdraw(again, client, found)
            assert Wallet.open(again.home, PASSPHRASE).read().requests[-1].withdrawal is not None


async def test_two_devices_under_one_phrase_find_each_their_own(
    tmp_path: Path, wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    async with client as connected:
        await membership.join(wallet, connected, at(market))
        found = await membership.look_up(wallet.identity, connected)
        assert found is not None
        second = another(wallet, tmp_path / "second", at(market))
        with second.editing() as state:
            state.places = wallet.read().places
        membership.adopt(second, found)
        await membership.join(second, connected, at(market))
        market.clock.advance(7 * 86_400)
        await issuer_key(market.market)
        for one in (wallet, second):
            await tokens.draw_due(one, connected)
        own = [await ask(one, connected) for one in (wallet, second, second)]
        assert len({entry.body.pseudonym for entry in own}) == 3
        await market.publish()
        for device, mine in enumerate((own[:1], own[1:])):
            home = tmp_path / f"again {device}"
            kept = (await restored(wallet.phrase, connected, market, home, device)).read().requests
            assert {entry.digest for entry in kept} == {entry.digest for entry in mine}


async def test_a_recovery_that_broke_off_is_gone_on_with(
    tmp_path: Path, wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    async with client as connected:
        await membership.join(wallet, connected, at(market))
        await tokens.draw_due(wallet, connected)
        entry = await ask(wallet, connected)
        await market.publish()

    class Breaking(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path.startswith("/mail/"):
                raise httpx.ReadError("the line is dead")
            return await wire.handle_async_request(request)

    again = another(wallet, tmp_path / "again", at(market), wallet.device)
    async with CustomerClient(client.url, transport=Breaking(), attempts=1) as broken:
        with pytest.raises(MarketUnreachable):
            await recovery.recover(again, broken)
    assert again.read().requests == []
    async with client as connected:
        [found] = await synced(again, connected)
    assert found.digest == entry.digest


async def test_a_request_of_somebody_else_in_the_mail_is_not_taken_for_ones_own(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """Somebody names this wallet's reply key in a request of theirs: the market seals its copy to it."""
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    grafted = a_request(market, reply_key=wallet.reply_key(epoch, 3).public.text)
    await market.store(grafted)
    await market.publish()
    with wallet.editing() as state:
        state.sought = [(epoch, index) for index in range(16)]
    async with client as connected:
        read = await mail.fetch(wallet, connected)
    assert (read.state.requests, len(read.findings)) == ([], 1)


async def test_a_withdrawal_that_was_under_way_when_the_wallet_was_lost_is_no_fault(
    tmp_path: Path, wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    async with client as connected:
        await membership.join(wallet, connected, at(market))
        await tokens.draw_due(wallet, connected)
        entry = await ask(wallet, connected)
        await market.publish()
        await requests.withdraw(wallet, connected, entry)
        again = await restored(wallet.phrase, connected, market, tmp_path / "again")
        market.clock.advance(3600)
        await publishing.publish_batch(market.market)
        state = await outcomes.sync(again, connected)  # the batch is out, and its mail is not
        assert (state.requests[0].status(at(market)), state.requests[0].fault) == (
            "withdrawn",
            None,
        )
        await mailing.publish(market.market)
        [kept] = await synced(again, connected)
    assert kept.withdrawal is not None
