"""The use cases about fulfilment: what customers say, and what vendors read of it.

What vendors say is in `shipping`.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.fulfilment import repository
from marketplace.fulfilment.repository import Table
from marketplace.fulfilment.rules import check_confirmation, check_own
from marketplace.fulfilment.schemas import ConfirmationView, DeliveryView, DisclosureView
from marketplace.http.paging import FollowedPage, Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.models.fulfilment import StoredConfirmation, StoredDisclosure
from marketplace.notices.schemas import EventData, EventType
from marketplace.notices.service import About
from marketplace.pending import service as pending
from vrm.documents import Confirmation, Disclosure, Promise, Signed, read, recall
from vrm.documents.membership import DAY_SECONDS

T = TypeVar("T")

Word = Disclosure | Confirmation
KINDS: tuple[tuple[type[Word], Table, EventType], ...] = (
    (Disclosure, StoredDisclosure, "disclosure.made"),
    (Confirmation, StoredConfirmation, "confirmation.made"),
)


async def begin(connection: AsyncConnection, accepted: Sequence[dict[str, Any]]) -> None:
    """Let deliveries begin, in the transaction that stores their Acceptances.

    Args:
        accepted: the columns ``request``, ``assignment``, ``day``, ``tick``, ``vendor``, ``pseudonym``,
            ``lead_hours`` and ``accepted_at`` of each.
    """
    begun = {"disclosed_at": None, "shipped_at": None, "ended_at": None, "state": "accepted"}
    await repository.begin(connection, [row | begun for row in accepted])


async def find_delivery(connection: AsyncConnection, assignment: str) -> AnyRow | None:
    """Find what has become of an accepted assignment (`models.fulfilment.Delivery`)."""
    return await repository.find_delivery(connection, assignment)


async def disclose(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Disclosure wait for the next batch instant, and promise that its vendor has it by then.

    The same document again gets the same promise, as long as no newer one is known.

    Raises:
        Refused: no such assignment of that request, another pseudonym's request, one that its vendor has not
            accepted, or a newer Disclosure is known.
    """
    return await _take(market, read(raw, Disclosure), StoredDisclosure)


async def confirm(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Confirmation wait for the next batch instant, and promise that it counts from then on.

    Raises:
        Refused: as with `disclose`, or the vendor was told nothing, or it was received before.
    """
    return await _take(market, read(raw, Confirmation), StoredConfirmation)


async def _take(market: Market, signed: Signed[Word], table: Table) -> Signed[Promise]:
    body = signed.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        known = await pending.find(connection, signed.digest)
        kept = await repository.find(connection, table, body.request)
        if known is None and kept is not None and kept.digest == signed.digest:
            known = kept
        if known is not None:
            publish_by = int(known.publish_by)
        else:
            found = await repository.find_assignment(connection, body.assignment)
            given = check_own(body.pseudonym, body.request, found)
            waiting = await pending.about(connection, body.type, body.request)
            earlier = [recall(row.wire, type(body)) for row in waiting]
            earlier += [] if kept is None or kept.wire is None else [recall(kept.wire, type(body))]
            if isinstance(body, Confirmation):
                check_confirmation(given)
                if any(one.received for one in earlier if isinstance(one, Confirmation)):
                    raise Refused("already-received", "What was received stays so.", "received")
            newest = [one.seq for one in earlier] + ([] if kept is None else [kept.seq])
            if body.seq <= max(newest, default=-1):
                raise Refused("stale-sequence", f"Send a seq above {max(newest)}.", "seq")
            publish_by = market.calendar.publish_by(await market.db.now(connection))
            await pending.drop(connection, waiting)
            await pending.wait(connection, signed, body.request, publish_by)
    return pending.promise(market, signed, publish_by)


async def hand_over(
    connection: AsyncConnection, instant: int, rows: Sequence[AnyRow]
) -> list[About]:
    """Give vendors what pending documents tell them, at a batch instant; answers what to tell them of it.

    What comes after the end of a delivery counts no more.
    """
    events: list[About] = []
    for kind, table, event in KINDS:
        told = {row.request: row for row in rows if row.kind == kind.__name__}
        if not told:
            continue
        deliveries = await repository.hold(connection, told)
        number = await repository.next_number(connection, table)
        changes: dict[str, dict[str, Any]] = {}
        for request, delivery in sorted(deliveries.items()):
            if delivery.ended_at is not None:
                continue
            body = recall(told[request].wire, kind)
            row = {
                "request": request,
                "number": number,
                "vendor": delivery.vendor,
                "assignment": body.assignment,
                "digest": told[request].digest,
                "seq": body.seq,
                "publish_by": told[request].publish_by,
                "wire": told[request].wire,
            }
            said = {"received": body.received} if isinstance(body, Confirmation) else {}
            await repository.keep(connection, table, row | said)
            changes[request] = _changed(delivery, body, instant)
            data = EventData(assignment=body.assignment, request=request)
            events.append((delivery.vendor, event, data))
        await repository.change(connection, changes)
    return events


def _changed(delivery: AnyRow, body: Word, instant: int) -> dict[str, Any]:
    """What a customer's word makes of a delivery."""
    if isinstance(body, Disclosure):
        return {"disclosed_at": delivery.disclosed_at or instant}
    if body.received:
        return {"state": "received", "ended_at": instant}
    return {"state": "not-received", "ended_at": None}


async def received(connection: AsyncConnection, pseudonym: str) -> bool | None:
    """What a pseudonym said about whether what it asked for came; none if it said nothing."""
    return await repository.received(connection, pseudonym)


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant what Disclosures hold that the market has kept long enough."""
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget(connection, instant - keep)


async def list_deliveries(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> Page[DeliveryView]:
    """List what has become of what a vendor accepted, oldest first."""
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        found = await repository.deliveries_of(connection, vendor, after, limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].accepted_at, rows[-1].request) if more else None
    return Page(items=[_view(row) for row in rows], next=here)


def _view(row: AnyRow) -> DeliveryView:
    return DeliveryView(
        assignment=row.assignment,
        request=row.request,
        day=row.day,
        state=row.state,
        accepted_at=instant_text(row.accepted_at),
        disclosed_at=_instant(row.disclosed_at),
        shipped_at=_instant(row.shipped_at),
        ended_at=_instant(row.ended_at),
    )


def _instant(seconds: int | None) -> str | None:
    return None if seconds is None else instant_text(seconds)


async def list_disclosures(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[DisclosureView]:
    """List the Disclosures to a vendor; one that takes the place of another comes anew, at the end."""
    return await _list(
        market, StoredDisclosure, vendor, cursor, limit,
        lambda said: DisclosureView(disclosure=msgspec.Raw(said.wire), **_about(said)),
    )  # fmt: skip


async def list_confirmations(
    market: Market, vendor: str, cursor: str | None, limit: int
) -> FollowedPage[ConfirmationView]:
    """List the Confirmations to a vendor likewise."""
    return await _list(
        market, StoredConfirmation, vendor, cursor, limit,
        lambda said: ConfirmationView(confirmation=msgspec.Raw(said.wire), **_about(said)),
    )  # fmt: skip


def _about(said: AnyRow) -> dict[str, Any]:
    """What both kinds of words are told with."""
    return {
        "digest": said.digest,
        "assignment": msgspec.Raw(said.assignment_wire),
        "request": msgspec.Raw(said.request_wire),
    }


async def _list(
    market: Market,
    table: Table,
    vendor: str,
    cursor: str | None,
    limit: int,
    view: Callable[[AnyRow], T],
) -> FollowedPage[T]:
    after = read_cursor(cursor, tuple[int, str]) or (0, "")
    async with market.db.snapshot() as connection:
        found = await repository.of_vendor(connection, table, vendor, after, limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].number, rows[-1].request) if rows else cursor
    return FollowedPage(items=[view(row) for row in rows], next=here if more else None, resume=here)
