"""The step from a frozen run to a resolved one: read, match, store."""

import asyncio
from typing import Any

import msgspec

from marketplace.db import Database
from marketplace.resolver import Status, resolve
from marketplace.runs import repository
from marketplace.runs.frozen import Decision, FrozenDay, decisions
from marketplace.runs.lease import Lease, Reach, hold
from marketplace.runs.rules import REASONS, Findings, inputs_digest, outcome_digest


async def resolve_here(db: Database, lease: Lease, reach: Reach) -> None:
    """Resolve a frozen run, in this process, and store the outcome in one transaction.

    Raises:
        LeaseLost: another has taken the run over; nothing is stored.
    """
    frozen = await load_frozen(db, lease.day)
    reach("read")
    matching = frozen.matching()
    # The kernel is one long call into C; a thread keeps the event loop answering meanwhile.
    outcome = await asyncio.to_thread(resolve, matching)
    reach("matched")
    decided = decisions(frozen, matching, outcome)
    awards, unfilled = _awards(lease.day, decided), _unfilled(lease.day, decided)
    findings = _findings(frozen, awards, unfilled)
    async with db.unit_of_work() as connection:
        run = await hold(db, connection, lease)
        if run.stage == "frozen":
            await repository.store_outcome(connection, awards, unfilled)
            reach("outcome-written")
            await repository.set_stage(
                connection, lease.day, "resolved", findings=msgspec.json.encode(findings)
            )
            reach("resolving")
    reach("resolved")


async def load_frozen(db: Database, day: str) -> FrozenDay:
    """Read what a run's freeze fixed."""
    async with db.snapshot() as connection:
        run = await repository.find(connection, day)
        if run is None:
            raise LookupError(day)
        return FrozenDay(
            run=run,
            requests=await repository.frozen_requests(connection, day),
            bids=await repository.frozen_bids(connection, day),
            places=await repository.frozen_places(connection, day),
        )


def _awards(day: str, decided: list[Decision]) -> list[dict[str, Any]]:
    return [
        {
            "day": day,
            "request": decision.request.digest,
            "bid": decision.bid.digest,
            "rank": decision.rank,
            "eligible": decision.eligible,
            "reserve": "".join(decision.reserve),
        }
        for decision in decided
        if decision.bid is not None
    ]


def _unfilled(day: str, decided: list[Decision]) -> list[dict[str, Any]]:
    return [
        {"day": day, "request": one.request.digest, "reason": REASONS[one.status]}
        for one in decided
        if one.status is not Status.ASSIGNED
    ]


def _findings(
    frozen: FrozenDay, awards: list[dict[str, Any]], unfilled: list[dict[str, Any]]
) -> Findings:
    reasons = [row["reason"] for row in unfilled]
    return Findings(
        requests=len(frozen.requests),
        bids=len(frozen.bids),
        assigned=len(awards),
        unfilled={reason: reasons.count(reason) for reason in REASONS.values()},
        inputs=inputs_digest(
            [row.digest for row in frozen.requests],
            [row.digest for row in frozen.bids],
            frozen.places,
        ),
        outcome=outcome_digest(
            (
                (one["request"], one["bid"], one["rank"], one["eligible"], one["reserve"])
                for one in awards
            ),
            ((row["request"], row["reason"]) for row in unfilled),
        ),
    )
