"""The use cases about fulfilment."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.fulfilment import repository
from marketplace.fulfilment.rules import check_disclosure
from marketplace.fulfilment.schemas import DisclosureView
from marketplace.http.paging import FollowedPage, cut, read_cursor, write_cursor
from marketplace.market import Market
from marketplace.pending import service as pending
from vrm.documents import Disclosure, Promise, Signed, read, recall
from vrm.documents.membership import DAY_SECONDS


async def disclose(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Disclosure wait for the next batch instant, and promise that its vendor has it by then.

    The same document again gets the same promise, as long as no newer one is known.

    Raises:
        Refused: no such assignment of that request, another pseudonym's request, one that its vendor has not
            accepted, or a newer Disclosure is known.
    """
    disclosure = read(raw, Disclosure)
    body = disclosure.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        known = await pending.find(connection, disclosure.digest)
        kept = await repository.find_disclosure(connection, body.request)
        if known is None and kept is not None and kept.digest == disclosure.digest:
            known = kept
        if known is not None:
            publish_by = int(known.publish_by)
        else:
            given = await repository.find_assignment(connection, body.assignment)
            check_disclosure(body.pseudonym, body.request, given)
            waiting = await pending.about(connection, "Disclosure", body.request)
            newest = [recall(row.wire, Disclosure).seq for row in waiting]
            newest += [] if kept is None else [kept.seq]
            if body.seq <= max(newest, default=-1):
                raise Refused("stale-sequence", f"Send a seq above {max(newest)}.", "seq")
            publish_by = market.calendar.publish_by(await market.db.now(connection))
            await pending.drop(connection, waiting)
            await pending.wait(connection, disclosure, body.request, publish_by)
    return pending.promise(market, disclosure, publish_by)


async def hand_over(connection: AsyncConnection, rows: Sequence[AnyRow]) -> None:
    """Give vendors those of pending documents that are Disclosures to them."""
    told = {
        row.request: (row, recall(row.wire, Disclosure)) for row in rows if row.kind == "Disclosure"
    }
    if not told:
        return
    vendors = await repository.vendors_of(
        connection, (body.assignment for _, body in told.values())
    )
    number = await repository.next_number(connection)
    for request, (row, body) in sorted(told.items()):
        await repository.keep(
            connection,
            {
                "request": request,
                "number": number,
                "vendor": vendors[body.assignment],
                "assignment": body.assignment,
                "digest": row.digest,
                "seq": body.seq,
                "publish_by": row.publish_by,
                "wire": row.wire,
            },
        )


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant what Disclosures hold that the market has kept long enough."""
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget(connection, instant - keep)


async def list_disclosures(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[DisclosureView]:
    """List the Disclosures to a vendor; one that takes the place of another comes anew, at the end."""
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.of_vendor(connection, vendor, after, limit + 1), limit)
    here = write_cursor(rows[-1].number, rows[-1].request) if rows else cursor
    items = [
        DisclosureView(
            digest=row.digest,
            disclosure=msgspec.Raw(row.wire),
            assignment=msgspec.Raw(row.assignment_wire),
            request=msgspec.Raw(row.request_wire),
        )
        for row in rows
    ]
    return FollowedPage(items=items, next=here if more else None, resume=here)
