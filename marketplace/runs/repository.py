"""Every query about runs as rows: their cutoffs and stages.

Whose turn it is stands in `timeline`, what a run froze in `snapshot`, what it gave in `awards`, what anybody
reads page by page in `listing`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_new
from marketplace.models import PublishedRequest, Run, RunRequest, Vendor

UNPUBLISHED = ("due", "frozen", "resolved")


async def find(connection: AsyncConnection, day: str) -> AnyRow | None:
    """Find a run."""
    return (await connection.execute(select(Run.__table__).where(Run.day == day))).one_or_none()


async def set_stage(connection: AsyncConnection, day: str, stage: str, **values: Any) -> None:
    """Note that a run has come to a stage."""
    await connection.execute(update(Run).where(Run.day == day).values(stage=stage, **values))


async def newest_cutoff(connection: AsyncConnection) -> int | None:
    """The newest cutoff that has its run."""
    return (await connection.execute(select(func.max(Run.cutoff)))).scalar_one()


async def first_publication(connection: AsyncConnection) -> int | None:
    """When the market's first request was published."""
    return (await connection.execute(select(func.min(PublishedRequest.published_at)))).scalar_one()


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
        PublishedRequest.hidden.is_(False),
        PublishedRequest.cutoff <= takes_until,
        PublishedRequest.published_at <= cutoff,
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def page(connection: AsyncConnection, before: int | None, limit: int) -> Sequence[AnyRow]:
    """List runs, newest first."""
    query = select(Run.__table__).order_by(Run.ordinal.desc()).limit(limit)
    if before is not None:
        query = query.where(Run.ordinal < before)
    return (await connection.execute(query)).all()


async def froze(connection: AsyncConnection, day: str, request: str) -> bool:
    """Tell whether a day's run decided a request."""
    query = select(RunRequest.request).where(RunRequest.day == day, RunRequest.request == request)
    return (await connection.execute(query)).first() is not None


async def vendor_names(connection: AsyncConnection, dids: Sequence[str]) -> dict[str, str]:
    """The names of vendors."""
    query = select(Vendor.did, Vendor.name).where(Vendor.did.in_(dids))
    return {row.did: row.name for row in await connection.execute(query)}


async def count_requests(connection: AsyncConnection, day: str) -> int:
    """Count the requests that a day's run took."""
    row = RunRequest  # they are numbered from 0 in the order of their digests
    query = select(row.number).where(row.day == day).order_by(row.request.desc()).limit(1)
    last: int | None = (await connection.execute(query)).scalar_one_or_none()
    return 0 if last is None else last + 1
