"""Roll-over: what a day could not give to anybody joins a later cutoff, if its owner allows."""

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.cascade import repository
from marketplace.market import Market


async def roll_over(
    market: Market, connection: AsyncConnection, day: str, tick: int, decided_at: int
) -> None:
    """Let the unfilled requests of a run or tick that allow it join a later cutoff.

    It is the first cutoff that leaves vendors the market's minimum open time, counted from the decision, or
    from the last tick instant where the market was so late. Bids that say that they hold until then roll
    along, all others lapse, and so do those that did not hold; what the day decided from is kept beside.
    """
    now = await market.db.now(connection)
    since = max(decided_at, market.calendar.tick_at_or_before(now))
    cutoff = market.calendar.joins(since)
    if await repository.move_on(connection, day, tick, cutoff):
        await repository.part_bids(connection, day, tick, cutoff)
        await repository.reopen(connection, day, tick, market.calendar.bids_close(cutoff))
