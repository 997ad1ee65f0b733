"""Every query about documents that wait."""

from collections.abc import Sequence
from operator import attrgetter
from typing import Any

from sqlalchemy import delete, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_new
from marketplace.models import Pending


async def find(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a document that waits."""
    query = select(Pending.__table__).where(Pending.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def about(connection: AsyncConnection, kind: str, request: str) -> Sequence[AnyRow]:
    """Find the documents of one kind that wait and are about a request."""
    query = select(Pending.__table__).where(Pending.kind == kind, Pending.request == request)
    return (await connection.execute(query)).all()


async def request_waits(connection: AsyncConnection, pseudonym: str) -> bool:
    """Tell whether a request under this pseudonym waits."""
    query = select(Pending.digest).where(
        Pending.pseudonym == pseudonym, Pending.kind == "PersonalRequest"
    )
    return (await connection.execute(query.limit(1))).first() is not None


async def drop(connection: AsyncConnection, digests: Sequence[str]) -> None:
    """Forget documents that wait."""
    await connection.execute(delete(Pending).where(Pending.digest.in_(digests)))


async def add(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Let a document wait."""
    await insert_new(connection, Pending, row)


async def count(connection: AsyncConnection, kinds: Sequence[str]) -> tuple[int, int | None]:
    """Count whose documents of these kinds wait, and find the earliest instant promised for any of them."""
    authors = func.count(Pending.pseudonym.distinct())
    query = select(authors, func.min(Pending.publish_by)).where(Pending.kind.in_(kinds))
    waiting, earliest = (await connection.execute(query)).one()
    return waiting, earliest


async def lock(connection: AsyncConnection) -> None:
    """Wait for whoever has begun to let a document wait, and let nobody else begin before this commits."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("LOCK TABLE pending IN ACCESS EXCLUSIVE MODE"))


async def any_but(connection: AsyncConnection, kinds: Sequence[str]) -> bool:
    """Tell whether any document of another kind waits."""
    query = select(Pending.digest).where(Pending.kind.not_in(kinds)).limit(1)
    return (await connection.execute(query)).first() is not None


async def take(connection: AsyncConnection, *, but: Sequence[str] = ()) -> Sequence[AnyRow]:
    """Take what waits out of the table, in order of digests; what is of kinds in `but` goes on waiting.

    Nothing is left behind of what was taken, nor of the order in which the rest came.
    """
    if connection.dialect.name == "postgresql":
        # Deleted rows would stay in the heap, in the order in which they came; a truncated file does not.
        await lock(connection)
        rows = (await connection.execute(select(Pending.__table__))).all()
        await connection.execute(text("TRUNCATE pending"))
    else:
        taken = await connection.execute(delete(Pending).returning(*Pending.__table__.columns))
        rows = taken.all()
    ordered = sorted(rows, key=attrgetter("digest"))
    left = [dict(row._mapping) for row in ordered if row.kind in but]
    if left:
        await connection.execute(insert(Pending), left)
    return [row for row in ordered if row.kind not in but]
