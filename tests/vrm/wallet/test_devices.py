"""A wallet comes back from its phrase alone, and two devices under one phrase share tokens and no pseudonym."""

from datetime import datetime
from pathlib import Path

import pytest

from crypto import rotation
from crypto.tokens import Token, verify
from crypto.vault import Cost
from tests.support import ClockedMarket
from tests.support.tokens import issuer_key
from tests.vrm.wallet.conftest import PASSPHRASE, URL, Wire, bare_wallet
from tests.vrm.wallet.scenes import at
from vrm.client.customer import CustomerClient
from vrm.documents.permits import challenge_of
from vrm.errors import MarketMisbehaved, WalletError
from vrm.wallet import Wallet, devices, membership
from vrm.wallet import tokens as posting_tokens
from vrm.wallet.devices import Device
from vrm.wallet.secret import Secret
from vrm.wallet.state import State

WEEK = 7 * 86_400
KEY = b"k" * 32


@pytest.fixture
def wallet(tmp_path: Path, market: ClockedMarket) -> Wallet:
    return bare_wallet(tmp_path / "wallet", market.rules, at(market))


def another(wallet: Wallet, home: Path, now: datetime, device: int | None = None) -> Wallet:
    """A wallet under the same phrase, in an empty folder; on a branch of its own unless one is given."""
    fresh = Secret.from_phrase(wallet.phrase)
    secret = fresh if device is None else Secret(phrase=wallet.phrase, device=device)
    return Wallet.create(
        home,
        PASSPHRASE,
        url=URL,
        rules=wallet.read().rules,
        now=now,
        cost=Cost.MINIMUM,
        secret=secret,
    )


async def joined(wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> State:
    """A member that has drawn."""
    await issuer_key(market.market)
    async with client as connected:
        await membership.join(wallet, connected, at(market))
        return await posting_tokens.draw_due(wallet, connected)


async def second_device(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, home: Path
) -> Wallet:
    async with client as connected:
        found = await membership.look_up(wallet.identity, connected)
        assert found is not None
        second = another(wallet, home, at(market))
        membership.adopt(second, found)
        await membership.join(second, connected, at(market))
    return second


async def draw(wallet: Wallet, client: CustomerClient) -> State:
    async with client as connected:
        return await posting_tokens.draw_due(wallet, connected)


async def test_a_lost_device_gets_membership_and_tokens_back(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, tmp_path: Path
) -> None:
    """After two rotations, and in the second epoch's first days, when the first one's tokens are good still."""
    with wallet.editing() as state:
        state.facets = {"name": "Ada", "languages": ["en"]}
    await issuer_key(market.market)
    async with client as connected:
        await membership.join(wallet, connected, at(market), shows=["languages"])
        for _ in range(2):
            await membership.rotate(wallet, connected, at(market))
    await draw(wallet, client)
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    market.clock.set((epoch + 7) * 86_400)
    await issuer_key(market.market)
    before = await draw(wallet, client)

    async with client as connected:
        found = await membership.look_up(Secret.from_phrase(wallet.phrase).identity, connected)
        assert found is not None
        [known] = found.devices(wallet.devices_key)
        again = another(wallet, tmp_path / "again", at(market), known.branch)
        membership.adopt(again, found)
        after = await posting_tokens.restore(again, connected)
    assert after.membership == before.membership
    assert after.facets == {"languages": ["en"]}, "what the market was shown, and no more"
    had, has = [
        {own.epoch: (own.tokens, own.issuer) for own in state.epochs} for state in (before, after)
    ]
    assert had == has
    assert len(has) == 2
    assert posting_tokens.next_place(before) == (max(has), 0)
    assert posting_tokens.next_place(after) == (max(has), 15), "the first ones may be spent"


async def test_two_devices_under_one_phrase_never_collide(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire, tmp_path: Path
) -> None:
    """The second has no tokens in the epoch that runs; then each has half, whoever draws first."""
    await joined(wallet, client, market)
    second = await second_device(wallet, client, market, tmp_path / "second")
    wire.asked.clear()
    assert (await draw(second, client)).epochs == []
    assert not [path for _, path in wire.asked if path.startswith(("/members", "/token"))]
    market.clock.advance(WEEK)
    key = await issuer_key(market.market)
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    seen: list[bytes] = []
    for one in (second, wallet):
        [own] = [own for own in (await draw(one, client)).epochs if own.epoch == epoch]
        assert len(own.tokens) == 8
        for index, raw in enumerate(own.tokens):
            token = Token.parse(raw)
            assert token.nonce == one.pseudonym(epoch, index).public.raw
            verify(token, challenge=challenge_of(market.did), key=key)
            seen.append(token.nonce)
    assert len(set(seen)) == 16
    assert len((await market.contents())["token_draws"]) == 2, "one draw for each epoch"


async def test_a_device_goes_on_from_what_another_one_changed(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, tmp_path: Path
) -> None:
    await joined(wallet, client, market)
    second = await second_device(wallet, client, market, tmp_path / "second")
    async with client as connected:
        await membership.rotate(second, connected, at(market))
        await membership.join(wallet, connected, at(market), shows=[])
        await membership.rotate(wallet, connected, at(market))
        own = await membership.refresh(second, connected)
    assert own.generation == 2
    assert [one.branch for one in own.devices] == [wallet.device, second.device]


async def test_a_rotation_that_never_arrived(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """The wallet has kept it; the market knows the key before it, and takes it with the next registration."""
    await joined(wallet, client, market)
    with wallet.editing() as state:
        assert state.membership is not None
        chain = rotation.follow(state.membership.chain)
        turned = rotation.rotate(chain, wallet.identity(1), wallet.identity(2).did)
        state.membership.chain.append(dict(turned))
        state.membership.seq += 1
    async with client as connected:
        assert (await membership.refresh(wallet, connected)).generation == 1
        again = await membership.join(wallet, connected, at(market))
    assert (again.key, again.seq) == (wallet.identity(1).did, 3)


async def test_an_older_registration_is_not_gone_back_to(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await joined(wallet, client, market)
    async with client as connected:
        old = await membership.look_up(wallet.identity, connected)
        assert old is not None
        await membership.join(wallet, connected, at(market))
    assert membership.adopt(wallet, old).seq == 2


async def test_a_registration_of_another_member(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, tmp_path: Path
) -> None:
    await joined(wallet, client, market)
    stranger = bare_wallet(tmp_path / "stranger", market.rules, at(market))
    async with client as connected:
        found = await membership.look_up(wallet.identity, connected)
    assert found is not None
    with pytest.raises(MarketMisbehaved, match="another member"):
        membership.adopt(stranger, found)


async def test_a_phrase_of_nobody_there(client: CustomerClient, market: ClockedMarket) -> None:
    async with client as connected:
        assert await membership.look_up(Secret.generate().identity, connected) is None


def test_a_list_of_devices_has_one_length() -> None:
    known = [Device(branch, branch // 7) for branch in range(2**31 - devices.MOST, 2**31)]
    for count in range(devices.MOST + 1):
        sealed = devices.seal(known[:count], KEY)
        assert len(sealed) == 140
        assert devices.unseal(sealed, KEY) == known[:count]
    with pytest.raises(WalletError, match="At most 8"):
        devices.seal([*known, Device(0, 0)], KEY)


@pytest.mark.parametrize("text", ["", "A" * 140, "not base64!"])
def test_a_list_of_devices_that_the_market_made_up(text: str) -> None:
    with pytest.raises(WalletError, match="not yours"):
        devices.unseal(text, KEY)
