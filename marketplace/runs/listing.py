"""The lists of a published run: what anybody reads page by page."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import Select, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models import (
    PublishedRequest,
    RunPlace,
    RunRequest,
    StoredBid,
    Unfilled,
)
from marketplace.models.catalogue import RunItem
from marketplace.models.mail import RunPreference
from marketplace.runs.snapshot import has_roll_overs, kept_from_close, live_at_close

_Listing = tuple[Select[*tuple[Any, ...]], tuple[Any, ...]]


def _requests(day: str) -> _Listing:
    query = (
        select(RunRequest.request.label("digest"), PublishedRequest.wire)
        .join(PublishedRequest, PublishedRequest.digest == RunRequest.request)
        .where(RunRequest.day == day)
    )
    return query, (RunRequest.request,)


def _places(day: str) -> _Listing:
    query = select(RunPlace.__table__).where(RunPlace.day == day)
    return query, (RunPlace.vendor, RunPlace.place)


def _unfilled(day: str) -> _Listing:
    query = select(Unfilled.request, Unfilled.reason).where(Unfilled.day == day, Unfilled.tick == 0)
    return query, (Unfilled.request,)


def _preferences(day: str) -> _Listing:
    query = select(RunPreference.__table__).where(RunPreference.day == day)
    return query, (RunPreference.request,)


def _items(day: str) -> _Listing:
    query = select(RunItem.request, RunItem.item, RunItem.suspended).where(RunItem.day == day)
    return query, (RunItem.request,)


_LISTS = {
    "items": _items,
    "requests": _requests,
    "places": _places,
    "preferences": _preferences,
    "unfilled": _unfilled,
}


async def page_of(
    connection: AsyncConnection, what: str, day: str, after: tuple[str, ...] | None, limit: int
) -> Sequence[AnyRow]:
    """List a part of a run, by the name that `_LISTS` gives it."""
    query, keys = _LISTS[what](day)
    if after is not None:
        query = query.where(tuple_(*keys) > after)
    return (await connection.execute(query.order_by(*keys).limit(limit))).all()


async def bids_page(
    connection: AsyncConnection, day: str, after: tuple[str, ...] | None, limit: int
) -> Sequence[AnyRow]:
    """List the bids that were live at a day's close, by request and digest."""
    row, keys = StoredBid, (StoredBid.request, StoredBid.digest)
    columns = (row.request, row.digest, row.distance_m, row.wire)
    parts = [live_at_close(day, *columns)]
    if await has_roll_overs(connection, day):
        parts.append(kept_from_close(day, *columns))
    found: list[AnyRow] = []
    for part in parts:
        query = part.join(RunRequest, RunRequest.request == row.request).where(
            RunRequest.day == day
        )
        if after is not None:
            query = query.where(tuple_(*keys) > after)
        found += (await connection.execute(query.order_by(*keys).limit(limit))).all()
    return sorted(found, key=attrgetter("request", "digest"))[:limit]
