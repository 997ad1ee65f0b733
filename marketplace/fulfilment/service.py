"""The use cases about fulfilment."""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.fulfilment import repository
from marketplace.fulfilment.repository import Table
from marketplace.fulfilment.rules import check_confirmation, check_own
from marketplace.fulfilment.schemas import ConfirmationView, DisclosureView
from marketplace.http.paging import FollowedPage, cut, read_cursor, write_cursor
from marketplace.market import Market
from marketplace.models.fulfilment import StoredConfirmation, StoredDisclosure
from marketplace.pending import service as pending
from vrm.documents import Confirmation, Disclosure, Promise, Signed, read, recall
from vrm.documents.membership import DAY_SECONDS

T = TypeVar("T")

Word = Disclosure | Confirmation
KINDS: tuple[tuple[type[Word], Table], ...] = (
    (Disclosure, StoredDisclosure),
    (Confirmation, StoredConfirmation),
)


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
            given = await repository.find_assignment(connection, body.assignment)
            check_own(body.pseudonym, body.request, given)
            waiting = await pending.about(connection, body.type, body.request)
            earlier = [recall(row.wire, type(body)) for row in waiting]
            earlier += [] if kept is None or kept.wire is None else [recall(kept.wire, type(body))]
            if isinstance(body, Confirmation):
                told = await repository.find(connection, StoredDisclosure, body.request)
                received = any(one.received for one in earlier if isinstance(one, Confirmation))
                check_confirmation(told is not None, received)
            newest = [one.seq for one in earlier] + ([] if kept is None else [kept.seq])
            if body.seq <= max(newest, default=-1):
                raise Refused("stale-sequence", f"Send a seq above {max(newest)}.", "seq")
            publish_by = market.calendar.publish_by(await market.db.now(connection))
            await pending.drop(connection, waiting)
            await pending.wait(connection, signed, body.request, publish_by)
    return pending.promise(market, signed, publish_by)


async def hand_over(connection: AsyncConnection, rows: Sequence[AnyRow]) -> None:
    """Give vendors what pending documents tell them."""
    for kind, table in KINDS:
        told = {row.request: row for row in rows if row.kind == kind.__name__}
        if not told:
            continue
        bodies = {request: recall(row.wire, kind) for request, row in told.items()}
        assignments = (body.assignment for body in bodies.values())
        vendors = await repository.vendors_of(connection, assignments)
        number = await repository.next_number(connection, table)
        for request, row in sorted(told.items()):
            body = bodies[request]
            said = {"received": body.received} if isinstance(body, Confirmation) else {}
            stored = {
                "request": request,
                "number": number,
                "vendor": vendors[body.assignment],
                "assignment": body.assignment,
                "digest": row.digest,
                "seq": body.seq,
                "publish_by": row.publish_by,
                "wire": row.wire,
            }
            await repository.keep(connection, table, stored | said)


async def received(connection: AsyncConnection, pseudonym: str) -> bool | None:
    """What a pseudonym said about whether what it asked for came; none if it said nothing."""
    return await repository.received(connection, pseudonym)


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant what Disclosures hold that the market has kept long enough."""
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget(connection, instant - keep)


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
