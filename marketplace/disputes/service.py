"""The use cases about disputes."""

from collections.abc import Sequence
from typing import Final

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.disputes import repository
from marketplace.disputes.rules import Disputable, check_messages, check_side
from marketplace.disputes.schemas import DisputeStored, DisputeView
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.notices import service as notices
from marketplace.notices.schemas import EventData, EventType
from marketplace.notices.service import About
from marketplace.pending import service as pending
from marketplace.ratings import service as ratings
from vrm.documents import (
    Acceptance,
    Dispute,
    PersonalRequest,
    Promise,
    Ruling,
    Signed,
    VendorDispute,
    read,
    recall,
    sign,
)
from vrm.documents.conversation import Sent
from vrm.documents.dispute import Finding
from vrm.documents.membership import DAY_SECONDS

TURNS: Final = ("disputes", ratings.TURN)
"""What those who change many disputes take turns on; vendors that post take it together."""

MOST_LISTED: Final = 100
"""Disputes in one answer: of the largest, with what both sides show, some 8 of the 32 MB that vendors read."""


async def dispute(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a customer's side wait for the next batch instant, and promise that it counts from then on.

    The same document again gets the same promise.

    Raises:
        Refused: see `rules`, or the customer has spoken.
    """
    signed = read(raw, Dispute)
    body = signed.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        known = await pending.find(connection, signed.digest)
        kept = await repository.find(connection, body.assignment, by_customer=True)
        if known is None and kept is not None and kept.digest == signed.digest:
            known = kept
        if known is not None:
            publish_by = int(known.publish_by)
        else:
            now = await market.db.now(connection)
            await _check(market, connection, body, now)
            if kept is not None or await pending.about(connection, body.type, body.request):
                raise Refused("already-disputed", "You have spoken.", "assignment")
            publish_by = market.calendar.publish_by(now)
            await pending.wait(connection, signed, body.request, publish_by)
    return pending.promise(market, signed, publish_by)


async def dispute_as_vendor(market: Market, raw: bytes) -> tuple[DisputeStored, bool]:
    """Take a vendor's side, and put it into the customer's mail; tells whether this call did it.

    Raises:
        Refused: see `rules`, or the vendor has spoken.
    """
    signed = read(raw, VendorDispute)
    body = signed.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, TURNS, together=True)
        await take_turns(connection, [body.vendor])
        kept = await repository.find(connection, body.assignment, by_customer=False)
        new = kept is None or kept.digest != signed.digest
        if new:
            now = await market.db.now(connection)
            await _check(market, connection, body, now)
            if kept is not None:
                raise Refused("already-disputed", "You have spoken.", "assignment")
            await _keep(market, connection, signed, body.vendor, now)
            await log.put(connection, [signed.digest])
            await mail.put(market, connection, "vendor-dispute", [signed.digest])
    return DisputeStored(dispute=signed.digest, assignment=body.assignment), new


async def take(
    market: Market, connection: AsyncConnection, instant: int, rows: Sequence[AnyRow]
) -> list[About]:
    """Take customers' sides out of what waited; answers what vendors are to be told of them."""
    events: list[About] = []
    for row in rows:
        if row.kind != Dispute.__name__:
            continue
        signed = Signed(recall(row.wire, Dispute), row.digest, row.wire)
        assignment = signed.body.assignment
        given = await repository.find_given(connection, assignment)
        if given is None:
            continue
        new = await _keep(market, connection, signed, given.vendor, instant, row.publish_by)
        kind: EventType = "dispute.opened" if new else "dispute.answered"
        events.append((given.vendor, kind, EventData(assignment=assignment)))
    return events


async def rule(market: Market, assignment: str, finds_for: Finding, reason: str) -> bytes:
    """Decide an open dispute, by its assignment; answers the signed Ruling, which the log shows to all.

    The clock of the assignment's ratings goes on, if it stands still yet; of ratings that were opened by then a
    Ruling changes nothing.

    Raises:
        InvalidDocument: the reason is empty or too long.
        Refused: there is no open dispute about it.
    """
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, TURNS)
        case = await repository.show(connection, assignment)
        if case is None or case.decided_at is not None:
            raise Refused("no-dispute", "No dispute about it is open.", "assignment")
        body = Ruling(
            market=market.did,
            request=case.request,
            assignment=assignment,
            vendor=case.vendor,
            finds_for=finds_for,
            disputes=tuple(digest for digest in (case.customer, case.vendors) if digest),
            reason=reason,
        )
        signed = sign(body, market.identity.key)
        now = await market.db.now(connection)
        row = {
            "digest": signed.digest,
            "assignment": assignment,
            "request": case.request,
            "finds_for": finds_for,
            "wire": signed.wire,
        }
        await repository.decide(connection, row, now)
        await log.record(connection, signed, case.vendor)
        await ratings.go_on(market, connection, assignment, (case.opened_at, now))
        await mail.put(market, connection, "ruling", [signed.digest])
        data = EventData(assignment=assignment)
        await notices.tell(connection, now, [(case.vendor, "dispute.decided", data)])
    return signed.wire


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant what was said in disputes that were decided long enough ago."""
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget(connection, instant - keep)


async def show(market: Market, assignment: str) -> DisputeView:
    """A dispute, as its two sides and the operator may read it.

    Raises:
        Refused: there is none about this assignment.
    """
    async with market.db.snapshot() as connection:
        row = await repository.show(connection, assignment)
    if row is None:
        raise Refused("no-dispute", "There was no dispute about it.", "assignment")
    return _view(row)


async def list_open(market: Market) -> list[DisputeView]:
    """The disputes that wait for a decision, oldest first."""
    async with market.db.snapshot() as connection:
        return [_view(row) for row in await repository.undecided(connection)]


async def list_disputes(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> Page[DisputeView]:
    """List the disputes about a vendor's assignments, oldest first."""
    after = read_cursor(cursor, tuple[int, str]) or (-1, "")
    limit = min(limit, MOST_LISTED)
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.of_vendor(connection, vendor, after, limit + 1), limit)
    here = write_cursor(rows[-1].opened_at, rows[-1].assignment) if more else None
    return Page(items=[_view(row) for row in rows], next=here)


async def _check(
    market: Market, connection: AsyncConnection, body: Dispute | VendorDispute, now: int
) -> None:
    row = await repository.find_given(connection, body.assignment)
    check_side(body, None if row is None else _disputable(market, row), now)
    if row is not None and body.messages:
        check_messages(body.messages, await _sent(connection, body.assignment, row))


def _disputable(market: Market, row: AnyRow) -> Disputable:
    last = row.accepted_at + market.rules.ratings.within_days * DAY_SECONDS
    return Disputable(
        request=row.request,
        pseudonym=row.pseudonym,
        vendor=row.vendor,
        is_open=row.opened_at is not None and row.decided_at is None,
        is_decided=row.decided_at is not None,
        open_until=last if row.closes_at is None else min(last, row.closes_at),
    )


async def _sent(connection: AsyncConnection, assignment: str, given: AnyRow) -> dict[str, Sent]:
    """What the market knows of all messages about an assignment."""
    keys = await repository.keys(connection, assignment)
    customers, vendors = await repository.messages(connection, assignment)
    to_vendor = recall(keys.acceptance, Acceptance).message_key
    to_customer = recall(keys.request, PersonalRequest).reply_key
    return {
        row.digest: Sent(sender, key, given.request, assignment, row.number, row.commitment)
        for sender, key, rows in (
            (given.pseudonym, to_vendor, customers),
            (given.vendor, to_customer, vendors),
        )
        for row in rows
    }


async def _keep(
    market: Market,
    connection: AsyncConnection,
    signed: Signed[Dispute] | Signed[VendorDispute],
    vendor: str,
    instant: int,
    publish_by: int | None = None,
) -> bool:
    """Store what a side says; tell whether that opens the dispute."""
    body = signed.body
    case = {
        "assignment": body.assignment,
        "request": body.request,
        "vendor": vendor,
        "opened_at": instant,
    }
    row = {
        "digest": signed.digest,
        "assignment": body.assignment,
        "request": body.request,
        "by_customer": isinstance(body, Dispute),
        "publish_by": publish_by,
        "wire": signed.wire,
    }
    new = await repository.open_case(connection, case)
    if new:
        await ratings.stand_still(market, connection, body.assignment, instant)
    await repository.add(connection, row)
    return new


def _view(row: AnyRow) -> DisputeView:
    return DisputeView(
        digest=row.assignment,
        assignment=msgspec.Raw(row.assignment_wire),
        request=msgspec.Raw(row.request_wire),
        state="open" if row.decided_at is None else "decided",
        opened_at=instant_text(row.opened_at),
        customer=_raw(row.customer_wire),
        vendor_says=_raw(row.vendors_wire),
        ruling=_raw(row.ruling_wire),
    )


def _raw(wire: bytes | None) -> msgspec.Raw | None:
    return None if wire is None else msgspec.Raw(wire)
