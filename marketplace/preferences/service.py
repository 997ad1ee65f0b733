"""The use cases about preferences."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.market import Market
from marketplace.pending import service as pending
from marketplace.preferences import repository
from vrm.documents import Preference, Promise, Signed, read, recall
from vrm.documents.membership import DAY_SECONDS


async def submit(market: Market, raw: bytes) -> Signed[Promise]:
    """Let a Preference wait for the close of its request's day, and promise that it counts then.

    The same document again gets the same promise.

    Raises:
        Refused: no such request, another pseudonym's, a withdrawn one, a run has taken it or its cutoff has
            passed, or a newer Preference is known.
    """
    preference = read(raw, Preference)
    body = preference.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.pseudonym])
        known = await pending.find(connection, preference.digest)
        kept = await repository.find(connection, body.request)
        if known is None and kept is not None and kept.digest == preference.digest:
            known = kept
        if known is not None:
            publish_by = int(known.publish_by)
        else:
            publish_by = await _cutoff(market, connection, body)
            waiting = await pending.about(connection, "Preference", body.request)
            newest = [recall(row.wire, Preference).seq for row in waiting]
            newest += [] if kept is None else [kept.seq]
            if body.seq <= max(newest, default=-1):
                raise Refused("stale-sequence", f"Send a seq above {max(newest)}.", "seq")
            await pending.drop(connection, waiting)
            await pending.wait(connection, preference, body.request, publish_by)
    return pending.promise(market, preference, publish_by)


async def keep(connection: AsyncConnection, rows: Sequence[AnyRow]) -> None:
    """Keep, of pending documents that were taken out, the newest Preference on each request."""
    newest: dict[str, tuple[int, AnyRow]] = {}
    for row in rows:
        if row.kind == "Preference":
            seq = recall(row.wire, Preference).seq
            if row.request not in newest or seq > newest[row.request][0]:
                newest[row.request] = (seq, row)
    for request, (seq, row) in sorted(newest.items()):
        await repository.keep(
            connection,
            {
                "request": request,
                "digest": row.digest,
                "seq": seq,
                "publish_by": row.publish_by,
                "wire": row.wire,
            },
        )


async def forget(market: Market, connection: AsyncConnection, instant: int) -> None:
    """Forget at an instant those that count no more, when the market has kept them long enough.

    What a run decided by is published with it, and stays.
    """
    keep = market.rules.mail.keep_days * DAY_SECONDS
    await repository.forget(connection, instant - keep)


async def freeze(connection: AsyncConnection, day: str) -> None:
    """Fix which Preferences a run decides by, once it has its requests."""
    await repository.freeze(connection, day)


async def frozen(connection: AsyncConnection, day: str) -> Sequence[AnyRow]:
    """The Preferences that a run decides by: ``request``, ``preference`` (its digest) and ``wire``."""
    return await repository.frozen(connection, day)


async def _cutoff(market: Market, connection: AsyncConnection, body: Preference) -> int:
    """The cutoff until which a Preference may come, which is what its promise names."""
    request = await repository.find_request(connection, body.request)
    if request is None:
        raise Refused("unknown-request", "No published request has this digest.", "request")
    if request.pseudonym != body.pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    if request.withdrawn_at is not None:
        raise Refused("request-withdrawn", "It was withdrawn before.", "request")
    now = await market.db.now(connection)
    if (
        request.day is not None
        or now >= request.cutoff
        or await repository.run_takes(connection, request)
    ):
        raise Refused("preferences-closed", "The request's cutoff has passed.", "request")
    return int(request.cutoff)
