"""Every query about runs."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, and_, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_new
from marketplace.models import (
    Award,
    PlaceCapacity,
    PublishedRequest,
    Run,
    RunPlace,
    StoredBid,
    Unfilled,
    Vendor,
    VendorPlace,
)
from marketplace.runs.rules import FrozenPlace, units_left


async def find(connection: AsyncConnection, day: str) -> AnyRow | None:
    """Find a run."""
    return (await connection.execute(select(Run.__table__).where(Run.day == day))).one_or_none()


async def claim(connection: AsyncConnection, day: str) -> AnyRow | None:
    """Find a run that is due, and keep all others from freezing it until this commits."""
    query = select(Run.__table__).where(Run.day == day, Run.stage == "due").with_for_update()
    return (await connection.execute(query)).one_or_none()


async def newest_cutoff(connection: AsyncConnection) -> int | None:
    """The newest cutoff that has its run."""
    return (await connection.execute(select(func.max(Run.cutoff)))).scalar_one()


async def first_publication(connection: AsyncConnection) -> int | None:
    """When the market's first request was published."""
    return (await connection.execute(select(func.min(PublishedRequest.published_at)))).scalar_one()


async def unfinished(connection: AsyncConnection) -> Sequence[str]:
    """The days whose runs are not published, oldest first."""
    query = select(Run.day).where(Run.stage != "published").order_by(Run.ordinal)
    return (await connection.execute(query)).scalars().all()


async def count_on_date(connection: AsyncConnection, date: str) -> int:
    """How many runs a local date has."""
    query = select(func.count()).select_from(Run).where(Run.day.startswith(date, autoescape=True))
    return (await connection.execute(query)).scalar_one()


async def open_run(connection: AsyncConnection, day: str, cutoff: int, takes_until: int) -> bool:
    """Give a cutoff its one row; tell whether it had none."""
    last = (await connection.execute(select(func.max(Run.ordinal)))).scalar_one()
    row = {
        "day": day,
        "cutoff": cutoff,
        "takes_until": takes_until,
        "ordinal": (last or 0) + 1,
        "stage": "due",
    }
    return await insert_new(connection, Run, row)


async def take_requests(connection: AsyncConnection, run: AnyRow) -> None:
    """Give a run the open requests that belong to it."""
    await connection.execute(
        update(PublishedRequest)
        .where(
            PublishedRequest.day.is_(None),
            PublishedRequest.withdrawn_at.is_(None),
            PublishedRequest.cutoff <= run.takes_until,
            PublishedRequest.published_at <= run.cutoff,
        )
        .values(day=run.day)
    )


async def bidding_places(connection: AsyncConnection, day: str, date: str) -> Sequence[AnyRow]:
    """The places that bid on a day's requests, with their units for the date and those already awarded."""
    bidding = (
        select(StoredBid.vendor, StoredBid.place)
        .join(PublishedRequest, PublishedRequest.digest == StoredBid.request)
        .where(PublishedRequest.day == day, StoredBid.state == "live")
        .distinct()
        .subquery()
    )
    awarded = (
        select(func.count())
        .select_from(Award)
        .join(StoredBid, StoredBid.digest == Award.bid)
        .where(
            StoredBid.vendor == VendorPlace.vendor,
            StoredBid.place == VendorPlace.place,
            Award.day.startswith(date, autoescape=True),
        )
        .scalar_subquery()
    )
    query = (
        select(
            VendorPlace.__table__,
            Vendor.profile_digest,
            Vendor.suspended,
            func.coalesce(PlaceCapacity.units, VendorPlace.capacity).label("units"),
            awarded.label("awarded"),
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
        .order_by(VendorPlace.vendor, VendorPlace.place)
    )
    return (await connection.execute(query)).all()


async def freeze(
    connection: AsyncConnection,
    day: str,
    seed: str,
    places: Sequence[AnyRow],
    bands: dict[str, int],
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
            "units": units_left(row.units, row.awarded),
            "band": bands[row.vendor],
            "suspended": row.suspended,
        }
        for row in places
    ]
    if rows:
        await connection.execute(insert(RunPlace), rows)
    await connection.execute(update(Run).where(Run.day == day).values(stage="frozen", seed=seed))


async def frozen_requests(connection: AsyncConnection, day: str) -> Sequence[AnyRow]:
    """A day's requests, by digest."""
    query = (
        select(PublishedRequest.__table__)
        .where(PublishedRequest.day == day)
        .order_by(PublishedRequest.digest)
    )
    return (await connection.execute(query)).all()


async def frozen_bids(connection: AsyncConnection, day: str) -> Sequence[AnyRow]:
    """The live bids on a day's requests, without their documents."""
    query = (
        select(
            StoredBid.digest,
            StoredBid.request,
            StoredBid.vendor,
            StoredBid.place,
            StoredBid.amount,
            StoredBid.delivery,
            StoredBid.distance_m,
        )
        .join(PublishedRequest, PublishedRequest.digest == StoredBid.request)
        .where(PublishedRequest.day == day, StoredBid.state == "live")
        .order_by(StoredBid.request, StoredBid.digest)
    )
    return (await connection.execute(query)).all()


async def frozen_places(connection: AsyncConnection, day: str) -> list[FrozenPlace]:
    """A day's places, by vendor and place."""
    columns = [RunPlace.__table__.c[name] for name in FrozenPlace._fields]
    query = select(*columns).where(RunPlace.day == day).order_by(RunPlace.vendor, RunPlace.place)
    return [FrozenPlace(*row) for row in await connection.execute(query)]


async def publish(
    connection: AsyncConnection,
    day: str,
    awards: Sequence[dict[str, Any]],
    unfilled: Sequence[dict[str, Any]],
    report: bytes,
) -> bool:
    """Store a run's outcome; tell whether this call was the one that published it."""
    moved = await connection.execute(
        update(Run)
        .where(Run.day == day, Run.stage == "frozen")
        .values(stage="published", report=report)
    )
    if moved.rowcount != 1:
        return False
    if awards:
        await connection.execute(insert(Award), list(awards))
    if unfilled:
        await connection.execute(insert(Unfilled), list(unfilled))
    return True


async def page(connection: AsyncConnection, before: int | None, limit: int) -> Sequence[AnyRow]:
    """List runs, newest first."""
    query = select(Run.__table__).order_by(Run.ordinal.desc()).limit(limit)
    if before is not None:
        query = query.where(Run.ordinal < before)
    return (await connection.execute(query)).all()


async def page_of(
    connection: AsyncConnection, what: str, day: str, after: tuple[str, ...] | None, limit: int
) -> Sequence[AnyRow]:
    """List a part of a run's ``requests``, ``bids``, ``places``, ``assignments`` or ``unfilled``."""
    query, keys = _LISTS[what](day)
    if after is not None:
        query = query.where(tuple_(*keys) > after)
    return (await connection.execute(query.order_by(*keys).limit(limit))).all()


async def awards_of_vendor(
    connection: AsyncConnection, vendor: str, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """List what a vendor was given, oldest first."""
    query = (
        select(
            Award.ordinal, Award.request, Award.wire, PublishedRequest.wire.label("request_wire")
        )
        .join(PublishedRequest, PublishedRequest.digest == Award.request)
        .where(Award.vendor == vendor, tuple_(Award.ordinal, Award.request) > after)
        .order_by(Award.ordinal, Award.request)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def vendor_names(connection: AsyncConnection, dids: Sequence[str]) -> dict[str, str]:
    """The names of vendors."""
    query = select(Vendor.did, Vendor.name).where(Vendor.did.in_(dids))
    return {row.did: row.name for row in await connection.execute(query)}


_Listing = tuple[Select[*tuple[Any, ...]], tuple[Any, ...]]


def _requests(day: str) -> _Listing:
    query = select(PublishedRequest.digest, PublishedRequest.wire).where(
        PublishedRequest.day == day
    )
    return query, (PublishedRequest.digest,)


def _bids(day: str) -> _Listing:
    query = (
        select(StoredBid.request, StoredBid.digest, StoredBid.distance_m, StoredBid.wire)
        .join(PublishedRequest, PublishedRequest.digest == StoredBid.request)
        .where(PublishedRequest.day == day, StoredBid.state == "live")
    )
    return query, (StoredBid.request, StoredBid.digest)


def _places(day: str) -> _Listing:
    query = select(RunPlace.__table__).where(RunPlace.day == day)
    return query, (RunPlace.vendor, RunPlace.place)


def _assignments(day: str) -> _Listing:
    return select(Award.request, Award.wire).where(Award.day == day), (Award.request,)


def _unfilled(day: str) -> _Listing:
    query = select(Unfilled.request, Unfilled.reason).where(Unfilled.day == day)
    return query, (Unfilled.request,)


_LISTS = {
    "requests": _requests,
    "bids": _bids,
    "places": _places,
    "assignments": _assignments,
    "unfilled": _unfilled,
}
