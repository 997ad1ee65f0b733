"""A tick of a day's cascade, top to bottom in the order of its stages, which are those of a run.

What was declined, or not answered, before the tick's instant is displaced: its unit is burnt for the date, and
it is matched again, all of it at once, by the run's own function over the run's own orders and the units that
nobody took. Accepted assignments are not looked at.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import msgspec
import numpy as np
import structlog

from marketplace.cascade import rolling, tick_rows
from marketplace.cascade.rules import DisplacedRow, PlaceUnits, tick_inputs_digest
from marketplace.db import AnyRow, Database, take_turns
from marketplace.instants import instant_text
from marketplace.jobs import outbox
from marketplace.log import service as logs
from marketplace.market import Market
from marketplace.models import SignedAssignment
from marketplace.reputation import service as reputation
from marketplace.reputation.service import Piece
from marketplace.resolver import Outcome, resolve, tick
from marketplace.resolver.tables import I64
from marketplace.runs import awards, fallbacks, lease, signing
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.lease import Lease, Reach
from marketplace.runs.resolving import decide, load_frozen
from marketplace.runs.rules import Decided, Findings, epoch_around, outcome_digest
from vrm.documents import Signed, TickReport, sign

log = structlog.get_logger()


class TickFindings(msgspec.Struct, frozen=True, kw_only=True):
    """What a tick came to, for its report."""

    declined: int
    timed_out: int
    assigned: int
    fallback: int
    unfilled: int
    inputs: str
    outcome: str


@dataclass(frozen=True, eq=False)
class FrozenTick:
    """What a tick decides from."""

    day: FrozenDay
    """The displaced requests that can still be helped, with the day's own bids and orders on them, the bids
    that did not hold struck out, and the places with the units that are left."""
    displaced: list[DisplacedRow]
    too_late: list[str]
    places: list[PlaceUnits]


def answers_of(day: str) -> str:
    """The name under which answers to a day's assignments and its ticks take turns."""
    return f"answers of {day}"


async def finish(market: Market, held: Lease, reach: Reach) -> None:
    """Take a tick through its stages, from whichever it has come to.

    Raises:
        LeaseLost: another has taken it over, or another decision comes first; nothing more is stored.
    """
    number = await _freeze(market, held, reach)
    if number is not None:
        await _resolve(market.db, held, number, reach)
        await _publish(market, held, reach)


async def _freeze(market: Market, held: Lease, reach: Reach) -> int | None:
    """Fix what a tick that is due decides from; answers its number, None if nothing is displaced."""
    async with market.db.unit_of_work() as connection:
        row = await lease.begin(market.db, connection, held)
        if row.stage != "due":
            return int(row.tick)
        # Answers that came before the instant are stored by now, and none comes while this looks.
        await take_turns(connection, [answers_of(row.day)])
        number = await tick_rows.number(connection, row.day)
        if not await tick_rows.displace(connection, row.day, number, row.instant):
            await tick_rows.remove(connection, row.day, row.instant)
            return None
        reach("displaced")
        timed_out = tick_rows.unanswered(row.day, number)
        pieces = [Piece(*found) for found in await connection.execute(timed_out)]
        today = market.calendar.local_date(await market.db.now(connection))
        await reputation.record(connection, pieces, today, good=False)
        await logs.put_found(connection, timed_out.with_only_columns(SignedAssignment.digest))
        local = date.fromisoformat(row.day.partition("#")[0])
        epoch = epoch_around(local, market.rules.newcomers)
        await tick_rows.freeze_places(connection, row.day, local.isoformat(), epoch, number)
        await tick_rows.set_stage(connection, row.day, row.instant, "frozen", tick=number)
        reach("tick-freezing")
    reach("tick-frozen")
    return number


async def load(db: Database, day: str, number: int) -> FrozenTick:
    """Read what a tick's freeze fixed; it can be read again at any later time."""
    frozen = await load_frozen(db, day, number)
    async with db.snapshot() as connection:
        rows = await tick_rows.displaced(connection, day, number)
        places = await tick_rows.places(connection, day, number)
        burnt = await tick_rows.burnt_bids(connection, day, number)
    left = {(one.vendor, one.place): one.units for one in places}
    capacity = np.array(
        [left.get((place.vendor, place.place), 0) for place in frozen.places], dtype=np.int32
    )
    to_lead = {one.vendor: one.leads for one in places}
    leads = np.array([to_lead.get(place.vendor, 0) for place in frozen.places], dtype=np.int32)
    everything = np.arange(len(frozen.requests))
    matching, _ = tick(frozen.matching, everything, _rows_of(frozen, burnt), capacity, leads)
    return FrozenTick(
        day=replace(frozen, matching=matching),
        displaced=tick_rows.as_inputs(rows),
        too_late=[row.request for row in rows if row.too_late],
        places=places,
    )


def _rows_of(frozen: FrozenDay, bids: Sequence[str]) -> I64:
    """The rows of bids, by digest."""
    named = np.array([bid.encode() for bid in bids], dtype="S43")
    return np.flatnonzero(np.isin(frozen.bids, named))


async def _resolve(db: Database, held: Lease, number: int, reach: Reach) -> None:
    """Match what a frozen tick displaced, and store the outcome in one transaction."""
    frozen = await load(db, held.day, number)
    reach("tick-read")
    decided, outcome = await asyncio.to_thread(_decide, frozen)
    reach("tick-matched")
    async with db.unit_of_work() as connection:
        row = await lease.hold(db, connection, held)
        if row.stage == "frozen":
            await awards.store_outcome(connection, held.day, number, decided)
            reach("tick-outcome-written")
            findings = msgspec.json.encode(_findings(frozen, decided, outcome))
            await tick_rows.set_stage(
                connection, held.day, row.instant, "resolved", findings=findings
            )
            reach("tick-resolving")
    reach("tick-resolved")


def _decide(frozen: FrozenTick) -> tuple[Decided, str]:
    """Match, and add what is too late to what is unfilled; answers the outcome's digest too."""
    matched: Outcome = resolve(frozen.day.matching)
    decided = decide(frozen.day, matched)
    late = np.array([request.encode() for request in frozen.too_late], dtype="S43")
    requests = np.concatenate((decided.unfilled["request"], late))
    reasons = np.concatenate(
        (decided.unfilled["reason"], np.full(len(late), b"too-late", dtype="S13"))
    )
    order = np.argsort(requests)
    unfilled = {"request": requests[order], "reason": reasons[order]}
    decided = replace(decided, unfilled=unfilled)
    return decided, outcome_digest(decided)


def _findings(frozen: FrozenTick, decided: Decided, outcome: str) -> TickFindings:
    run = msgspec.json.decode(frozen.day.run.findings, type=Findings)
    reasons = [row.reason for row in frozen.displaced]
    return TickFindings(
        declined=reasons.count(tick_rows.DECLINED),
        timed_out=reasons.count(tick_rows.TIMED_OUT),
        assigned=len(decided.awards["request"]),
        fallback=len(decided.fallbacks["request"]),
        unfilled=len(decided.unfilled["request"]),
        inputs=tick_inputs_digest(run.inputs, frozen.displaced, frozen.places),
        outcome=outcome,
    )


async def _publish(market: Market, held: Lease, reach: Reach) -> None:
    """Sign a resolved tick's report, let what is unfilled roll over, and let its assignments be signed."""
    async with market.db.unit_of_work() as connection:
        row = await lease.hold(market.db, connection, held)
        findings = msgspec.json.decode(row.findings, type=TickFindings)
        await rolling.roll_over(market, connection, row.day, row.tick, row.instant)
        report = _report(market, row, findings)
        await logs.put(connection, [report.digest])
        await tick_rows.set_stage(connection, row.day, row.instant, "published", report=report.wire)
        now = await market.db.now(connection)
        for kind, documents in (
            (signing.KIND, findings.assigned),
            (fallbacks.KIND, findings.fallback),
        ):
            keys = signing.chunks(row.day, row.tick, documents)
            await outbox.put(connection, kind, keys, run_at=now)
        reach("tick-publishing")
    reach("tick-published")
    log.info("tick_published", day=row.day, tick=row.tick, assigned=findings.assigned)


def _report(market: Market, row: AnyRow, findings: TickFindings) -> Signed[TickReport]:
    report = TickReport(
        market=market.did,
        day=row.day,
        tick=row.tick,
        instant=instant_text(row.instant),
        **msgspec.structs.asdict(findings),
    )
    return sign(report, market.identity.key)
