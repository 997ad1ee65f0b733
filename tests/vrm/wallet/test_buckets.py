"""A wallet downloads whole buckets, the same ones whatever it owns, and finds all of its mail in them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as over
from hypothesis import strategies as st

from marketplace.disputes import service as disputes
from marketplace.tokens import service as tokens
from tests.support import (
    ClockedMarket,
    a_bid,
    a_key,
    a_request,
    a_vendor,
    an_acceptance,
    clocked_market,
)
from tests.support.databases import NewDatabase
from tests.support.writing import a_vendor_dispute
from tests.vrm.wallet.conftest import PASSPHRASE, URL, Wire, make_wallet
from tests.vrm.wallet.scenes import at, given
from tests.vrm.wallet.test_outcomes import post, signed
from tests.vrm.wallet.test_wallet import RULES
from vrm.client.customer import CustomerClient
from vrm.documents.mail import is_late_since
from vrm.documents.membership import DAY_SECONDS
from vrm.wallet import Wallet, disputing, mail, outcomes
from vrm.wallet.own import OwnRequest

SHOP = a_key("shop")


@pytest.fixture
async def market(tmp_path: Path, new_sqlite: NewDatabase) -> AsyncIterator[ClockedMarket]:
    """A market that divides its mail as soon as it can."""
    few: dict[str, Any] = {
        "tokens": {"allotment": {"new": 6}},
        "messages": {"days": 1},
        "ratings": {"answer_days": 1},
    }
    url, divided = new_sqlite(), {"bucket_minimum": 1}
    async with clocked_market(tmp_path / "market", url, mail=divided, **few) as one:
        await tokens.keep_keys(one.market)
        await one.store(a_vendor(one, SHOP))
        yield one


async def crowd(market: ClockedMarket, name: str, size: int) -> None:
    """Let others ask, so that mail is divided."""
    await market.store(*(a_request(market, a_key(f"{name} {at}")) for at in range(size)))


def copy_of(wallet: Wallet, home: Path) -> Wallet:
    """The same keys and tokens in another folder."""
    home.mkdir()
    for file in wallet.home.iterdir():
        (home / file.name).write_bytes(file.read_bytes())
        (home / file.name).chmod(0o600)
    return Wallet.open(home, PASSPHRASE)


async def test_what_a_wallet_downloads_does_not_depend_on_what_it_owns(
    tmp_path: Path, market: ClockedMarket, wire: Wire
) -> None:
    """The list of addresses, and their order, of a wallet with none, one and five requests; the first one has
    an old one, too, that it never sent."""
    wallet = make_wallet(tmp_path / "none", market.rules, at(market))
    wallets = [wallet, copy_of(wallet, tmp_path / "one"), copy_of(wallet, tmp_path / "five")]
    client = CustomerClient(URL, transport=wire, attempts=1)
    await crowd(market, "crowd", 80)
    old = a_request(market)
    with wallet.editing() as state:
        state.requests.append(OwnRequest(20_000, 0, old.digest, old.wire, "home"))
    own = []
    for one, count in zip(wallets, (0, 1, 5), strict=True):
        if count == 5:  # under other keys than the second wallet's request
            with one.editing() as state:
                state.epochs[0].spent = [0]
        own += [await post(one, client) for _ in range(count)]
    await market.publish()
    await market.store(*(a_bid(market, SHOP, signed(entry)) for entry in own))
    await market.publish()
    await market.reach_cutoff(signed(own[0]))
    asked = []
    for one in wallets:
        wire.asked.clear()
        async with client:
            await outcomes.sync(one, client)
            await mail.fetch(one, client)
        asked.append(list(wire.asked))
    assert asked[0] == asked[1] == asked[2]
    segments = {path for _, path in asked[0] if path.startswith("/mail/")}
    assert 1 < len(segments) < len(await market.items("/mail")), "some buckets, and not all"
    assert [len(one.read().requests) for one in wallets] == [1, 1, 5]
    assert all(len(entry.bids) == 1 for one in wallets[1:] for entry in one.read().requests)


async def test_a_wallet_that_knew_fewer_buckets_still_finds_everything(
    tmp_path: Path, market: ClockedMarket, wire: Wire
) -> None:
    wallet = make_wallet(tmp_path / "wallet", market.rules, at(market))
    client = CustomerClient(URL, transport=wire, attempts=1)
    entries = [await post(wallet, client) for _ in range(3)]
    await market.publish()
    for number, entry in enumerate(entries):
        await crowd(market, f"crowd {number}", 10 * 2**number)
        await market.store(a_bid(market, SHOP, signed(entry)))
        await market.publish()
        async with client:
            await mail.fetch(wallet, client)
    widths = [len(one["bucket"]) for one in await market.items("/mail")]
    assert widths[0] < widths[-1]
    assert [len(entry.bids) for entry in wallet.read().requests] == [1, 1, 1]


async def test_each_bucket_comes_over_a_connection_of_its_own(
    tmp_path: Path, market: ClockedMarket, wire: Wire
) -> None:
    """Else the connection would tell which buckets belong together."""
    wallet = make_wallet(tmp_path / "wallet", market.rules, at(market))
    await crowd(market, "crowd", 40)
    await market.publish()
    opened: list[int] = []

    class Counting(CustomerClient):
        def connection(self):  # type: ignore[no-untyped-def]
            opened.append(len(wire.asked))
            return super().connection()

    async with Counting(URL, transport=wire, attempts=1) as client:
        await mail.fetch(wallet, client)
    fetched = [at for at, (_, path) in enumerate(wire.asked) if path.startswith("/mail/")]
    assert len(fetched) > 1
    assert set(fetched) <= set(opened)


@over(
    st.integers(0, 8 * DAY_SECONDS), st.integers(0, DAY_SECONDS), st.integers(0, 200 * DAY_SECONDS)
)
def test_what_is_not_late_lies_where_the_wallet_looks(posts: int, waits: int, later: int) -> None:
    """Whenever its token was spent, and however long its batch and the mail's let it wait."""
    epoch = RULES.tokens.epoch_at(20_000 * DAY_SECONDS)
    published = epoch * DAY_SECONDS + posts + waits
    stored = published + later
    comes = stored + DAY_SECONDS
    assert published < is_late_since(RULES, stored) or epoch in mail.epochs_at(RULES, comes)


async def test_a_ruling_that_comes_late_reaches_its_customer_as_everybodys_mail(
    tmp_path: Path, market: ClockedMarket, wire: Wire
) -> None:
    """And a wallet that has asked for nothing downloads the same."""
    mine = make_wallet(tmp_path / "mine", market.rules, at(market))
    idle = copy_of(mine, tmp_path / "idle")
    client = CustomerClient(URL, transport=wire, attempts=1)
    entry = await post(mine, client)
    await market.publish()
    await market.store(a_bid(market, SHOP, signed(entry)))
    await market.reach_cutoff(signed(entry))
    assignment = (await given(market)).digest
    await market.store(an_acceptance(market, SHOP, assignment))
    await market.store(a_vendor_dispute(market, SHOP, signed(entry), assignment))
    async with client:
        for wallet in (mine, idle):
            await outcomes.sync(wallet, client)
            await mail.fetch(wallet, client)
    market.clock.advance(40 * DAY_SECONDS)
    await crowd(market, "crowd", 80)
    await market.publish()
    await disputes.rule(market.market, assignment, "vendor", "Nobody was at home.")
    await crowd(market, "others", 10)
    await market.publish()
    listed = await market.items("/mail")
    assert [one["messages"] for one in listed if not one["bucket"]][-1] == 1, "it lies by itself"
    asked = []
    for wallet in (mine, idle):
        wire.asked.clear()
        async with client:
            await mail.fetch(wallet, client)
        asked.append(list(wire.asked))
    assert asked[0] == asked[1]
    found = disputing.decision(mine.read().requests[0])
    assert found is not None
    assert found.finds_for == "vendor"
