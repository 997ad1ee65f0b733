"""From a wallet's request to the run's outcome: bids come by mail, and the owner's order decides."""

from pathlib import Path

import pytest

from marketplace.tokens import service as tokens
from tests.support import ClockedMarket, a_bid, a_key, a_vendor
from tests.vrm.wallet.conftest import URL, Wire, make_wallet
from tests.vrm.wallet.scenes import at
from tests.vrm.wallet.test_outcomes import post, signed
from vrm.client.customer import CustomerClient
from vrm.documents import Alternative
from vrm.wallet import Wallet, explaining, mail, offers, outcomes
from vrm.wallet.own import OwnRequest
from vrm.wallet.wishes import Wish

WISH = Wish(
    title="Twin stroller", category="baby", at_most="250.00", delivery=("pickup",),
    policy="lowest-price",
)  # fmt: skip
CHEAP, DEAR, OTHER = a_key("cheap"), a_key("dear"), a_key("other")
NAMES = {CHEAP.did: "cheap", DEAR.did: "dear", OTHER.did: "other"}


@pytest.fixture
def client(market: ClockedMarket) -> CustomerClient:
    return CustomerClient(URL, transport=Wire(market), attempts=1)


@pytest.fixture
async def wallet(tmp_path: Path, market: ClockedMarket) -> Wallet:
    await tokens.keep_keys(market.market)
    return make_wallet(tmp_path / "wallet", market.rules, at(market))


async def play(
    market: ClockedMarket,
    wallet: Wallet,
    client: CustomerClient,
    *,
    listed: tuple[str, ...] = (),
    struck_out: tuple[str, ...] = (),
    only_listed: bool = False,
) -> OwnRequest:
    """A day with a cheap bid, a dear one, and a cheaper one on something else; the owner has a say."""
    await market.store(*(a_vendor(market, key) for key in (CHEAP, DEAR, OTHER)))
    entry = await post(wallet, client, WISH)
    await market.publish()
    something = Alternative(title="Single stroller")
    await market.store(
        a_bid(market, CHEAP, signed(entry), price={"amount": 20_000}),
        a_bid(market, DEAR, signed(entry), price={"amount": 24_000}),
        a_bid(market, OTHER, signed(entry), price={"amount": 10_000}, alternative=something),
    )
    await market.publish()
    async with client:
        await outcomes.sync(wallet, client)
        [entry] = (await mail.fetch(wallet, client)).state.requests
        shown = (await offers.judge(client, [entry]))[entry.digest].good
        named = {NAMES[offer.bid.vendor]: offer.digest for offer in shown}
        assert len(named) == 3
        if listed or struck_out or only_listed:
            await offers.prefer(
                wallet,
                client,
                entry,
                listed=[named[name] for name in listed],
                struck_out=[named[name] for name in struck_out],
                only_listed=only_listed,
            )
        await market.reach_cutoff(signed(entry))
        [entry] = (await outcomes.sync(wallet, client)).requests
    assert entry.fault is None
    return entry


def winner(entry: OwnRequest) -> str | None:
    return NAMES[entry.assigned.vendor] if entry.assigned else entry.reason


async def test_nobody_says_anything_and_the_policy_decides(
    market: ClockedMarket, wallet: Wallet, client: CustomerClient
) -> None:
    assert winner(await play(market, wallet, client)) == "cheap"


async def test_the_owners_order_decides(
    market: ClockedMarket, wallet: Wallet, client: CustomerClient
) -> None:
    entry = await play(market, wallet, client, listed=("dear",))
    assert winner(entry) == "dear"
    assert "Your own order decided" in " ".join(
        explaining.in_words(entry, market.rules, at(market))
    )


async def test_what_is_struck_out_loses(
    market: ClockedMarket, wallet: Wallet, client: CustomerClient
) -> None:
    assert winner(await play(market, wallet, client, struck_out=("cheap",))) == "dear"


async def test_something_else_wins_when_it_is_listed(
    market: ClockedMarket, wallet: Wallet, client: CustomerClient
) -> None:
    assert winner(await play(market, wallet, client, listed=("other", "cheap"))) == "other"


async def test_nothing_but_what_is_listed(
    market: ClockedMarket, wallet: Wallet, client: CustomerClient
) -> None:
    entry = await play(
        market, wallet, client, struck_out=("cheap", "dear", "other"), only_listed=True
    )
    assert winner(entry) == "none-eligible"
