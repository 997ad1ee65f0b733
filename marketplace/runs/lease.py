"""Who may write for a run or a tick, and how its progress can be watched.

A lease is the row of a run or tick with a *fencing epoch*: whoever takes the lease raises the epoch by one, and
every writing transaction of it first locks the row and looks whether its epoch is still the newest and its
lease still lasts. A process that was stopped, and goes on when another has taken over, can therefore write
nothing; until then it may have computed the same as the other, which harms nobody.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, Database
from marketplace.errors import MarketError
from marketplace.instants import instant_text
from marketplace.runs import timeline

LEASE_SECONDS: Final = 30
"""How long a run or tick waits for whoever does it, after its last sign of life."""

Reach = Callable[[str], None]
"""Told the name of each point that a run or tick passes, from `opened` to `announced`."""


class LeaseLost(MarketError):
    """Another has taken it over, the lease ran out, or it is another's turn."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one run or tick, as long as nobody takes a newer one."""

    day: str
    epoch: int
    instant: int | None = None
    """The tick's; None for the day's run."""

    @property
    def what(self) -> str:
        return "run" if self.instant is None else f"tick at {instant_text(self.instant)}"


def pass_by(_point: str) -> None:
    """Take no notice of a point."""


async def take(db: Database, day: str, instant: int | None = None) -> Lease | None:
    """Take the lease of a run or tick; none if another holds it or nothing is left to do before publication."""
    async with db.unit_of_work() as connection:
        now = await db.now(connection)
        until = now + LEASE_SECONDS
        epoch = await timeline.take_lease(connection, day, instant, now, until)
    return None if epoch is None else Lease(day, epoch, instant)


async def hold(db: Database, connection: AsyncConnection, lease: Lease) -> AnyRow:
    """The row of the run or tick, locked until the transaction ends: the first step of all that writes for it.

    Raises:
        LeaseLost: this lease counts no more.
    """
    row = await timeline.lock(connection, lease.day, lease.instant)
    if row is None or row.epoch != lease.epoch or row.lease_until <= await db.now(connection):
        raise LeaseLost(f"The {lease.what} of {lease.day} is another's.")
    return row


async def begin(db: Database, connection: AsyncConnection, lease: Lease) -> AnyRow:
    """Hold what is about to be frozen, if it is due and its turn, until the transaction ends.

    Raises:
        LeaseLost: this lease counts no more, or another decision comes first.
    """
    row = await hold(db, connection, lease)
    now = await db.now(connection)
    if row.stage == "due" and not await timeline.is_next(connection, lease.day, lease.instant, now):
        raise LeaseLost(f"It is not the turn of the {lease.what} of {lease.day}.")
    return row


@asynccontextmanager
async def renewed(db: Database, lease: Lease) -> AsyncIterator[None]:
    """Keep a lease alive while the block runs."""
    renewing = asyncio.create_task(_renew(db, lease))
    try:
        yield
    finally:
        renewing.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await renewing


async def _renew(db: Database, lease: Lease) -> None:
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        # What cannot be renewed is decided where something is written; until then it goes on.
        with contextlib.suppress(LeaseLost, OperationalError):
            async with db.unit_of_work() as connection:
                await hold(db, connection, lease)
                until = await db.now(connection) + LEASE_SECONDS
                await timeline.extend_lease(connection, lease.day, lease.instant, until)
