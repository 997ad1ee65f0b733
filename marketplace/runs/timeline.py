"""Every query about the order of the market's decisions: runs at cutoffs, ticks of their cascades between.

Decisions follow one another in the order of their instants, a tick before the run of the same instant, since
what a place can still take depends on all decisions before. What has been frozen is brought to its end before
anything else is frozen.
"""

from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, case, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.models import Run
from marketplace.models.cascade import Tick
from marketplace.runs.repository import UNPUBLISHED

TURN = "the next decision"


class Step(NamedTuple):
    """A decision that is not published: a run, or the tick of a day at an instant."""

    day: str
    instant: int | None
    """None for a run."""
    lease_until: int


async def next_step(connection: AsyncConnection, now: int) -> Step | None:
    """The decision that is next."""
    runs = (
        select(Run.day, Run.stage, Run.cutoff, Run.lease_until)
        .where(Run.stage.in_(UNPUBLISHED))
        .order_by(_begun_first(Run.stage), Run.ordinal)
        .limit(1)
    )
    ticks = (
        select(Tick.day, Tick.stage, Tick.instant, Tick.lease_until)
        .join(Run, Run.day == Tick.day)
        .where(Tick.stage.in_(UNPUBLISHED), Tick.instant <= now)
        .order_by(_begun_first(Tick.stage), Tick.instant, Run.ordinal)
        .limit(1)
    )
    run = (await connection.execute(runs)).one_or_none()
    tick = (await connection.execute(ticks)).one_or_none()
    if tick is not None and (run is None or _precedes(tick, run)):
        return Step(tick.day, tick.instant, tick.lease_until)
    return None if run is None else Step(run.day, None, run.lease_until)


async def is_next(connection: AsyncConnection, day: str, instant: int | None, now: int) -> bool:
    """Tell whether it is a decision's turn, and keep all others from beginning until this commits."""
    await take_turns(connection, [TURN])
    step = await next_step(connection, now)
    return step is not None and (step.day, step.instant) == (day, instant)


async def take_lease(
    connection: AsyncConnection, day: str, instant: int | None, now: int, until: int
) -> int | None:
    """Raise a decision's epoch if nobody holds its lease and it is not published; answers the epoch."""
    table, is_it = _row(day, instant)
    taken = await connection.execute(
        update(table)
        .where(is_it, table.stage.in_(UNPUBLISHED), table.lease_until <= now)
        .values(epoch=table.epoch + 1, lease_until=until)
        .returning(table.epoch)
    )
    return taken.scalar_one_or_none()


async def lock(connection: AsyncConnection, day: str, instant: int | None) -> AnyRow | None:
    """Find a decision's row, and keep all others from writing for it until this commits.

    A tick's row is gone when it turned out that nothing was displaced.
    """
    table, is_it = _row(day, instant)
    query = select(table.__table__).where(is_it).with_for_update()
    return (await connection.execute(query)).one_or_none()


async def extend_lease(
    connection: AsyncConnection, day: str, instant: int | None, until: int
) -> None:
    """Let a lease last longer."""
    table, is_it = _row(day, instant)
    await connection.execute(update(table).where(is_it).values(lease_until=until))


def _row(day: str, instant: int | None) -> tuple[type[Run] | type[Tick], ColumnElement[bool]]:
    if instant is None:
        return Run, Run.day == day
    return Tick, and_(Tick.day == day, Tick.instant == instant)


def _begun_first(stage: Any) -> ColumnElement[int]:
    return case((stage == "due", 1), else_=0)


def _precedes(tick: AnyRow, run: AnyRow) -> bool:
    if "due" in (tick.stage, run.stage) and tick.stage != run.stage:
        return bool(run.stage == "due")
    return bool(tick.instant <= run.cutoff)
