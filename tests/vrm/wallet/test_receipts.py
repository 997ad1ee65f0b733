"""The batches against the log, as a wallet holds them: what convicts a market, and what it keeps of it."""

import hashlib
from datetime import timedelta

import httpx
import pytest

from crypto import checkpoint
from crypto.checkpoint import Checkpoint
from crypto.note import Verifier
from tests.support import ClockedMarket, a_request
from tests.vrm.wallet.conftest import URL, Wire
from tests.vrm.wallet.scenes import at
from tests.vrm.wallet.test_outcomes import post
from vrm.client.customer import CustomerClient
from vrm.documents import Promise, read
from vrm.wallet import Wallet, explaining, outcomes, requests
from vrm.wallet.state import LogFinding, State


async def sync(wallet: Wallet, client: CustomerClient) -> State:
    async with client:
        return await outcomes.sync(wallet, client)


async def findings(wallet: Wallet, client: CustomerClient) -> list[LogFinding]:
    return (await sync(wallet, client)).log_findings


async def test_the_receipt_of_a_request_is_its_leaf_in_the_batch(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    entry = await post(wallet, client)
    await market.store(*(a_request(market) for _ in range(4)))
    await market.publish()
    wire.asked.clear()
    state = await sync(wallet, client)
    [kept] = state.requests
    view = await market.get(f"/log/inclusion/{entry.digest}")
    assert kept.leaf == view["index"]
    assert state.log_head == view["checkpoint"]
    assert state.log_findings == []
    assert not [path for _, path in wire.asked if entry.digest in path or "inclusion" in path]
    words = " ".join(explaining.in_words(kept, market.rules, at(market)))
    assert f"leaf {kept.leaf} of the market's log" in words
    assert (kept.crowd, "together with 4 others" in words) == (5, True), "the crowd is told"


async def test_every_batch_is_read_and_only_once(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """Whether it holds a request of the wallet's or not: what is asked for tells nothing."""
    await market.store(a_request(market))
    await market.publish()
    await sync(wallet, client)
    assert [path for _, path in wire.asked if "/tile/entries/" in path]
    wire.asked.clear()
    await sync(wallet, client)
    assert not [path for _, path in wire.asked if "/tile/" in path]


async def test_a_dropped_request_is_shown_by_its_promise(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await post(wallet, client)
    await market.execute("DELETE FROM pending")
    await market.store(a_request(market))
    await market.reach_cutoff()
    [kept] = (await sync(wallet, client)).requests
    assert kept.status(at(market, 120)) == "promise-broken"
    [promise] = [read(wire, Promise) for wire in kept.promises]
    assert (promise.body.document, promise.body.market) == (entry.digest, market.did)


async def test_a_withdrawal_that_its_batch_lists_and_the_log_does_not_hold(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await post(wallet, client)
    await market.publish()
    async with client:
        entry = await requests.withdraw(wallet, client, entry)
    await market.publish()
    await market.execute("UPDATE batches SET first_leaf = 0, leaves = 1 WHERE withdrawals > 0")
    [kept] = (await sync(wallet, client)).requests
    assert kept.withdrawn_at is None
    assert kept.status(at(market, 86_400)) == "promise-broken"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ("first_leaf = 0, leaves = 1", "missing"),
        ("first_leaf = first_leaf + 1", "range"),
        ("leaves = 1000000", "range"),
        ("first_leaf = NULL", "missing"),
    ],
)
async def test_a_batch_that_lists_a_request_which_the_log_does_not_hold(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, change: str, code: str
) -> None:
    await market.store(a_request(market))
    await market.publish()
    await sync(wallet, client)
    entry = await post(wallet, client)
    await market.publish()
    await market.execute(f"UPDATE batches SET {change} WHERE first_leaf > 0")  # noqa: S608
    state = await sync(wallet, client)
    [kept] = state.requests
    assert kept.status(at(market)) == "pending"
    [found] = state.log_findings
    assert found.code == code
    assert found.notes == (state.log_head,)
    assert await findings(wallet, client) == [found], "it is told once"
    later = timedelta(days=2)
    assert kept.status(at(market) + later) == "promise-broken"
    assert kept.digest == entry.digest


async def test_the_other_batches_count_where_one_is_at_fault(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    first = await post(wallet, client)
    await market.publish()
    second = await post(wallet, client)
    await market.publish()
    await market.execute(
        "UPDATE batches SET first_leaf = NULL WHERE instant = (SELECT min(instant) FROM batches)"
    )
    state = await sync(wallet, client)
    found = {entry.digest: entry.leaf is not None for entry in state.requests}
    assert found == {first.digest: False, second.digest: True}


async def test_a_log_that_was_rolled_back(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await post(wallet, client)
    await market.publish()
    kept = (await sync(wallet, client)).log_head
    await market.store(a_request(market))
    await market.publish()
    newer = (await sync(wallet, client)).log_head
    await market.execute(
        "DELETE FROM log_checkpoints WHERE size = (SELECT max(size) FROM log_checkpoints)"
    )
    state = await sync(wallet, client)
    [found] = state.log_findings
    assert (found.code, found.notes) == ("rollback", (newer, kept))
    assert state.log_head == newer, "the head that convicts stays"


async def test_a_log_that_is_gone(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await post(wallet, client)
    await market.publish()
    head = (await sync(wallet, client)).log_head
    await market.execute("DELETE FROM log_checkpoints")
    [found] = await findings(wallet, client)
    assert (found.code, found.notes) == ("rollback", (head,))


async def test_two_checkpoints_of_one_size(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await post(wallet, client)
    await market.publish()
    head = (await sync(wallet, client)).log_head
    verifier = Verifier.parse(market.rules.log)
    true = checkpoint.verify(head, verifier)[0]
    other = Checkpoint(true.origin, true.size, hashlib.sha256(b"another day").digest())
    shown = other.sign(market.market.identity.log_key)
    await market.execute("UPDATE log_checkpoints SET note = :note", note=shown)
    [found] = await findings(wallet, client)
    assert (found.code, found.notes) == ("fork", (head, shown))
    roots = {checkpoint.verify(note, verifier)[0].root for note in found.notes}
    assert len(roots) == 2, "both are signed by the log: anybody can see it"


async def test_files_that_are_not_those_of_the_signed_head(
    wallet: Wallet, market: ClockedMarket, wire: Wire
) -> None:
    class Changed(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            answer = await wire.handle_async_request(request)
            if "/tile/entries/" not in request.url.path:
                return answer
            body = bytearray(await answer.aread())
            body[-1] ^= 1
            return httpx.Response(200, headers=answer.headers, content=bytes(body))

    hostile = CustomerClient(URL, transport=Changed(), attempts=1)
    await post(wallet, CustomerClient(URL, transport=wire, attempts=1))
    await market.publish()
    state = await sync(wallet, hostile)
    [found] = state.log_findings
    assert found.code == "inclusion"
    assert state.requests[0].status(at(market)) == "pending"
