"""What every anonymous document goes through: it waits for its batch, and its author has a promise."""

from collections.abc import Sequence
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import clocks
from marketplace.db import AnyRow
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.pending import repository
from vrm.documents import Document, Promise, Signed, sign

Kind = Literal[
    "PersonalRequest",
    "RequestWithdrawal",
    "Preference",
    "Answer",
    "Disclosure",
    "Confirmation",
    "Message",
    "Rating",
    "VendorRatingAnswer",
    "Cancellation",
    "Handover",
    "Dispute",
]
"""The types of the documents that wait here."""

CROWD: tuple[Kind, ...] = ("PersonalRequest", "RequestWithdrawal")
"""What a batch lists: only these hide each other, and wait for each other."""


async def find(connection: AsyncConnection, digest: str) -> AnyRow | None:
    """Find a document that waits. It is the first thing that a posted document's transaction does: from then
    on nothing is taken out of what waits until it commits."""
    return await repository.find(connection, digest)


async def about(connection: AsyncConnection, kind: Kind, request: str) -> Sequence[AnyRow]:
    """Find the documents of one kind that wait and are about a request."""
    return await repository.about(connection, kind, request)


async def drop(connection: AsyncConnection, rows: Sequence[AnyRow]) -> None:
    """Forget documents that wait, since a newer one takes their place."""
    if rows:
        await repository.drop(connection, [row.digest for row in rows])


async def request_waits(connection: AsyncConnection, pseudonym: str) -> bool:
    """Tell whether a request under this pseudonym waits."""
    return await repository.request_waits(connection, pseudonym)


async def wait(
    connection: AsyncConnection,
    document: Signed[Document],
    about_request: str | None,
    publish_by: int,
    issuer_key: str | None = None,
) -> None:
    """Let a pseudonym's document wait until an instant at the latest.

    Args:
        issuer_key: the id of the key of the posting token that it spends, if it spends one.
    """
    body: Any = document.body
    row = {
        "digest": document.digest,
        "kind": body.type,
        "pseudonym": body.pseudonym,
        "request": about_request,
        "wire": document.wire,
        "publish_by": publish_by,
        "issuer_key": issuer_key,
    }
    await repository.add(connection, row)


def promise(market: Market, document: Signed[Document], publish_by: int) -> Signed[Promise]:
    """Promise that a document will be public by an instant, which tells no time of arrival."""
    body: Any = document.body
    made = Promise(
        market=market.did,
        document=document.digest,
        document_type=body.type,
        publish_by=instant_text(publish_by),
    )
    return sign(made, market.identity.key)


async def count_crowd(connection: AsyncConnection) -> tuple[int, int | None]:
    """Count whose documents wait to be shown to all, and find the earliest instant promised for any of them.

    A request and its withdrawal have one author, and are no company for each other.
    """
    return await repository.count(connection, CROWD)


async def take(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Take out all that waits, in order of digests."""
    return await repository.take(connection)


async def take_unlisted(connection: AsyncConnection) -> Sequence[AnyRow]:
    """Take out what no batch lists, in order of digests; the rest goes on waiting.

    Whoever has begun to post is waited for.
    """
    await repository.lock(connection)
    if not await repository.any_but(connection, CROWD):
        return []
    return await repository.take(connection, but=CROWD)


async def instant_is_new(market: Market, connection: AsyncConnection) -> bool:
    """Tell whether a batch instant has come that nobody has published for."""
    instant = market.calendar.batch_at_or_before(await market.db.now(connection))
    newest = await clocks.newest(connection, clocks.PUBLICATION)
    return newest is None or newest < instant


async def come_to_instant(market: Market, connection: AsyncConnection) -> int | None:
    """Come to the newest batch instant; none if somebody was there before."""
    instant = market.calendar.batch_at_or_before(await market.db.now(connection))
    return instant if await clocks.come_to(connection, clocks.PUBLICATION, instant) else None
