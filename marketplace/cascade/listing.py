"""Every query behind the cascade's lists: anybody's, page by page, and a vendor's own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models import PublishedRequest, SignedAssignment, Unfilled
from marketplace.models.cascade import (
    Announcement,
    AssignmentAnswer,
    Displaced,
    RollOver,
    Tick,
    TickPlace,
)

_Listing = tuple[Select[*tuple[Any, ...]], tuple[Any, ...]]


async def ticks(connection: AsyncConnection, day: str, after: int, limit: int) -> Sequence[AnyRow]:
    """List the ticks of a day at which something was displaced, oldest first."""
    query = select(Tick.__table__).where(Tick.day == day, Tick.tick > after).order_by(Tick.tick)
    return (await connection.execute(query.limit(limit))).all()


def _acceptances(day: str, _tick: int) -> _Listing:
    row = AssignmentAnswer
    query = select(row.request, row.tick, row.answered_at, row.wire).where(
        row.day == day, row.accepted
    )
    return query, (row.request, row.tick)


def _roll_overs(day: str, _tick: int) -> _Listing:
    return select(RollOver.__table__).where(RollOver.day == day), (RollOver.request,)


def _displaced(day: str, tick: int) -> _Listing:
    query = (
        select(Displaced.__table__, AssignmentAnswer.wire)
        .outerjoin(
            AssignmentAnswer,
            and_(
                AssignmentAnswer.day == Displaced.day,
                AssignmentAnswer.request == Displaced.request,
                AssignmentAnswer.tick == Displaced.assigned_at,
            ),
        )
        .where(Displaced.day == day, Displaced.tick == tick)
    )
    return query, (Displaced.request,)


def _places(day: str, tick: int) -> _Listing:
    query = select(TickPlace.__table__).where(TickPlace.day == day, TickPlace.tick == tick)
    return query, (TickPlace.vendor, TickPlace.place)


def _unfilled(day: str, tick: int) -> _Listing:
    query = select(Unfilled.__table__).where(Unfilled.day == day, Unfilled.tick == tick)
    return query, (Unfilled.request,)


_LISTS = {
    "acceptances": _acceptances,
    "roll-overs": _roll_overs,
    "displaced": _displaced,
    "places": _places,
    "unfilled": _unfilled,
}


async def page_of(
    connection: AsyncConnection,
    what: str,
    day: str,
    tick: int,
    after: tuple[str | int, ...] | None,
    limit: int,
) -> Sequence[AnyRow]:
    """List a day's ``acceptances`` or ``roll-overs``, or a tick's ``displaced``, ``places`` or ``unfilled``."""
    query, keys = _LISTS[what](day, tick)
    if after is not None:
        query = query.where(tuple_(*keys) > after)
    return (await connection.execute(query.order_by(*keys).limit(limit))).all()


async def of_vendor(
    connection: AsyncConnection, vendor: str, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """List what a vendor was given, in order of announcement, with what became of it."""
    assigned, keys = SignedAssignment, (Announcement.number, SignedAssignment.request)
    query = (
        select(
            *keys,
            *(assigned.digest, assigned.accept_by, assigned.wire),
            Announcement.late_by,
            AssignmentAnswer.accepted,
            Displaced.reason,
            PublishedRequest.wire.label("request_wire"),
        )
        .join(
            Announcement,
            and_(Announcement.day == assigned.day, Announcement.tick == assigned.tick),
        )
        .join(PublishedRequest, PublishedRequest.digest == assigned.request)
        .outerjoin(AssignmentAnswer, AssignmentAnswer.assignment == assigned.digest)
        .outerjoin(
            Displaced,
            and_(
                Displaced.day == assigned.day,
                Displaced.request == assigned.request,
                Displaced.assigned_at == assigned.tick,
            ),
        )
        .where(assigned.vendor == vendor, tuple_(*keys) > after)
        .order_by(*keys)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def history(connection: AsyncConnection, day: str, request: str) -> Sequence[AnyRow]:
    """The published ticks at which a request was displaced, oldest first."""
    query = (
        select(Displaced.__table__, Tick.instant)
        .join(Tick, and_(Tick.day == Displaced.day, Tick.tick == Displaced.tick))
        .where(Displaced.day == day, Displaced.request == request, Tick.report.is_not(None))
        .order_by(Displaced.tick)
    )
    return (await connection.execute(query)).all()
