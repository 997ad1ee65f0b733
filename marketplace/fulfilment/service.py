"""What customers say of accepted assignments, and what others ask about these.

What vendors say is in `shipping`, what happens when nobody says anything in `deadlines`.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.fulfilment import repository
from marketplace.fulfilment.repository import Table
from marketplace.fulfilment.rules import (
    CustomersWord,
    after_customers_word,
    check_customers_word,
    disclose_by,
)
from marketplace.market import Market
from marketplace.models.fulfilment import (
    StoredCancellation,
    StoredConfirmation,
    StoredDisclosure,
    StoredHandover,
)
from marketplace.notices.schemas import EventData, EventType
from marketplace.notices.service import About
from marketplace.pending import service as pending
from vrm.documents import (
    Cancellation,
    Confirmation,
    Disclosure,
    Handover,
    Promise,
    Signed,
    read,
    recall,
)
from vrm.documents.disclosure import MOST_WORDS
from vrm.documents.membership import DAY_SECONDS

KINDS: tuple[tuple[type[CustomersWord], Table, EventType], ...] = (
    (Disclosure, StoredDisclosure, "disclosure.made"),
    (Handover, StoredHandover, "handover.made"),
    (Confirmation, StoredConfirmation, "confirmation.made"),
    (Cancellation, StoredCancellation, "cancellation.made"),
)
"""In the order in which they count where a batch brings several on one assignment."""


async def begin(
    market: Market, connection: AsyncConnection, accepted: Sequence[dict[str, Any]]
) -> None:
    """Let deliveries begin, in the transaction that stores their Acceptances.

    Args:
        accepted: the columns ``request``, ``assignment``, ``day``, ``tick``, ``vendor``, ``pseudonym``,
            ``lead_hours`` and ``accepted_at`` of each.
    """
    begun = {
        "disclosed_at": None,
        "shipped_at": None,
        "overdue": False,
        "ended_at": None,
        "state": "accepted",
    }
    rules = market.rules.fulfilment
    rows = [row | begun | {"deadline": disclose_by(row["accepted_at"], rules)} for row in accepted]
    await repository.begin(connection, rows)


async def find_delivery(connection: AsyncConnection, assignment: str) -> AnyRow | None:
    """Find what has become of an accepted assignment (`models.fulfilment.Delivery`)."""
    return await repository.find_delivery(connection, assignment)


async def disclose(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Disclosure wait for the next batch instant, and promise that its vendor has it by then.

    The same document again gets the same promise, as long as no newer one is known.

    Raises:
        Refused: see `rules.check_customers_word`, or a newer Disclosure is known, or too many.
    """
    return await _take(market, read(raw, Disclosure), StoredDisclosure)


async def confirm(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Confirmation wait for the next batch instant, and promise that it counts from then on.

    Raises:
        Refused: as with `disclose`, or it was received before.
    """
    return await _take(market, read(raw, Confirmation), StoredConfirmation)


async def cancel(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Cancellation wait for the next batch instant, and promise that its vendor has it by then.

    It counts unless the vendor ships before that instant.

    Raises:
        Refused: as with `disclose`.
    """
    return await _take(market, read(raw, Cancellation), StoredCancellation)


async def hand_to_customer(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Handover, which the vendor brings, wait for the next batch instant, when it counts.

    Raises:
        Refused: as with `disclose`.
    """
    return await _take(market, read(raw, Handover), StoredHandover)


async def _take(market: Market, signed: Signed[CustomersWord], table: Table) -> Signed[Promise]:
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
            now = await market.db.now(connection)
            given = await repository.find_assignment(connection, body.assignment)
            check_customers_word(body, given, now)
            waiting = await pending.about(connection, body.type, body.request)
            if isinstance(body, Disclosure | Confirmation):
                _check_newest(
                    body, [row.wire for row in (*waiting, kept) if row and row.wire], kept
                )
            publish_by = market.calendar.publish_by(now)
            await pending.drop(connection, waiting)
            await pending.wait(connection, signed, body.request, publish_by)
    return pending.promise(market, signed, publish_by)


def _check_newest(
    body: Disclosure | Confirmation, wires: Sequence[bytes], kept: AnyRow | None
) -> None:
    """Refuse what an earlier document of its kind makes stale, or has settled, and more than anybody needs."""
    earlier = [recall(wire, type(body)) for wire in wires]
    if any(isinstance(one, Confirmation) and one.received for one in earlier):
        raise Refused("already-received", "What was received stays so.", "received")
    newest = [one.seq for one in earlier] + ([] if kept is None else [kept.seq])
    if body.seq <= max(newest, default=-1):
        raise Refused("stale-sequence", f"Send a seq above {max(newest)}.", "seq")
    is_last = isinstance(body, Confirmation) and body.received
    if body.seq > MOST_WORDS and not is_last:
        detail = f"Of one request's, those up to seq {MOST_WORDS} are taken."
        raise Refused("words-used-up", detail, "seq")


async def hand_over(
    market: Market, connection: AsyncConnection, instant: int, rows: Sequence[AnyRow]
) -> list[About]:
    """Let pending documents count at a batch instant; answers what to tell their vendors.

    What comes too late counts no more.
    """
    kinds = {kind.__name__ for kind, _, _ in KINDS}
    # All of them at once, in order: held kind by kind, two that do so could wait for each other.
    await repository.hold(connection, [row.request for row in rows if row.kind in kinds])
    events: list[About] = []
    for kind, table, event in KINDS:
        told = {row.request: row for row in rows if row.kind == kind.__name__}
        if not told:
            continue
        number = await repository.next_number(connection, table)
        deliveries = await repository.hold(connection, told)
        changes: dict[str, dict[str, Any]] = {}
        for request, given in sorted(deliveries.items()):
            body = recall(told[request].wire, kind)
            changed = after_customers_word(body, given, instant, market.rules.fulfilment)
            if changed is None:
                continue
            changes[request] = changed
            await repository.keep(connection, table, _row(body, told[request], given, number))
            data = EventData(assignment=body.assignment, request=request)
            events.append((given.vendor, event, data))
        await repository.change(connection, changes)
    return events


def _row(body: CustomersWord, waited: AnyRow, given: Any, number: int) -> dict[str, Any]:
    row = {
        "request": body.request,
        "number": number,
        "vendor": given.vendor,
        "assignment": body.assignment,
        "digest": waited.digest,
        "publish_by": waited.publish_by,
        "wire": waited.wire,
    }
    if isinstance(body, Cancellation | Handover):
        return row
    said = {"received": body.received} if isinstance(body, Confirmation) else {}
    return row | {"seq": body.seq} | said


async def ended(connection: AsyncConnection, pseudonym: str) -> str | None:
    """How what a pseudonym asked for has ended, as far as that is worth a stamp: ``received`` or
    ``not-received`` by its own word, ``vendor-cancelled``, or ``overdue`` where it cancelled after its vendor
    had let its time pass; none otherwise."""
    return await repository.ended(connection, pseudonym)


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant what Disclosures hold that the market has kept long enough."""
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget(connection, instant - keep)
