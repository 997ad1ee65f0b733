"""A newcomer goes first only where the lot fell: the wallet draws it again."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given as over
from hypothesis import strategies as st

import crypto
from marketplace.tokens import service as tokens
from tests.support import ClockedMarket, clocked_market, forged
from tests.support.databases import NewDatabase
from tests.vrm.wallet.scenes import DAY, STROLLER, Play, followed, given, words
from vrm.client.customer import CustomerClient
from vrm.documents import lot
from vrm.wallet import Wallet
from vrm.wallet.own import OwnRequest

WISH = msgspec.structs.replace(STROLLER, newcomers=True)


@pytest.fixture(params=[1000, 0])
async def market(
    tmp_path: Path, new_sqlite: NewDatabase, request: pytest.FixtureRequest
) -> AsyncIterator[ClockedMarket]:
    """A market whose lot falls on every request that allows it, or on none."""
    share = {"share": request.param}
    async with clocked_market(tmp_path / "market", new_sqlite(), newcomers=share) as one:
        await tokens.keep_keys(one.market)
        yield one


@pytest.mark.parametrize("market", [1000], indirect=True)
async def test_a_newcomer_that_the_lot_lets_go_first(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play(WISH)
    entry = await followed(wallet, client)
    assert entry.assigned is not None
    assert entry.assigned.newcomer
    assert entry.fault is None


@pytest.mark.parametrize("market", [0], indirect=True)
async def test_a_newcomer_that_goes_first_without_the_lot(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play(WISH)
    wire = forged(await given(market), market.market.identity.key, newcomer=True)
    await market.execute("UPDATE assignments SET wire = :wire", wire=wire)
    _is_told(await followed(wallet, client), market)


@pytest.mark.parametrize("market", [1000], indirect=True)
async def test_a_seed_that_was_chosen_for_the_lot_to_fall(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    """It is not the next one of the chain whose end the wallet has known from the first."""
    await play(WISH)
    async with client:
        run = await client.run(DAY)
    assert run.report is not None
    wire = forged(run.report, market.market.identity.key, seed=crypto.base64url_encode(b"7" * 32))
    await market.execute("UPDATE runs SET report = :wire WHERE day = :day", wire=wire, day=DAY)
    _is_told(await followed(wallet, client), market)


def _is_told(entry: OwnRequest, market: ClockedMarket) -> None:
    assert "the lot did not fall on it" in words(entry, market)
    assert "against the market's rules" in words(entry, market)


@over(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_the_share_is_the_share(seed: bytes, request: bytes) -> None:
    named = crypto.base64url_encode(seed), crypto.base64url_encode(request)
    assert lot.is_drawn(*named, 1000)
    assert not lot.is_drawn(*named, 0)
    drawn = [lot.is_drawn(*named, share) for share in range(0, 1001, 50)]
    assert drawn == sorted(drawn)
