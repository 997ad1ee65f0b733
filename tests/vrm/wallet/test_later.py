"""Writes that tell nothing by their time: put off to a random instant, and each after a pause of its own."""

import asyncio
import random

import pytest

from tests.support import ClockedMarket
from tests.vrm.wallet.conftest import Wire
from tests.vrm.wallet.scenes import STROLLER, at
from vrm.client.customer import CustomerClient
from vrm.documents.scalars import parse_instant
from vrm.errors import WalletError
from vrm.wallet import Wallet, later, requests

CHANCE = random.Random(1)  # noqa: S311 - a test, not a secret


async def test_a_request_that_is_put_off_is_sent_when_it_is_due(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    async with client:
        send_at = later.draw_instant(await client.clock(), market.rules, CHANCE)
        entry = requests.prepare(wallet, STROLLER, market.rules, send_at)
        assert entry.status(at(market)) == "scheduled"
        assert await later.send_due(wallet, client, at(market)) == []
        assert all(method == "GET" for method, _ in wire.asked)
        market.clock.set(send_at)
        [sent] = await later.send_due(wallet, client, at(market))
    assert (sent.digest, sent.status(at(market))) == (entry.digest, "pending")


async def test_nobody_has_to_wait_for_what_was_put_off(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    requests.prepare(wallet, STROLLER, market.rules, "2027-01-01T00:00:00Z")
    async with client:
        [sent] = await later.send_due(wallet, client, at(market), all_of_them=True)
    assert sent.promise is not None


async def test_chance_draws_from_the_whole_market_day(
    client: CustomerClient, market: ClockedMarket
) -> None:
    """Whatever it draws, the market promises the same instant."""
    async with client:
        clock = await client.clock()
    publish_by = market.market.calendar.publish_by(market.clock.now)
    drawn = sorted(
        parse_instant(later.draw_instant(clock, market.rules, CHANCE)).timestamp()
        for _ in range(200)
    )
    assert market.clock.now <= drawn[0]
    assert {market.market.calendar.publish_by(int(instant)) for instant in drawn} == {publish_by}
    assert drawn[-1] - drawn[0] > 0.9 * (publish_by - market.clock.now - 3600)


async def test_a_burst_of_posts_that_shows_one_author(
    wallet: Wallet, wire: Wire, market: ClockedMarket, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    for _ in range(3):
        requests.prepare(wallet, STROLLER, market.rules)
    patient = CustomerClient("https://market.test", transport=wire, attempts=1, pause=40)
    monkeypatch.setattr(asyncio, "sleep", sleep)
    async with patient:
        await later.send_due(wallet, patient, at(market))
    assert len(set(waits)) == 3, "one wait before each"
    assert all(0 <= wait <= 40 for wait in waits)
    assert all(entry.promise for entry in wallet.read().requests)


async def test_a_request_that_can_never_be_sent_keeps_no_other_back(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """Say since its token was too old when the wallet woke up."""
    stale = requests.prepare(wallet, STROLLER, market.rules)
    good = requests.prepare(wallet, STROLLER, market.rules)
    with wallet.editing() as state:
        state.request(stale.digest).epoch -= market.rules.tokens.epoch_days
    async with client:
        with pytest.raises(WalletError, match="token is not good any more"):
            await later.send_due(wallet, client, at(market))
    assert wallet.read().request(good.digest).promise is not None
