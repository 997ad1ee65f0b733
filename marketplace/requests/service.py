"""The use cases about requests."""

from collections import Counter
from collections.abc import Sequence
from itertools import accumulate
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.catalogue import service as catalogue
from marketplace.catalogue.rules import check_named
from marketplace.crowds import service as crowds
from marketplace.db import AnyRow, take_turns
from marketplace.disputes import service as disputes
from marketplace.errors import Refused
from marketplace.fulfilment import service as fulfilment
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.messages import service as messages
from marketplace.notices import filters
from marketplace.notices import service as notices
from marketplace.notices.service import About
from marketplace.pending import service as pending
from marketplace.preferences import service as preferences
from marketplace.questions import service as questions
from marketplace.ratings import answering as rating_answers
from marketplace.ratings import service as ratings
from marketplace.requests import repository
from marketplace.requests.rules import check_request, publication_is_due, published_row
from marketplace.requests.schemas import BatchView
from marketplace.tokens import service as tokens
from vrm.documents import PersonalRequest, Promise, RequestWithdrawal, Signed, read, recall

MOST_LISTED: Final = 100_000
"""Digests in one answer of the list of batches, unless one batch has more: 5 of the 32 MB that wallets read."""


async def submit(market: Market, raw: bytes, authorization: str | None) -> Signed[Promise]:
    """Let a request wait for publication, and promise it.

    It spends the posting token in the Authorization header: a token certifies one pseudonym, and a pseudonym
    posts once, so that the transaction that stores the request spends its token. What is refused spends none.
    The same document again gets the same promise.

    Raises:
        Refused: another market's document, no token that is good for the pseudonym, a broken rule, or a
            pseudonym (and with it a token) that was used before.
    """
    request = read(raw, PersonalRequest)
    pseudonym = request.body.pseudonym
    market.check_addressed(request.body)
    permit = await tokens.verify_token(market, authorization, pseudonym)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [pseudonym])
        publish_by = await _promised(connection, request.digest)
        if publish_by is None:
            now = await market.db.now(connection)
            await tokens.check_spendable(market, connection, permit, now)
            check_request(request.body, market.rules, market.calendar, now)
            if item := request.body.item:
                offer = await catalogue.offer(connection, item.principal, item.id)
                check_named(request.body, offer)
            if await pending.request_waits(
                connection, pseudonym
            ) or await repository.pseudonym_was_published(connection, pseudonym):
                raise Refused(
                    "pseudonym-reused", "This key has signed another request.", "pseudonym"
                )
            publish_by = market.calendar.publish_by(now)
            await pending.wait(connection, request, None, publish_by, permit.key_id)
    return pending.promise(market, request, publish_by)


async def withdraw(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a withdrawal wait for publication, and promise it.

    Raises:
        Refused: no such request, another pseudonym's request, or one that is resolved or withdrawn.
    """
    withdrawal = read(raw, RequestWithdrawal)
    body = withdrawal.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        publish_by = await _promised(connection, withdrawal.digest)
        if publish_by is None:
            await _check_withdrawable(connection, body)
            publish_by = market.calendar.publish_by(await market.db.now(connection))
            await pending.wait(connection, withdrawal, body.request, publish_by)
    return pending.promise(market, withdrawal, publish_by)


async def batch_is_due(market: Market) -> bool:
    """Tell whether a batch instant has come that `publish_batch` has not seen."""
    async with market.db.snapshot() as connection:
        return await pending.instant_is_new(market, connection)


async def publish_batch(market: Market) -> int:
    """Publish what waits, if a new batch instant has come and calls for it; answers how many documents.

    Each instant is looked at once, so that what arrives after it waits for the next one.
    """
    async with market.db.unit_of_work() as connection:
        instant = await pending.come_to_instant(market, connection)
        if instant is None:
            return 0
        waiting, earliest = await pending.count_crowd(connection)
        if publication_is_due(waiting, earliest, instant, market.rules):
            rows = await pending.take(connection)
            await _publish(market, connection, instant, rows)
            events = await _settle(market, connection, instant, rows)
            leaves = await log.append_together(market, connection, [row.digest for row in rows])
            await repository.set_leaves(connection, instant, *leaves)
        else:
            rows = await pending.take_unlisted(connection)
            events = await _settle(market, connection, instant, rows)
            await log.put(connection, (row.digest for row in rows))
        await mail.forget(market, connection, instant)
        await preferences.forget(market, connection, instant)
        await fulfilment.forget(market, connection, instant)
        await messages.forget(market, connection, instant)
        await disputes.forget(market, connection, instant)
        spent = Counter(row.issuer_key for row in rows if row.issuer_key)
        await tokens.count(market, connection, spent)
        await notices.tell_many(connection, instant, events)
    if rows:
        await market.db.forget_order()
    return len(rows)


async def collect(market: Market) -> None:
    """Take what no batch lists out of what waits: the last thing before a run freezes its requests.

    A Preference that is posted later finds that its request's cutoff has passed, or that it has a run.
    """
    async with market.db.unit_of_work() as connection:
        rows = await pending.take_unlisted(connection)
        instant = market.calendar.batch_at_or_before(await market.db.now(connection))
        events = await _settle(market, connection, instant, rows)
        await log.put(connection, (row.digest for row in rows))
        await notices.tell_many(connection, instant, events)
    if rows:
        await market.db.forget_order()


async def ended(connection: AsyncConnection, pseudonym: str) -> str:
    """How a pseudonym's request ended: ``none`` where there is none, ``waits`` or ``open`` where it has not,
    ``withdrawn``, ``unfilled``, ``received`` or ``not-received`` by its author's word, ``vendor-cancelled``,
    ``overdue`` where its author gave up an overdue vendor, or ``decided`` otherwise."""
    if await pending.request_waits(connection, pseudonym):
        return "waits"
    ended = await repository.ended(connection, pseudonym)
    if ended != "decided":
        return ended
    return await fulfilment.ended(connection, pseudonym) or ended


async def list_batches(market: Market, cursor: str | None, limit: int) -> Page[BatchView]:
    """List what became public, batch by batch."""
    after = read_cursor(cursor, tuple[int]) or (-1,)
    async with market.db.snapshot() as connection:
        found = await repository.batches(connection, after[0], limit + 1)
        rows, more = cut(found, _that_fit(found[:limit]))
        instants = [row.instant for row in rows]
        requests, withdrawals = await repository.batch_contents(connection, instants)
    items = [
        BatchView(
            instant=instant_text(row.instant),
            requests=requests.get(row.instant, []),
            withdrawals=withdrawals.get(row.instant, []),
            first_leaf=row.first_leaf,
            leaves=row.leaves,
        )
        for row in rows
    ]
    return Page(items=items, next=write_cursor(instants[-1]) if more else None)


def _that_fit(rows: Sequence[AnyRow]) -> int:
    """How many batches go into one answer: the first, and as many more as keep it below what clients read."""
    listed = accumulate(row.requests + row.withdrawals for row in rows)
    return max(1, len([total for total in listed if total <= MOST_LISTED]))


async def _settle(
    market: Market, connection: AsyncConnection, instant: int, rows: Sequence[AnyRow]
) -> list[About]:
    """Do what becomes of documents that were taken out of what waits, besides what a batch lists.

    Answers what vendors are to be told of it, as the transaction's last thing.
    """
    kinds = {row.kind for row in rows}
    if not kinds.isdisjoint(("Dispute", "Rating")):
        # Before any delivery is held: vendors' calls take these turns first too.
        await take_turns(connection, disputes.TURNS)
    await preferences.keep(connection, rows)
    await questions.publish_answers(connection, rows)
    events = await fulfilment.hand_over(market, connection, instant, rows)
    events += await messages.hand_over(connection, rows)
    events += await disputes.take(market, connection, instant, rows)
    await ratings.take(market, connection, instant, rows)
    await rating_answers.publish(connection, rows)
    await mail.put_copies(market, connection, rows)
    return events


async def _publish(
    market: Market, connection: AsyncConnection, instant: int, rows: Sequence[AnyRow]
) -> None:
    bodies: list[PersonalRequest] = []
    requests: list[dict[str, Any]] = []
    withdrawals: list[dict[str, Any]] = []
    tiers = await tokens.tiers_of(connection, {row.issuer_key for row in rows if row.issuer_key})
    for row in rows:
        if row.kind == "PersonalRequest":
            body = recall(row.wire, PersonalRequest)
            bodies.append(body)
            published = published_row(
                row.digest, row.wire, body, row.publish_by, instant, market.calendar
            )
            requests.append(published | {"tier": tiers.get(row.issuer_key)})
        elif row.kind == "RequestWithdrawal":
            withdrawals.append(
                {
                    "digest": row.digest,
                    "request": row.request,
                    "published_at": instant,
                    "publish_by": row.publish_by,
                    "wire": row.wire,
                }
            )
    await repository.publish(connection, instant, requests, withdrawals)
    await crowds.count(market, connection, instant, bodies)
    if requests:
        await filters.published(connection, instant)


async def _promised(connection: AsyncConnection, digest: str) -> int | None:
    for find in (
        pending.find,
        repository.find_published,
        repository.find_published_withdrawal,
    ):
        known = await find(connection, digest)
        if known is not None:
            return int(known.publish_by)
    return None


async def _check_withdrawable(connection: AsyncConnection, body: RequestWithdrawal) -> None:
    request = await pending.find(connection, body.request)
    if request is not None and request.kind != "PersonalRequest":
        request = None  # what waits under this digest is no request
    published = None if request else await repository.find_published(connection, body.request)
    found = request or published
    if found is None:
        raise Refused("unknown-request", "No such request waits or was published.", "request")
    if found.pseudonym != body.pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    if published is not None and published.day is not None:
        raise Refused("request-resolved", f"The run of {published.day} has resolved it.", "request")
    if published is not None and published.withdrawn_at is not None:
        raise Refused("request-withdrawn", "It was withdrawn before.", "request")
