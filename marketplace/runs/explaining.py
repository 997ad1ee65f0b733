"""Why a request went where it went: at its day's run, and at each tick at which it was displaced.

Nothing is stored for it. The day, or the tick, is resolved again from what its freeze fixed.
"""

import asyncio
from typing import NamedTuple

from marketplace.cascade import listing as cascade
from marketplace.cascade.ticks import load
from marketplace.db import AnyRow
from marketplace.errors import Refused
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.resolver import (
    Considered,
    Explanation,
    Outcome,
    Policy,
    Refusal,
    Status,
    Verdict,
    explain,
    resolve,
    sentences,
)
from marketplace.runs import repository
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.reading import published
from marketplace.runs.resolving import load_frozen
from marketplace.runs.rules import REASONS
from marketplace.runs.schemas import Candidate, ExplanationView, TickExplanation
from marketplace.runs.schemas import Outcome as Decision
from vrm.money import format_amount

KEPT = 3
"""Days and ticks that stay resolved for those who ask why."""

LOST = {"declined": "declined it", "timed-out": "did not answer in time"}


class _Asked(NamedTuple):
    """What all parts of an explanation need: who ships the request if nobody takes it, and vendors' names."""

    market: Market
    principal: str | None
    names: dict[str, str]


class _Resolved(NamedTuple):
    frozen: FrozenDay
    outcome: Outcome


async def explain_request(market: Market, day: str, request: str) -> ExplanationView:
    """Explain what became of one request, from the frozen inputs of the day and its ticks.

    Raises:
        Refused: no such run, not published yet, or not one of its requests.
    """
    await published(market, day)
    async with market.db.snapshot() as connection:
        belongs = await repository.froze(connection, day, request)
        lost = await cascade.history(connection, day, request)
    explanation = await _explanation(market, day, 0, request) if belongs else None
    if explanation is None:
        raise Refused("unknown-request", f"The run of {day} did not resolve it.", "request")
    frozen, told = explanation
    later = [(row, await _explanation(market, day, row.tick, request)) for row in lost]
    principal = frozen.items.principal_of(request)
    vendors = {bid.vendor for bid in told.bids} | {row.vendor for row in lost}
    async with market.db.snapshot() as connection:
        named = vendors | ({principal} if principal else set())
        names = await repository.vendor_names(connection, sorted(named))
    asked = _Asked(market, principal, names)
    return ExplanationView(
        request=request,
        day=day,
        outcome=_outcome(asked, told),
        reason=REASONS.get(told.status),
        principal=_ships(asked, told),
        policy=_slug(told.policy),
        sentences=_sentences(asked, told),
        candidates=_candidates(frozen, told, names),
        ticks=[_at_tick(asked, row, found) for row, found in later],
    )


async def _explanation(
    market: Market, day: str, tick: int, request: str
) -> tuple[FrozenDay, Explanation] | None:
    frozen, outcome = await _resolved(market, day, tick)
    at = frozen.find(request)
    return None if at is None else (frozen, explain(frozen.matching, outcome, at))


async def _resolved(market: Market, day: str, tick: int) -> _Resolved:
    """Resolve a published run or tick again, once for all who ask at that time; a few are kept."""
    key = f"{day}/{tick}"
    async with market.explaining:
        kept = market.kept.get(key)
        if kept is None:
            frozen = await (_tick(market, day, tick) if tick else load_frozen(market.db, day))
            outcome = await asyncio.to_thread(lambda: resolve(frozen.matching))
            kept = _Resolved(frozen, outcome)
            while len(market.kept) >= KEPT:
                market.kept.pop(next(iter(market.kept)))
            market.kept[key] = kept
    return kept


async def _tick(market: Market, day: str, tick: int) -> FrozenDay:
    return (await load(market.db, day, tick)).day


def _at_tick(
    asked: _Asked, lost: AnyRow, found: tuple[FrozenDay, Explanation] | None
) -> TickExplanation:
    said = [f"{asked.names[lost.vendor]} {LOST[lost.reason]}."]
    told = found[1] if found else None
    if told is None:
        said.append("Nobody else got it: it was needed before the tick.")
    return TickExplanation(
        tick=lost.tick,
        instant=instant_text(lost.instant),
        bid=lost.bid,
        vendor=lost.vendor,
        lost=lost.reason,
        outcome=_outcome(asked, told) if told else "unfilled",
        reason=REASONS.get(told.status) if told else "too-late",
        principal=_ships(asked, told) if told else None,
        sentences=said + (_sentences(asked, told) if told else []),
        candidates=_candidates(*found, asked.names) if found else [],
    )


def _outcome(asked: _Asked, told: Explanation) -> Decision:
    if told.status is Status.ASSIGNED:
        return "assigned"
    return "fallback" if asked.principal else "unfilled"


def _ships(asked: _Asked, told: Explanation) -> str | None:
    return None if told.status is Status.ASSIGNED else asked.principal


def _sentences(asked: _Asked, told: Explanation) -> list[str]:
    said = sentences(
        told,
        name=lambda bid: asked.names[bid.vendor],
        money=lambda amount: format_amount(amount, asked.market.rules.currency),
    )
    if (principal := _ships(asked, told)) is not None:
        said.insert(1, f"So {asked.names[principal]}, whose item it is, ships it.")
    return said


def _candidates(frozen: FrozenDay, told: Explanation, names: dict[str, str]) -> list[Candidate]:
    return [
        _candidate(frozen, position, bid, names) for position, bid in enumerate(told.bids, start=1)
    ]


def _candidate(
    frozen: FrozenDay, position: int, bid: Considered, names: dict[str, str]
) -> Candidate:
    eligible = bid.verdict is not Verdict.REFUSED
    return Candidate(
        bid=frozen.bid(bid.bid),
        vendor=bid.vendor,
        name=names[bid.vendor],
        place=bid.place,
        rank=position if eligible else None,
        band=bid.band,
        distance_m=bid.distance_m,
        amount=bid.price,
        listed=None if bid.listed is None else bid.listed + 1,
        newcomer=bid.leads,
        eligible=eligible,
        why=bid.verdict.value if eligible else _slug(bid.refusal),
    )


def _slug(code: Policy | Refusal) -> str:
    return code.name.lower().replace("_", "-")
