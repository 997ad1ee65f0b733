"""What becomes of accepted assignments whose customer or vendor says nothing.

A deadline counts at the first batch instant that is not before it, after what that instant published: so
whatever was posted in time counts. Nothing is done twice: a deadline that was acted on is no more.
"""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import clocks
from marketplace.fulfilment import repository
from marketplace.fulfilment.rules import Given, after_deadline
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.notices import service as notices
from marketplace.notices.schemas import EventData, EventType
from marketplace.reputation import service as reputation

BLOCK: Final = 1000
"""Deliveries that one transaction settles."""

_EVENTS: Final[dict[str, EventType]] = {
    "lapsed": "delivery.lapsed",
    "closed": "delivery.closed",
    "not-received": "delivery.closed",
}


async def is_due(market: Market) -> bool:
    """Tell whether a batch instant has passed a deadline that nobody acted on."""
    async with market.db.snapshot() as connection:
        instant = await clocks.newest(connection, clocks.PUBLICATION)
        return instant is not None and bool(await repository.due(connection, instant, 1))


async def settle(market: Market) -> None:
    """Act on the deadlines that the newest published batch instant has passed."""
    while await _settle_block(market) == BLOCK:
        pass


async def _settle_block(market: Market) -> int:
    async with market.db.unit_of_work() as connection:
        instant = await clocks.newest(connection, clocks.PUBLICATION)
        if instant is None:
            return 0
        requests = await repository.due(connection, instant, BLOCK)
        held = await repository.hold(connection, requests)
        due = {
            request: given
            for request, given in held.items()
            if given.deadline is not None and given.deadline <= instant
        }
        changes = {
            request: after_deadline(given, instant, market.rules.fulfilment)
            for request, given in due.items()
        }
        await _tell_against(market, connection, changes)
        await repository.change(connection, changes)
        told = [_event(given, changes[request]) for request, given in sorted(due.items())]
        await notices.tell_many(connection, instant, told)
        return len(requests)


async def _tell_against(
    market: Market, connection: AsyncConnection, changes: dict[str, dict[str, Any]]
) -> None:
    """Take it as evidence against vendors that they let their time pass: the assignments that they accepted."""
    broken = [request for request, change in changes.items() if "overdue" in change]
    pieces = await repository.pieces(connection, broken)
    today = market.calendar.local_date(await market.db.now(connection))
    await reputation.record(connection, pieces, today, good=False)
    await log.put(connection, [piece.document for piece in pieces])


def _event(given: Given, change: dict[str, Any]) -> notices.About:
    data = EventData(assignment=given.assignment, request=given.request)
    state = change.get("state")
    return given.vendor, "delivery.overdue" if state is None else _EVENTS[state], data
