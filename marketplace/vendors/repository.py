"""Every query about vendors."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import and_, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from marketplace.db import AnyRow, insert_new, upsert
from marketplace.models import (
    Invitation,
    PlaceCapacity,
    PlaceNumber,
    PublishedRequest,
    ReadNonce,
    StoredBid,
    Vendor,
    VendorPlace,
)
from marketplace.vendors.rules import BiddingPlace
from vrm.documents import Capacity, Signed, Suspension, VendorProfile
from vrm.documents.place import Point


async def find(connection: AsyncConnection, did: str) -> AnyRow | None:
    """Find a vendor by its did."""
    return (
        await connection.execute(select(Vendor.__table__).where(Vendor.did == did))
    ).one_or_none()


async def page(connection: AsyncConnection, after: str, limit: int) -> Sequence[AnyRow]:
    """List vendors in order of their dids."""
    query = select(Vendor.__table__).where(Vendor.did > after).order_by(Vendor.did).limit(limit)
    return (await connection.execute(query)).all()


async def store_profile(connection: AsyncConnection, profile: Signed[VendorProfile]) -> None:
    """Make a profile the one that counts, with its places."""
    body = profile.body
    row = {
        "did": body.vendor,
        "seq": body.seq,
        "name": body.name,
        "profile_digest": profile.digest,
        "wire": profile.wire,
    }
    await upsert(connection, Vendor, row)
    await connection.execute(delete(VendorPlace).where(VendorPlace.vendor == body.vendor))
    places = [
        {
            "vendor": body.vendor,
            "place": place.id,
            "lat_e6": place.lat_e6,
            "lng_e6": place.lng_e6,
            "reach_m": place.reach_m,
            "capacity": place.capacity,
        }
        for place in body.places
    ]
    await connection.execute(insert(VendorPlace), places)
    numbered = select(PlaceNumber.place).where(PlaceNumber.vendor == body.vendor)
    known = set((await connection.execute(numbered)).scalars())
    new = [{"vendor": body.vendor, "place": one.id} for one in body.places if one.id not in known]
    if new:
        await connection.execute(insert(PlaceNumber), new)


async def set_suspended(connection: AsyncConnection, decision: Signed[Suspension]) -> None:
    """Suspend or reinstate a vendor."""
    body = decision.body
    query = update(Vendor).where(Vendor.did == body.vendor)
    values = {"suspended": body.suspended, "suspension": decision.wire}
    await connection.execute(query.values(values))


async def bidding_places(connection: AsyncConnection, vendor: str) -> dict[str, BiddingPlace]:
    """The vendor's places from which live bids on open requests come."""
    query = (
        select(VendorPlace.__table__)
        .join(StoredBid, and_(StoredBid.vendor == vendor, StoredBid.place == VendorPlace.place))
        .join(PublishedRequest, PublishedRequest.digest == StoredBid.request)
        .where(
            VendorPlace.vendor == vendor, StoredBid.state == "live", PublishedRequest.day.is_(None)
        )
        .distinct()
    )
    rows = await connection.execute(query)
    return {
        row.place: BiddingPlace(Point(row.lat_e6, row.lng_e6), row.reach_m, row.capacity)
        for row in rows
    }


async def usual_capacity(connection: AsyncConnection, vendor: str, place: str) -> int | None:
    """The units a day that the vendor's current profile states for a place; none without such a place."""
    query = select(VendorPlace.capacity).where(
        VendorPlace.vendor == vendor, VendorPlace.place == place
    )
    return (await connection.execute(query)).scalar_one_or_none()


async def closed_cutoffs(
    connection: AsyncConnection, vendor: str, place: str, now: int
) -> Sequence[int]:
    """The cutoffs that live bids from a place wait for, which can no longer be withdrawn."""
    query = (
        select(PublishedRequest.cutoff)
        .join(StoredBid, PublishedRequest.digest == StoredBid.request)
        .where(
            StoredBid.vendor == vendor,
            StoredBid.place == place,
            StoredBid.state == "live",
            PublishedRequest.day.is_(None),
            PublishedRequest.withdrawn_at.is_(None),
            PublishedRequest.bids_close <= now,
        )
        .distinct()
    )
    return (await connection.execute(query)).scalars().all()


async def find_capacity(
    connection: AsyncConnection, vendor: str, place: str, date: str
) -> AnyRow | None:
    """Find what a vendor said about a place's units on a date."""
    query = select(PlaceCapacity.__table__).where(
        PlaceCapacity.vendor == vendor, PlaceCapacity.place == place, PlaceCapacity.date == date
    )
    return (await connection.execute(query)).one_or_none()


async def store_capacity(connection: AsyncConnection, capacity: Signed[Capacity]) -> None:
    """Make a capacity the one that counts for its place and date."""
    body = capacity.body
    row = {
        "vendor": body.vendor,
        "place": body.place,
        "date": body.date,
        "units": body.units,
        "seq": body.seq,
        "digest": capacity.digest,
        "wire": capacity.wire,
    }
    await upsert(connection, PlaceCapacity, row)


async def store_invitation(connection: AsyncConnection, code: str, uses: int) -> None:
    """Keep an invitation, by its digest only."""
    await insert_new(connection, Invitation, {"code_digest": _code_digest(code), "uses_left": uses})


async def use_invitation(connection: AsyncConnection, code: str) -> bool:
    """Use an invitation once; tell whether there was a use left."""
    query = (
        update(Invitation)
        .where(Invitation.code_digest == _code_digest(code), Invitation.uses_left > 0)
        .values(uses_left=Invitation.uses_left - 1)
    )
    return (await connection.execute(query)).rowcount == 1


async def store_nonce(connection: AsyncConnection, vendor: str, nonce: str, expires: int) -> bool:
    """Keep a signed read's nonce; tell whether it was new."""
    row = {"vendor": vendor, "nonce": nonce, "expires": expires}
    return await insert_new(connection, ReadNonce, row)


async def purge_nonces(connection: AsyncConnection, now: int) -> None:
    """Forget the nonces whose signatures are refused for their age anyway."""
    await connection.execute(delete(ReadNonce).where(ReadNonce.expires < now))


def _code_digest(code: str) -> str:
    return crypto.base64url_encode(hashlib.sha256(code.encode()).digest())
