"""The use cases about messages."""

from collections.abc import Sequence

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.fulfilment import service as fulfilment
from marketplace.http.paging import FollowedPage, cut, read_cursor, write_cursor
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.messages import repository
from marketplace.messages.rules import check_turn
from marketplace.messages.schemas import MessageStored, MessageView
from marketplace.models.messages import StoredMessage, StoredVendorMessage
from marketplace.notices.schemas import EventData
from marketplace.notices.service import About
from marketplace.pending import service as pending
from vrm.documents import Message, Promise, Signed, VendorMessage, read, recall
from vrm.documents.membership import DAY_SECONDS


async def send(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a customer's message wait for the next batch instant, and promise that its vendor has it by then.

    The same document again gets the same promise.

    Raises:
        Refused: nobody accepted such an assignment of that request, another pseudonym's request, or a message
            that is out of its place, one too many, or too late.
    """
    message = read(raw, Message)
    body = message.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        known = await pending.find(connection, message.digest)
        known = known or await repository.find(connection, StoredMessage, message.digest)
        if known is not None:
            publish_by = int(known.publish_by)
        else:
            given = await _given(connection, body)
            if given.pseudonym != body.pseudonym:
                detail = "Another pseudonym signed that request."
                raise Refused("foreign-request", detail, "pseudonym")
            now = await market.db.now(connection)
            publish_by = market.calendar.publish_by(now)
            waiting = await pending.about(connection, body.type, body.request)
            stored = await repository.instants(connection, StoredMessage, body.assignment)
            sent = [*stored, *(row.publish_by for row in waiting)]
            _check_turn(market, body, sent, publish_by, now - given.accepted_at)
            await pending.wait(connection, message, body.request, publish_by)
    return pending.promise(market, message, publish_by)


async def send_as_vendor(market: Market, raw: bytes) -> tuple[MessageStored, bool]:
    """Put a vendor's message into its customer's mail; tells whether this call did it.

    Raises:
        Refused: this vendor accepted no such assignment of that request, or a message that is out of its place,
            one too many, or too late.
    """
    message = read(raw, VendorMessage)
    body = message.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        new = await repository.find(connection, StoredVendorMessage, message.digest) is None
        if new:
            given = await _given(connection, body)
            if given.vendor != body.vendor:
                detail = "Another vendor accepted that assignment."
                raise Refused("not-your-assignment", detail, "assignment")
            now = await market.db.now(connection)
            sent = await repository.instants(connection, StoredVendorMessage, body.assignment)
            _check_turn(market, body, sent, now, now - given.accepted_at)
            row = {
                "digest": message.digest,
                "request": body.request,
                "assignment": body.assignment,
                "number": body.number,
                "commitment": body.commitment,
                "stored_at": now,
                "wire": message.wire,
            }
            await repository.add(connection, StoredVendorMessage, [row])
            await log.put(connection, [message.digest])
            await mail.put(market, connection, "vendor-message", [message.digest])
    return MessageStored(message=message.digest, assignment=body.assignment), new


async def hand_over(connection: AsyncConnection, rows: Sequence[AnyRow]) -> list[About]:
    """Give vendors what pending messages hold; answers what they are to be told of it."""
    told = {row.digest: row for row in rows if row.kind == Message.__name__}
    if not told:
        return []
    bodies = {digest: recall(row.wire, Message) for digest, row in told.items()}
    assignments = sorted({body.assignment for body in bodies.values()})
    vendors = await repository.vendors_of(connection, assignments)
    batch = await repository.next_batch(connection)
    stored = [
        {
            "digest": digest,
            "batch": batch,
            "request": body.request,
            "assignment": body.assignment,
            "vendor": vendors[body.assignment],
            "number": body.number,
            "commitment": body.commitment,
            "publish_by": told[digest].publish_by,
            "wire": told[digest].wire,
        }
        for digest, body in sorted(bodies.items())
    ]
    await repository.add(connection, StoredMessage, stored)
    return [
        (vendors[assignment], "message.received", EventData(assignment=assignment))
        for assignment in assignments
    ]


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant what messages hold that the market has kept long enough."""
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget(connection, instant - keep)


async def list_messages(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[MessageView]:
    """List customers' messages to a vendor, oldest first."""
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        found = await repository.to_vendor(connection, vendor, after, limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].batch, rows[-1].digest) if rows else cursor
    items = [
        MessageView(
            digest=row.digest,
            message=msgspec.Raw(row.wire),
            assignment=msgspec.Raw(row.assignment_wire),
            request=msgspec.Raw(row.request_wire),
        )
        for row in rows
    ]
    return FollowedPage(items=items, next=here if more else None, resume=here)


async def _given(connection: AsyncConnection, body: Message | VendorMessage) -> AnyRow:
    given = await fulfilment.find_delivery(connection, body.assignment)
    if given is None:
        raise Refused("not-accepted", "No vendor has accepted such an assignment.", "assignment")
    if given.request != body.request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    return given


def _check_turn(
    market: Market, body: Message | VendorMessage, sent: Sequence[int], instant: int, age: int
) -> None:
    local_date = market.calendar.local_date
    dates = [local_date(earlier) for earlier in sent]
    limits = market.rules.messages
    check_turn(body.number, dates, local_date(instant), age=age, limits=limits)
