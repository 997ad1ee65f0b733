"""What vendors read of what they accepted."""

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from marketplace.db import AnyRow
from marketplace.fulfilment import repository
from marketplace.fulfilment.repository import Table
from marketplace.fulfilment.rules import ship_by
from marketplace.fulfilment.schemas import (
    CancellationView,
    ConfirmationView,
    DeliveryView,
    DisclosureView,
)
from marketplace.http.paging import FollowedPage, Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.models.fulfilment import (
    StoredCancellation,
    StoredConfirmation,
    StoredDisclosure,
)

T = TypeVar("T")


async def list_deliveries(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> Page[DeliveryView]:
    """List what has become of what a vendor accepted, oldest first."""
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        found = await repository.deliveries_of(connection, vendor, after, limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].accepted_at, rows[-1].request) if more else None
    return Page(items=[_delivery(row) for row in rows], next=here)


async def list_disclosures(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[DisclosureView]:
    """List the Disclosures to a vendor; one that takes the place of another comes anew, at the end."""
    return await _list(
        market, StoredDisclosure, vendor, cursor, limit,
        lambda said: DisclosureView(disclosure=msgspec.Raw(said.wire), **_about(said)),
    )  # fmt: skip


async def list_confirmations(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[ConfirmationView]:
    """List the Confirmations to a vendor likewise."""
    return await _list(
        market, StoredConfirmation, vendor, cursor, limit,
        lambda said: ConfirmationView(confirmation=msgspec.Raw(said.wire), **_about(said)),
    )  # fmt: skip


async def list_cancellations(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[CancellationView]:
    """List the Cancellations by a vendor's customers."""
    return await _list(
        market, StoredCancellation, vendor, cursor, limit,
        lambda said: CancellationView(cancellation=msgspec.Raw(said.wire), **_about(said)),
    )  # fmt: skip


def _delivery(row: AnyRow) -> DeliveryView:
    due = None if row.disclosed_at is None else ship_by(row.disclosed_at, row.lead_hours)
    return DeliveryView(
        assignment=row.assignment,
        request=row.request,
        day=row.day,
        state=row.state,
        accepted_at=instant_text(row.accepted_at),
        disclosed_at=_instant(row.disclosed_at),
        ship_by=_instant(due),
        overdue=row.overdue,
        shipped_at=_instant(row.shipped_at),
        ended_at=_instant(row.ended_at),
    )


def _instant(seconds: int | None) -> str | None:
    return None if seconds is None else instant_text(seconds)


def _about(said: AnyRow) -> dict[str, Any]:
    """What all kinds of words are told with."""
    return {
        "digest": said.digest,
        "assignment": msgspec.Raw(said.assignment_wire),
        "request": msgspec.Raw(said.request_wire),
    }


async def _list(
    market: Market,
    table: Table,
    vendor: str,
    cursor: str | None,
    limit: int,
    view: Callable[[AnyRow], T],
) -> FollowedPage[T]:
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        found = await repository.of_vendor(connection, table, vendor, after, limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].number, rows[-1].request) if rows else cursor
    return FollowedPage(items=[view(row) for row in rows], next=here if more else None, resume=here)
