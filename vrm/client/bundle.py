"""Downloading a day's bundle: all that it was decided from and decided, and the log's proofs, in one file."""

from pathlib import Path
from urllib.parse import quote

import httpx

from vrm.client.base import MarketClient
from vrm.client.patience import problem_of
from vrm.errors import MarketUnreachable


async def download(client: MarketClient, day: str, to: Path, *, since: int | None = None) -> None:
    """Write a day's bundle into a file, as it comes.

    Args:
        since: the size of a checkpoint that was kept; the bundle then proves that the log grew out of it.

    Raises:
        MarketRefused: no such day, or it is not announced yet.
        MarketUnreachable: no connection, or it broke off.
    """
    path = f"/runs/{quote(day, safe='')}/bundle"
    asked = {} if since is None else {"since": since}
    try:
        async with client.connection() as http, http.stream("GET", path, params=asked) as answer:
            if not answer.is_success:
                await answer.aread()
                raise problem_of(answer, again=False)
            with to.open("wb") as file:
                async for chunk in answer.aiter_raw():
                    file.write(chunk)
    except httpx.RequestError as error:
        reason = str(error) or type(error).__name__
        raise MarketUnreachable(f"The market at {client.url} does not answer: {reason}") from None
