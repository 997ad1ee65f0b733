"""Every query about what runs gave: awards, and the signed assignments made of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, insert, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import bulk
from marketplace.db import AnyRow
from marketplace.models import (
    Award,
    PublishedRequest,
    Run,
    RunPlace,
    SignedAssignment,
    StoredBid,
    Unfilled,
)
from marketplace.models_catalogue import RunFallback
from marketplace.rowbytes import Column


async def store_outcome(
    connection: AsyncConnection,
    day: str,
    awards: Mapping[str, Column],
    unfilled: Mapping[str, Column],
    fallbacks: Mapping[str, Column],
) -> None:
    """Insert what a run decided."""
    await bulk.write(connection, Award, {"day": day, **awards})
    await bulk.write(connection, Unfilled, {"day": day, **unfilled})
    ticks = np.zeros(len(fallbacks["request"]), dtype=np.int64)
    await bulk.write(connection, RunFallback, {"day": day, **fallbacks, "tick": ticks})


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
