"""Every query about preferences."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, exists, insert, literal, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, upsert
from marketplace.models import PublishedRequest, Run, RunRequest
from marketplace.models.mail import RunPreference, StoredPreference


async def find(connection: AsyncConnection, request: str) -> AnyRow | None:
    """Find the newest Preference on a request that was taken out of what waits."""
    query = select(StoredPreference.__table__).where(StoredPreference.request == request)
    return (await connection.execute(query)).one_or_none()


async def find_request(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a published request."""
    query = select(PublishedRequest.__table__).where(PublishedRequest.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def run_takes(connection: AsyncConnection, request: AnyRow) -> bool:
    """Tell whether the newest run is one that takes a published request."""
    newest = (await connection.execute(select(Run).order_by(Run.ordinal.desc()).limit(1))).first()
    return (
        newest is not None
        and request.cutoff <= newest.takes_until
        and request.published_at <= newest.cutoff
    )


async def keep(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Keep a Preference in the place of an older one."""
    await upsert(connection, StoredPreference, row)


async def forget(connection: AsyncConnection, before: int) -> None:
    """Forget those on requests that no run will take any more, whose last cutoff was before an instant."""
    request = PublishedRequest
    over = exists().where(
        request.digest == StoredPreference.request,
        request.cutoff < before,
        or_(request.day.is_not(None), request.withdrawn_at.is_not(None)),
    )
    await connection.execute(delete(StoredPreference).where(over))


async def freeze(connection: AsyncConnection, day: str) -> None:
    """Fix the Preferences on the requests that a run took."""
    held = StoredPreference
    taken = exists().where(RunRequest.day == day, RunRequest.request == held.request)
    fixed = (
        select(literal(day), held.request, held.digest, held.wire)
        .where(taken)
        .order_by(held.request)
    )
    columns = ["day", "request", "preference", "wire"]
    await connection.execute(insert(RunPreference).from_select(columns, fixed))


async def frozen(connection: AsyncConnection, day: str) -> Sequence[AnyRow]:
    """The Preferences that a run decides by, in order of the requests."""
    row = RunPreference
    query = select(row.request, row.preference, row.wire).where(row.day == day)
    return (await connection.execute(query.order_by(row.request))).all()
