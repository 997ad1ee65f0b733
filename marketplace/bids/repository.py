"""Every query about bids."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import and_, case, func, insert, or_, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.bids.rules import Bidder, BidPlace, BidRequest
from marketplace.db import AnyRow
from marketplace.models import (
    Award,
    PlaceNumber,
    PublishedRequest,
    Run,
    StoredBid,
    StoredBidWithdrawal,
    Vendor,
    VendorPlace,
)
from marketplace.models.cascade import Displaced, RunBid
from marketplace.models.mail import AlternativeBid
from vrm.documents import BidWithdrawal, Signed, VendorProfile, recall
from vrm.documents.place import Point

LIVE, SUPERSEDED, WITHDRAWN, LAPSED = "live", "superseded", "withdrawn", "lapsed"


async def requests_of(connection: AsyncConnection, digests: Iterable[str]) -> dict[str, BidRequest]:
    """Find the published ones among requests, by digest; none of them is resolved before this commits."""
    query = (
        select(PublishedRequest.__table__)
        .where(PublishedRequest.digest.in_(set(digests)))
        .order_by(PublishedRequest.digest)
        .with_for_update(read=True)  # against a freeze on PostgreSQL; SQLite has one writer
    )
    return {row.digest: _bid_request(row) for row in await connection.execute(query)}


async def bidders_of(connection: AsyncConnection, dids: Iterable[str]) -> dict[str, Bidder]:
    """Find the admitted ones among vendors, by did."""
    wanted = set(dids)
    places: dict[str, dict[str, BidPlace]] = {did: {} for did in wanted}
    rows = await connection.execute(
        select(VendorPlace.__table__, PlaceNumber.number)
        .join(
            PlaceNumber,
            and_(PlaceNumber.vendor == VendorPlace.vendor, PlaceNumber.place == VendorPlace.place),
        )
        .where(VendorPlace.vendor.in_(wanted))
    )
    for row in rows:
        places[row.vendor][row.place] = BidPlace(
            row.number, Point(row.lat_e6, row.lng_e6), row.reach_m
        )
    vendors = await connection.execute(select(Vendor.__table__).where(Vendor.did.in_(wanted)))
    return {
        row.did: Bidder(
            row.suspended, frozenset(recall(row.wire, VendorProfile).delivery), places[row.did]
        )
        for row in vendors
    }


async def received(connection: AsyncConnection, digests: Iterable[str]) -> dict[str, int]:
    """When bids were received, of those that are stored already."""
    query = select(StoredBid.digest, StoredBid.received_at)
    rows = await connection.execute(query.where(StoredBid.digest.in_(set(digests))))
    return {row.digest: row.received_at for row in rows}


async def newest_sequences(
    connection: AsyncConnection, pairs: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    """Find the highest sequence number stored for each (request, vendor)."""
    wanted = sorted(set(pairs))
    query = select(StoredBid.request, StoredBid.vendor, StoredBid.seq).where(
        tuple_(StoredBid.request, StoredBid.vendor).in_(wanted)
    )
    newest: dict[tuple[str, str], int] = {}
    for request, vendor, seq in await connection.execute(query):
        newest[request, vendor] = max(seq, newest.get((request, vendor), -1))
    return newest


async def supersede(connection: AsyncConnection, pairs: Sequence[tuple[str, str]]) -> None:
    """Take the live bids of these (request, vendor) out of play."""
    if pairs:
        await connection.execute(
            update(StoredBid)
            .where(tuple_(StoredBid.request, StoredBid.vendor).in_(pairs), StoredBid.state == LIVE)
            .values(state=SUPERSEDED)
        )


async def add(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store bids."""
    if rows:
        await connection.execute(insert(StoredBid), list(rows))


async def mark_alternatives(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Note which bids offer something else than was asked for."""
    if rows:
        await connection.execute(insert(AlternativeBid), list(rows))


async def find(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a bid."""
    query = select(StoredBid.__table__).where(StoredBid.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def withdrawal_received(connection: AsyncConnection, digest: str) -> int | None:
    """When a withdrawal was received, if it is stored."""
    query = select(StoredBidWithdrawal.received_at).where(StoredBidWithdrawal.digest == digest)
    return (await connection.execute(query)).scalar_one_or_none()


async def withdraw(
    connection: AsyncConnection, withdrawal: Signed[BidWithdrawal], now: int
) -> None:
    """Take a bid back."""
    bid = withdrawal.body.bid
    row = {"digest": withdrawal.digest, "bid": bid, "received_at": now, "wire": withdrawal.wire}
    await connection.execute(insert(StoredBidWithdrawal), row)
    await connection.execute(
        update(StoredBid).where(StoredBid.digest == bid).values(state=WITHDRAWN)
    )


async def page_of_vendor(
    connection: AsyncConnection, vendor: str, day: str | None, after: str, limit: int
) -> Sequence[AnyRow]:
    """List a vendor's own bids with what became of them, by digest.

    A bid's day is the published one that took its request; of a bid that lapsed, the last one in which it took
    part. ``won`` is the tick that gave it the request, ``lost`` why that did not hold.
    """
    bid = StoredBid
    lapsed_on = select(func.max(RunBid.day)).where(RunBid.bid == bid.digest).scalar_subquery()
    decided = case((bid.state == LAPSED, lapsed_on), else_=PublishedRequest.day)
    conditions = [bid.vendor == vendor, bid.digest > after]
    if day is not None:
        rolled = select(RunBid.bid).where(RunBid.day == day, RunBid.bid == bid.digest)
        conditions.append(or_(Run.day == day, rolled.exists()))
    query = (
        select(bid.__table__, Run.day, Award.tick.label("won"), Displaced.reason.label("lost"))
        .join(PublishedRequest, PublishedRequest.digest == bid.request)
        .outerjoin(Run, and_(Run.day == decided, Run.report.is_not(None)))
        .outerjoin(
            Award,
            and_(Award.day == Run.day, Award.request == bid.request, Award.bid == bid.digest),
        )
        .outerjoin(
            Displaced,
            and_(
                Displaced.day == Run.day,
                Displaced.request == bid.request,
                Displaced.bid == bid.digest,
            ),
        )
        .where(*conditions)
        .order_by(bid.digest)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


def _bid_request(row: AnyRow) -> BidRequest:
    ways = (("ship", row.ships), ("pickup", row.picked_up), ("on-site", row.on_site))
    return BidRequest(
        digest=row.digest,
        withdrawn=row.withdrawn_at is not None,
        hidden=row.hidden,
        resolved=row.day is not None,
        bids_close=row.bids_close,
        price_kind=row.price_kind,
        amount=row.amount,
        currency=row.currency,
        centre=Point(row.lat_e6, row.lng_e6),
        radius_m=row.radius_m,
        delivery=frozenset(way for way, taken in ways if taken),
        terms=row.terms,
        item=None if row.principal is None else (row.principal, row.item),
    )
