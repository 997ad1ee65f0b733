"""Every query about issuer keys and draws."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow
from marketplace.models.members import StoredIssuerKey, TokenDraw
from vrm.documents.membership import TIERS, Tier


async def find_key(connection: AsyncConnection, key_id: str) -> AnyRow | None:
    """Find an issuer key by its id."""
    query = select(StoredIssuerKey.__table__).where(StoredIssuerKey.key_id == key_id)
    return (await connection.execute(query)).one_or_none()


async def tiers_of(connection: AsyncConnection, key_ids: Iterable[str]) -> dict[str, Tier]:
    """The tiers of keys, by their ids."""
    query = select(StoredIssuerKey.key_id, StoredIssuerKey.tier).where(
        StoredIssuerKey.key_id.in_(list(key_ids))
    )
    return {row.key_id: row.tier for row in await connection.execute(query)}


async def living(connection: AsyncConnection, now: int) -> Sequence[AnyRow]:
    """The keys whose tokens can be spent still, or will be, oldest epoch first."""
    query = (
        select(StoredIssuerKey.__table__)
        .where(StoredIssuerKey.redeems_until > now)
        .order_by(StoredIssuerKey.epoch, StoredIssuerKey.tier)
    )
    return (await connection.execute(query)).all()


async def page(connection: AsyncConnection, after: tuple[int, str], limit: int) -> Sequence[AnyRow]:
    """List the keys, newest epoch first."""
    epoch, tier = after
    key = StoredIssuerKey
    query = (
        select(key.__table__)
        .where((key.epoch < epoch) | ((key.epoch == epoch) & (key.tier > tier)))
        .order_by(key.epoch.desc(), key.tier)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def known(connection: AsyncConnection, epochs: Sequence[int]) -> set[tuple[str, int]]:
    """The tiers and epochs, of some epochs, that have a key."""
    query = select(StoredIssuerKey.tier, StoredIssuerKey.epoch).where(
        StoredIssuerKey.epoch.in_(epochs)
    )
    return {(row.tier, row.epoch) for row in await connection.execute(query)}


async def add_key(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a key."""
    await connection.execute(insert(StoredIssuerKey), row)


async def find_draw(connection: AsyncConnection, member: str, key_id: str) -> AnyRow | None:
    """Find what a member drew under a key."""
    query = select(TokenDraw.__table__).where(
        TokenDraw.member == member, TokenDraw.key_id == key_id
    )
    return (await connection.execute(query)).one_or_none()


async def add_draw(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a draw."""
    await connection.execute(insert(TokenDraw), row)


async def forget_answers(connection: AsyncConnection, member: str) -> None:
    """Empty the answers to a member's draws."""
    query = update(TokenDraw).where(TokenDraw.member == member).values(response=b"")
    await connection.execute(query)


async def forget_draws(connection: AsyncConnection, now: int) -> None:
    """Forget the draws under keys whose tokens can be spent no more."""
    dead = select(StoredIssuerKey.key_id).where(StoredIssuerKey.redeems_until <= now)
    await connection.execute(delete(TokenDraw).where(TokenDraw.key_id.in_(dead)))


async def count_issued(connection: AsyncConnection, now: int) -> None:
    """Bring the public counts of issued tokens up to date, for keys that are drawn under."""
    draws = (
        select(func.count())
        .where(TokenDraw.key_id == StoredIssuerKey.key_id)
        .correlate(StoredIssuerKey)
        .scalar_subquery()
    )
    query = (
        update(StoredIssuerKey)
        .where(StoredIssuerKey.redeems_until > now, StoredIssuerKey.tier.in_(TIERS))
        .values(issued=draws * StoredIssuerKey.allotment)
    )
    await connection.execute(query)


async def set_counts(connection: AsyncConnection, key_id: str, issued: int, redeemed: int) -> None:
    """Bring the public counts of a key up to date."""
    query = update(StoredIssuerKey).where(StoredIssuerKey.key_id == key_id)
    await connection.execute(query.values(issued=issued, redeemed=redeemed))


async def dead(connection: AsyncConnection, kinds: Sequence[str], instant: int) -> Sequence[str]:
    """The ids of the keys of some kinds that were of no use any more at an instant."""
    key = StoredIssuerKey
    query = select(key.key_id).where(key.tier.in_(kinds), key.redeems_until <= instant)
    return (await connection.execute(query)).scalars().all()


async def count_redeemed(connection: AsyncConnection, counts: Mapping[str, int]) -> None:
    """Add to the public counts of redeemed tokens."""
    for key_id, count in sorted(counts.items()):
        query = (
            update(StoredIssuerKey)
            .where(StoredIssuerKey.key_id == key_id)
            .values(redeemed=StoredIssuerKey.redeemed + count)
        )
        await connection.execute(query)
