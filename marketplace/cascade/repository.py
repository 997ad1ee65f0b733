"""Every query about answers to assignments, announcements, the ticks that follow from them, and roll-over."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Select, and_, func, insert, literal, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.cascade.rules import Asked
from marketplace.db import AnyRow, insert_new
from marketplace.models import Award, PublishedRequest, Run, SignedAssignment, StoredBid, Unfilled
from marketplace.models.cascade import (
    Announcement,
    AssignmentAnswer,
    Displaced,
    RollOver,
    RunBid,
    Tick,
)


async def assignments_of(
    connection: AsyncConnection, digests: Iterable[str]
) -> dict[str, tuple[AnyRow, Asked]]:
    """Find assignments, and what decides whether they can be answered."""
    assigned = SignedAssignment
    query = (
        select(
            *(assigned.digest, assigned.day, assigned.request, assigned.tick),
            *(assigned.vendor, assigned.accept_by, Announcement.late_by),
            *(PublishedRequest.category, PublishedRequest.pseudonym),
            *(StoredBid.amount, StoredBid.wire.label("bid")),
        )
        .join(PublishedRequest, PublishedRequest.digest == assigned.request)
        .join(
            Award,
            and_(
                Award.day == assigned.day,
                Award.request == assigned.request,
                Award.tick == assigned.tick,
            ),
        )
        .join(StoredBid, StoredBid.digest == Award.bid)
        .outerjoin(
            Announcement,
            and_(Announcement.day == assigned.day, Announcement.tick == assigned.tick),
        )
        .where(assigned.digest.in_(set(digests)))
    )
    rows = (await connection.execute(query)).all()
    return {row.digest: (row, Asked(row.vendor, row.accept_by, row.late_by)) for row in rows}


async def answers_to(connection: AsyncConnection, digests: Iterable[str]) -> dict[str, AnyRow]:
    """Find what was answered to assignments, by the assignment's digest."""
    query = select(AssignmentAnswer.__table__).where(AssignmentAnswer.assignment.in_(set(digests)))
    return {row.assignment: row for row in await connection.execute(query)}


async def add_answers(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store answers."""
    if rows:
        await connection.execute(insert(AssignmentAnswer), list(rows))


async def schedule(connection: AsyncConnection, day: str, instants: Iterable[int]) -> None:
    """See to it that a day has a tick at these instants."""
    for instant in sorted(set(instants)):
        row = {"day": day, "instant": instant, "stage": "due"}
        await insert_new(connection, Tick, row)


async def published(connection: AsyncConnection) -> list[tuple[int, int, str, int]]:
    """The runs and ticks that are published and not announced, in order of their instants."""
    runs = select(Run.day, Run.cutoff, Run.ordinal).where(Run.stage == "published")
    ticks = (
        select(Tick.day, Tick.tick, Tick.instant, Run.ordinal)
        .join(Run, Run.day == Tick.day)
        .where(Tick.stage == "published")
    )
    found = [(row.cutoff, row.ordinal, row.day, 0) for row in await connection.execute(runs)]
    found += [
        (row.instant, row.ordinal, row.day, row.tick) for row in await connection.execute(ticks)
    ]
    return found


async def announce(
    connection: AsyncConnection, day: str, tick: int, instant: int, late_by: int
) -> None:
    """Note that the assignments of a run or tick are out."""
    last = (await connection.execute(select(func.max(Announcement.number)))).scalar_one()
    row = {
        "number": (last or 0) + 1,
        "day": day,
        "tick": tick,
        "instant": instant,
        "late_by": late_by,
    }
    await connection.execute(insert(Announcement), row)


async def deadlines(connection: AsyncConnection, day: str, tick: int) -> Sequence[int]:
    """The instants by which the assignments of a run or tick say that they must be answered."""
    query = (
        select(SignedAssignment.accept_by)
        .where(SignedAssignment.day == day, SignedAssignment.tick == tick)
        .distinct()
    )
    return (await connection.execute(query)).scalars().all()


async def move_on(connection: AsyncConnection, day: str, tick: int, cutoff: int) -> bool:
    """Note which unfilled requests of a run or tick roll over to a cutoff; tell whether any does."""
    rolling = (
        select(Unfilled.day, Unfilled.request, Unfilled.tick, literal(cutoff))
        .join(PublishedRequest, PublishedRequest.digest == Unfilled.request)
        .where(Unfilled.day == day, Unfilled.tick == tick, PublishedRequest.rolls_until >= cutoff)
        .order_by(Unfilled.request)
    )
    moved = await connection.execute(
        insert(RollOver).from_select(["day", "request", "tick", "cutoff"], rolling)
    )
    return bool(moved.rowcount)


async def part_bids(connection: AsyncConnection, day: str, tick: int, cutoff: int) -> None:
    """Keep the bids that a day decided from on what rolls over, and end those that do not roll along."""
    live = and_(StoredBid.state == "live", StoredBid.request.in_(_moved(day, tick)))
    kept = select(literal(day), StoredBid.digest).where(live).order_by(StoredBid.digest)
    await connection.execute(insert(RunBid).from_select(["day", "bid"], kept))
    failed = select(Displaced.bid).where(Displaced.day == day)
    ends = or_(
        StoredBid.valid_until.is_(None),
        StoredBid.valid_until < cutoff,
        StoredBid.digest.in_(failed),
    )
    await connection.execute(update(StoredBid).where(live, ends).values(state="lapsed"))


async def reopen(connection: AsyncConnection, day: str, tick: int, bids_close: int) -> None:
    """Open what rolled over for bids again."""
    cutoff = (
        select(RollOver.cutoff)
        .where(RollOver.day == day, RollOver.request == PublishedRequest.digest)
        .scalar_subquery()
    )
    await connection.execute(
        update(PublishedRequest)
        .where(PublishedRequest.digest.in_(_moved(day, tick)))
        .values(day=None, cutoff=cutoff, bids_close=bids_close)
    )


def _moved(day: str, tick: int) -> Select[str]:
    return select(RollOver.request).where(RollOver.day == day, RollOver.tick == tick)
