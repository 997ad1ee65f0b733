"""The run itself, top to bottom in the order of its stages.

Any process may call any step at any time: each looks at the stage first, does its part in one transaction and
leaves the rest alone. A crash between two steps leaves a run that the next call goes on with; the outcome is
a pure function of what the freeze fixed, so it is the same whoever computes it.
"""

import asyncio
from collections.abc import Sequence
from datetime import date
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.identity import seed_text
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.reputation import service as reputation
from marketplace.resolver import Status, resolve
from marketplace.runs import repository
from marketplace.runs.frozen import Decision, FrozenDay, decisions
from marketplace.runs.rules import REASONS, inputs_digest, outcome_digest
from marketplace.schedule import day_name
from vrm.documents import Assignment, RunReport, Signed, sign

log = structlog.get_logger()


async def open_due_runs(market: Market) -> None:
    """Give every cutoff that has passed its run, oldest first.

    A market's first run is that of the first cutoff after its first publication.
    """
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        while (cutoff := await _next_cutoff(market, connection)) is not None and cutoff <= now:
            await _open(market, connection, cutoff, takes_until=cutoff)


async def work_is_due(market: Market) -> bool:
    """Tell whether a cutoff waits for its run, or a run for its end."""
    async with market.db.snapshot() as connection:
        cutoff = await _next_cutoff(market, connection)
        if cutoff is not None and cutoff <= await market.db.now(connection):
            return True
        return bool(await repository.unfinished(connection))


async def close_now(market: Market) -> str:
    """Close the open day at once, before its cutoff; answers the run's day.

    The run takes what was published for the next cutoff. What is published later waits for that cutoff.
    """
    async with market.db.unit_of_work() as connection:
        now = await market.db.now(connection)
        last = await repository.newest_cutoff(connection)
        cutoff = now if last is None else max(now, last + 1)
        return await _open(
            market, connection, cutoff, takes_until=market.calendar.cutoff_at_or_after(cutoff)
        )


async def close_days(market: Market) -> None:
    """Open what is due and finish what is open: the daily job."""
    await open_due_runs(market)
    await finish_runs(market)


async def finish_runs(market: Market) -> list[str]:
    """Bring every open run to its end, oldest first; answers the days that this call published."""
    async with market.db.snapshot() as connection:
        days = await repository.unfinished(connection)
    return [day for day in days if await _finish(market, day)]


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
    day = await next_day(market, connection, cutoff)
    await repository.open_run(connection, day, cutoff, takes_until)
    return day


async def _finish(market: Market, day: str) -> bool:
    await _freeze(market, day)
    frozen = await load_frozen(market, day)
    matching = frozen.matching()
    # The kernel is one long call into C; a thread keeps the event loop answering meanwhile.
    outcome = await asyncio.to_thread(resolve, matching)
    awards, unfilled, report = await asyncio.to_thread(
        _word, market, frozen, decisions(frozen, matching, outcome)
    )
    async with market.db.unit_of_work() as connection:
        published = await repository.publish(connection, day, awards, unfilled, report.wire)
    if published:
        log.info(
            "run_published", day=day, assigned=report.body.assigned, unfilled=report.body.unfilled
        )
    return published


async def _freeze(market: Market, day: str) -> None:
    async with market.db.unit_of_work() as connection:
        run = await repository.claim(connection, day)
        if run is None:
            return
        await repository.take_requests(connection, run)
        local = _local_date(day)
        places = await repository.bidding_places(connection, day, local.isoformat())
        standings = await reputation.standings(connection, local, {row.vendor for row in places})
        bands = {vendor: standing.band for vendor, standing in standings.items()}
        seed = seed_text(market.identity.seed(run.ordinal))
        await repository.freeze(connection, day, seed, places, bands)


async def load_frozen(market: Market, day: str) -> FrozenDay:
    """Read what a run's freeze fixed."""
    async with market.db.snapshot() as connection:
        run = await repository.find(connection, day)
        if run is None:
            raise LookupError(day)
        return FrozenDay(
            run=run,
            requests=await repository.frozen_requests(connection, day),
            bids=await repository.frozen_bids(connection, day),
            places=await repository.frozen_places(connection, day),
        )


def _word(
    market: Market, frozen: FrozenDay, decided: Sequence[Decision]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]], Signed[RunReport]]:
    """Sign the assignments and the report of a run."""
    run = frozen.run
    awards, unfilled, digests = [], [], []
    for decision in decided:
        if decision.status is not Status.ASSIGNED:
            reason = REASONS[decision.status]
            unfilled.append({"day": run.day, "request": decision.request.digest, "reason": reason})
            continue
        assignment = sign(_assignment(market, run, decision), market.identity.key)
        digests.append(assignment.digest)
        awards.append(
            {
                "day": run.day,
                "request": decision.request.digest,
                "ordinal": run.ordinal,
                "vendor": assignment.body.vendor,
                "bid": assignment.body.bid,
                "wire": assignment.wire,
            }
        )
    reasons = [row["reason"] for row in unfilled]
    report = RunReport(
        market=market.did,
        day=run.day,
        cutoff=instant_text(run.cutoff),
        seed=run.seed,
        requests=len(frozen.requests),
        bids=len(frozen.bids),
        assigned=len(awards),
        unfilled={reason: reasons.count(reason) for reason in REASONS.values()},
        inputs=inputs_digest(
            (row.digest for row in frozen.requests),
            (row.digest for row in frozen.bids),
            frozen.places,
        ),
        outcome=outcome_digest(digests, ((row["request"], row["reason"]) for row in unfilled)),
    )
    return awards, unfilled, sign(report, market.identity.key)


def _assignment(market: Market, run: AnyRow, decision: Decision) -> Assignment:
    bid = decision.bid
    if bid is None:
        raise ValueError("an assignment needs a bid")
    return Assignment(
        market=market.did,
        day=run.day,
        request=decision.request.digest,
        bid=bid.digest,
        vendor=bid.vendor,
        place=bid.place,
        amount=bid.amount,
        currency=decision.request.currency,
        delivery=bid.delivery,
        distance_m=bid.distance_m,
        band=decision.band,
        rank=decision.rank,
        eligible=decision.eligible,
        reserve=decision.reserve,
    )


def _local_date(day: str) -> date:
    return date.fromisoformat(day.partition("#")[0])
