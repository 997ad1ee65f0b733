"""The use cases about answers to ratings: one each, by the side that is rated, public at once."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.pending import service as pending
from marketplace.ratings import repository
from marketplace.ratings.rules import check_customer, check_vendor
from marketplace.ratings.schemas import RatingStored
from vrm.documents import Promise, RatingAnswer, Signed, VendorRatingAnswer, read, recall


async def answer(market: Market, raw: bytes) -> tuple[RatingStored, bool]:
    """Publish a vendor's answer to a customer's rating; tells whether this call did it.

    Raises:
        Refused: an assignment that is not the vendor's, a rating of it that is not open, or a second answer.
    """
    signed = read(raw, RatingAnswer)
    body = signed.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        found = await repository.find_rateable(connection, body.assignment)
        check_vendor(body.vendor, body.request, found)
        known = await repository.find_answer(connection, body.rating)
        new = known is None or known.digest != signed.digest
        if new:
            await _check(connection, body, known)
            row = {
                "rating": body.rating,
                "digest": signed.digest,
                "request": body.request,
                "publish_by": None,
                "wire": signed.wire,
            }
            await repository.add_answers(connection, [row])
            await log.put(connection, [signed.digest])
            await mail.put(market, connection, "rating-answer", [signed.digest])
    return RatingStored(document=signed.digest, assignment=body.assignment), new


async def answer_vendor(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a customer's answer to a vendor's rating wait for publication, and promise it.

    The same document again gets the same promise.

    Raises:
        Refused: as with `answer`.
    """
    signed = read(raw, VendorRatingAnswer)
    body = signed.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        waits = await pending.find(connection, signed.digest)
        known = waits or await repository.find_answer(connection, body.rating)
        if known is not None and known.digest == signed.digest:
            publish_by = int(known.publish_by)
        else:
            found = await repository.find_rateable(connection, body.assignment)
            check_customer(body.pseudonym, body.request, found)
            waiting = await pending.about(connection, "VendorRatingAnswer", body.request)
            await _check(connection, body, known or next(iter(waiting), None))
            publish_by = market.calendar.publish_by(await market.db.now(connection))
            await pending.wait(connection, signed, body.request, publish_by)
    return pending.promise(market, signed, publish_by)


async def publish(connection: AsyncConnection, rows: Sequence[AnyRow]) -> None:
    """Publish those of pending documents that are answers to vendors' ratings."""
    said = [
        (recall(row.wire, VendorRatingAnswer).rating, row)
        for row in rows
        if row.kind == "VendorRatingAnswer"
    ]
    await repository.add_answers(
        connection,
        [
            {
                "rating": rating,
                "digest": row.digest,
                "request": row.request,
                "publish_by": row.publish_by,
                "wire": row.wire,
            }
            for rating, row in sorted(said, key=lambda pair: pair[0])
        ],
    )


async def _check(
    connection: AsyncConnection, body: RatingAnswer | VendorRatingAnswer, known: AnyRow | None
) -> None:
    by_customer = isinstance(body, RatingAnswer)
    rating = await repository.find(connection, body.assignment, by_customer=by_customer)
    if rating is None or rating.digest != body.rating or not rating.revealed:
        raise Refused("unknown-rating", "No open rating of you has this digest.", "rating")
    if known is not None:
        raise Refused("already-answered", "The rating has its answer.", "rating")
