"""A monitor against a market that keeps its word, and against each way of breaking it."""

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import httpx
import pytest

from crypto import checkpoint
from crypto.checkpoint import Checkpoint
from crypto.note import Verifier
from marketplace.descriptor import service as descriptor
from marketplace.log import service as log
from marketplace.monitor.rounds import GRACE, first_look, look
from marketplace.monitor.state import Alarm, Watched
from marketplace.runs import service as runs
from tests.marketplace.cascade.scenes import DAY, VENDORS, assignments, contested, decline
from tests.support import ClockedMarket, a_bid, a_request
from vrm.client.public import PublicClient
from vrm.documents import Receipt, Signed, sign
from vrm.documents.scalars import format_instant


@pytest.fixture
async def client(market: ClockedMarket) -> AsyncIterator[PublicClient]:
    transport = httpx.ASGITransport(cast(Any, market.app))
    async with PublicClient("https://market.test", transport=transport, attempts=1) as one:
        yield one


@pytest.fixture
async def watched(market: ClockedMarket, client: PublicClient) -> Watched:
    """A monitor that has seen an honest day."""
    await descriptor.announce(market.market)
    (request,) = await contested(market)
    await market.reach_cutoff(request)
    await log.grow(market.market)
    watched = await first_look(client)
    assert await alarms(market, client, watched) == []
    return watched


async def alarms(
    market: ClockedMarket, client: PublicClient, watched: Watched, **given: Any
) -> list[Alarm]:
    now = datetime.fromtimestamp(market.clock.now, UTC)
    return (await look(client, watched, now, **given)).alarms


def codes(found: list[Alarm]) -> set[tuple[str, str]]:
    return {(alarm.code, alarm.subject) for alarm in found}


async def another(market: ClockedMarket) -> None:
    """Let the log grow by one honest document."""
    await market.store(a_request(market))
    await market.publish()


def receipt_of(market: ClockedMarket, document: str, logged_by: int) -> Signed[Receipt]:
    body = Receipt(
        market=market.did,
        document=document,
        document_type="Bid",
        logged_by=format_instant(datetime.fromtimestamp(logged_by, UTC)),
    )
    return sign(body, market.market.identity.key)


async def test_an_honest_market_raises_no_alarm(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    assert watched.days == {"2026-11-20": 0, DAY: 0}
    [given] = await assignments(market)
    await decline(market, given)
    await market.reach_tick()
    await another(market)
    assert await alarms(market, client, watched) == []
    assert watched.days[DAY] == 1, "a day is verified again with its ticks"
    assert (
        watched.held == checkpoint.Checkpoint.parse(watched.head.partition("\n\n")[0] + "\n").size
    )
    assert watched.history == []


@pytest.mark.on_postgresql
async def test_checkpoint_rolled_back(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    await another(market)
    assert await alarms(market, client, watched) == []
    kept = watched.head
    await market.execute(
        "DELETE FROM log_checkpoints WHERE size = (SELECT max(size) FROM log_checkpoints)"
    )
    [alarm] = await alarms(market, client, watched)
    assert (alarm.code, alarm.subject) == ("rollback", "log")
    assert alarm.notes[0] == kept
    assert watched.head == kept, "the head that convicts stays"
    assert [raised.alarm for raised in watched.history] == [alarm]
    assert await alarms(market, client, watched) == [alarm]
    assert len(watched.history) == 1, "it is told once"


@pytest.mark.on_postgresql
async def test_log_truncated(market: ClockedMarket, client: PublicClient, watched: Watched) -> None:
    """The head is there, and the files that it stands for are not."""
    await another(market)
    await market.execute("DELETE FROM log_leaves WHERE number >= 3")
    found = await alarms(market, client, watched)
    assert ("consistency", "log") in codes(found)
    assert watched.head in found[0].notes


@pytest.mark.on_postgresql
async def test_files_of_the_log_that_are_gone(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    watched.held = 0
    await market.execute("UPDATE log_leaves SET number = number + 1000 WHERE number = 2")
    found = await alarms(market, client, watched)
    assert ("tile", "log") in codes(found)


async def test_log_that_is_gone(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    for table in ("log_checkpoints", "log_leaves", "log_tiles"):
        await market.execute(f"DELETE FROM {table}")  # noqa: S608 - a name above
    found = await alarms(market, client, watched)
    assert ("rollback", "log") in codes(found)


async def test_two_checkpoints_of_one_size_are_found_by_comparing_two_monitors(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    """A split view: each monitor alone sees a log that only grows."""
    true = checkpoint.verify(watched.head, Verifier.parse(market.rules.log))[0]
    root = hashlib.sha256(b"another day").digest()
    shown = Checkpoint(true.origin, true.size, root).sign(market.market.identity.log_key)
    found = await alarms(market, client, watched, others=[watched.head, shown])
    assert codes(found) == {("split-view", "log")}
    assert set(found[0].notes) == {watched.head, shown}
    await another(market)
    found = await alarms(market, client, watched, others=[shown])
    assert codes(found) == {("split-view", "log")}, "a longer log does not hide it"


async def test_monitors_that_saw_one_log_at_two_moments_agree(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    earlier = watched.head
    await another(market)
    assert await alarms(market, client, watched, others=[earlier]) == []


async def test_missing_receipt(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    held = (await market.items(f"/runs/{DAY}/bids"))[0]["bid"]
    now = market.clock.now
    dropped = a_bid(market, VENDORS[0], a_request(market)).digest
    given = [receipt_of(market, held, now), receipt_of(market, dropped, now)]
    assert await alarms(market, client, watched, receipts=given) == []
    market.clock.advance(int(GRACE.total_seconds()) + 1)
    [alarm] = await alarms(market, client, watched, receipts=given)
    assert (alarm.code, alarm.subject) == ("missing-receipt", dropped)
    assert watched.found == [held]


async def test_late_freeze(market: ClockedMarket, client: PublicClient, watched: Watched) -> None:
    market.clock.set("2026-11-22T17:09:00Z")
    assert await alarms(market, client, watched) == []
    market.clock.set("2026-11-22T17:11:00Z")
    assert codes(await alarms(market, client, watched)) == {("late-freeze", "2026-11-22T17:00:00Z")}
    await runs.open_due_runs(market.market)  # it has its run, and no freeze
    assert codes(await alarms(market, client, watched)) == {("late-freeze", "2026-11-22")}
    await runs.close_days(market.market)
    await log.grow(market.market)
    assert await alarms(market, client, watched) == []


@pytest.mark.on_postgresql
async def test_freeze_checkpoint_that_is_not_in_the_log(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    size = (await market.get(f"/runs/{DAY}"))["report"]["log_size"]
    root = hashlib.sha256(b"another day").digest()
    origin = market.market.identity.log.name
    forged = Checkpoint(origin, size, root).sign(market.market.identity.log_key)
    await another(market)
    await market.execute("UPDATE log_checkpoints SET note = :n WHERE size = :s", n=forged, s=size)
    found = codes(await alarms(market, client, watched))
    assert ("late-freeze", DAY) in found


@pytest.mark.on_postgresql
async def test_freeze_checkpoint_that_is_not_the_report_s(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    other = "(SELECT max(size) FROM log_checkpoints)"
    await market.execute(f"UPDATE runs SET log_size = {other} WHERE day = :d", d=DAY)  # noqa: S608
    assert ("freeze", DAY) in codes(await alarms(market, client, watched))


async def test_gap_in_the_chain_of_seeds(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    for _ in range(2):
        await market.reach_cutoff()
        await log.grow(market.market)
    hidden = "2026-11-22"
    await market.execute("UPDATE runs SET report = NULL WHERE day = :d", d=hidden)
    found = codes(await alarms(market, client, watched))
    assert ("seed-chain", "2026-11-23") in found


@pytest.mark.on_postgresql
async def test_day_that_is_listed_no_more(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    await market.reach_cutoff()
    await log.grow(market.market)
    await market.execute("UPDATE runs SET report = NULL WHERE day = :d", d=DAY)
    assert ("seed-chain", DAY) in codes(await alarms(market, client, watched))


async def test_day_that_does_not_verify(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    del watched.days[DAY]
    await market.execute("UPDATE run_places SET band = band + 1")
    found = await alarms(market, client, watched)
    assert codes(found) == {("day", DAY)}
    assert "does not verify" in found[0].detail
    assert DAY not in watched.days


async def test_another_log_in_the_descriptor(
    market: ClockedMarket, client: PublicClient, watched: Watched
) -> None:
    watched.log = watched.log.replace(watched.log[-5:], "AAAA=")
    assert ("descriptor", "log") in codes(await alarms(market, client, watched))
