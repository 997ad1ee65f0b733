"""The assignments of a published run or tick as signed documents, made chunk by chunk.

Signing takes longer than deciding, so what is decided is published, and the documents follow, each chunk of
requests an item of the outbox, done by whatever workers there are. Ed25519 is deterministic: until a document
is stored, whoever asks for it gets the same bytes, made for the occasion.
"""

import asyncio
from collections.abc import Iterator, Sequence
from itertools import product

from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.cascade.rules import accept_by
from marketplace.db import AnyRow
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.runs import awards
from vrm.documents import Assignment, Signed, sign

KIND = "sign-assignments"
CHUNK = 1000
"""About how many assignments a chunk has at most."""

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DIGEST_CHARACTERS = 43


def chunks(day: str, tick: int, assigned: int) -> Iterator[str]:
    """The outbox keys of a run or tick: ``DAY/TICK/`` and the first characters of the requests' digests.

    Digests are spread evenly, so all chunks are about equally large.
    """
    if assigned:
        length = 0
        while assigned > CHUNK * len(ALPHABET) ** length:
            length += 1
        for first in product(ALPHABET, repeat=length):
            yield f"{prefix(day, tick)}{''.join(first)}"


def prefix(day: str, tick: int) -> str:
    """What the outbox keys of a run or tick begin with."""
    return f"{day}/{tick}/"


async def sign_chunk(market: Market, connection: AsyncConnection, key: str) -> None:
    """Sign and store the assignments of one chunk."""
    day, tick, first = key.split("/")
    rows = await awards.awards_to_sign(connection, day, int(tick), first)
    signed = await asyncio.to_thread(sign_all, market, rows)
    await awards.add_assignments(
        connection,
        [
            {
                "day": day,
                "request": row.request,
                "tick": row.tick,
                "digest": one.digest,
                "vendor": row.vendor,
                "accept_by": _accept_by(market, row),
                "wire": one.wire,
            }
            for row, one in zip(rows, signed, strict=True)
        ],
    )


def sign_all(market: Market, rows: Sequence[AnyRow]) -> list[Signed[Assignment]]:
    """The documents of awards, as `awards` finds them."""
    return [sign(_assignment(market, row), market.identity.key) for row in rows]


def _accept_by(market: Market, row: AnyRow) -> int:
    return accept_by(row.decided_at, row.needed_by, market.calendar)


def _assignment(market: Market, row: AnyRow) -> Assignment:
    return Assignment(
        market=market.did,
        day=row.day,
        tick=row.tick,
        accept_by=instant_text(_accept_by(market, row)),
        request=row.request,
        bid=row.bid,
        vendor=row.vendor,
        place=row.place,
        amount=row.amount,
        currency=row.currency,
        delivery=row.delivery,
        distance_m=row.distance_m,
        band=row.band,
        rank=row.rank,
        eligible=row.eligible,
        newcomer=row.newcomer,
        reserve=tuple(
            row.reserve[at : at + DIGEST_CHARACTERS]
            for at in range(0, len(row.reserve), DIGEST_CHARACTERS)
        ),
    )
