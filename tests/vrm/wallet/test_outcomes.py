"""From a posted request to what became of it, as a wallet learns it from public lists."""

from pathlib import Path

import httpx
import msgspec
import pytest

from marketplace.moderation import service as moderation
from tests.support import ClockedMarket, a_bid, a_key, a_place, a_request, a_vendor
from tests.vrm.client.test_base import Script, problem
from tests.vrm.wallet.conftest import URL, Wire, make_wallet
from tests.vrm.wallet.scenes import at
from vrm.client.cascade import Unfilled
from vrm.client.customer import CustomerClient
from vrm.client.public import Batch
from vrm.documents import Assignment, PersonalRequest, Signed
from vrm.errors import MarketRefused, MarketUnreachable, WalletError
from vrm.wallet import Wallet, explaining, mail, outcomes, requests
from vrm.wallet.own import OwnRequest
from vrm.wallet.receipts import Held
from vrm.wallet.wishes import Wish

STROLLER = Wish(title="Twin stroller", category="baby", at_most="250.00", delivery=("pickup",))


async def post(wallet: Wallet, client: CustomerClient, wish: Wish = STROLLER) -> OwnRequest:
    async with client:
        entry = requests.prepare(wallet, wish, await client.descriptor())
        return await requests.send(wallet, client, entry)


async def status(wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> str:
    async with client:
        state = await outcomes.sync(wallet, client)
    return state.requests[-1].status(at(market))


def signed(entry: OwnRequest) -> Signed[PersonalRequest]:
    return Signed(entry.body, entry.digest, entry.wire)


async def test_a_request_on_its_way_to_an_assignment(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    shop, dear = a_key("shop"), a_key("dear shop")
    await market.store(a_vendor(market, shop), a_vendor(market, dear, name="Dear Shop"))
    entry = await post(wallet, client)
    assert entry.status(at(market)) == "pending"
    assert await status(wallet, client, market) == "pending"
    await market.publish()
    assert await status(wallet, client, market) == "published"
    await market.store(
        a_bid(market, shop, signed(entry)),
        a_bid(market, dear, signed(entry), price={"amount": 25000}),
    )
    await market.reach_cutoff(signed(entry))
    assert await status(wallet, client, market) == "assigned"

    kept = wallet.read().requests[0]
    assert kept.assigned is not None
    assert kept.assigned.vendor == shop.did
    words = " ".join(explaining.in_words(kept, market.rules, at(market)))
    assert "237.50 EUR" in words
    assert "best of 2 bids" in words
    async with client:
        others = await explaining.runners_up(client, kept.assigned, market.rules)
    assert others[0].startswith("The vendor is Kinderladen Beispiel")
    assert others[1].startswith("Runner-up 1: Dear Shop, 250.00 EUR")


async def test_each_reason_for_staying_unfilled(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    shop = a_key("shop")
    full = a_vendor(market, shop, places=(a_place(capacity=1),))
    await market.store(full)
    first, second, third = [await post(wallet, client) for _ in range(3)]
    await market.publish()
    await market.store(*(a_bid(market, shop, signed(entry)) for entry in (first, second)))
    await market.reach_cutoff(signed(third))
    async with client:
        state = await outcomes.sync(wallet, client)
    found = sorted((entry.status(at(market)), entry.reason) for entry in state.requests)
    assert found == [("assigned", None), ("unfilled", "capacity"), ("unfilled", "no-bids")]
    for entry in state.requests:
        assert explaining.in_words(entry, market.rules, at(market))


async def test_a_withdrawn_request(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await post(wallet, client)
    await market.publish()
    async with client:
        entry = await requests.withdraw(wallet, client, entry)
    assert entry.status(at(market)) == "withdrawing"
    await market.publish()
    assert await status(wallet, client, market) == "withdrawn"
    await market.reach_cutoff()
    assert await status(wallet, client, market) == "withdrawn"
    async with client:
        with pytest.raises(WalletError, match="already"):
            await requests.withdraw(wallet, client, wallet.read().requests[0])


async def test_a_request_that_the_operator_hid(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """No run takes it, by a signed decision: that is no fault of the market's."""
    entry = await post(wallet, client)
    await market.publish()
    await moderation.decide(market.market, entry.digest, "Names a neighbour.", hidden=True)
    assert await status(wallet, client, market) == "hidden"
    await market.store(a_request(market))
    await market.publish()
    await market.reach_cutoff(signed(entry))
    assert await status(wallet, client, market) == "hidden"
    [kept] = wallet.read().requests
    words = explaining.in_words(kept, market.rules, at(market))
    assert "Names a neighbour." in words[0]
    await moderation.decide(market.market, entry.digest, "The neighbour agreed.", hidden=False)
    assert await status(wallet, client, market) == "published"


# --- what a market might do ---


async def test_a_promise_that_was_broken(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await post(wallet, client)
    await market.execute("DELETE FROM pending")
    await market.store(a_request(market))
    await market.reach_cutoff()
    async with client:
        state = await outcomes.sync(wallet, client)
    kept = state.requests[0]
    assert kept.status(at(market, 120)) == "promise-broken"
    assert kept.publish_by == entry.publish_by
    assert "promised" in explaining.in_words(kept, market.rules, at(market, 120))[0]


async def test_a_request_that_the_run_dropped(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await post(wallet, client)
    await market.publish()
    await market.reach_cutoff(signed(entry))
    await market.execute("DELETE FROM unfilled")
    assert await status(wallet, client, market) == "market-at-fault"
    words = explaining.in_words(wallet.read().requests[0], market.rules, at(market))
    assert "lists it nowhere" in words[0]


async def test_a_request_is_not_due_before_its_minimum_open_time(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await market.store(a_request(market))
    await market.publish()
    market.clock.advance(3 * 3600)
    await post(wallet, client)
    await market.publish()
    await market.reach_cutoff()  # of the older one; this one has been open for too short a time
    assert await status(wallet, client, market) == "published"


async def test_a_withdrawal_that_the_owner_never_signed(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await post(wallet, client)
    first = Batch("2026-11-20T09:00:00Z", (entry.digest,), (), 0, 1)
    second = Batch("2026-11-20T10:00:00Z", (), (entry.digest,), 1, 1)
    held = [Held(first, {entry.digest: 0}), Held(second, {entry.digest: 1})]
    outcomes.match_batches(entry, held)
    assert entry.withdrawn_at is None
    assert entry.status(at(market)) == "market-at-fault"
    assert "signed no withdrawal" in explaining.in_words(entry, market.rules, at(market))[0]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"amount": 25_001}, "over the ceiling"),
        ({"currency": "USD"}, "another currency"),
        ({"delivery": "ship"}, "did not ask for"),
        ({"distance_m": 25_001}, "farther away"),
        ({"newcomer": True}, "newcomer first, which you did not allow"),
    ],
)
async def test_an_assignment_beyond_the_request(
    wallet: Wallet,
    client: CustomerClient,
    market: ClockedMarket,
    change: dict[str, object],
    fault: str,
) -> None:
    entry = await post(wallet, client)
    facts: dict[str, object] = {
        "market": market.did, "day": "2026-11-20", "tick": 0,
        "accept_by": "2026-11-21T17:00:00Z", "request": entry.digest, "bid": "A" * 43,
        "vendor": market.did, "place": "main", "amount": 25_000, "currency": "EUR",
        "delivery": "pickup", "distance_m": 25_000, "band": 16, "rank": 1, "eligible": 1,
        "reserve": (),
    }  # fmt: skip
    within, beyond = Assignment(**facts), Assignment(**(facts | change))  # type: ignore[arg-type]
    assert outcomes.beyond_request(within, entry.body) is None
    outcomes.match_outcome(entry, Signed(beyond, "B" * 43, b"{}"), None)
    assert fault in (entry.fault or "")
    assert entry.status(at(market)) == "market-at-fault"
    assert entry.assignment is None


async def test_another_wallets_outcome_changes_nothing(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await post(wallet, client)
    outcomes.match_outcome(entry, None, None)
    assert entry.status(at(market)) == "pending"
    outcomes.match_outcome(entry, None, ("2026-11-20", Unfilled(entry.digest, "no-bids")))
    assert entry.status(at(market)) == "unfilled"


async def test_the_market_cannot_see_whose_requests_are_whose(
    tmp_path: Path, wallet: Wallet, client: CustomerClient, wire: Wire, market: ClockedMarket
) -> None:
    """Two wallets, one with requests of its own and one without, ask for exactly the same."""
    idle = make_wallet(tmp_path / "idle", market.rules, at(market))
    entry = await post(wallet, client)
    await market.publish()
    await market.reach_cutoff(signed(entry))
    asked = []
    for each in (wallet, idle):
        wire.asked.clear()
        async with client:
            await outcomes.sync(each, client)
        asked.append(list(wire.asked))
    assert asked[0] == asked[1]
    assert not any(entry.digest in path for _, path in asked[0])
    assert {method for method, _ in asked[0]} == {"GET"}


# --- a line that breaks ---


async def test_a_lost_answer_never_makes_two_requests(
    wallet: Wallet, client: CustomerClient, wire: Wire, market: ClockedMarket
) -> None:
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await post(wallet, client)
    kept = wallet.read().requests[0]
    assert kept.status(at(market)) == "unsent"
    wire.loses_answers = False
    async with client:
        again = await requests.send(wallet, client, kept)
    assert again.status(at(market)) == "pending"
    assert await market.publish() == 1


async def test_a_lost_answer_can_still_be_withdrawn(
    wallet: Wallet, client: CustomerClient, wire: Wire, market: ClockedMarket
) -> None:
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await post(wallet, client)
    wire.loses_answers = False
    async with client:
        entry = await requests.withdraw(wallet, client, wallet.read().requests[0])
    assert entry.withdrawal is not None
    assert await market.publish() == 2


async def test_a_request_that_never_arrived_is_forgotten(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = requests.prepare(wallet, STROLLER, market.rules)
    async with client:
        await requests.withdraw(wallet, client, entry)
    assert wallet.read().requests == []


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (httpx.Response(403, json={"message": "blocked by a firewall"}), "unsent"),
        (problem(403, "blocked"), "refused"),
        (problem(422, "needed-by-too-soon"), "refused"),
    ],
)
async def test_a_refusal_after_a_lost_answer_hides_no_live_request(
    wallet: Wallet, market: ClockedMarket, answer: httpx.Response, status: str
) -> None:
    """The first attempt may have been taken, whoever answers the second one."""
    script = Script(
        httpx.Response(200, content=market.market.descriptor.wire), httpx.ReadError("lost"), answer
    )
    entry = requests.prepare(wallet, STROLLER, market.rules)
    async with CustomerClient(URL, transport=script, attempts=2) as hostile:
        with pytest.raises((MarketRefused, MarketUnreachable)):
            await requests.send(wallet, hostile, entry)
    [kept] = wallet.read().requests
    assert kept.status(at(market)) == status
    assert explaining.in_words(kept, market.rules, at(market))
    batch = Batch("2026-11-20T09:00:00Z", (kept.digest,), (), 0, 1)
    outcomes.match_batches(kept, [Held(batch, {kept.digest: 0})])
    assert kept.status(at(market)) == "published", "it is followed all the same"


async def test_a_post_that_fails_burns_no_token(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """The market has not taken it, so the next request takes its token."""
    late = msgspec.structs.replace(STROLLER, needed_by="2026-11-20T08:15:00Z")
    with pytest.raises(MarketRefused) as caught:
        await post(wallet, client, late)
    assert caught.value.code == "needed-by-too-soon"
    assert wallet.read().requests == []
    assert (await post(wallet, client)).index == 0
    assert (await post(wallet, client)).index == 1


async def test_a_token_that_another_device_spent(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """The wallet that did not know is told so once; the next request takes the next token."""
    await post(wallet, client)
    with wallet.editing() as state:
        state.requests.clear()
    with pytest.raises(MarketRefused) as caught:
        await post(wallet, client, msgspec.structs.replace(STROLLER, title="Stroller for two"))
    assert caught.value.code == "pseudonym-reused"
    assert wallet.read().requests == []
    assert (await post(wallet, client)).index == 1


@pytest.mark.parametrize("code", ["pseudonym-reused", "unknown-category"])
async def test_a_request_that_the_market_takes_and_says_it_refused(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire, code: str
) -> None:
    """Its owner would ask anew under another pseudonym, and the market know two requests of one author."""

    class Denying(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await wire.handle_async_request(request)
            return answer if request.method == "GET" else problem(422, code)

    with pytest.raises(MarketRefused):
        await post(wallet, CustomerClient(URL, transport=Denying(), attempts=1))
    assert wallet.read().requests == []
    await market.publish()
    async with client as connected:
        await mail.fetch(wallet, connected)
    assert await status(wallet, client, market) == "published"
