"""The run itself, top to bottom in the order of its stages.

Any process may call any step at any time: it takes the run's lease, looks at the stage, and does each part in
one transaction that begins with a look at the lease. A crash between two steps leaves a run that goes on when
its lease has run out; the outcome is a pure function of what the freeze fixed, so it is the same whoever
computes it.
"""

from collections.abc import Awaitable, Callable
from datetime import date

import msgspec
import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from marketplace.cascade import announcing, rolling, ticks
from marketplace.db import AnyRow, Database
from marketplace.demand import service as demand
from marketplace.errors import MarketError
from marketplace.identity import seed_text
from marketplace.instants import instant_text
from marketplace.jobs import outbox
from marketplace.log import service as logs
from marketplace.market import Market
from marketplace.preferences import service as preferences
from marketplace.reputation import service as reputation
from marketplace.requests import service as requests
from marketplace.runs import fallbacks, lease, repository, signing, snapshot, timeline
from marketplace.runs.items import freeze_items
from marketplace.runs.lease import Lease, LeaseLost, Reach, pass_by
from marketplace.runs.resolving import resolve_here
from marketplace.runs.rules import Findings, epoch_around
from vrm.documents import RunReport, Signed, sign
from vrm.documents.calendar import day_name

Resolving = Callable[[Database, Lease, Reach], Awaitable[None]]
"""Where a run is resolved: `resolving.resolve_here`, or in a process of its own."""

HANDLERS = {
    signing.KIND: signing.sign_chunk,
    fallbacks.KIND: fallbacks.sign_chunk,
    demand.KIND: demand.make_report,
}

log = structlog.get_logger()


async def open_due_runs(market: Market, reach: Reach = pass_by) -> None:
    """Give every cutoff that has passed its run, oldest first.

    A market's first run is that of the first cutoff after its first publication.
    """
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        while (cutoff := await _next_cutoff(market, connection)) is not None and cutoff <= now:
            await _open(market, connection, cutoff, takes_until=cutoff)
            reach("opening")
    reach("opened")


async def work_is_due(market: Market) -> bool:
    """Tell whether a cutoff waits for its run, or a run or tick for somebody to go on with it."""
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
        cutoff = await _next_cutoff(market, connection)
        if cutoff is not None and cutoff <= now:
            return True
        step = await timeline.next_step(connection, now)
        return (
            (step is not None and step.lease_until <= now)
            or await outbox.is_due(connection, HANDLERS, now)
            or bool(await announcing.ready(connection))
        )


async def close_now(market: Market) -> str:
    """Close the open day at once, before its cutoff; answers the run's day.

    The run takes what was published for the next cutoff, and has the name and the capacities of the day that
    this cutoff would have closed. What is published later waits for that cutoff, whose run is then the next
    of its date.
    """
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        last = await repository.newest_cutoff(connection)
        cutoff = now if last is None else max(now, last + 1)
        takes_until = market.calendar.cutoff_at_or_after(cutoff)
        if not await repository.anything_to_take(connection, cutoff, takes_until):
            raise MarketError("Nothing to close: no published request waits for this day's run.")
        return await _open(market, connection, cutoff, takes_until)


async def close_days(
    market: Market, *, resolving: Resolving = resolve_here, reach: Reach = pass_by
) -> None:
    """Open what is due and finish what is open: the daily job."""
    await open_due_runs(market, reach)
    await finish_runs(market, resolving=resolving, reach=reach)
    await announce_runs(market, reach)


async def finish_runs(
    market: Market, *, resolving: Resolving = resolve_here, reach: Reach = pass_by
) -> list[str]:
    """Bring open runs and due ticks to their publication, in the order of their instants.

    It ends at the first that another process is at: later ones wait, since what a place can still take
    depends on those before. Answers the days whose runs this call published.
    """
    published: list[str] = []
    while True:
        async with market.db.snapshot() as connection:
            step = await timeline.next_step(connection, await market.db.now(connection))
        held = None if step is None else await lease.take(market.db, step.day, step.instant)
        if held is None:
            return published
        reach("leased")
        try:
            async with lease.renewed(market.db, held):
                if held.instant is not None:
                    await ticks.finish(market, held, reach)
                    continue
                await _finish(market, held, resolving, reach)
        except LeaseLost as lost:
            log.warning("lease_lost", day=held.day, epoch=held.epoch, why=str(lost))
            return published
        published.append(held.day)


async def announce_runs(market: Market, reach: Reach = pass_by) -> None:
    """Do what is in the outbox, and announce the runs and ticks that have nothing left there."""
    await outbox.drain(market, HANDLERS, reach)
    async with market.db.unit_of_work() as connection:
        announced = await announcing.announce(market, connection)
        reach("announcing")
    for day, tick in announced:
        log.info("announced", day=day, tick=tick)
    reach("announced")


async def _next_cutoff(market: Market, connection: AsyncConnection) -> int | None:
    last = await repository.newest_cutoff(connection)
    if last is None:
        first = await repository.first_publication(connection)
        last = None if first is None else first - 1
    return None if last is None else market.calendar.cutoff_at_or_after(last + 1)


async def next_day(market: Market, connection: AsyncConnection, cutoff: int) -> str:
    """Name the market day that a cutoff without a run will close."""
    local = market.calendar.local_date(cutoff)
    return day_name(local, await repository.count_on_date(connection, local.isoformat()) + 1)


async def _open(market: Market, connection: AsyncConnection, cutoff: int, takes_until: int) -> str:
    day = await next_day(market, connection, takes_until)
    await repository.open_run(connection, day, cutoff, takes_until)
    return day


async def _finish(market: Market, held: Lease, resolving: Resolving, reach: Reach) -> None:
    """Take a run through its stages, from whichever it has come to."""
    stage = await _freeze(market, held, reach)
    if stage == "frozen":
        await resolving(market.db, held, reach)
    await _publish(market, held, reach)


async def _freeze(market: Market, held: Lease, reach: Reach) -> str:
    """Fix what a run that is due decides from; answers the stage that it has then.

    All of it is in the log by then, in the tree of ``log_size`` leaves whose checkpoint is published with the
    same commit: nothing can be added to it afterwards.
    """
    await requests.collect(market)
    reach("collected")
    await logs.grow(market)  # so that little is left to append while everybody waits
    reach("logged")
    async with market.db.unit_of_work() as connection:
        run = await lease.begin(market.db, connection, held)
        if run.stage != "due":
            return str(run.stage)
        await snapshot.take_requests(connection, run)
        await preferences.freeze(connection, run.day)
        await freeze_items(connection, run)
        reach("requests-taken")
        await snapshot.wait_for_writers(connection)
        local = _local_date(run.day)
        newcomers = market.rules.newcomers
        places = await snapshot.bidding_places(
            connection, run.day, local.isoformat(), epoch_around(local, newcomers)
        )
        scores = await reputation.scores(connection, local, {row.vendor for row in places})
        seed = seed_text(market.identity.seed(run.ordinal))
        log_size = await logs.append_all(market, connection)
        reach("log-appended")
        await snapshot.freeze(connection, run.day, seed, log_size, places, scores, newcomers)
        reach("freezing")
    reach("frozen")
    return "frozen"


async def _publish(market: Market, held: Lease, reach: Reach) -> None:
    """Sign a resolved run's report, let what is unfilled roll over, and let its assignments be signed."""
    async with market.db.unit_of_work() as connection:
        run = await lease.hold(market.db, connection, held)
        findings = msgspec.json.decode(run.findings, type=Findings)
        await rolling.roll_over(market, connection, run.day, 0, run.cutoff)
        report = _report(
            market, run, await logs.root_at(market, connection, run.log_size), findings
        )
        await logs.put(connection, [report.digest])
        await repository.set_stage(connection, run.day, "published", report=report.wire)
        now = await market.db.now(connection)
        for kind, documents in (
            (signing.KIND, findings.assigned),
            (fallbacks.KIND, findings.fallback),
        ):
            keys = signing.chunks(run.day, 0, documents)
            await outbox.put(connection, kind, keys, run_at=now)
        await outbox.put(connection, demand.KIND, [demand.key_of(run.day)], run_at=now)
        reach("publishing")
    reach("published")
    log.info(
        "run_published",
        day=run.day,
        assigned=findings.assigned,
        fallback=findings.fallback,
        unfilled=findings.unfilled,
    )


def _report(market: Market, run: AnyRow, log_root: bytes, findings: Findings) -> Signed[RunReport]:
    report = RunReport(
        market=market.did,
        day=run.day,
        cutoff=instant_text(run.cutoff),
        seed=run.seed,
        log_size=run.log_size,
        log_root=crypto.base64url_encode(log_root),
        **msgspec.structs.asdict(findings),
    )
    return sign(report, market.identity.key)


def _local_date(day: str) -> date:
    return date.fromisoformat(day.partition("#")[0])
