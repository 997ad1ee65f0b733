"""What anybody may ask about runs."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.log import service as logs
from marketplace.market import Market
from marketplace.moderation import service as moderation
from marketplace.runs import awards, fallbacks, listing, repository
from marketplace.runs.schemas import (
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

T = TypeVar("T")


async def list_runs(market: Market, cursor: str | None, limit: int) -> Page[RunView]:
    """List runs, newest first."""
    before = read_cursor(cursor, tuple[int])
    async with market.db.snapshot() as connection:
        found = await repository.page(connection, before[0] if before else None, limit + 1)
        rows, more = cut(found, limit)
        notes = await logs.notes(connection, _frozen_sizes(rows))
    return Page(
        items=[_run(row, notes) for row in rows],
        next=write_cursor(rows[-1].ordinal) if more else None,
    )


async def show_run(market: Market, day: str) -> RunView:
    """Show one run.

    Raises:
        Refused: no such run.
    """
    async with market.db.snapshot() as connection:
        run = await _find(connection, day)
        return _run(run, await logs.notes(connection, _frozen_sizes([run])))


async def list_requests(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[RunRequest]:
    """List the requests that a run resolved, by digest."""
    after = read_cursor(cursor, tuple[str])
    await published(market, day)
    async with market.db.snapshot() as connection:
        found = await listing.page_of(connection, "requests", day, after, limit + 1)
        rows, more = cut(found, limit)
        hidden = await moderation.hidden(connection, [row.digest for row in rows])
    items = [RunRequest(request=row.digest, **_shown(row, hidden)) for row in rows]
    return Page(items=items, next=write_cursor(rows[-1].digest) if more else None)


async def list_bids(market: Market, day: str, cursor: str | None, limit: int) -> Page[RunBid]:
    """List the bids that were live at the close, by request and bid."""
    after = read_cursor(cursor, tuple[str, str])
    await published(market, day)
    async with market.db.snapshot() as connection:
        found = await listing.bids_page(connection, day, after, limit + 1)
        rows, more = cut(found, limit)
        hidden = await moderation.hidden(connection, [row.digest for row in rows])
    items = [
        RunBid(
            bid=row.digest,
            request=row.request,
            distance_m=row.distance_m,
            **_shown(row, hidden),
        )
        for row in rows
    ]
    last = rows[-1] if more else None
    return Page(items=items, next=write_cursor(last.request, last.digest) if last else None)


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
    await published(market, day)
    return await assignments_of(market, day, 0, cursor, limit)


async def assignments_of(
    market: Market, day: str, tick: int, cursor: str | None, limit: int
) -> Page[msgspec.Raw]:
    """List the signed assignments of a published run (tick 0) or tick, by request."""
    after = read_cursor(cursor, tuple[str]) or ("",)
    async with market.db.snapshot() as connection:
        found = await awards.assignments_page(connection, day, tick, after[0], limit + 1)
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
    """List a day's signed fallbacks, by request: those of its run and of all ticks."""
    after = read_cursor(cursor, tuple[str]) or ("",)
    await published(market, day)
    async with market.db.snapshot() as connection:
        rows, more = cut(await fallbacks.page(connection, day, after[0], limit + 1), limit)
    items = await _signed(rows, lambda unsigned: fallbacks.sign_all(market, unsigned))
    return Page(items=items, next=write_cursor(rows[-1].request) if more else None)


def _shown(row: AnyRow, hidden: Mapping[str, bytes]) -> dict[str, msgspec.Raw | None]:
    decision = hidden.get(row.digest)
    if decision is None:
        return {"document": msgspec.Raw(row.wire), "hidden": None}
    return {"document": None, "hidden": msgspec.Raw(decision)}


async def _signed(
    rows: Sequence[AnyRow], sign: Callable[[Sequence[AnyRow]], Sequence[Signed[Document]]]
) -> list[msgspec.Raw]:
    """The rows' documents: as stored, or made for the occasion."""
    unsigned = [row for row in rows if row.wire is None]
    made = await asyncio.to_thread(sign, unsigned)
    wires = {row.request: one.wire for row, one in zip(unsigned, made, strict=True)}
    return [msgspec.Raw(row.wire or wires[row.request]) for row in rows]


async def _find(connection: AsyncConnection, day: str) -> AnyRow:
    run = await repository.find(connection, day)
    if run is None:
        raise Refused("unknown-run", f"There is no run of {day}.", "day")
    return run


async def published(market: Market, day: str) -> AnyRow:
    """Find a published run.

    Raises:
        Refused: no such run, or it is not published yet.
    """
    async with market.db.snapshot() as connection:
        run = await _find(connection, day)
    if run.report is None:
        raise Refused("not-yet-public", "The run is not published yet.", "day")
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
    await published(market, day)
    async with market.db.snapshot() as connection:
        found = await listing.page_of(connection, what, day, after, limit + 1)
    rows, more = cut(found, limit)
    return Page(
        items=[view(row) for row in rows], next=write_cursor(*key(rows[-1])) if more else None
    )


def _frozen_sizes(rows: Sequence[AnyRow]) -> list[int]:
    return [row.log_size for row in rows if row.log_size is not None]


def _run(row: AnyRow, notes: Mapping[int, str]) -> RunView:
    return RunView(
        day=row.day,
        cutoff=instant_text(row.cutoff),
        stage=row.stage,
        checkpoint=notes.get(row.log_size),
        report=None if row.report is None else msgspec.Raw(row.report),
    )
