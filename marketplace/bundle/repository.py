"""Every query that a bundle is made of.

Lists are read a block of rows at a time, each block in a transaction of its own: what a published day
consists of does not change any more, so nobody has to hold the database still while somebody far away
downloads.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from sqlalchemy import Select, and_, false, func, or_, select, tuple_, union_all
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from marketplace.db import AnyRow, Database
from marketplace.models import (
    PlaceCapacity,
    PublishedRequest,
    Run,
    RunPlace,
    RunRequest,
    SignedAssignment,
    StoredBid,
    Unfilled,
)
from marketplace.models.cascade import (
    Announcement,
    AssignmentAnswer,
    Displaced,
    RollOver,
    Tick,
    TickPlace,
)
from marketplace.models.catalogue import CatalogueEntry, RunFallback, RunItem, SignedFallback
from marketplace.models.disputes import StoredRuling
from marketplace.models.fulfilment import Delivery, StoredShipment, StoredVendorCancellation
from marketplace.models.log import KeptDocument, LogLeaf
from marketplace.models.mail import RunPreference
from marketplace.models.moderation import StoredModeration
from marketplace.models.ratings import RatedAssignment, StoredRating
from marketplace.models.reputation import Evidence
from marketplace.runs.snapshot import kept_from_close, live_at_close

BLOCK: Final = 1000
REQUESTS: Final = 100
"""How many requests' bids are read at a time."""

Query = Select[*tuple[Any, ...]]
Keys = tuple[Any, ...]


async def find_run(connection: AsyncConnection, day: str) -> AnyRow | None:
    """Find a run, with how late it was announced (null before)."""
    query = (
        select(Run.__table__, Announcement.late_by)
        .outerjoin(Announcement, and_(Announcement.day == Run.day, Announcement.tick == 0))
        .where(Run.day == day)
    )
    return (await connection.execute(query)).one_or_none()


async def announced_ticks(connection: AsyncConnection, day: str) -> Sequence[AnyRow]:
    """The announced ticks of a day: their numbers, reports, and how late they were."""
    query = (
        select(Tick.tick, Tick.report, Announcement.late_by)
        .join(Announcement, and_(Announcement.day == Tick.day, Announcement.tick == Tick.tick))
        .where(Tick.day == day)
        .order_by(Tick.tick)
    )
    return (await connection.execute(query)).all()


async def newest_rules(connection: AsyncConnection, size: int) -> AnyRow | None:
    """The newest descriptor among the first leaves of the log, and its leaf."""
    query = (
        select(KeptDocument.wire, LogLeaf.number)
        .join(LogLeaf, LogLeaf.digest == KeptDocument.digest)
        .where(KeptDocument.type == "MarketDescriptor", LogLeaf.number < size)
        .order_by(LogLeaf.number.desc())
        .limit(1)
    )
    return (await connection.execute(query)).one_or_none()


async def hiding(connection: AsyncConnection) -> Sequence[AnyRow]:
    """The decisions by which documents are hidden now, with their leaves; null where there is none yet."""
    row = StoredModeration
    query = (
        select(row.document, row.wire, LogLeaf.number)
        .outerjoin(LogLeaf, LogLeaf.digest == row.decision)
        .where(row.hidden.is_(True))
    )
    return (await connection.execute(query)).all()


async def suspensions(connection: AsyncConnection, day: str, size: int) -> Sequence[AnyRow]:
    """The decisions, among the first leaves, about the vendors of a day and the principals asked for."""
    vendors = select(RunPlace.vendor).where(RunPlace.day == day)
    principals = (
        select(CatalogueEntry.principal)
        .join(RunItem, RunItem.item == CatalogueEntry.digest)
        .where(RunItem.day == day)
    )
    query = (
        select(KeptDocument.wire, LogLeaf.number)
        .join(LogLeaf, LogLeaf.digest == KeptDocument.digest)
        .where(
            KeptDocument.type == "Suspension",
            KeptDocument.party.in_(union_all(vendors, principals)),
            LogLeaf.number < size,
        )
    )
    return (await connection.execute(query)).all()


async def capacities(connection: AsyncConnection, day: str, date: str) -> Sequence[AnyRow]:
    """The newest Capacity of each of a day's places for a date, with its leaf, by vendor and place."""
    row = PlaceCapacity
    query = (
        select(row.vendor, row.place, row.wire, LogLeaf.number)
        .join(RunPlace, and_(RunPlace.vendor == row.vendor, RunPlace.place == row.place))
        .outerjoin(LogLeaf, LogLeaf.digest == row.digest)
        .where(RunPlace.day == day, row.date == date)
        .order_by(row.vendor, row.place)
    )
    return (await connection.execute(query)).all()


async def older_capacities(
    connection: AsyncConnection, vendors: Sequence[str], size: int
) -> Sequence[AnyRow]:
    """All Capacities of some vendors among the first leaves."""
    query = (
        select(KeptDocument.wire, LogLeaf.number)
        .join(LogLeaf, LogLeaf.digest == KeptDocument.digest)
        .where(
            KeptDocument.type == "Capacity",
            KeptDocument.party.in_(vendors),
            LogLeaf.number < size,
        )
    )
    return (await connection.execute(query)).all()


async def items(connection: AsyncConnection, day: str) -> Sequence[AnyRow]:
    """The versions of items that counted."""
    row = CatalogueEntry
    counting = select(RunItem.item).where(RunItem.day == day)
    query = (
        select(row.digest, row.wire, LogLeaf.number)
        .join(LogLeaf, LogLeaf.digest == row.digest)
        .where(row.digest.in_(counting))
        .order_by(row.principal, row.item, row.digest)
    )
    return (await connection.execute(query)).all()


async def is_all_logged(connection: AsyncConnection, day: str, tick: int, size: int) -> bool:
    """Tell whether the log's first leaves hold what a tick displaced requests by."""
    query = _displaced(day, tick)[0].where(LogLeaf.number < size).with_only_columns(func.count())
    displaced = select(func.count()).where(Displaced.day == day, Displaced.tick == tick)
    held = (await connection.execute(query.order_by(None))).scalar_one()
    return bool(held == (await connection.execute(displaced)).scalar_one())


def evidence(db: Database, size: int) -> AsyncIterator[Sequence[AnyRow]]:
    """The evidence among the first leaves, by vendor and document."""
    query = (
        select(Evidence.__table__, LogLeaf.number)
        .join(LogLeaf, LogLeaf.digest == Evidence.document)
        .where(LogLeaf.number < size)
    )
    return _blocks(db, query, (Evidence.vendor, Evidence.document))


def profiles(db: Database, day: str) -> AsyncIterator[Sequence[AnyRow]]:
    """The profiles that counted, by vendor."""
    query = (
        select(RunPlace.vendor, KeptDocument.wire, LogLeaf.number)
        .distinct()
        .join(KeptDocument, KeptDocument.digest == RunPlace.profile)
        .join(LogLeaf, LogLeaf.digest == RunPlace.profile)
        .where(RunPlace.day == day)
    )
    return _blocks(db, query, (RunPlace.vendor,))


def places(db: Database, day: str) -> AsyncIterator[Sequence[AnyRow]]:
    """A day's places, by vendor and place."""
    query = select(RunPlace.__table__).where(RunPlace.day == day)
    return _blocks(db, query, (RunPlace.vendor, RunPlace.place))


def requests(db: Database, day: str) -> AsyncIterator[Sequence[AnyRow]]:
    """A day's requests by digest, each with the version of the item that it names."""
    taken = RunRequest
    query = (
        select(
            taken.request, PublishedRequest.wire, LogLeaf.number, RunItem.item, RunItem.suspended
        )
        .join(PublishedRequest, PublishedRequest.digest == taken.request)
        .join(LogLeaf, LogLeaf.digest == taken.request)
        .outerjoin(RunItem, and_(RunItem.day == taken.day, RunItem.request == taken.request))
        .where(taken.day == day)
    )
    return _blocks(db, query, (taken.request,))


def preferences(db: Database, day: str) -> AsyncIterator[Sequence[AnyRow]]:
    """The Preferences that counted, by request."""
    row = RunPreference
    query = (
        select(row.request, row.wire, LogLeaf.number)
        .join(LogLeaf, LogLeaf.digest == row.preference)
        .where(row.day == day)
    )
    return _blocks(db, query, (row.request,))


async def bids(db: Database, day: str) -> AsyncIterator[Sequence[AnyRow]]:
    """The bids that were live at a day's close, by request and vendor."""
    row = StoredBid
    columns = (row.request, row.vendor, row.digest, row.distance_m, row.wire, LogLeaf.number)
    taken = RunRequest
    listed = select(taken.request).where(taken.day == day)
    async for block in _blocks(db, listed, (taken.request,), REQUESTS):
        among = and_(
            taken.day == day,
            taken.request == row.request,
            taken.request >= block[0].request,
            taken.request <= block[-1].request,
        )
        found: list[AnyRow] = []
        async with db.snapshot() as connection:
            for part in (live_at_close(day, *columns), kept_from_close(day, *columns)):
                query = part.join(taken, among).join(LogLeaf, LogLeaf.digest == row.digest)
                found += (await connection.execute(query)).all()
        yield sorted(found, key=lambda bid: (bid.request, bid.vendor))


def assignments(db: Database, day: str, tick: int) -> AsyncIterator[Sequence[AnyRow]]:
    """What a run (tick 0) or tick gave, by request."""
    row = SignedAssignment
    query = select(row.request, row.wire).where(row.day == day, row.tick == tick)
    return _blocks(db, query, (row.request,))


def fallbacks(db: Database, day: str, tick: int) -> AsyncIterator[Sequence[AnyRow]]:
    """What a run or tick sent to principals, by request."""
    row = RunFallback
    query = (
        select(row.request, SignedFallback.wire)
        .join(
            SignedFallback,
            and_(SignedFallback.day == row.day, SignedFallback.request == row.request),
        )
        .where(row.day == day, row.tick == tick)
    )
    return _blocks(db, query, (row.request,))


def unfilled(db: Database, day: str, tick: int) -> AsyncIterator[Sequence[AnyRow]]:
    """What a run or tick gave to nobody, by request."""
    row = Unfilled
    query = select(row.request, row.reason).where(row.day == day, row.tick == tick)
    return _blocks(db, query, (row.request,))


def displaced(db: Database, day: str, tick: int) -> AsyncIterator[Sequence[AnyRow]]:
    """What a tick displaced, by request, with the Decline if there was one."""
    query, keys = _displaced(day, tick)
    return _blocks(db, query, keys)


def places_left(db: Database, day: str, tick: int) -> AsyncIterator[Sequence[AnyRow]]:
    """What places could still take at a tick, by vendor and place."""
    row = TickPlace
    query = select(row.vendor, row.place, row.units, row.leads).where(
        row.day == day, row.tick == tick
    )
    return _blocks(db, query, (row.vendor, row.place))


def acceptances(db: Database, day: str, size: int) -> AsyncIterator[Sequence[AnyRow]]:
    """The Acceptances of a day's assignments among the first leaves, by request and tick."""
    row = AssignmentAnswer
    query = (
        select(row.request, row.tick, row.wire, LogLeaf.number)
        .join(LogLeaf, LogLeaf.digest == row.digest)
        .where(row.day == day, row.accepted, LogLeaf.number < size)
    )
    return _blocks(db, query, (row.request, row.tick))


def deliveries(db: Database, day: str, size: int) -> AsyncIterator[Sequence[AnyRow]]:
    """What speaks for or against vendors of how they delivered, among the first leaves, by request and tick."""
    row, sent, dropped = Delivery, StoredShipment, StoredVendorCancellation
    of_sent, of_dropped, of_overdue = aliased(LogLeaf), aliased(LogLeaf), aliased(LogLeaf)
    overdue = and_(of_overdue.digest == row.assignment, row.overdue)
    query = (
        select(
            *(row.request, row.tick, of_overdue.number.label("overdue")),
            *(sent.wire.label("sent"), sent.late, of_sent.number.label("sent_leaf")),
            *(dropped.wire.label("dropped"), of_dropped.number.label("dropped_leaf")),
        )
        .outerjoin(sent, sent.request == row.request)
        .outerjoin(dropped, dropped.request == row.request)
        .outerjoin(of_sent, and_(of_sent.digest == sent.digest, of_sent.number < size))
        .outerjoin(of_dropped, and_(of_dropped.digest == dropped.digest, of_dropped.number < size))
        .outerjoin(of_overdue, and_(overdue, of_overdue.number < size))
        .where(
            row.day == day,
            or_(*(leaf.number.is_not(None) for leaf in (of_sent, of_dropped, of_overdue))),
        )
    )
    return _blocks(db, query, (row.request, row.tick))


def ratings(db: Database, day: str, size: int) -> AsyncIterator[Sequence[AnyRow]]:
    """What customers say of a day's assignments and was opened among the first leaves, by request and tick."""
    row, given = RatedAssignment, SignedAssignment
    query = (
        select(
            given.request, given.tick, row.wire.label("reveal"), LogLeaf.number,
            StoredRating.digest, StoredRating.wire, StoredRuling.wire.label("ruling"),
        )
        .join(given, given.digest == row.assignment)
        .outerjoin(StoredRuling, StoredRuling.assignment == row.assignment)
        .join(StoredRating, StoredRating.assignment == row.assignment)
        .join(LogLeaf, LogLeaf.digest == row.reveal)
        .where(given.day == day, StoredRating.by_customer, LogLeaf.number < size)
    )  # fmt: skip
    return _blocks(db, query, (given.request, given.tick))


def roll_overs(db: Database, day: str, last_tick: int) -> AsyncIterator[Sequence[AnyRow]]:
    """The day's requests that joined a later cutoff up to a tick, by request."""
    row = RollOver
    query = select(row.request, row.tick, row.cutoff).where(row.day == day, row.tick <= last_tick)
    return _blocks(db, query, (row.request,))


def _displaced(day: str, tick: int) -> tuple[Query, Keys]:
    row, given = Displaced, aliased(SignedAssignment)
    query = (
        select(row.__table__, AssignmentAnswer.wire, LogLeaf.number)
        .join(
            given,
            and_(given.day == row.day, given.request == row.request, given.tick == row.assigned_at),
        )
        .outerjoin(
            AssignmentAnswer,
            and_(
                AssignmentAnswer.assignment == given.digest,
                AssignmentAnswer.accepted.is_(false()),
            ),
        )
        .join(LogLeaf, LogLeaf.digest == func.coalesce(AssignmentAnswer.digest, given.digest))
        .where(row.day == day, row.tick == tick)
    )
    return query, (row.request,)


async def _blocks(
    db: Database, query: Query, keys: Keys, limit: int = BLOCK
) -> AsyncIterator[Sequence[AnyRow]]:
    """A query's rows in order of some of its columns, a block of them at a time."""
    names = [key.name for key in keys]
    after: tuple[Any, ...] | None = None
    while True:
        part = query if after is None else query.where(tuple_(*keys) > after)
        async with db.snapshot() as connection:
            rows = (await connection.execute(part.order_by(*keys).limit(limit))).all()
        if rows:
            yield rows
        if len(rows) < limit:
            return
        after = tuple(getattr(rows[-1], name) for name in names)
