"""What anybody may ask about a day's cascade, and what a vendor asks about its own assignments."""

from collections.abc import Callable
from typing import TypeVar

import msgspec

from marketplace.cascade import listing, tick_rows
from marketplace.cascade.schemas import (
    AcceptanceView,
    AssignmentState,
    DisplacedView,
    OwnAssignment,
    PlaceLeft,
    RollOverView,
    TickView,
)
from marketplace.db import AnyRow
from marketplace.errors import Refused
from marketplace.fulfilment.rules import disclose_by
from marketplace.http.paging import FollowedPage, Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.runs import reading
from marketplace.runs.schemas import UnfilledView

T = TypeVar("T")


async def list_ticks(market: Market, day: str, cursor: str | None, limit: int) -> Page[TickView]:
    """List a day's ticks at which something was displaced, oldest first."""
    after = read_cursor(cursor, tuple[int]) or (0,)
    await reading.published(market, day)
    async with market.db.snapshot() as connection:
        found = await listing.ticks(connection, day, after[0], limit + 1)
    rows, more = cut(found, limit)
    items = [
        TickView(
            tick=row.tick,
            instant=instant_text(row.instant),
            stage=row.stage,
            report=None if row.report is None else msgspec.Raw(row.report),
        )
        for row in rows
    ]
    return Page(items=items, next=write_cursor(rows[-1].tick) if more else None)


async def list_acceptances(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[AcceptanceView]:
    """List the day's assignments that were accepted, by request."""
    await reading.published(market, day)
    return await _list(
        market, "acceptances", day, 0, read_cursor(cursor, tuple[str, int]), limit,
        lambda row: AcceptanceView(
            request=row.request,
            tick=row.tick,
            disclose_by=instant_text(disclose_by(row.answered_at, market.rules.fulfilment)),
            document=msgspec.Raw(row.wire),
        ),
        lambda row: (row.request, row.tick),
    )  # fmt: skip


async def list_roll_overs(
    market: Market, day: str, cursor: str | None, limit: int
) -> Page[RollOverView]:
    """List the day's requests that joined a later cutoff."""
    await reading.published(market, day)
    return await _list(
        market, "roll-overs", day, 0, read_cursor(cursor, tuple[str]), limit,
        lambda row: RollOverView(
            request=row.request, tick=row.tick, cutoff=instant_text(row.cutoff)
        ),
        lambda row: (row.request,),
    )  # fmt: skip


async def list_displaced(
    market: Market, day: str, tick: int, cursor: str | None, limit: int
) -> Page[DisplacedView]:
    """List what a tick displaced, by request."""
    await _published_tick(market, day, tick)
    return await _list(
        market, "displaced", day, tick, read_cursor(cursor, tuple[str]), limit,
        lambda row: DisplacedView(
            request=row.request,
            assigned_at=row.assigned_at,
            bid=row.bid,
            vendor=row.vendor,
            reason=row.reason,
            decline=None if row.wire is None else msgspec.Raw(row.wire),
        ),
        lambda row: (row.request,),
    )  # fmt: skip


async def list_places(
    market: Market, day: str, tick: int, cursor: str | None, limit: int
) -> Page[PlaceLeft]:
    """List what places could still take at a tick, by vendor and place."""
    await _published_tick(market, day, tick)
    return await _list(
        market, "places", day, tick, read_cursor(cursor, tuple[str, str]), limit,
        lambda row: PlaceLeft(
            vendor=row.vendor, place=row.place, units=row.units, leads=row.leads
        ),
        lambda row: (row.vendor, row.place),
    )  # fmt: skip


async def list_assignments(
    market: Market, day: str, tick: int, cursor: str | None, limit: int
) -> Page[msgspec.Raw]:
    """List a tick's signed assignments, by request."""
    await _published_tick(market, day, tick)
    return await reading.assignments_of(market, day, tick, cursor, limit)


async def list_unfilled(
    market: Market, day: str, tick: int, cursor: str | None, limit: int
) -> Page[UnfilledView]:
    """List what a tick could not give to anybody, by request."""
    await _published_tick(market, day, tick)
    return await _list(
        market, "unfilled", day, tick, read_cursor(cursor, tuple[str]), limit,
        lambda row: UnfilledView(request=row.request, reason=row.reason),
        lambda row: (row.request,),
    )  # fmt: skip


async def list_own(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[OwnAssignment]:
    """List what a vendor was given, in order of announcement; later ones follow the cursor `resume`."""
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        found = await listing.of_vendor(connection, vendor, after, limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].number, rows[-1].request) if rows else cursor
    items = [
        OwnAssignment(
            digest=row.digest,
            state=_state(row),
            answer_by=instant_text(row.accept_by + row.late_by),
            assignment=msgspec.Raw(row.wire),
            request=msgspec.Raw(row.request_wire),
        )
        for row in rows
    ]
    return FollowedPage(items=items, next=here if more else None, resume=here)


def _state(row: AnyRow) -> AssignmentState:
    if row.accepted is not None:
        return "accepted" if row.accepted else "declined"
    return "waiting" if row.reason is None else "timed-out"


async def _published_tick(market: Market, day: str, tick: int) -> None:
    await reading.published(market, day)
    async with market.db.snapshot() as connection:
        row = await tick_rows.find(connection, day, tick)
    if row is None:
        raise Refused("unknown-tick", f"The day {day} has no tick {tick}.", "tick")
    if row.report is None:
        raise Refused("not-yet-public", "The tick is not published yet.", "tick")


async def _list(
    market: Market,
    what: str,
    day: str,
    tick: int,
    after: tuple[str | int, ...] | None,
    limit: int,
    view: Callable[[AnyRow], T],
    key: Callable[[AnyRow], tuple[str | int, ...]],
) -> Page[T]:
    async with market.db.snapshot() as connection:
        found = await listing.page_of(connection, what, day, tick, after, limit + 1)
    rows, more = cut(found, limit)
    return Page(
        items=[view(row) for row in rows], next=write_cursor(*key(rows[-1])) if more else None
    )
