"""Every query about stamps and standing."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_new
from marketplace.models.stamps import (
    SpentStamp,
    StampArrival,
    StampDeposited,
    StampGrant,
    Standing,
)
from marketplace.stamps.rules import Counts


async def find_grant(connection: AsyncConnection, pseudonym: str) -> AnyRow | None:
    """Find the stamp that a pseudonym was given."""
    for table in (StampArrival, StampGrant):
        query = select(table.__table__).where(table.pseudonym == pseudonym)
        if (row := (await connection.execute(query)).one_or_none()) is not None:
            return row
    return None


async def add_grant(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store a stamp that was given."""
    await connection.execute(insert(StampArrival), row)


async def put_in_order(connection: AsyncConnection) -> None:
    """Move the stamps that were given lately to the others, in order of pseudonyms; nothing is left behind."""
    if connection.dialect.name == "postgresql":
        # Deleted rows would stay in the heap, in the order in which they came; a truncated file does not.
        await connection.execute(text("LOCK TABLE stamp_arrivals IN ACCESS EXCLUSIVE MODE"))
    found = await connection.execute(
        select(StampArrival.__table__).order_by(StampArrival.pseudonym)
    )
    if rows := [dict(row._mapping) for row in found]:
        await connection.execute(insert(StampGrant), rows)
    if connection.dialect.name == "postgresql":
        await connection.execute(text("TRUNCATE stamp_arrivals"))
    else:
        await connection.execute(delete(StampArrival))


async def counts_by_key(connection: AsyncConnection) -> tuple[dict[str, int], dict[str, int]]:
    """How many stamps were given, and deposited, under each key."""
    given = select(StampGrant.key_id, func.count()).group_by(StampGrant.key_id)
    deposited = select(SpentStamp.key_id, func.count()).group_by(SpentStamp.key_id)
    found = [(await connection.execute(query)).all() for query in (given, deposited)]
    by_key = [{row[0]: row[1] for row in rows} for rows in found]
    return by_key[0], by_key[1]


async def spend(connection: AsyncConnection, key_of: Mapping[str, str]) -> bool:
    """Keep stamps that are deposited, by nonce; tell whether all of them were new."""
    rows = [{"nonce": nonce, "key_id": key_of[nonce]} for nonce in sorted(key_of)]
    known = select(SpentStamp.nonce).where(SpentStamp.nonce.in_(list(key_of))).limit(1)
    if (await connection.execute(known)).first() is not None:
        return False
    await connection.execute(insert(SpentStamp), rows)
    return True


async def find_deposit(connection: AsyncConnection, member: str, epoch: int) -> AnyRow | None:
    """Find a member's deposit of an epoch, with what it counted."""
    query = (
        select(StampDeposited.digest, Standing.fulfilled, Standing.returned)
        .join(Standing, (Standing.member == member) & (Standing.epoch == epoch))
        .where(StampDeposited.member == member, StampDeposited.epoch == epoch)
    )
    return (await connection.execute(query)).one_or_none()


async def add_deposit(
    connection: AsyncConnection, member: str, epoch: int, digest: str, counts: Counts
) -> None:
    """Store a member's deposit of an epoch."""
    row = {"member": member, "epoch": epoch, "digest": digest}
    await connection.execute(insert(StampDeposited), row)
    await _open(connection, member, epoch)
    await connection.execute(
        _standing(member, epoch).values(fulfilled=counts.fulfilled, returned=counts.returned)
    )


async def note_draw(connection: AsyncConnection, member: str, epoch: int, tokens: int) -> bool:
    """Count a member's draw of an epoch; tell whether there was none before."""
    await _open(connection, member, epoch)
    noted = await connection.execute(
        _standing(member, epoch).where(Standing.drawn == 0).values(drawn=tokens)
    )
    return noted.rowcount == 1


async def standings(
    connection: AsyncConnection, since: int, epoch: int, matured: int
) -> dict[str, Counts]:
    """What each member drew before `matured`, and deposited before an epoch, from `since` on."""
    ripe = func.sum(Standing.drawn).filter(Standing.epoch < matured)
    query = (
        select(
            Standing.member,
            func.coalesce(ripe, 0),
            func.sum(Standing.fulfilled),
            func.sum(Standing.returned),
        )
        .where(Standing.epoch >= since, Standing.epoch < epoch)
        .group_by(Standing.member)
    )
    rows = (await connection.execute(query)).all()
    return {member: Counts(int(d), int(f), int(r)) for member, d, f, r in rows}


async def drew(connection: AsyncConnection, epoch: int) -> set[str]:
    """The members that drew in an epoch."""
    query = select(Standing.member).where(Standing.epoch == epoch, Standing.drawn > 0)
    return set((await connection.execute(query)).scalars())


async def forget_standing(connection: AsyncConnection, member: str, epoch: int) -> None:
    """Forget a member's standing and deposits, but for its draw of an epoch."""
    old = delete(Standing).where(Standing.member == member, Standing.epoch < epoch)
    await connection.execute(old)
    await connection.execute(delete(StampDeposited).where(StampDeposited.member == member))
    await connection.execute(_standing(member, epoch).values(fulfilled=0, returned=0))


async def forget_old(connection: AsyncConnection, since: int, dead: Iterable[str]) -> None:
    """Forget the standings and deposits before an epoch, and what was given and deposited under dead keys."""
    for of_members in (Standing, StampDeposited):
        await connection.execute(delete(of_members).where(of_members.epoch < since))
    for of_stamps in (SpentStamp, StampGrant):
        await connection.execute(delete(of_stamps).where(of_stamps.key_id.in_(list(dead))))


async def _open(connection: AsyncConnection, member: str, epoch: int) -> None:
    row = {"member": member, "epoch": epoch, "drawn": 0, "fulfilled": 0, "returned": 0}
    await insert_new(connection, Standing, row)


def _standing(member: str, epoch: int) -> Any:
    return update(Standing).where(Standing.member == member, Standing.epoch == epoch)
