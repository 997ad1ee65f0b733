"""Who may write for a run, and how a run's progress can be watched.

A lease is a run's row with a *fencing epoch*: whoever takes the lease raises the epoch by one, and every
writing transaction of a run first locks the row and looks whether its epoch is still the newest and its lease
still lasts. A process that was stopped, and goes on when another has taken over, can therefore write nothing;
until then it may have computed the same as the other, which harms nobody.
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
from marketplace.runs import repository

LEASE_SECONDS: Final = 30
"""How long a run waits for whoever does it, after its last sign of life."""

Reach = Callable[[str], None]
"""Told the name of each point that a run passes, from `opened` to `announced`."""


class LeaseLost(MarketError):
    """Another has taken the run over, or the lease ran out."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to write for one run, as long as nobody takes a newer one."""

    day: str
    epoch: int


def pass_by(_point: str) -> None:
    """Take no notice of a point."""


async def take(db: Database, day: str) -> Lease | None:
    """Take a run's lease; none if another holds it or nothing is left to do before publication."""
    async with db.unit_of_work() as connection:
        now = await db.now(connection)
        epoch = await repository.take_lease(connection, day, now, now + LEASE_SECONDS)
    return None if epoch is None else Lease(day, epoch)


async def hold(db: Database, connection: AsyncConnection, lease: Lease) -> AnyRow:
    """The run's row, locked until the transaction ends: the first step of all that writes for a run.

    Raises:
        LeaseLost: this lease counts no more.
    """
    run = await repository.lock(connection, lease.day)
    if run.epoch != lease.epoch or run.lease_until <= await db.now(connection):
        raise LeaseLost(f"The run of {lease.day} is another's.")
    return run


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
                await repository.extend_lease(connection, lease.day, until)
