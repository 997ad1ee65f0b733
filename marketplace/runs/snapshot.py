"""Every query about a run's snapshot: how the freeze takes it, and how it is read again as columns."""

import gc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import reduce
from operator import add
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Case,
    ColumnElement,
    Select,
    SQLColumnExpression,
    Subquery,
    and_,
    case,
    exists,
    false,
    func,
    insert,
    literal,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from marketplace import bulk
from marketplace.db import AnyRow
from marketplace.models import (
    Award,
    LedAward,
    PlaceCapacity,
    PlaceNumber,
    PublishedRequest,
    RunPlace,
    RunRequest,
    StoredBid,
    Vendor,
    VendorPlace,
)
from marketplace.models.cascade import Displaced, RollOver, RunBid
from marketplace.models.fulfilment import Delivery
from marketplace.models.mail import AlternativeBid
from marketplace.reputation.rules import Score
from marketplace.resolver import Policy, Way
from marketplace.resolver.tables import label
from marketplace.runs import repository
from marketplace.runs.numbering import Numbering
from marketplace.runs.rules import FrozenPlace, leads_left, units_left
from vrm.documents import NewcomerRules

BIDS_EACH: Final = 10
"""About how many bids are on a request."""

_ASKED: Final = {
    "policy": "i2",
    "amount": "i8",
    "fixed": "i2",
    "ways": "i2",
    "radius_m": "i8",
    "tries_newcomers": "i2",
}
"""What a run reads of a request, side by side in its line."""


def _asked() -> dict[str, ColumnElement[Any]]:
    row = PublishedRequest
    ways = [(row.ships, Way.SHIP), (row.picked_up, Way.PICKUP), (row.on_site, Way.ON_SITE)]
    return {
        "policy": _code(row.policy, {label(policy): policy for policy in Policy}),
        "amount": row.amount.expression,
        "fixed": _code(row.price_kind, {"fixed": 1, "ceiling": 0}),
        "ways": reduce(add, (case((taken, int(way)), else_=0) for taken, way in ways)),
        "radius_m": row.radius_m.expression,
        "tries_newcomers": case((row.tries_newcomers, 1), else_=0),
    }


async def take_requests(connection: AsyncConnection, run: AnyRow) -> None:
    """Give a run the open requests that belong to it."""
    belonging = and_(
        PublishedRequest.day.is_(None),
        PublishedRequest.withdrawn_at.is_(None),
        PublishedRequest.hidden.is_(False),
        PublishedRequest.cutoff <= run.takes_until,
        PublishedRequest.published_at <= run.cutoff,
    )
    # Locked, so that bids that are being stored are waited for, and later ones find it closed.
    asked = bulk.line_of(connection.dialect.name, _ASKED, _asked()).label("line")
    locked = select(PublishedRequest.digest, asked).where(belonging).with_for_update().subquery()
    digest = locked.c.digest
    numbered = func.row_number().over(order_by=digest) - 1
    taken = select(literal(run.day), digest, numbered, locked.c.line).order_by(digest)
    names = ["day", "request", "number", "line"]
    await connection.execute(insert(RunRequest).from_select(names, taken))
    await connection.execute(
        update(PublishedRequest)
        .where(
            PublishedRequest.digest.in_(select(RunRequest.request).where(RunRequest.day == run.day))
        )
        .values(day=run.day)
    )
    # Its newest day is most of what is asked next, and without this no plan would know of it.
    await connection.execute(text("ANALYZE run_requests"))


async def wait_for_writers(connection: AsyncConnection) -> None:
    """Wait for whoever changes what else a run decides from, and let nobody change it before this commits.

    So what the log holds at the freeze is what the run counts, no less and no more. SQLite has one writer
    anyway.
    """
    if connection.dialect.name == "postgresql":
        tables = "vendors, vendor_places, capacities, catalogue_items, evidence, evidence_days"
        await connection.execute(text(f"LOCK TABLE {tables} IN SHARE MODE"))


async def bidding_places(
    connection: AsyncConnection, day: str, date: str, epoch: tuple[str, str]
) -> Sequence[AnyRow]:
    """The places that bid on a day's requests, with their units for the date and those awarded and freed.

    Args:
        epoch: of newcomers' quotas: its first date, and the next one's.
    """
    bidding = (
        select(StoredBid.vendor, StoredBid.place)
        .join(RunRequest, RunRequest.request == StoredBid.request)
        .where(RunRequest.day == day, StoredBid.state == "live")
        .distinct()
        .subquery()
    )
    awarded, freed, led = awarded_on(date), freed_on(date), led_in(epoch)
    query = (
        select(
            VendorPlace.__table__,
            Vendor.profile_digest,
            Vendor.suspended,
            func.coalesce(PlaceCapacity.units, VendorPlace.capacity).label("units"),
            func.coalesce(awarded.c.units, 0).label("awarded"),
            func.coalesce(freed.c.units, 0).label("freed"),
            func.coalesce(led.c.awards, 0).label("led"),
        )
        .join(
            bidding,
            and_(bidding.c.vendor == VendorPlace.vendor, bidding.c.place == VendorPlace.place),
        )
        .join(Vendor, Vendor.did == VendorPlace.vendor)
        .outerjoin(
            PlaceCapacity,
            and_(
                PlaceCapacity.vendor == VendorPlace.vendor,
                PlaceCapacity.place == VendorPlace.place,
                PlaceCapacity.date == date,
            ),
        )
        .outerjoin(
            awarded,
            and_(awarded.c.vendor == VendorPlace.vendor, awarded.c.place == VendorPlace.place),
        )
        .outerjoin(
            freed,
            and_(freed.c.vendor == VendorPlace.vendor, freed.c.place == VendorPlace.place),
        )
        .outerjoin(led, led.c.vendor == VendorPlace.vendor)
        .order_by(VendorPlace.vendor, VendorPlace.place)
    )
    return (await connection.execute(query)).all()


def awarded_on(date: str) -> Subquery:
    """The units awarded on a date by all its runs and their ticks, by vendor and place.

    What was accepted, what still waits for its vendor and what is burnt each take their unit, and so does what
    was freed.
    """
    of_date = Award.day.startswith(date, autoescape=True)
    return _units().where(of_date).group_by(StoredBid.vendor, StoredBid.place).subquery()


def freed_on(date: str) -> Subquery:
    """Those of them that customers freed: by a Cancellation, or by not saying whom to deliver to."""
    given = and_(
        Award.day == Delivery.day, Award.request == Delivery.request, Award.tick == Delivery.tick
    )
    freed = and_(
        Delivery.day.startswith(date, autoescape=True), Delivery.state.in_(("cancelled", "lapsed"))
    )
    query = _units().join(Delivery, given).where(freed)
    return query.group_by(StoredBid.vendor, StoredBid.place).subquery()


def _units() -> Select[*tuple[Any, ...]]:
    return (
        select(StoredBid.vendor, StoredBid.place, func.count().label("units"))
        .select_from(Award)
        .join(StoredBid, StoredBid.digest == Award.bid)
    )


def led_in(epoch: tuple[str, str]) -> Subquery:
    """In how many awards of an epoch's days each newcomer led, by vendor."""
    first, behind = epoch
    return (
        select(LedAward.vendor, func.count().label("awards"))
        .where(LedAward.day >= first, LedAward.day < behind)
        .group_by(LedAward.vendor)
        .subquery()
    )


async def freeze(
    connection: AsyncConnection,
    day: str,
    seed: str,
    log_size: int,
    places: Sequence[AnyRow],
    scores: Mapping[str, Score],
    newcomers: NewcomerRules,
) -> None:
    """Fix a run's places, and mark it frozen."""
    rows = [
        {
            "day": day,
            "vendor": row.vendor,
            "place": row.place,
            "profile": row.profile_digest,
            "lat_e6": row.lat_e6,
            "lng_e6": row.lng_e6,
            "reach_m": row.reach_m,
            "units": units_left(row.units, row.awarded - row.freed),
            "awarded": row.awarded - row.freed,
            "freed": row.freed,
            "band": scores[row.vendor].band,
            "suspended": row.suspended,
            "leads": leads_left(scores[row.vendor].own.pieces, row.led, newcomers),
            "led": row.led,
        }
        for row in places
    ]
    if rows:
        await connection.execute(insert(RunPlace), rows)
    await repository.set_stage(
        connection,
        day,
        "frozen",
        seed=seed,
        newcomer_share=newcomers.share,
        log_size=log_size,
    )


async def frozen_requests(
    connections: Sequence[AsyncConnection], day: str, tick: int = 0
) -> bulk.Columns:
    """The requests that a day's run, or a tick, decides, by digest.

    What was needed before a tick is left out there: it is nobody's to match.
    """
    row = RunRequest
    query = select(row.request.label("digest"), row.number, row.line).where(row.day == day)
    if tick:
        query = query.join(Displaced, _displaced(row.request, day, tick))
    rows = await repository.count_requests(connections[0], day)
    layout: bulk.Layout = {"digest": bulk.DIGEST, "number": "i4", "line": _ASKED}
    return await bulk.read(connections, query.order_by(row.request), layout, row.request, rows=rows)


async def frozen_bids(
    connections: Sequence[AsyncConnection],
    day: str,
    numbering: Numbering,
    tick: int = 0,
) -> bulk.Columns:
    """The bids on them that were live at the day's close, by request and vendor."""
    line = {
        "digest": bulk.DIGEST,
        "place": "i4",
        "amount": "i8",
        "distance_m": "i8",
        "way": "i2",
    }
    layout: bulk.Layout = {"request": "i4", "line": line}
    row = StoredBid
    columns = RunRequest.number.label("request"), row.line
    rows = BIDS_EACH * await repository.count_requests(connections[0], day)
    query: Select[*tuple[Any, ...]]
    along: Sequence[SQLColumnExpression[str]]
    if await has_roll_overs(connections[0], day):
        wide = (*columns, row.request.label("along"), row.vendor)
        here, gone = live_at_close(day, *wide), kept_from_close(day, *wide)
        both = union_all(*(among(part, row.request, day, tick) for part in (here, gone))).subquery()
        query = select(*(both.c[name] for name in layout)).order_by(both.c.along, both.c.vendor)
        along = [both.c.along]
    else:
        # All of it out of one covering index.
        live = select(*columns).where(row.state == "live").order_by(row.request, row.vendor)
        query, along = among(live, row.request, day, tick), [row.request, RunRequest.request]
    return await bulk.read(connections, query, layout, *along, rows=rows, made=numbering.arranged)


async def has_roll_overs(connection: AsyncConnection, day: str) -> bool:
    """Tell whether requests of a day have moved on, so that its bids are in two places."""
    query = select(RollOver.request).where(RollOver.day == day).limit(1)
    return (await connection.execute(query)).first() is not None


def live_at_close(day: str, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Bids live on requests that have not moved on from a day; to be joined with the day's."""
    moved_on = select(RollOver.request).where(
        RollOver.day == day, RollOver.request == StoredBid.request
    )
    return select(*columns).where(StoredBid.state == "live", ~moved_on.exists())


def kept_from_close(day: str, *columns: Any) -> Select[*tuple[Any, ...]]:
    """Bids that were live on the requests that have moved on from a day."""
    return select(*columns).join(RunBid, and_(RunBid.day == day, RunBid.bid == StoredBid.digest))


def among(
    query: Select[*tuple[Any, ...]], request: Any, day: str, tick: int
) -> Select[*tuple[Any, ...]]:
    """Keep a query to the requests that a run or tick matches.

    Args:
        request: the query's column of requests' digests.
    """
    query = query.join(RunRequest, and_(RunRequest.day == day, RunRequest.request == request))
    return query.join(Displaced, _displaced(request, day, tick)) if tick else query


def _displaced(request: Any, day: str, tick: int) -> ColumnElement[bool]:
    """Whether a request is one that a tick matches."""
    row = Displaced
    return and_(row.day == day, row.tick == tick, row.request == request, row.too_late.is_(false()))


async def alternatives(connection: AsyncConnection, day: str) -> Sequence[AnyRow]:
    """The bids on a day's requests that offer something else: ``request`` and ``bid``, also superseded ones."""
    row = AlternativeBid
    taken = exists().where(RunRequest.day == day, RunRequest.request == row.request)
    return (await connection.execute(select(row.request, row.bid).where(taken))).all()


def _code(column: InstrumentedAttribute[str], codes: Mapping[str, int]) -> Case[int]:
    return case(*((column == name, int(code)) for name, code in codes.items()))


async def frozen_places(
    connection: AsyncConnection, day: str
) -> tuple[list[FrozenPlace], NDArray[np.int32]]:
    """A day's places, by vendor and place; and by a place's number which of them it is, or -1."""
    columns = [RunPlace.__table__.c[name] for name in FrozenPlace._fields]
    query = (
        select(PlaceNumber.number, *columns)
        .join(
            PlaceNumber,
            and_(PlaceNumber.vendor == RunPlace.vendor, PlaceNumber.place == RunPlace.place),
        )
        .where(RunPlace.day == day)
        .order_by(RunPlace.vendor, RunPlace.place)
    )
    with _uncollected():
        rows = (await connection.execute(query)).all()
        places = [FrozenPlace(*row[1:]) for row in rows]
    newest = await connection.execute(select(func.coalesce(func.max(PlaceNumber.number), 0)))
    place_of = np.full(newest.scalar_one() + 1, -1, dtype=np.int32)
    place_of[[row.number for row in rows]] = np.arange(len(rows), dtype=np.int32)
    return places, place_of


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let no garbage be looked for: among rows by the hundred thousand that takes longer than their reading."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()
