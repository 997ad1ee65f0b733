"""Every query about what a tick decides from and what it decided."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, false, func, insert, literal, select, union_all, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.cascade.rules import DisplacedRow, PlaceUnits
from marketplace.db import AnyRow
from marketplace.models import (
    Award,
    PublishedRequest,
    RunPlace,
    SignedAssignment,
    StoredBid,
)
from marketplace.models.cascade import Announcement, AssignmentAnswer, Displaced, Tick, TickPlace
from marketplace.runs.rules import units_left
from marketplace.runs.snapshot import awarded_on, led_in

DECLINED, TIMED_OUT = "declined", "timed-out"


async def find(connection: AsyncConnection, day: str, tick: int) -> AnyRow | None:
    """Find a tick by its number."""
    query = select(Tick.__table__).where(Tick.day == day, Tick.tick == tick)
    return (await connection.execute(query)).one_or_none()


async def number(connection: AsyncConnection, day: str) -> int:
    """The number of a day's next tick."""
    query = select(func.max(Tick.tick)).where(Tick.day == day)
    return ((await connection.execute(query)).scalar_one() or 0) + 1


async def set_stage(
    connection: AsyncConnection, day: str, instant: int, stage: str, **values: Any
) -> None:
    """Note that a tick has come to a stage."""
    query = update(Tick).where(Tick.day == day, Tick.instant == instant)
    await connection.execute(query.values(stage=stage, **values))


async def remove(connection: AsyncConnection, day: str, instant: int) -> None:
    """Forget a tick at which nothing is displaced."""
    table: Any = Tick.__table__
    await connection.execute(table.delete().where(Tick.day == day, Tick.instant == instant))


async def displace(connection: AsyncConnection, day: str, tick: int, instant: int) -> int:
    """Take what was declined or timed out before an instant; answers how many requests that displaced."""
    waves = await connection.execute(
        select(Announcement.tick, Announcement.late_by).where(Announcement.day == day)
    )
    parts = [_declined(day, instant)]
    parts += [_timed_out(day, wave.tick, instant - wave.late_by) for wave in waves]
    lost = union_all(*parts).subquery()
    too_late = and_(PublishedRequest.needed_by.is_not(None), PublishedRequest.needed_by <= instant)
    rows = (
        select(
            literal(day),
            literal(tick),
            lost.c.request,
            lost.c.tick,
            Award.bid,
            lost.c.vendor,
            lost.c.reason,
            too_late,
        )
        .join(
            Award,
            and_(Award.day == day, Award.request == lost.c.request, Award.tick == lost.c.tick),
        )
        .join(PublishedRequest, PublishedRequest.digest == lost.c.request)
        .order_by(lost.c.request)
    )
    names = ["day", "tick", "request", "assigned_at", "bid", "vendor", "reason", "too_late"]
    inserted = await connection.execute(insert(Displaced).from_select(names, rows))
    return inserted.rowcount


def _declined(day: str, instant: int) -> Select[*tuple[Any, ...]]:
    answer = AssignmentAnswer
    taken = select(Displaced.request).where(
        Displaced.day == day,
        Displaced.request == answer.request,
        Displaced.assigned_at == answer.tick,
    )
    return select(
        answer.request, answer.tick, answer.vendor, literal(DECLINED).label("reason")
    ).where(
        answer.day == day,
        answer.accepted.is_(false()),
        answer.answered_at < instant,
        ~taken.exists(),
    )


def _timed_out(day: str, wave: int, accept_by: int) -> Select[*tuple[Any, ...]]:
    # Each instant at which an answer is due has its own tick, so equality finds all, by the index.
    assigned = SignedAssignment
    answered = select(AssignmentAnswer.assignment).where(
        AssignmentAnswer.assignment == assigned.digest
    )
    return select(
        assigned.request, assigned.tick, assigned.vendor, literal(TIMED_OUT).label("reason")
    ).where(
        assigned.day == day,
        assigned.tick == wave,
        assigned.accept_by == accept_by,
        ~answered.exists(),
    )


def unanswered(day: str, tick: int) -> Select[*tuple[Any, ...]]:
    """The assignments that a tick found timed out: digest, vendor, and the order's category and amount."""
    return (
        select(
            SignedAssignment.digest,
            SignedAssignment.vendor,
            PublishedRequest.category,
            StoredBid.amount,
        )
        .join(
            Displaced,
            and_(
                Displaced.day == SignedAssignment.day,
                Displaced.request == SignedAssignment.request,
                Displaced.assigned_at == SignedAssignment.tick,
            ),
        )
        .join(PublishedRequest, PublishedRequest.digest == Displaced.request)
        .join(StoredBid, StoredBid.digest == Displaced.bid)
        .where(Displaced.day == day, Displaced.tick == tick, Displaced.reason == TIMED_OUT)
    )


async def freeze_places(
    connection: AsyncConnection, day: str, date: str, epoch: tuple[str, str], tick: int
) -> None:
    """Fix what each place that bid on a displaced request can still take on the date.

    Args:
        epoch: of newcomers' quotas: its first date, and the next one's.
    """
    bidding = (
        select(StoredBid.vendor, StoredBid.place)
        .join(Displaced, Displaced.request == StoredBid.request)
        .where(Displaced.day == day, Displaced.tick == tick, StoredBid.state == "live")
        .distinct()
        .subquery()
    )
    awarded, led = awarded_on(date), led_in(epoch)
    query = (
        select(
            RunPlace.vendor,
            RunPlace.place,
            RunPlace.units,
            # What was freed since counts in later runs only, so that a tick follows from its day alone.
            (func.coalesce(awarded.c.units, 0) - RunPlace.awarded - RunPlace.freed).label("since"),
            RunPlace.leads,
            (func.coalesce(led.c.awards, 0) - RunPlace.led).label("led_since"),
        )
        .join(
            bidding,
            and_(bidding.c.vendor == RunPlace.vendor, bidding.c.place == RunPlace.place),
        )
        .outerjoin(
            awarded,
            and_(awarded.c.vendor == RunPlace.vendor, awarded.c.place == RunPlace.place),
        )
        .outerjoin(led, led.c.vendor == RunPlace.vendor)
        .where(RunPlace.day == day)
        .order_by(RunPlace.vendor, RunPlace.place)
    )
    rows = [
        {
            "day": day,
            "tick": tick,
            "vendor": row.vendor,
            "place": row.place,
            "units": units_left(row.units, row.since),
            "leads": units_left(row.leads, row.led_since),
        }
        for row in await connection.execute(query)
    ]
    if rows:
        await connection.execute(insert(TickPlace), rows)


async def displaced(connection: AsyncConnection, day: str, tick: int) -> Sequence[AnyRow]:
    """What a tick took, by request."""
    query = select(Displaced.__table__).where(Displaced.day == day, Displaced.tick == tick)
    return (await connection.execute(query.order_by(Displaced.request))).all()


async def places(connection: AsyncConnection, day: str, tick: int) -> list[PlaceUnits]:
    """What places could still take at a tick, by vendor and place."""
    query = (
        select(TickPlace.vendor, TickPlace.place, TickPlace.units, TickPlace.leads)
        .where(TickPlace.day == day, TickPlace.tick == tick)
        .order_by(TickPlace.vendor, TickPlace.place)
    )
    return [PlaceUnits(*row) for row in await connection.execute(query)]


async def burnt_bids(connection: AsyncConnection, day: str, tick: int) -> Sequence[str]:
    """The bids on a tick's requests that were assigned earlier in the day and did not hold."""
    query = (
        select(Award.bid)
        .join(Displaced, Displaced.request == Award.request)
        .where(
            Award.day == day,
            Award.tick < tick,
            Displaced.day == day,
            Displaced.tick == tick,
        )
    )
    return (await connection.execute(query)).scalars().all()


def as_inputs(rows: Sequence[AnyRow]) -> list[DisplacedRow]:
    """What `tick_inputs_digest` takes of displaced rows."""
    return [DisplacedRow(row.request, row.bid, row.reason) for row in rows]
