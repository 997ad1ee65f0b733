"""A member's draws, counted into its standing, and forgotten when it leaves."""

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.stamps import repository
from vrm.documents import TokenRules


async def note_draw(connection: AsyncConnection, member: str, epoch: int, tokens: int) -> bool:
    """Count a member's draw of an epoch; tell whether it is the first one, of whatever tier."""
    return await repository.note_draw(connection, member, epoch, tokens)


async def forget(connection: AsyncConnection, member: str, rules: TokenRules, now: int) -> None:
    """Forget what a member who leaves drew and deposited, but for what keeps it from drawing twice."""
    await repository.forget_standing(connection, member, rules.epoch_at(now))
