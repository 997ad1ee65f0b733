"""The use cases about ratings: they are taken, kept hidden, and opened together."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import clocks
from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.notices import service as notices
from marketplace.notices.schemas import EventData
from marketplace.pending import service as pending
from marketplace.ratings import repository
from marketplace.ratings.rules import (
    Rateable,
    check_customer,
    check_vendor,
    check_window,
    closes_at,
    disputed_until,
    moved,
)
from marketplace.ratings.schemas import RatingStored
from marketplace.reputation import service as reputation
from marketplace.reputation.rules import is_directed
from marketplace.reputation.service import Piece
from marketplace.requests.rules import check_facets
from vrm.documents import (
    Assignment,
    Promise,
    Rating,
    Reveal,
    Signed,
    VendorRating,
    read,
    recall,
    sign,
)
from vrm.documents.rating import GOOD_STARS

BLOCK: Final = 500
"""How many assignments' ratings one transaction opens."""

TURN: Final = "ratings"
"""What those who change many assignments' ratings take turns on; vendors that post take it together."""


async def rate(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a customer's rating wait for the next batch instant, and promise that it counts from then on.

    The same document again gets the same promise.

    Raises:
        Refused: an assignment that is not the pseudonym's or cannot be rated now, facets in other words than
            the market's, or a second rating.
    """
    signed = read(raw, Rating)
    body = signed.body
    market.check_addressed(body)
    check_facets(body.facets or {}, market.rules)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        known = await pending.find(connection, signed.digest)
        kept = await repository.find(connection, body.assignment, by_customer=True)
        if known is None and kept is not None and kept.digest == signed.digest:
            known = kept
        if known is not None:
            publish_by = int(known.publish_by)
        else:
            found = await repository.find_rateable(connection, body.assignment)
            given = check_customer(body.pseudonym, body.request, found)
            if kept is not None or await pending.about(connection, "Rating", body.request):
                raise Refused("already-rated", "You have rated it.", "assignment")
            now = await market.db.now(connection)
            check_window(given, market.rules.ratings, now)
            publish_by = market.calendar.publish_by(now)
            await pending.wait(connection, signed, body.request, publish_by)
    return pending.promise(market, signed, publish_by)


async def rate_customer(market: Market, raw: bytes) -> tuple[RatingStored, bool]:
    """Store a vendor's rating of a customer, hidden; tells whether this call stored it.

    Raises:
        Refused: an assignment that is not the vendor's or cannot be rated now, or a second rating.
    """
    signed = read(raw, VendorRating)
    body = signed.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [TURN], together=True)
        await take_turns(connection, [body.vendor])
        kept = await repository.find(connection, body.assignment, by_customer=False)
        new = kept is None or kept.digest != signed.digest
        if new:
            found = await repository.find_rateable(connection, body.assignment)
            given = check_vendor(body.vendor, body.request, found)
            if kept is not None:
                raise Refused("already-rated", "You have rated it.", "assignment")
            now = await market.db.now(connection)
            check_window(given, market.rules.ratings, now)
            next_batch = market.calendar.batch_at_or_before(now) + _step(market)
            await _keep(market, connection, signed, given, next_batch)
            await log.put(connection, [signed.digest])
    return RatingStored(document=signed.digest, assignment=body.assignment), new


async def take(
    market: Market, connection: AsyncConnection, instant: int, rows: Sequence[AnyRow]
) -> None:
    """Keep those of pending documents that are ratings, hidden; they count from the newest batch instant on.

    For a transaction that holds `TURN`.
    """
    for row in rows:
        if row.kind != "Rating":
            continue
        signed = Signed(recall(row.wire, Rating), row.digest, row.wire)
        given = await repository.find_rateable(connection, signed.body.assignment)
        if given is not None:
            await _keep(market, connection, signed, given, instant, row.publish_by)


async def is_due(market: Market) -> bool:
    """Tell whether `reveal` has something to open."""
    async with market.db.snapshot() as connection:
        instant = await clocks.newest(connection, clocks.PUBLICATION)
        return instant is not None and await repository.any_to_reveal(connection, instant)


async def reveal(market: Market) -> int:
    """Open what is to be opened by the newest batch instant; answers of how many assignments.

    It goes by the instant that was published for, so that what waited for that instant has come before.
    """
    opened = 0
    while True:
        async with market.db.unit_of_work() as connection:
            await take_turns(connection, [TURN])
            instant = await clocks.newest(connection, clocks.PUBLICATION)
            if instant is None:
                return opened
            rows = await repository.to_reveal(connection, instant, BLOCK)
            if rows:
                await _open(market, connection, rows, instant)
        opened += len(rows)
        if len(rows) < BLOCK:
            return opened


async def stand_still(
    market: Market, connection: AsyncConnection, assignment: str, opened_at: int
) -> None:
    """Let the clock of an assignment's ratings stand still from when a dispute was opened on.

    For a transaction that holds `TURN`, or has it together with others.
    """
    until = disputed_until(opened_at, market.rules.ratings)
    await _move(market, connection, assignment, (opened_at, until))


async def go_on(
    market: Market, connection: AsyncConnection, assignment: str, stood: tuple[int, int]
) -> None:
    """Let the clock of an assignment's ratings go on, which stood still from one instant until another.

    It is for the transaction that decides a dispute, and holds `TURN`. What is open by then, or has waited
    `dispute_days` before, stays as it is.
    """
    opened_at, decided_at = stood
    until = disputed_until(opened_at, market.rules.ratings)
    if decided_at < until:
        await _move(market, connection, assignment, (until, decided_at))


async def _move(
    market: Market, connection: AsyncConnection, assignment: str, ends: tuple[int, int]
) -> None:
    hidden = await repository.find_hidden(connection, assignment)
    if hidden is not None:
        closes, count = hidden
        instant = moved(closes, ends, both=count > 1, batch_seconds=_step(market))
        await repository.close_at(connection, assignment, instant)


async def _keep(
    market: Market,
    connection: AsyncConnection,
    signed: Signed[Rating] | Signed[VendorRating],
    given: Rateable,
    came: int,
    publish_by: int | None = None,
) -> None:
    """Store a rating, and settle when its assignment's are opened."""
    body = signed.body
    rated = {
        "assignment": body.assignment,
        "request": body.request,
        "vendor": given.vendor,
        "closes_at": closes_at(given, came, market.rules.ratings, _step(market)),
    }
    row = {
        "digest": signed.digest,
        "assignment": body.assignment,
        "request": body.request,
        "by_customer": isinstance(body, Rating),
        "stars": body.stars,
        "publish_by": publish_by,
        "revealed": False,
        "wire": signed.wire,
    }
    await repository.add(connection, rated, [row])


def _step(market: Market) -> int:
    return market.rules.schedule.batch_seconds


async def _open(
    market: Market, connection: AsyncConnection, rows: Sequence[AnyRow], instant: int
) -> None:
    opened: list[dict[str, Any]] = []
    pieces: dict[bool, list[Piece]] = {True: [], False: []}
    for row in rows:
        void_by = row.ruling if row.rating and row.finds_for == "vendor" else None
        facts = {"rating": row.rating, "vendor_rating": row.back, "void_by": void_by}
        body = Reveal(
            market=market.did,
            request=row.request,
            assignment=row.assignment,
            tier=row.tier or "new",
            **{name: digest for name, digest in facts.items() if digest},
        )
        signed = sign(body, market.identity.key)
        opened.append(
            {
                "assignment": row.assignment,
                "revealed_at": instant,
                "wire": signed.wire,
                "reveal": signed.digest,
            }
        )
        if row.rating and not void_by:
            piece = _piece(signed, row)
            pieces[row.stars >= GOOD_STARS].append(piece)
    await repository.reveal(connection, opened)
    await log.put(connection, (row["reveal"] for row in opened))
    today: date = market.calendar.local_date(await market.db.now(connection))
    for good, found in pieces.items():
        await reputation.record(connection, found, today, good=good)
    await mail.put(market, connection, "vendor-rating", [row.back for row in rows if row.back])
    await notices.tell_many(
        connection,
        instant,
        [(row.vendor, "rating.revealed", EventData(assignment=row.assignment)) for row in rows],
    )


def _piece(signed: Signed[Reveal], row: AnyRow) -> Piece:
    given = recall(row.assignment_wire, Assignment)
    directed = is_directed(row.policy, given.eligible, is_preferred=row.preference is not None)
    return Piece(
        *(signed.digest, row.vendor, row.category, given.amount, signed.body.tier),
        directed=directed,
    )
