"""A round does what is due, says what is new, and ties nothing together that belongs apart."""

import json
from pathlib import Path

import httpx
import pytest

from tests.support import ClockedMarket, a_bid, a_key, a_question, a_vendor
from tests.support.tokens import issuer_key
from tests.vrm.client.test_base import problem
from tests.vrm.wallet.conftest import URL, Wire, bare_wallet
from tests.vrm.wallet.scenes import STROLLER, at, signed
from vrm.client.customer import CustomerClient
from vrm.errors import MarketUnreachable
from vrm.wallet import Wallet, membership, requests, rounds
from vrm.wallet.rounds import Round
from vrm.wallet.state import OwnMembership

SHOP = a_key("shop")


async def a_round(wallet: Wallet, client: CustomerClient) -> Round:
    async with client:
        return await rounds.go(wallet, client)


def words(done: Round) -> list[str]:
    return [change.words for change in done.changes]


async def test_a_round_says_once_what_is_new(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await market.store(a_vendor(market, SHOP))
    entry = requests.prepare(wallet, STROLLER, market.rules)
    assert words(await a_round(wallet, client)) == ["Twin stroller: pending (was unsent)"]
    await market.publish()
    assert words(await a_round(wallet, client)) == ["Twin stroller: published (was pending)"]
    await market.store(a_bid(market, SHOP, signed(entry)), a_question(market, SHOP, signed(entry)))
    await market.publish()
    done = await a_round(wallet, client)
    assert words(done) == ["Twin stroller: new bids: 1", "Twin stroller: new questions: 1"]
    assert "the last moment to order its 1 bids" in done.deadlines[1].words
    assert {change.request for change in done.changes} == {entry.digest}
    again = await a_round(wallet, client)
    assert (again.changes, again.troubles) == ([], [])
    await market.reach_cutoff(signed(entry))
    assert words(await a_round(wallet, client)) == ["Twin stroller: assigned (was published)"]


async def test_a_promise_that_breaks_between_two_rounds_is_new(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    requests.prepare(wallet, STROLLER, market.rules)
    await a_round(wallet, client)
    market.clock.advance(2 * 86_400)  # and nothing is published
    assert words(await a_round(wallet, client)) == ["Twin stroller: promise-broken (was pending)"]


async def test_a_round_that_drew_tokens_posts_nothing(
    tmp_path: Path, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """Who draws and posts within one minute is easy to guess."""
    await issuer_key(market.market)
    wallet = bare_wallet(tmp_path / "wallet", market.rules, at(market))
    async with client:
        await membership.join(wallet, client, at(market))
    assert words(await a_round(wallet, client)) == ["16 posting tokens were drawn."]
    requests.prepare(wallet, STROLLER, market.rules)
    market.clock.advance(7 * 86_400)
    await issuer_key(market.market)
    wire.asked.clear()
    assert words(await a_round(wallet, client))[0] == "16 posting tokens were drawn."
    await a_round(wallet, client)
    assert ("POST", "/requests") not in wire.asked
    market.clock.advance(membership.QUIET_SECONDS)
    await a_round(wallet, client)
    assert ("POST", "/requests") in wire.asked


async def test_what_the_market_refuses_does_not_keep_the_rest_from_being_done(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """A member that the market does not know draws nothing; its mail is read all the same."""
    with wallet.editing() as state:
        state.membership = OwnMembership(chain=[], tier="new")
        state.epochs = []
    done = await a_round(wallet, client)
    assert len(done.troubles) == 1
    assert wallet.read().looked_at is not None


@pytest.mark.parametrize("status", [403, 500])
async def test_a_member_that_is_refused_again_and_again(
    wallet: Wallet, market: ClockedMarket, wire: Wire, status: int
) -> None:
    """Its name was heard in each round: what it put off is posted all the same, in a round without a name."""

    class Refusing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await wire.handle_async_request(request)
            return problem(status, "refused") if "signature" in request.headers else answer

    with wallet.editing() as state:
        state.membership = OwnMembership(chain=[], tier="new")
    market.clock.advance(7 * 86_400)  # so that a draw is due
    await issuer_key(market.market)
    requests.prepare(wallet, STROLLER, market.rules)
    named, posted = [], []
    for _ in range(6):
        wire.asked.clear()
        await a_round(wallet, CustomerClient(URL, transport=Refusing(), attempts=1))
        named.append(("GET", "/members/self") in wire.asked)
        posted.append(("POST", "/requests") in wire.asked)
        market.clock.advance(membership.QUIET_SECONDS - 60)
    assert named == [True, False, False, True, False, False]
    assert posted == [False, False, True, False, False, False]


async def test_a_market_that_fails_one_pseudonym_sees_nobody_fall_silent_with_it(
    wallet: Wallet, market: ClockedMarket, wire: Wire
) -> None:
    """It would know that whoever does is the same person."""
    entries = [requests.prepare(wallet, STROLLER, market.rules) for _ in range(3)]
    asked: set[str] = set()

    class Failing(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if request.method != "POST":
                return await wire.handle_async_request(request)
            pseudonym = json.loads(await request.aread())["pseudonym"]
            asked.add(pseudonym)
            if pseudonym == entries[0].body.pseudonym:
                return httpx.Response(500, request=request)
            return await wire.handle_async_request(request)

    done = await a_round(wallet, CustomerClient(URL, transport=Failing(), attempts=1))
    assert asked == {entry.body.pseudonym for entry in entries}
    assert len(done.troubles) == 1
    assert [entry.promise is not None for entry in wallet.read().requests] == [False, True, True]


async def test_a_wallet_that_slept_longer_than_mail_is_kept_is_told(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await a_round(wallet, client)
    market.clock.advance(31 * 86_400)
    [told] = words(await a_round(wallet, client))
    assert "what is older is lost" in told


class Enough(Exception):
    """The test has seen enough."""


async def test_a_watching_wallet_looks_a_while_after_each_batch_instant(
    wallet: Wallet, market: ClockedMarket, wire: Wire
) -> None:
    class Line(httpx.AsyncBaseTransport):
        broken = False

        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if self.broken:
                raise httpx.ConnectError("no line")
            return await wire.handle_async_request(request)

    line, slept = Line(), list[float]()
    done, failed = list[Round](), list[MarketUnreachable]()

    async def sleep(seconds: float) -> None:
        slept.append(seconds)
        line.broken = len(slept) == 1
        if len(slept) == 3:
            raise Enough

    with pytest.raises(Enough):
        await rounds.watch(
            wallet,
            lambda: CustomerClient(URL, transport=line, attempts=1),
            done.append,
            failed.append,
            sleep,
        )
    assert (len(done), len(failed)) == (2, 1)
    to_batch = 3600 - market.clock.now % 3600
    assert all(to_batch <= seconds <= to_batch + rounds.LATEST for seconds in (slept[0], slept[2]))
    assert slept[0] != slept[2]
