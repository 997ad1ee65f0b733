"""The use cases about requests."""

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import take_turns
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.requests import repository
from marketplace.requests.rules import check_request, publication_is_due, published_row
from marketplace.requests.schemas import BatchView
from vrm.documents import PersonalRequest, Promise, RequestWithdrawal, Signed, read, recall, sign


async def submit(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a request wait for publication, and promise it.

    The same document again gets the same promise.

    Raises:
        Refused: another market's document, a broken rule, or a pseudonym that was used before.
    """
    request = read(raw, PersonalRequest)
    market.check_addressed(request.body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [request.body.pseudonym])
        now = await market.db.now(connection)
        publish_by = await _promised(connection, request.digest)
        if publish_by is None:
            check_request(request.body, market.rules, market.calendar, now)
            if await repository.pseudonym_is_used(connection, request.body.pseudonym):
                raise Refused(
                    "pseudonym-reused", "This key has signed another request.", "pseudonym"
                )
            publish_by = await _wait(connection, market, request, None, now)
    return _promise(market, request, publish_by)


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
            now = await market.db.now(connection)
            publish_by = await _wait(connection, market, withdrawal, body.request, now)
    return _promise(market, withdrawal, publish_by)


async def batch_is_due(market: Market) -> bool:
    """Tell whether a batch instant has come that `publish_batch` has not seen."""
    async with market.db.snapshot() as connection:
        instant = market.calendar.batch_at_or_before(await market.db.now(connection))
        newest = await repository.newest_instant(connection)
    return newest is None or newest < instant


async def publish_batch(market: Market) -> int:
    """Publish what waits, if a new batch instant has come and calls for it; answers how many documents.

    Each instant is looked at once, so that what arrives after it waits for the next one.
    """
    async with market.db.unit_of_work() as connection:
        instant = market.calendar.batch_at_or_before(await market.db.now(connection))
        if not await repository.come_to(connection, instant):
            return 0
        waiting, earliest = await repository.count_pending(connection)
        if not publication_is_due(waiting, earliest, instant, market.rules):
            return 0
        requests, withdrawals = [], []
        for row in await repository.take_pending(connection):
            if row.request is None:
                body = recall(row.wire, PersonalRequest)
                requests.append(
                    published_row(
                        row.digest, row.wire, body, row.publish_by, instant, market.calendar
                    )
                )
            else:
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
    await market.db.forget_order()
    return len(requests) + len(withdrawals)


async def list_batches(market: Market, cursor: str | None, limit: int) -> Page[BatchView]:
    """List what became public, batch by batch."""
    after = read_cursor(cursor, tuple[int]) or (-1,)
    async with market.db.snapshot() as connection:
        rows, more = cut(await repository.batches(connection, after[0], limit + 1), limit)
        instants = [row.instant for row in rows]
        requests, withdrawals = await repository.batch_contents(connection, instants)
    items = [
        BatchView(
            instant=instant_text(instant),
            requests=requests.get(instant, []),
            withdrawals=withdrawals.get(instant, []),
        )
        for instant in instants
    ]
    return Page(items=items, next=write_cursor(instants[-1]) if more else None)


async def _promised(connection: AsyncConnection, digest: str) -> int | None:
    for find in (
        repository.find_pending,
        repository.find_published,
        repository.find_published_withdrawal,
    ):
        known = await find(connection, digest)
        if known is not None:
            return int(known.publish_by)
    return None


async def _wait(
    connection: AsyncConnection,
    market: Market,
    document: Signed[PersonalRequest] | Signed[RequestWithdrawal],
    withdrawn: str | None,
    now: int,
) -> int:
    publish_by = market.calendar.publish_by(now)
    row = {
        "digest": document.digest,
        "pseudonym": document.body.pseudonym,
        "request": withdrawn,
        "wire": document.wire,
        "publish_by": publish_by,
    }
    await repository.add_pending(connection, row)
    return publish_by


async def _check_withdrawable(connection: AsyncConnection, body: RequestWithdrawal) -> None:
    request = await repository.find_pending(connection, body.request)
    if request is not None and request.request is not None:
        request = None  # what waits under this digest is a withdrawal itself
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


def _promise(
    market: Market, document: Signed[PersonalRequest] | Signed[RequestWithdrawal], publish_by: int
) -> Signed[Promise]:
    promise = Promise(
        market=market.did,
        document=document.digest,
        document_type=document.body.type,
        publish_by=instant_text(publish_by),
    )
    return sign(promise, market.identity.key)
