"""The step from a frozen run to a resolved one: read, match, store; columns all the way."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import bulk
from marketplace.db import AnyRow, Database
from marketplace.preferences import service as preferences
from marketplace.resolver import Outcome, Status, reserves, resolve
from marketplace.resolver.tables import I32, Strings
from marketplace.runs import awards, repository, snapshot
from marketplace.runs.frozen import FrozenDay, arranged_day
from marketplace.runs.items import FrozenItems, frozen_items
from marketplace.runs.lease import Lease, Reach, hold
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


async def resolve_here(db: Database, lease: Lease, reach: Reach) -> None:
    """Resolve a frozen run, in this process, and store the outcome in one transaction.

    Raises:
        LeaseLost: another has taken the run over; nothing is stored.
    """
    frozen = await load_frozen(db, lease.day, side_by_side=True)
    reach("read")
    decided = await asyncio.to_thread(lambda: decide(frozen, resolve(frozen.matching)))
    reach("matched")
    # Long calls into C, while the database stores what was decided.
    digests = asyncio.create_task(asyncio.to_thread(_digests, frozen, decided))
    async with db.unit_of_work() as connection:
        run = await hold(db, connection, lease)
        if run.stage == "frozen":
            await awards.store_outcome(connection, lease.day, 0, decided)
            reach("outcome-written")
            findings = _findings(frozen, decided, *await digests)
            await repository.set_stage(
                connection, lease.day, "resolved", findings=msgspec.json.encode(findings)
            )
            reach("resolving")
    await digests
    reach("resolved")


async def load_frozen(
    db: Database, day: str, tick: int = 0, *, side_by_side: bool = False
) -> FrozenDay:
    """Read what a run's freeze fixed; of a later tick of the day, only what concerns its displaced requests.

    Args:
        side_by_side: read by two connections on PostgreSQL, where the server's side of the reading is the
            longest part of a run, and each connection is a process of its own.
    """
    async with db.snapshot() as connection:
        run = await repository.find(connection, day)
        if run is None:
            raise LookupError(day)
        if db.is_sqlite or not side_by_side:
            traded = await _traded([connection], day, tick)
            rest = await _rest(connection, day, tick)
        else:
            async with (
                db.twin(connection) as first,
                db.twin(connection) as second,
                asyncio.TaskGroup() as reading,
            ):
                task = reading.create_task(_traded([first, second], day, tick))
                rest = await _rest(connection, day, tick)
            traded = task.result()
    frozen = await asyncio.to_thread(arranged_day, run, *traded, *rest.places, rest.items)
    await asyncio.to_thread(apply_preferences, frozen, rest.preferences)
    await asyncio.to_thread(mark_alternatives, frozen, rest.alternatives)
    return frozen


async def _traded(
    connections: Sequence[AsyncConnection], day: str, tick: int
) -> tuple[bulk.Columns, bulk.Columns]:
    """Requests and the bids on them."""
    requests = await snapshot.frozen_requests(connections, day, tick)
    return requests, await snapshot.frozen_bids(connections, day, tick)


@dataclass(frozen=True, eq=False)
class _Rest:
    """What a day decides from besides requests and bids."""

    places: tuple[list[FrozenPlace], I32]
    items: FrozenItems
    preferences: Sequence[AnyRow]
    alternatives: Sequence[AnyRow]


async def _rest(connection: AsyncConnection, day: str, tick: int) -> _Rest:
    return _Rest(
        await snapshot.frozen_places(connection, day),
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
            "reserve": _reserves(
                frozen, reserves(frozen.matching, outcome, RESERVE_DEPTH)[assigned]
            ),
        },
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


def _reserves(frozen: FrozenDay, runners_up: I32) -> Strings:
    """(awards): the digests of each one's runners-up, joined; `runners_up` has -1 where there is none."""
    found = np.zeros(runners_up.shape, dtype="S43")
    there = runners_up >= 0
    found[there] = frozen.bids.take(runners_up[there])
    joined: Strings = found.view(f"S{43 * RESERVE_DEPTH}").ravel()
    return joined


def _digests(frozen: FrozenDay, decided: Decided) -> tuple[str, str]:
    """The digests of what was decided from, and of what was decided."""
    inputs = inputs_digest(
        frozen.requests,
        frozen.bids,
        frozen.places,
        frozen.items,
        frozen.preferences,
        frozen.matching.newcomer_share,
    )
    return inputs, outcome_digest(decided.awards, decided.unfilled, decided.fallbacks)


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
