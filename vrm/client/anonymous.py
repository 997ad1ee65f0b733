"""How an anonymous document is posted: alone, after a random while, and as long as all others."""

import asyncio
import random
from collections.abc import Mapping
from typing import Any

from vrm.client.base import MarketClient
from vrm.documents import Signed
from vrm.documents.padding import WRITES, padded


async def post_alone(
    client: MarketClient,
    path: str,
    document: Signed[Any],
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Post a document over a connection that carries nothing else, and return the bytes of a good answer.

    It begins after a random while of at most `MarketClient.pause` seconds, so that the call cannot be joined by
    its time to the reads before it, nor several calls to each other.

    Raises:
        MarketRefused, MarketUnreachable, MarketMisbehaved: see `MarketClient.send`.
    """
    await asyncio.sleep(random.SystemRandom().uniform(0, client.pause))
    async with client.connection() as alone:
        body = padded(document.wire, WRITES)
        return await client.send("POST", path, body=body, headers=headers, over=alone)
