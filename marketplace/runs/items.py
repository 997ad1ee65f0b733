"""What a run decides from about catalogue items: which versions count, who may sell, who ships the rest.

For a request that names an item the version counts that was newest when bids on the request closed, or at the
run's cutoff if the operator closed the day before. Only the vendors that it names may win the request. If
nobody does, its principal ships, unless that version is off the list or the principal is suspended.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from sqlalchemy import SmallInteger, and_, case, cast, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from marketplace import bulk
from marketplace.catalogue.rules import sellers_of
from marketplace.db import AnyRow
from marketplace.models import PublishedRequest, Vendor
from marketplace.models.catalogue import CatalogueEntry, RunItem
from marketplace.resolver import Flaw, Market
from marketplace.resolver.tables import I64, Mask, Strings
from marketplace.runs.repository import count_requests
from marketplace.runs.snapshot import among
from vrm.documents import CatalogueItem, recall


def _no_digests() -> Strings:
    return np.empty(0, dtype=bulk.DIGEST)


@dataclass(frozen=True, eq=False)
class FrozenItems:
    """The requests of a day that name items, in order of their digests, each with the version that counts."""

    requests: Strings = field(default_factory=_no_digests)
    versions: Strings = field(default_factory=_no_digests)
    suspended: Mask = field(default_factory=lambda: np.empty(0, dtype=np.bool_))
    documents: Mapping[str, CatalogueItem] = field(default_factory=dict)
    """The versions by their digests."""

    def shipped(self, requests: Strings) -> I64:
        """Where each of some requests stands here; -1 where no principal would ship it."""
        if not len(self.requests):
            return np.full(len(requests), -1, dtype=np.int64)
        at = np.minimum(np.searchsorted(self.requests, requests), len(self.requests) - 1)
        listed = {text.encode() for text, item in self.documents.items() if item.listed}
        ships = np.isin(self.versions, np.array(sorted(listed), dtype=bulk.DIGEST))
        ships &= ~self.suspended
        return np.where((self.requests.take(at) == requests) & ships.take(at), at, -1)

    def principal_of(self, request: str) -> str | None:
        """The principal that ships a request if nobody takes it."""
        (at,) = self.shipped(np.array([request.encode()], dtype=bulk.DIGEST)).tolist()
        return None if at < 0 else self.documents[self.versions[at].decode()].principal


async def freeze_items(connection: AsyncConnection, run: AnyRow) -> None:
    """Fix which version of its item counts for each request of a run that names one."""
    row, older = CatalogueEntry, aliased(CatalogueEntry)
    closed = case(
        (PublishedRequest.bids_close < run.cutoff, PublishedRequest.bids_close), else_=run.cutoff
    )
    newest = (
        select(func.max(older.seq))
        .where(
            older.principal == PublishedRequest.principal,
            older.item == PublishedRequest.item,
            older.stored_at < closed,
        )
        .scalar_subquery()
    )
    counting = (
        select(literal(run.day), PublishedRequest.digest, row.digest, Vendor.suspended)
        .select_from(PublishedRequest)
        .join(
            row,
            and_(
                row.principal == PublishedRequest.principal,
                row.item == PublishedRequest.item,
                row.seq == newest,
            ),
        )
        .join(Vendor, Vendor.did == row.principal)
        .where(PublishedRequest.day == run.day, PublishedRequest.principal.is_not(None))
        .order_by(PublishedRequest.digest)
    )
    columns = ["day", "request", "item", "suspended"]
    await connection.execute(insert(RunItem).from_select(columns, counting))


async def frozen_items(connection: AsyncConnection, day: str, tick: int = 0) -> FrozenItems:
    """Read what a run's freeze fixed about items, as far as a later tick of the day asks for it."""
    query = (
        select(
            RunItem.request,
            RunItem.item,
            cast(case((RunItem.suspended, 1), else_=0), SmallInteger).label("suspended"),
        )
        .where(RunItem.day == day)
        .order_by(RunItem.request)
    )
    whole = among(query, RunItem.request, day, tick)
    layout = {"request": bulk.DIGEST, "item": bulk.DIGEST, "suspended": "i2"}
    about = await count_requests(connection, day)
    rows = await bulk.read([connection], whole, layout, RunItem.request, rows=about)
    versions = rows["item"]
    wires = select(CatalogueEntry.digest, CatalogueEntry.wire).where(
        CatalogueEntry.digest.in_(np.unique(versions).astype("U").tolist())
    )
    found = await connection.execute(wires) if len(versions) else ()
    return FrozenItems(
        requests=rows["request"],
        versions=versions,
        suspended=rows["suspended"].astype(np.bool_),
        documents={row.digest: recall(row.wire, CatalogueItem) for row in found},
    )


def mark_unauthorised(market: Market, items: FrozenItems) -> None:
    """Mark, in place, the bids by vendors that the version of the request's item does not name."""
    rows = np.searchsorted(market.requests.id, items.requests)
    first = market.first_bid.take(rows)
    count = market.first_bid.take(rows + 1) - first
    skipped = np.cumsum(count) - count
    bids = np.repeat(first - skipped, count) + np.arange(count.sum())
    version = np.repeat(items.versions, count)
    if not len(version):
        return
    order = np.argsort(version, kind="stable")
    bids, version = bids.take(order), version.take(order)
    starts = np.flatnonzero(np.r_[True, version[1:] != version[:-1]]).tolist()
    for start, stop in zip(starts, [*starts[1:], len(version)], strict=True):
        sellers = sellers_of(items.documents[version[start].decode()])
        if sellers is None:
            continue
        theirs = bids[start:stop]
        dids = market.places.did.take(market.bids.place.take(theirs))
        named = np.isin(dids, np.array([did.encode() for did in sorted(sellers)], dtype=np.bytes_))
        market.bids.flaws[theirs[~named]] |= int(Flaw.UNAUTHORISED)
