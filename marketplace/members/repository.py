"""Every query about members."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from marketplace.db import AnyRow, insert_new, upsert
from marketplace.models.members import Member, MemberInvitation, SponsorCount


async def find(connection: AsyncConnection, did: str) -> AnyRow | None:
    """Find a member by its name."""
    query = select(Member.__table__).where(Member.did == did)
    return (await connection.execute(query)).one_or_none()


async def find_by_key(connection: AsyncConnection, key: str) -> AnyRow | None:
    """Find a member by the key that signs for it now."""
    query = select(Member.__table__).where(Member.key == key)
    return (await connection.execute(query)).one_or_none()


async def page(connection: AsyncConnection, after: str, limit: int) -> Sequence[AnyRow]:
    """List members in order of their names."""
    query = select(Member.__table__).where(Member.did > after).order_by(Member.did).limit(limit)
    return (await connection.execute(query)).all()


async def store(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Make a registration the one that counts."""
    await upsert(connection, Member, row)


async def forget(connection: AsyncConnection, did: str) -> None:
    """Delete a member, and for how many it spoke."""
    await connection.execute(delete(Member).where(Member.did == did))
    await connection.execute(delete(SponsorCount).where(SponsorCount.sponsor == did))


async def set_tiers(connection: AsyncConnection, first: str, tiers: Mapping[str, str]) -> None:
    """Make these the tiers of members, and a first one that of all others."""
    await connection.execute(update(Member).where(Member.tier != first).values(tier=first))
    by_tier: dict[str, list[str]] = {}
    for did, tier in sorted(tiers.items()):
        if tier != first:
            by_tier.setdefault(tier, []).append(did)
    for tier, dids in by_tier.items():
        for at in range(0, len(dids), 1000):
            some = Member.did.in_(dids[at : at + 1000])
            await connection.execute(update(Member).where(some).values(tier=tier))


async def store_invitation(connection: AsyncConnection, code: str, uses: int) -> None:
    """Keep an invitation, by its digest only."""
    row = {"code_digest": _code_digest(code), "uses_left": uses}
    await insert_new(connection, MemberInvitation, row)


async def use_invitation(connection: AsyncConnection, code: str) -> bool:
    """Use an invitation once; tell whether there was a use left."""
    query = (
        update(MemberInvitation)
        .where(MemberInvitation.code_digest == _code_digest(code), MemberInvitation.uses_left > 0)
        .values(uses_left=MemberInvitation.uses_left - 1)
    )
    return (await connection.execute(query)).rowcount == 1


async def use_sponsor(connection: AsyncConnection, sponsor: str, epoch: int, quota: int) -> bool:
    """Count that a member spoke for somebody; tell whether its quota allowed it."""
    row = {"sponsor": sponsor, "epoch": epoch, "used": 0}
    await insert_new(connection, SponsorCount, row)
    query = (
        update(SponsorCount)
        .where(SponsorCount.sponsor == sponsor, SponsorCount.epoch == epoch)
        .where(SponsorCount.used < quota)
        .values(used=SponsorCount.used + 1)
    )
    return (await connection.execute(query)).rowcount == 1


def _code_digest(code: str) -> str:
    return crypto.base64url_encode(hashlib.sha256(code.encode()).digest())
