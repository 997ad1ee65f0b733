"""The use cases about events: told by whatever makes them happen, listed for the vendor that they are for.

What many vendors are told at once, by an announcement, is written block by block out of the outbox. Each item
does one block and leaves the next one behind, in one transaction, so that nothing is told twice or forgotten.
"""

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from marketplace.db import AnyRow, take_turns
from marketplace.http.paging import FollowedPage, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.jobs import outbox
from marketplace.market import Market
from marketplace.notices import repository
from marketplace.notices.schemas import EventData, EventType, EventView

KEEP_SECONDS: Final = 30 * 86_400
"""For how long an event can be read."""
BLOCK: Final = 1000

TELL_ASSIGNMENTS: Final = "tell-assignments"
TELL_FALLBACKS: Final = "tell-fallbacks"
EVERYBODY: Final = "events"
"""The turn of those who tell many vendors; who tells one takes it together with others."""

About = tuple[str, EventType, EventData]
"""A vendor, and what it is told."""

_DATA: Final = msgspec.json.Decoder(EventData)
"""For the API's thread and the worker's: see `vrm.documents.base.learn_types`."""


async def tell(connection: AsyncConnection, instant: int, told: Sequence[About]) -> None:
    """Tell vendors what happened at an instant, in the transaction that makes it happen.

    Call it last: until the commit, others wait to tell the same vendors something.
    """
    await take_turns(connection, [EVERYBODY], together=True)
    await take_turns(connection, (f"events of {vendor}" for vendor, _, _ in told))
    await _add(connection, instant, told)


async def tell_many(connection: AsyncConnection, instant: int, told: Sequence[About]) -> None:
    """Do the same for any number of vendors, out of the outbox."""
    if told:
        await take_turns(connection, [EVERYBODY])
        await _add(connection, instant, told)


async def announce(connection: AsyncConnection, day: str, tick: int, now: int) -> None:
    """Have the vendors told of their assignments, and brands of what is theirs to ship."""
    for kind in ANNOUNCEMENTS:
        await outbox.put(connection, kind, [f"{day}/{tick}/"], run_at=now)


async def list_events(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[EventView]:
    """List what a vendor was told in the last days, oldest first; later events follow the cursor `resume`."""
    after = read_cursor(cursor, tuple[int]) or (0,)
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.page(connection, vendor, after[0], limit + 1), limit)
    here = write_cursor(rows[-1].number) if rows else cursor
    items = [event_view(market, row) for row in rows]
    return FollowedPage(items=items, next=here if more else None, resume=here)


async def purge(market: Market) -> None:
    """Forget events that are too old."""
    async with market.db.unit_of_work() as connection:
        await repository.forget(connection, await market.db.now(connection) - KEEP_SECONDS)


def event_view(market: Market, row: AnyRow) -> EventView:
    """An event as it is told."""
    return EventView(
        id=_id(market, row.vendor, row.number),
        type=row.type,
        timestamp=instant_text(row.instant),
        data=_DATA.decode(row.data),
    )


def _id(market: Market, vendor: str, number: int) -> str:
    """One that no other event has, of whichever vendor or market: it tells repeated deliveries."""
    named = f"{market.did} {vendor} {number}".encode()
    return "evt_" + crypto.base64url_encode(hashlib.sha256(named).digest()[:16])


async def _add(connection: AsyncConnection, instant: int, told: Sequence[About]) -> None:
    numbers = await repository.newest(connection, (vendor for vendor, _, _ in told))
    rows = []
    for vendor, kind, data in told:
        numbers[vendor] += 1
        rows.append(
            {
                "vendor": vendor,
                "number": numbers[vendor],
                "type": kind,
                "instant": instant,
                "data": msgspec.json.encode(data),
            }
        )
    await repository.add(connection, rows)


async def _tell_assignments(market: Market, connection: AsyncConnection, key: str) -> None:
    day, tick, after = key.split("/")
    rows = await repository.assignments(connection, day, int(tick), after, BLOCK)
    told: Iterable[About] = (
        (row.vendor, "assignment.made", EventData(assignment=row.digest)) for row in rows
    )
    await _tell_block(market, connection, TELL_ASSIGNMENTS, key, rows, list(told))


async def _tell_fallbacks(market: Market, connection: AsyncConnection, key: str) -> None:
    day, tick, after = key.split("/")
    rows = await repository.fallbacks(connection, day, int(tick), after, BLOCK)
    told: Iterable[About] = (
        (row.vendor, "fallback.made", EventData(request=row.request, day=day)) for row in rows
    )
    await _tell_block(market, connection, TELL_FALLBACKS, key, rows, list(told))


async def _tell_block(
    market: Market,
    connection: AsyncConnection,
    kind: str,
    key: str,
    rows: Sequence[AnyRow],
    told: Sequence[About],
) -> None:
    day, tick, _ = key.split("/")
    await tell_many(connection, await repository.announced(connection, day, int(tick)), told)
    if len(rows) == BLOCK:
        now = await market.db.now(connection)
        await outbox.put(connection, kind, [f"{day}/{tick}/{rows[-1].request}"], run_at=now)


ANNOUNCEMENTS: Final = {TELL_ASSIGNMENTS: _tell_assignments, TELL_FALLBACKS: _tell_fallbacks}
