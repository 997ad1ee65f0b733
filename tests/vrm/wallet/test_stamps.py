"""A wallet collects stamps for tokens that came to nothing, and deposits them in a later epoch."""

import json
from pathlib import Path

import httpx
import pytest

import crypto
from crypto.issuance import issue
from crypto.tokens import IssuerKey as SecretKey
from crypto.tokens import Token, verify
from tests.support import ClockedMarket
from tests.support.tokens import issuer_key
from tests.vrm.wallet.conftest import URL, Wire, bare_wallet
from tests.vrm.wallet.scenes import STROLLER, at
from tests.vrm.wallet.test_membership import Lying
from vrm.client.customer import CustomerClient
from vrm.documents.permits import stamp_challenge
from vrm.errors import LogFault, MarketMisbehaved, MarketRefused, MarketUnreachable
from vrm.wallet import Wallet, membership, outcomes, requests, stamps
from vrm.wallet import tokens as posting_tokens

WEEK = 7 * 86_400


@pytest.fixture
async def wallet(tmp_path: Path, client: CustomerClient, market: ClockedMarket) -> Wallet:
    """A member that has drawn."""
    made = bare_wallet(tmp_path / "wallet", market.rules, at(market))
    await issuer_key(market.market)
    async with client as connected:
        await membership.join(made, connected, at(market))
        await posting_tokens.draw_due(made, connected)
    return made


async def withdrawn(wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> None:
    """A request that was published and taken back."""
    async with client as connected:
        entry = requests.prepare(wallet, STROLLER, market.rules)
        entry = await requests.send(wallet, connected, entry)
        await market.publish()
        await requests.withdraw(wallet, connected, entry)
        await market.publish()
        await outcomes.sync(wallet, connected)


async def collect(wallet: Wallet, client: CustomerClient) -> int:
    async with client as connected:
        return await stamps.collect(wallet, connected)


async def test_unused_tokens_come_back_as_stamps(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await withdrawn(wallet, client, market)
    assert await collect(wallet, client) == 1, "what was not used can be used still"
    market.clock.advance(2 * WEEK)
    key = await issuer_key(market.market, "stamp-r")
    got = [await collect(wallet, client) for _ in range(4)]
    assert got == [6, 6, 3, 0]
    held = wallet.read().stamps
    assert len({Token.parse(stamp.token).nonce for stamp in held}) == 16
    verify(Token.parse(held[-1].token), challenge=stamp_challenge(market.did, "stamp-r"), key=key)
    async with client as connected:
        first = await stamps.deposit(wallet, connected)
        assert first is not None
        assert first.returned == 1, "those of this epoch wait for the next one"
        assert await stamps.deposit(wallet, connected) is None
        market.clock.advance(WEEK)
        await issuer_key(market.market)
        second = await stamps.deposit(wallet, connected)
    assert second is not None
    assert second.returned == 15
    assert wallet.read().stamps == []


async def test_nothing_is_collected_right_after_a_call_by_name(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """Deposits and draws tell who is there; what is claimed in the same minutes would be theirs."""
    await withdrawn(wallet, client, market)
    async with client as connected:
        await membership.refresh(wallet, connected)
        assert await stamps.collect(wallet, connected) == 0
        market.clock.advance(membership.QUIET_SECONDS)
        assert await stamps.collect(wallet, connected) == 1


async def test_what_is_read_does_not_tell_that_there_is_something_to_claim(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """The keys are read once in an epoch, before it is known whether they will be needed."""
    market.clock.advance(membership.QUIET_SECONDS)
    asked = []
    for got in (0, 0, 1):
        wire.asked.clear()
        assert await collect(wallet, client) == got
        asked.append([path for method, path in wire.asked if method == "GET"])
        if len(asked) == 2:
            await withdrawn(wallet, client, market)
    assert "/issuer-keys" in asked[0]
    assert asked[1] == asked[2]
    assert "/issuer-keys" not in asked[1]


async def test_a_market_that_fails_one_claim_sees_no_other_stay_away(
    wallet: Wallet, market: ClockedMarket, wire: Wire
) -> None:
    market.clock.advance(2 * WEEK)
    await issuer_key(market.market)
    failed: set[str] = set()

    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.url.path == "/stamps" and len(failed) < 2:
                failed.add(json.loads(await request.aread())["pseudonym"])
                return httpx.Response(500, request=request)
            return await wire.handle_async_request(request)

    async with CustomerClient(URL, transport=Failing(), attempts=1) as connected:
        with pytest.raises(MarketUnreachable):
            await stamps.collect(wallet, connected)
    assert len(failed) == 2
    assert len(wallet.read().stamps) == stamps.MOST_CLAIMS - 2


async def test_another_device_has_deposited(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await withdrawn(wallet, client, market)
    assert await collect(wallet, client) == 1
    market.clock.advance(WEEK)
    await issuer_key(market.market)
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    await market.execute(
        "INSERT INTO stamp_deposits VALUES (:member, :epoch, 'other')",
        member=wallet.profile_did,
        epoch=epoch,
    )
    await market.execute(
        "INSERT INTO standings VALUES (:member, :epoch, 0, 0, 1)",
        member=wallet.profile_did,
        epoch=epoch,
    )
    async with client as connected:
        assert await stamps.deposit(wallet, connected) is None
    assert len(wallet.read().stamps) == 1, "it waits for the next epoch"


async def test_a_lost_answer_to_a_claim_and_to_a_deposit(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    await withdrawn(wallet, client, market)
    for work in (stamps.collect, stamps.deposit):
        wire.loses_answers = True
        async with client as connected:
            with pytest.raises(Exception, match="does not answer"):
                await work(wallet, connected)
            wire.loses_answers = False
            assert await work(wallet, connected)
        market.clock.advance(WEEK)
        await issuer_key(market.market)
    assert wallet.read().stamps == []


async def test_stamps_that_another_copy_deposited(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """They are forgotten, so that they do not keep the next deposit back."""
    await withdrawn(wallet, client, market)
    await collect(wallet, client)
    held = wallet.read().stamps
    for refused in (False, True):
        market.clock.advance(WEEK)
        await issuer_key(market.market)
        with wallet.editing() as state:
            state.stamps = list(held)
        async with client as connected:
            if refused:
                with pytest.raises(MarketRefused, match="stamp-spent"):
                    await stamps.deposit(wallet, connected)
            else:
                assert await stamps.deposit(wallet, connected)
    assert wallet.read().stamps == []


async def test_a_stamp_key_made_for_one_member(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """It is in no log: nothing is asked for under it. Nor does a stamp under it pass for one of all."""
    await withdrawn(wallet, client, market)
    key = await issuer_key(market.market, "stamp-r")
    own = SecretKey.from_seed(b"s" * 32, b"made for one member")

    def change(request: httpx.Request, _answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/stamps":
            return None
        blinded = crypto.base64url_decode(str(crypto.parse(request.read().rstrip())["blinded"]))
        raw = bytes([0, 5, key.public.truncated_id]) + blinded
        given = issue(raw, {key.public.truncated_id: own})
        return httpx.Response(200, json={"response": crypto.base64url_encode(given)})

    lying = CustomerClient(URL, transport=Lying(wire, change), attempts=1)
    with pytest.raises(MarketMisbehaved, match="another key than it shows"):
        await collect(wallet, lying)
    await market.execute("UPDATE log_leaves SET digest = 'x' || digest")
    market.market.kept.clear()
    with wallet.editing() as state:
        state.stamp_keys = []
    with pytest.raises(LogFault):
        await collect(wallet, client)
    assert wallet.read().stamps == []
