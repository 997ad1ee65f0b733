"""What anybody may ask about runs, and what a vendor asks about its own."""

import asyncio
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import msgspec

from marketplace.db import AnyRow
from marketplace.errors import Refused
from marketplace.http.paging import FollowedPage, Page, cut, read_cursor, write_cursor
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
from marketplace.runs import awards, fallbacks, listing, repository
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.resolving import load_frozen
from marketplace.runs.rules import REASONS
from marketplace.runs.schemas import (
    Candidate,
    ExplanationView,
    OwnAssignment,
    RunBid,
    RunItemView,
    RunPlaceView,
    RunPreferenceView,
    RunRequest,
    RunView,
    UnfilledView,
)
from marketplace.runs.signing import sign_all
from vrm.documents import Document, Signed
from vrm.money import format_amount

T = TypeVar("T")

KEPT_DAYS = 3
"""Days that stay resolved for those who ask why."""


async def list_runs(market: Market, cursor: str | None, limit: int) -> Page[RunView]:
    """List runs, newest first."""
    before = read_cursor(cursor, tuple[int])
    async with market.db.snapshot() as connection:
        found = await repository.page(connection, before[0] if before else None, limit + 1)
    rows, more = cut(found, limit)
    return Page(
        items=[_run(row) for row in rows], next=write_cursor(rows[-1].ordinal) if more else None
    )


async def show_run(market: Market, day: str) -> RunView:
    """Show one run.

    Raises:
        Refused: no such run.
    """
    return _run(await _find(market, day))


async def list_requests(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[RunRequest]:
    """List the requests that a run resolved, by digest."""
    return await _list(
        market, "requests", day, read_cursor(cursor, tuple[str]), limit,
        lambda row: RunRequest(request=row.digest, document=msgspec.Raw(row.wire)),
        lambda row: (row.digest,),
    )  # fmt: skip


async def list_bids(market: Market, day: str, cursor: str | None, limit: int) -> Page[RunBid]:
    """List the bids that were live at the close, by request and bid."""
    return await _list(
        market, "bids", day, read_cursor(cursor, tuple[str, str]), limit,
        lambda row: RunBid(
            bid=row.digest,
            request=row.request,
            distance_m=row.distance_m,
            document=msgspec.Raw(row.wire),
        ),
        lambda row: (row.request, row.digest),
    )  # fmt: skip


async def list_places(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[RunPlaceView]:
    """List the places as the run froze them, by vendor and place."""
    fields = RunPlaceView.__struct_fields__
    return await _list(
        market, "places", day, read_cursor(cursor, tuple[str, str]), limit,
        lambda row: RunPlaceView(**{name: getattr(row, name) for name in fields}),
        lambda row: (row.vendor, row.place),
    )  # fmt: skip


async def list_preferences(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[RunPreferenceView]:
    """List the Preferences that a run decided by, by request."""
    return await _list(
        market, "preferences", day, read_cursor(cursor, tuple[str]), limit,
        lambda row: RunPreferenceView(
            request=row.request, preference=row.preference, document=msgspec.Raw(row.wire)
        ),
        lambda row: (row.request,),
    )  # fmt: skip


async def list_assignments(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[msgspec.Raw]:
    """List a run's signed assignments, by request."""
    after = read_cursor(cursor, tuple[str]) or ("",)
    _check_published(await _find(market, day))
    async with market.db.snapshot() as connection:
        found = await awards.assignments_page(connection, day, after[0], limit + 1)
    rows, more = cut(found, limit)
    items = await _signed(rows, lambda unsigned: sign_all(market, unsigned))
    return Page(items=items, next=write_cursor(rows[-1].request) if more else None)


async def list_unfilled(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[UnfilledView]:
    """List the requests that nobody got, by digest."""
    return await _list(
        market, "unfilled", day, read_cursor(cursor, tuple[str]), limit,
        lambda row: UnfilledView(request=row.request, reason=row.reason),
        lambda row: (row.request,),
    )  # fmt: skip


async def list_items(market: Market, day: str, cursor: str | None, limit: int) -> Page[RunItemView]:
    """List the requests that name catalogue items, by digest, with the versions that counted."""
    return await _list(
        market, "items", day, read_cursor(cursor, tuple[str]), limit,
        lambda row: RunItemView(request=row.request, item=row.item, suspended=row.suspended),
        lambda row: (row.request,),
    )  # fmt: skip


async def list_fallbacks(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[msgspec.Raw]:
    """List a day's signed fallbacks, by request."""
    after = read_cursor(cursor, tuple[str]) or ("",)
    _check_published(await _find(market, day))
    async with market.db.snapshot() as connection:
        rows, more = cut(await fallbacks.page(connection, day, after[0], limit + 1), limit)
    items = await _signed(rows, lambda unsigned: fallbacks.sign_all(market, unsigned))
    return Page(items=items, next=write_cursor(rows[-1].request) if more else None)


async def list_own_assignments(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[OwnAssignment]:
    """List what a vendor was given by announced runs, oldest first; later runs follow the cursor `resume`."""
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        found = await awards.assignments_of_vendor(connection, vendor, after, limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].ordinal, rows[-1].request) if rows else cursor
    items = [
        OwnAssignment(assignment=msgspec.Raw(row.wire), request=msgspec.Raw(row.request_wire))
        for row in rows
    ]
    return FollowedPage(items=items, next=here if more else None, resume=here)


async def explain_request(market: Market, day: str, request: str) -> ExplanationView:
    """Explain what became of one request, from the run's frozen inputs.

    Raises:
        Refused: no such run, not published yet, or not one of its requests.
    """
    _check_published(await _find(market, day))
    async with market.db.snapshot() as connection:
        belongs = await repository.resolved_on(connection, day, request)
    resolved = await _resolved(market, day) if belongs else None
    at = resolved.frozen.find(request) if resolved else None
    if resolved is None or at is None:
        raise Refused("unknown-request", f"The run of {day} did not resolve it.", "request")
    explanation = explain(resolved.frozen.matching, resolved.outcome, at)
    principal = resolved.frozen.items.principal_of(request)
    vendors = {bid.vendor for bid in explanation.bids} | ({principal} if principal else set())
    async with market.db.snapshot() as connection:
        names = await repository.vendor_names(connection, sorted(vendors))
    return _explained(market, resolved.frozen, request, explanation, names)


class _Resolved(NamedTuple):
    frozen: FrozenDay
    outcome: Outcome


async def _resolved(market: Market, day: str) -> _Resolved:
    """Resolve a published day again, once for all who ask at that time; a few days are kept."""
    async with market.explaining:
        kept = market.kept.get(day)
        if kept is None:
            frozen = await load_frozen(market.db, day)
            outcome = await asyncio.to_thread(lambda: resolve(frozen.matching))
            kept = _Resolved(frozen, outcome)
            while len(market.kept) >= KEPT_DAYS:
                market.kept.pop(next(iter(market.kept)))
            market.kept[day] = kept
    return kept


def _explained(
    market: Market, frozen: FrozenDay, request: str, explanation: Explanation, names: dict[str, str]
) -> ExplanationView:
    candidates = [
        _candidate(frozen, position, bid, names)
        for position, bid in enumerate(explanation.bids, start=1)
    ]
    assigned = explanation.status is Status.ASSIGNED
    principal = None if assigned else frozen.items.principal_of(request)
    told = sentences(
        explanation,
        name=lambda bid: names[bid.vendor],
        money=lambda amount: format_amount(amount, market.rules.currency),
    )
    if principal is not None:
        told.insert(1, f"So {names[principal]}, whose item it is, ships it.")
    return ExplanationView(
        request=request,
        day=frozen.run.day,
        outcome="assigned" if assigned else "fallback" if principal else "unfilled",
        reason=None if assigned else REASONS[explanation.status],
        principal=principal,
        policy=_slug(explanation.policy),
        sentences=told,
        candidates=candidates,
    )


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
        eligible=eligible,
        why=bid.verdict.value if eligible else _slug(bid.refusal),
    )


def _slug(code: Policy | Refusal) -> str:
    return code.name.lower().replace("_", "-")


async def _signed(
    rows: Sequence[AnyRow], sign: Callable[[Sequence[AnyRow]], Sequence[Signed[Document]]]
) -> list[msgspec.Raw]:
    """The rows' documents: as stored, or made for the occasion."""
    unsigned = [row for row in rows if row.wire is None]
    made = await asyncio.to_thread(sign, unsigned)
    wires = {row.request: one.wire for row, one in zip(unsigned, made, strict=True)}
    return [msgspec.Raw(row.wire or wires[row.request]) for row in rows]


async def _find(market: Market, day: str) -> AnyRow:
    async with market.db.snapshot() as connection:
        run = await repository.find(connection, day)
    if run is None:
        raise Refused("unknown-run", f"There is no run of {day}.", "day")
    return run


async def _list(
    market: Market,
    what: str,
    day: str,
    after: tuple[str, ...] | None,
    limit: int,
    view: Callable[[AnyRow], T],
    key: Callable[[AnyRow], tuple[str, ...]],
) -> Page[T]:
    """List a part of a run, once it is published: before, the bids are nobody's business."""
    _check_published(await _find(market, day))
    async with market.db.snapshot() as connection:
        found = await listing.page_of(connection, what, day, after, limit + 1)
    rows, more = cut(found, limit)
    return Page(
        items=[view(row) for row in rows], next=write_cursor(*key(rows[-1])) if more else None
    )


def _check_published(run: AnyRow) -> None:
    if run.report is None:
        raise Refused("not-yet-public", "The run is not published yet.", "day")


def _run(row: AnyRow) -> RunView:
    return RunView(
        day=row.day,
        cutoff=instant_text(row.cutoff),
        stage=row.stage,
        report=None if row.report is None else msgspec.Raw(row.report),
    )
