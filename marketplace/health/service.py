"""How the market stands, for its operator."""

from typing import Any, NamedTuple

import msgspec

from marketplace.health import repository
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.runs import reading

NEWEST = 10


class Status(NamedTuple):
    """How a market stands."""

    name: str
    did: str
    now: str
    cutoff: str
    counts: dict[str, int]
    runs: list[dict[str, Any]]


async def count(market: Market) -> dict[str, int]:
    """Count what is published and stored, by a metric's name."""
    async with market.db.snapshot() as connection:
        return await repository.counts(connection)


async def tell_status(market: Market) -> Status:
    """Tell how the market stands: its counts, its next cutoff and its newest runs."""
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
    newest = await reading.list_runs(market, None, NEWEST)
    return Status(
        name=market.rules.name,
        did=market.did,
        now=instant_text(now),
        cutoff=instant_text(market.calendar.cutoff_at_or_after(now + 1)),
        counts=await count(market),
        runs=[
            {
                "day": run.day,
                "stage": run.stage,
                "report": None if run.report is None else msgspec.json.decode(run.report),
            }
            for run in newest.items
        ],
    )
