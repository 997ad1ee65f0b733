"""Every query about runs."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import (
    Case,
    Select,
    SmallInteger,
    and_,
    case,
    cast,
    func,
    insert,
    literal,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import InstrumentedAttribute

from marketplace import bulk
from marketplace.db import AnyRow, insert_new
from marketplace.models import (
    Award,
    PlaceCapacity,
    PlaceNumber,
    PublishedRequest,
    Run,
    RunPlace,
    RunRequest,
    SignedAssignment,
    StoredBid,
    Unfilled,
    Vendor,
    VendorPlace,
)
from marketplace.resolver import Policy, Way
from marketplace.resolver.tables import label
from marketplace.rowbytes import Column
from marketplace.runs.rules import FrozenPlace, units_left

UNPUBLISHED = ("due", "frozen", "resolved")


async def find(connection: AsyncConnection, day: str) -> AnyRow | None:
    """Find a run."""
    return (await connection.execute(select(Run.__table__).where(Run.day == day))).one_or_none()


async def lock(connection: AsyncConnection, day: str) -> AnyRow:
    """Find a run that exists, and keep all others from writing for it until this commits."""
    query = select(Run.__table__).where(Run.day == day).with_for_update()
    return (await connection.execute(query)).one()


async def take_lease(connection: AsyncConnection, day: str, now: int, until: int) -> int | None:
    """Raise a run's epoch if nobody holds its lease and it is not published; answers the epoch."""
    taken = await connection.execute(
        update(Run)
        .where(Run.day == day, Run.stage.in_(UNPUBLISHED), Run.lease_until <= now)
        .values(epoch=Run.epoch + 1, lease_until=until)
        .returning(Run.epoch)
    )
    return taken.scalar_one_or_none()


async def extend_lease(connection: AsyncConnection, day: str, until: int) -> None:
    """Let a lease last longer."""
    await connection.execute(update(Run).where(Run.day == day).values(lease_until=until))


async def set_stage(connection: AsyncConnection, day: str, stage: str, **values: Any) -> None:
    """Note that a run has come to a stage."""
    await connection.execute(update(Run).where(Run.day == day).values(stage=stage, **values))


async def newest_cutoff(connection: AsyncConnection) -> int | None:
    """The newest cutoff that has its run."""
    return (await connection.execute(select(func.max(Run.cutoff)))).scalar_one()


async def first_publication(connection: AsyncConnection) -> int | None:
    """When the market's first request was published."""
    return (await connection.execute(select(func.min(PublishedRequest.published_at)))).scalar_one()


async def unpublished(connection: AsyncConnection) -> Sequence[AnyRow]:
    """The runs that are not published, oldest first."""
    query = select(Run.__table__).where(Run.stage.in_(UNPUBLISHED)).order_by(Run.ordinal)
    return (await connection.execute(query)).all()


async def unannounced(connection: AsyncConnection) -> Sequence[str]:
    """The days whose runs are published and not announced, oldest first."""
    query = select(Run.day).where(Run.stage == "published").order_by(Run.ordinal)
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


async def anything_to_take(connection: AsyncConnection, cutoff: int, takes_until: int) -> bool:
    """Tell whether a run with these bounds would have a request."""
    query = select(PublishedRequest.digest).where(
        PublishedRequest.day.is_(None),
        PublishedRequest.withdrawn_at.is_(None),
        PublishedRequest.cutoff <= takes_until,
        PublishedRequest.published_at <= cutoff,
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def take_requests(connection: AsyncConnection, run: AnyRow) -> None:
    """Give a run the open requests that belong to it."""
    belonging = and_(
        PublishedRequest.day.is_(None),
        PublishedRequest.withdrawn_at.is_(None),
        PublishedRequest.cutoff <= run.takes_until,
        PublishedRequest.published_at <= run.cutoff,
    )
    # Locked, so that bids that are being stored are waited for, and later ones find it closed.
    taken = (
        select(literal(run.day), PublishedRequest.digest)
        .where(belonging)
        .order_by(PublishedRequest.digest)
        .with_for_update()
    )
    await connection.execute(insert(RunRequest).from_select(["day", "request"], taken))
    await connection.execute(
        update(PublishedRequest)
        .where(
            PublishedRequest.digest.in_(select(RunRequest.request).where(RunRequest.day == run.day))
        )
        .values(day=run.day)
    )
    # Its newest day is most of what is asked next, and without this no plan would know of it.
    await connection.execute(text("ANALYZE run_requests"))


async def bidding_places(connection: AsyncConnection, day: str, date: str) -> Sequence[AnyRow]:
    """The places that bid on a day's requests, with their units for the date and those already awarded."""
    bidding = (
        select(StoredBid.vendor, StoredBid.place)
        .join(RunRequest, RunRequest.request == StoredBid.request)
        .where(RunRequest.day == day, StoredBid.state == "live")
        .distinct()
        .subquery()
    )
    awarded = (
        select(StoredBid.vendor, StoredBid.place, func.count().label("units"))
        .select_from(Award)
        .join(StoredBid, StoredBid.digest == Award.bid)
        .where(Award.day.startswith(date, autoescape=True))
        .group_by(StoredBid.vendor, StoredBid.place)
        .subquery()
    )
    query = (
        select(
            VendorPlace.__table__,
            Vendor.profile_digest,
            Vendor.suspended,
            func.coalesce(PlaceCapacity.units, VendorPlace.capacity).label("units"),
            func.coalesce(awarded.c.units, 0).label("awarded"),
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
    await set_stage(connection, day, "frozen", seed=seed)


def frozen_requests(connection: AsyncConnection, day: str) -> AsyncIterator[NDArray[np.void]]:
    """A day's requests, by digest, as columns."""
    row = PublishedRequest
    ways = [(row.ships, Way.SHIP), (row.picked_up, Way.PICKUP), (row.on_site, Way.ON_SITE)]
    query = (
        select(
            row.digest,
            cast(
                _code(row.policy, {label(policy): policy for policy in Policy}), SmallInteger
            ).label("policy"),
            row.amount,
            cast(_code(row.price_kind, {"fixed": 1, "ceiling": 0}), SmallInteger).label("fixed"),
            cast(sum(case((taken, int(way)), else_=0) for taken, way in ways), SmallInteger).label(
                "ways"
            ),
            row.radius_m,
        )
        .join(RunRequest, RunRequest.request == row.digest)
        .where(RunRequest.day == day)
        .order_by(row.digest)
    )
    layout = {
        "digest": bulk.DIGEST,
        "policy": "i2",
        "amount": "i8",
        "fixed": "i2",
        "ways": "i2",
        "radius_m": "i8",
    }
    return bulk.read(connection, query, layout, along=row.digest)


def frozen_bids(connection: AsyncConnection, day: str) -> AsyncIterator[NDArray[np.void]]:
    """The live bids on a day's requests, by request and vendor, as columns out of one covering index."""
    row = StoredBid
    query = (
        select(
            row.request,
            row.digest,
            row.place_number.label("place"),
            row.amount,
            row.distance_m,
            row.way,
        )
        .join(RunRequest, RunRequest.request == row.request)
        .where(RunRequest.day == day, row.state == "live")
        .order_by(row.request, row.vendor)
    )
    layout = {
        "request": bulk.DIGEST,
        "digest": bulk.DIGEST,
        "place": "i4",
        "amount": "i8",
        "distance_m": "i8",
        "way": "i2",
    }
    return bulk.read(connection, query, layout, along=row.request)


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
    rows = (await connection.execute(query)).all()
    newest = await connection.execute(select(func.coalesce(func.max(PlaceNumber.number), 0)))
    place_of = np.full(newest.scalar_one() + 1, -1, dtype=np.int32)
    place_of[[row.number for row in rows]] = np.arange(len(rows), dtype=np.int32)
    return [FrozenPlace(*row[1:]) for row in rows], place_of


async def store_outcome(
    connection: AsyncConnection,
    day: str,
    awards: Mapping[str, Column],
    unfilled: Mapping[str, Column],
) -> None:
    """Insert what a run decided."""
    await bulk.write(connection, Award, {"day": day, **awards})
    await bulk.write(connection, Unfilled, {"day": day, **unfilled})


def _to_sign(day: str) -> Select[*tuple[Any, ...]]:
    """A run's awards with all that their documents say."""
    return (
        select(
            Award.__table__,
            Run.ordinal,
            StoredBid.vendor,
            StoredBid.place,
            StoredBid.amount,
            StoredBid.delivery,
            StoredBid.distance_m,
            PublishedRequest.currency,
            RunPlace.band,
        )
        .join(Run, Run.day == Award.day)
        .join(StoredBid, StoredBid.digest == Award.bid)
        .join(PublishedRequest, PublishedRequest.digest == Award.request)
        .join(
            RunPlace,
            and_(
                RunPlace.day == Award.day,
                RunPlace.vendor == StoredBid.vendor,
                RunPlace.place == StoredBid.place,
            ),
        )
        .where(Award.day == day)
        .order_by(Award.request)
    )


async def awards_to_sign(connection: AsyncConnection, day: str, first: str) -> Sequence[AnyRow]:
    """A run's awards for the requests whose digests begin with `first`."""
    # "~" is behind every character of a digest.
    query = _to_sign(day).where(Award.request >= first, Award.request < first + "~")
    return (await connection.execute(query)).all()


async def add_assignments(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store signed assignments."""
    if rows:
        await connection.execute(insert(SignedAssignment), list(rows))


async def assignments_page(
    connection: AsyncConnection, day: str, after: str, limit: int
) -> Sequence[AnyRow]:
    """A run's awards by request, with the signed document where there is one already."""
    query = (
        _to_sign(day)
        .add_columns(SignedAssignment.wire)
        .outerjoin(
            SignedAssignment,
            and_(SignedAssignment.day == Award.day, SignedAssignment.request == Award.request),
        )
        .where(Award.request > after)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def page(connection: AsyncConnection, before: int | None, limit: int) -> Sequence[AnyRow]:
    """List runs, newest first."""
    query = select(Run.__table__).order_by(Run.ordinal.desc()).limit(limit)
    if before is not None:
        query = query.where(Run.ordinal < before)
    return (await connection.execute(query)).all()


async def assignments_of_vendor(
    connection: AsyncConnection, vendor: str, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """List what a vendor was given by announced runs, oldest first."""
    keys = (SignedAssignment.ordinal, SignedAssignment.request)
    query = (
        select(*keys, SignedAssignment.wire, PublishedRequest.wire.label("request_wire"))
        .join(Run, Run.day == SignedAssignment.day)
        .join(PublishedRequest, PublishedRequest.digest == SignedAssignment.request)
        .where(
            SignedAssignment.vendor == vendor,
            # While a run's documents are being made, a reader would pass by those still missing.
            Run.stage == "announced",
            tuple_(*keys) > after,
        )
        .order_by(*keys)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def resolved_on(connection: AsyncConnection, day: str, request: str) -> bool:
    """Tell whether a day's run resolved a request."""
    query = select(PublishedRequest.digest).where(
        PublishedRequest.digest == request, PublishedRequest.day == day
    )
    return (await connection.execute(query)).first() is not None


async def vendor_names(connection: AsyncConnection, dids: Sequence[str]) -> dict[str, str]:
    """The names of vendors."""
    query = select(Vendor.did, Vendor.name).where(Vendor.did.in_(dids))
    return {row.did: row.name for row in await connection.execute(query)}
