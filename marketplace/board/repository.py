"""Every query of the board."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, or_, select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.board.rules import box_around
from marketplace.board.schemas import BoardFilter
from marketplace.db import AnyRow
from marketplace.models import PublishedRequest


async def find(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find one published request."""
    query = select(PublishedRequest.__table__).where(PublishedRequest.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def page(
    connection: AsyncConnection, wanted: BoardFilter, now: int, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """List what a filter may let through, in order of publication; distances are yet to be measured."""
    query = (
        select(PublishedRequest.__table__)
        .where(
            tuple_(PublishedRequest.published_at, PublishedRequest.digest) > after,
            *_where(wanted, now),
        )
        .order_by(PublishedRequest.published_at, PublishedRequest.digest)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


def _where(wanted: BoardFilter, now: int) -> list[ColumnElement[bool]]:
    row = PublishedRequest
    conditions: list[ColumnElement[bool]] = [row.hidden.is_(False)]
    still_open = and_(row.day.is_(None), row.bids_close > now)
    if wanted.state == "open":
        conditions += [row.withdrawn_at.is_(None), still_open]
    elif wanted.state == "closed":
        conditions += [row.withdrawn_at.is_(None), ~still_open]
    if wanted.category is not None:
        conditions.append(row.category == wanted.category)
    if wanted.min_price is not None:
        conditions.append(row.amount >= wanted.min_price)
    if wanted.max_price is not None:
        conditions.append(row.amount <= wanted.max_price)
    if wanted.delivery is not None:
        taken = {"ship": row.ships, "pickup": row.picked_up, "on-site": row.on_site}
        conditions.append(taken[wanted.delivery].is_(True))
    if wanted.near is not None and wanted.within_m is not None:
        box = box_around(wanted.near, wanted.within_m)
        conditions.append(row.lat_e6.between(box.south, box.north))
        conditions.append(or_(*(row.lng_e6.between(west, east) for west, east in box.spans)))
    return conditions
