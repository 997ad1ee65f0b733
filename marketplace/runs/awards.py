"""Every query about what runs and ticks gave: awards, and the signed assignments made of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from sqlalchemy import Select, and_, func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import bulk
from marketplace.db import AnyRow
from marketplace.models import (
    Award,
    LedAward,
    PublishedRequest,
    Run,
    RunPlace,
    SignedAssignment,
    StoredBid,
    Unfilled,
)
from marketplace.models.cascade import Tick
from marketplace.models.catalogue import RunFallback
from marketplace.runs.rules import Decided


async def store_outcome(
    connection: AsyncConnection,
    day: str,
    tick: int,
    decided: Decided,
) -> None:
    """Insert what a run (tick 0) or tick decided."""
    for table, columns in (
        (Award, decided.awards | {"reserve": decided.reserves}),
        (Unfilled, decided.unfilled),
        (RunFallback, decided.fallbacks),
        (LedAward, decided.led),
    ):
        number = np.full(len(columns["request"]), tick, dtype=np.int64)
        await bulk.write(connection, table, {"day": day, "tick": number, **columns})


def _to_sign(day: str, tick: int) -> Select[*tuple[Any, ...]]:
    """The awards of a run or tick with all that their documents say."""
    return (
        select(
            Award.__table__,
            func.coalesce(Tick.instant, Run.cutoff).label("decided_at"),
            StoredBid.vendor,
            StoredBid.place,
            StoredBid.amount,
            StoredBid.delivery,
            StoredBid.distance_m,
            PublishedRequest.currency,
            PublishedRequest.needed_by,
            RunPlace.band,
            LedAward.vendor.is_not(None).label("newcomer"),
        )
        .join(Run, Run.day == Award.day)
        .outerjoin(Tick, and_(Tick.day == Award.day, Tick.tick == Award.tick))
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
        .outerjoin(
            LedAward,
            and_(
                LedAward.day == Award.day,
                LedAward.request == Award.request,
                LedAward.tick == Award.tick,
            ),
        )
        .where(Award.day == day, Award.tick == tick)
        .order_by(Award.request)
    )


async def awards_to_sign(
    connection: AsyncConnection, day: str, tick: int, first: str
) -> Sequence[AnyRow]:
    """The awards of a run or tick for the requests whose digests begin with `first`."""
    # "~" is behind every character of a digest.
    query = _to_sign(day, tick).where(Award.request >= first, Award.request < first + "~")
    return (await connection.execute(query)).all()


async def add_assignments(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store signed assignments."""
    if rows:
        await connection.execute(insert(SignedAssignment), list(rows))


async def assignments_page(
    connection: AsyncConnection, day: str, tick: int, after: str, limit: int
) -> Sequence[AnyRow]:
    """The awards of a run or tick by request, with the signed document where there is one already."""
    query = (
        _to_sign(day, tick)
        .add_columns(SignedAssignment.wire)
        .outerjoin(
            SignedAssignment,
            and_(
                SignedAssignment.day == Award.day,
                SignedAssignment.tick == Award.tick,
                SignedAssignment.request == Award.request,
            ),
        )
        .where(Award.request > after)
        .limit(limit)
    )
    return (await connection.execute(query)).all()
