"""Every query about requests and their publication."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models import (
    Batch,
    PublishedRequest,
    PublishedWithdrawal,
    Run,
    Unfilled,
)
from marketplace.models.cascade import Tick


async def find_published(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a published request."""
    query = select(PublishedRequest.__table__).where(PublishedRequest.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def find_published_withdrawal(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a published withdrawal."""
    query = select(PublishedWithdrawal.__table__).where(PublishedWithdrawal.digest == digest)
    return (await connection.execute(query)).one_or_none()


async def pseudonym_was_published(connection: AsyncConnection, pseudonym: str) -> bool:
    """Tell whether a request under this pseudonym was published."""
    query = select(PublishedRequest.digest).where(PublishedRequest.pseudonym == pseudonym)
    return (await connection.execute(query)).first() is not None


async def ended(connection: AsyncConnection, pseudonym: str) -> str:
    """How a pseudonym's published request ended; a run or tick counts once it is published."""
    request = PublishedRequest
    query = (
        select(request.withdrawn_at, request.day, Unfilled.tick, Run.report, Tick.report)
        .outerjoin(Unfilled, (Unfilled.request == request.digest) & (Unfilled.day == request.day))
        .outerjoin(Run, Run.day == request.day)
        .outerjoin(Tick, (Tick.day == request.day) & (Tick.tick == Unfilled.tick))
        .where(request.pseudonym == pseudonym)
    )
    found = (await connection.execute(query)).one_or_none()
    if found is None:
        return "none"
    withdrawn_at, day, tick, run_report, tick_report = found
    if withdrawn_at is not None:
        return "withdrawn"
    report = tick_report if tick else run_report
    if day is None or report is None:
        return "open" if day is None else "decided"
    return "decided" if tick is None else "unfilled"


async def publish(
    connection: AsyncConnection,
    instant: int,
    requests: Sequence[dict[str, Any]],
    withdrawals: Sequence[dict[str, Any]],
) -> None:
    """Store what a batch lists; its rows come sorted by digest."""
    counts = {"instant": instant, "requests": len(requests), "withdrawals": len(withdrawals)}
    await connection.execute(insert(Batch), counts)
    if requests:
        await connection.execute(insert(PublishedRequest), list(requests))
    if withdrawals:
        await connection.execute(insert(PublishedWithdrawal), list(withdrawals))
        withdrawn = [row["request"] for row in withdrawals]
        await connection.execute(
            update(PublishedRequest)
            .where(PublishedRequest.digest.in_(withdrawn), PublishedRequest.day.is_(None))
            .values(withdrawn_at=instant)
        )


async def set_leaves(
    connection: AsyncConnection, instant: int, first_leaf: int, leaves: int
) -> None:
    """Note where a batch's documents stand in the log."""
    batch = update(Batch).where(Batch.instant == instant)
    await connection.execute(batch.values(first_leaf=first_leaf, leaves=leaves))


async def batches(connection: AsyncConnection, after: int, limit: int) -> Sequence[AnyRow]:
    """List batches from the oldest."""
    query = (
        select(Batch.__table__).where(Batch.instant > after).order_by(Batch.instant).limit(limit)
    )
    return (await connection.execute(query)).all()


async def batch_contents(
    connection: AsyncConnection, instants: Sequence[int]
) -> tuple[dict[int, list[str]], dict[int, list[str]]]:
    """List what each batch published: digests of requests, and of withdrawn requests."""
    requests: dict[int, list[str]] = {}
    published = (
        select(PublishedRequest.published_at, PublishedRequest.digest)
        .where(PublishedRequest.published_at.in_(instants))
        .order_by(PublishedRequest.digest)
    )
    for instant, digest in await connection.execute(published):
        requests.setdefault(instant, []).append(digest)
    withdrawals: dict[int, list[str]] = {}
    withdrawn = (
        select(PublishedWithdrawal.published_at, PublishedWithdrawal.request)
        .where(PublishedWithdrawal.published_at.in_(instants))
        .order_by(PublishedWithdrawal.request)
    )
    for instant, digest in await connection.execute(withdrawn):
        withdrawals.setdefault(instant, []).append(digest)
    return requests, withdrawals
