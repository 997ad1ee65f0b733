"""Where a bundle comes from: a file, an address, or the operator's own database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import httpx
import msgspec

from marketplace.bundle import service
from marketplace.errors import MarketError
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.unlocking import unlocked, with_market
from vrm import console
from vrm.documents.scalars import parse_date

TIMEOUT = 60.0
"""Seconds for connecting, and between two parts of an answer."""


async def save(market: Market, day: str, to: Path, since: int | None = None) -> None:
    """Write a day's bundle into a file.

    Raises:
        Refused: no such run, or it is not announced yet.
    """
    await log.grow(market)
    bundle = await service.begin(market, day, since)
    with to.open("wb") as file:
        async for part in service.write(market, bundle):
            file.write(part)


@contextmanager
def opened(
    source: str, home: Path, passphrase_file: Path | None, since: int | None = None
) -> Iterator[BinaryIO]:
    """Open a bundle for reading.

    Args:
        source: a file's name, the address of a bundle, or a day of the market in `home`.
        since: the size of a checkpoint from which a bundle that is made anew proves that the log grew.
    """
    if Path(source).is_file():
        with Path(source).open("rb") as file:
            yield file
        return
    with tempfile.TemporaryDirectory(prefix="vrm-day-") as folder:
        path = Path(folder) / "bundle"
        if source.startswith(("http://", "https://")):
            _download(source, path, since)
        elif is_day(source):
            settings, identity = unlocked(home, passphrase_file)
            console.run(
                with_market(settings, identity, lambda market: save(market, source, path, since))
            )
        else:
            raise MarketError(f"{source} is no file, no address of a bundle and no market day.")
        with path.open("rb") as file:
            yield file


def _download(url: str, to: Path, since: int | None) -> None:
    asked = {} if since is None else {"since": since}
    headers = {"accept-encoding": "identity"}
    with httpx.stream("GET", url, params=asked, headers=headers, timeout=TIMEOUT) as answer:
        if not answer.is_success:
            raise MarketError(f"{url} answered {answer.status_code}: {_why(answer.read())}")
        with to.open("wb") as file:
            for chunk in answer.iter_raw():
                file.write(chunk)


def _why(raw: bytes) -> str:
    """What a problem document says."""
    try:
        return str(msgspec.json.decode(raw)["detail"])
    except (msgspec.DecodeError, UnicodeDecodeError, LookupError, TypeError):
        return "no bundle"


def is_day(text: str) -> bool:
    """Whether a text names a market day."""
    try:
        parse_date(text.partition("#")[0])
    except ValueError:
        return False
    return True
