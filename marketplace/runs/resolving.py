"""The step from a frozen run to a resolved one: read, match, store; columns all the way."""

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import msgspec
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, Database
from marketplace.preferences import service as preferences
from marketplace.resolver import Outcome, Status, reserves, resolve
from marketplace.resolver.tables import I32
from marketplace.rowbytes import Gathered
from marketplace.runs import awards, repository, snapshot
from marketplace.runs.frozen import FrozenDay, arranged_day
from marketplace.runs.items import FrozenItems, frozen_items
from marketplace.runs.lease import Lease, Reach, hold
from marketplace.runs.numbering import Numbering, rows_of
from marketplace.runs.preferring import apply_preferences, mark_alternatives
from marketplace.runs.rules import (
    REASONS,
    Decided,
    Findings,
    FrozenPlace,
    inputs_digest,
    outcome_digest,
)

RESERVE_DEPTH = 5
"""How many ranked runners-up an assignment names."""
READERS = 3
"""By how many connections a run reads its day: one more than it takes to keep two processors busy."""


async def resolve_here(db: Database, lease: Lease, reach: Reach) -> None:
    """Resolve a frozen run, in this process, and store the outcome in one transaction.

    Raises:
        LeaseLost: another has taken the run over; nothing is stored.
    """
    frozen = await load_frozen(db, lease.day, side_by_side=True)
    reach("read")
    # Long calls into C, beside the matching and while the database stores what was decided.
    inputs = asyncio.create_task(asyncio.to_thread(_inputs, frozen))
    decided = await asyncio.to_thread(lambda: decide(frozen, resolve(frozen.matching)))
    reach("matched")
    outcome = asyncio.create_task(asyncio.to_thread(outcome_digest, decided))
    async with db.unit_of_work() as connection:
        run = await hold(db, connection, lease)
        if run.stage == "frozen":
            await awards.store_outcome(connection, lease.day, 0, decided)
            reach("outcome-written")
            findings = _findings(frozen, decided, await inputs, await outcome)
            await repository.set_stage(
                connection, lease.day, "resolved", findings=msgspec.json.encode(findings)
            )
            reach("resolving")
    await asyncio.gather(inputs, outcome)
    reach("resolved")


async def load_frozen(
    db: Database, day: str, tick: int = 0, *, side_by_side: bool = False
) -> FrozenDay:
    """Read what a run's freeze fixed; of a later tick of the day, only what concerns its displaced requests.

    Args:
        side_by_side: read by several connections on PostgreSQL, where the server's side of the reading is the
            longest part of a run, and each connection is a process of its own.
    """
    async with db.snapshot() as connection, AsyncExitStack() as twins:
        run = await repository.find(connection, day)
        if run is None:
            raise LookupError(day)
        readers = [connection]
        if side_by_side and not db.is_sqlite:
            readers = [await twins.enter_async_context(db.twin(connection)) for _ in range(READERS)]
        async with asyncio.TaskGroup() as beside:
            reading = beside.create_task(_rest(connection, day, tick))
            if connection in readers:
                await reading
            requests = await snapshot.frozen_requests(readers, day, tick)
            rest = await reading
            numbering = Numbering(rows_of(requests["number"]), rest.place_of)
            bids = await snapshot.frozen_bids(readers, day, numbering, tick)
    frozen = await asyncio.to_thread(arranged_day, run, requests, bids, rest.places, rest.items)
    await asyncio.to_thread(apply_preferences, frozen, rest.preferences)
    await asyncio.to_thread(mark_alternatives, frozen, rest.alternatives)
    return frozen


@dataclass(frozen=True, eq=False)
class _Rest:
    """What a day decides from besides requests and bids."""

    places: list[FrozenPlace]
    place_of: I32
    items: FrozenItems
    preferences: Sequence[AnyRow]
    alternatives: Sequence[AnyRow]


async def _rest(connection: AsyncConnection, day: str, tick: int) -> _Rest:
    return _Rest(
        *await snapshot.frozen_places(connection, day),
        await frozen_items(connection, day, tick),
        await preferences.frozen(connection, day),
        await snapshot.alternatives(connection, day),
    )


def decide(frozen: FrozenDay, outcome: Outcome) -> Decided:
    """Read a resolver's outcome back, in order of the requests' digests."""
    assigned = np.flatnonzero(outcome.status == Status.ASSIGNED)
    left = np.flatnonzero(outcome.status != Status.ASSIGNED)
    shipped = frozen.items.shipped(frozen.requests.take(left))
    unfilled = left[shipped < 0]
    led = np.flatnonzero(outcome.led)
    market = frozen.matching
    reasons = np.array([REASONS.get(Status(code), "") for code in Status], dtype=np.bytes_)
    return Decided(
        awards={
            "request": frozen.requests.take(assigned),
            "bid": frozen.bids.take(outcome.bid.take(assigned)),
            "rank": outcome.rank.take(assigned).astype(np.int64) + 1,
            "eligible": outcome.eligible.take(assigned).astype(np.int64),
        },
        reserves=Gathered(
            frozen.bids, reserves(market, outcome, RESERVE_DEPTH).take(assigned, axis=0)
        ),
        unfilled={
            "request": frozen.requests.take(unfilled),
            "reason": reasons.take(outcome.status.take(unfilled)),
        },
        fallbacks={
            "request": frozen.requests.take(left[shipped >= 0]),
            "item": frozen.items.versions.take(shipped[shipped >= 0]),
        },
        led={
            "request": frozen.requests.take(led),
            "vendor": market.places.did.take(market.bids.place.take(outcome.bid.take(led))),
        },
    )


def _inputs(frozen: FrozenDay) -> str:
    return inputs_digest(
        frozen.requests,
        frozen.bids,
        frozen.places,
        frozen.items,
        frozen.preferences,
        frozen.matching.newcomer_share,
    )


def _findings(frozen: FrozenDay, decided: Decided, inputs: str, outcome: str) -> Findings:
    reasons, counts = np.unique(decided.unfilled["reason"], return_counts=True)
    found = dict(zip(reasons.astype("U").tolist(), counts.tolist(), strict=True))
    return Findings(
        requests=len(frozen.requests),
        bids=len(frozen.bids),
        assigned=len(decided.awards["request"]),
        fallback=len(decided.fallbacks["request"]),
        unfilled={reason: found.get(reason, 0) for reason in REASONS.values()},
        inputs=inputs,
        outcome=outcome,
    )
