"""What a monitor remembers from round to round: one JSON file, replaced as a whole."""

from pathlib import Path

import msgspec

from marketplace.errors import MarketError
from vrm.keyfile import write_private


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is against the market's rules; ``notes`` are the signed heads that show it."""

    code: str
    """``rollback``, ``fork``, ``missing-receipt``, ``late-freeze``, ``day`` and more: see docs/monitors.md."""
    subject: str
    """A day, a document's digest, or ``log``."""
    detail: str
    notes: tuple[str, ...] = ()


class Raised(msgspec.Struct, frozen=True, kw_only=True):
    """An alarm and when it was first raised."""

    at: str
    alarm: Alarm


class Watched(msgspec.Struct, kw_only=True):
    """All that a monitor remembers of one market."""

    v: int = 1
    market: str
    log: str
    """The log's name and key as the descriptor first had them."""
    anchor: str
    """The end of the chain of seeds, likewise."""
    head: str = ""
    """The newest head of the log that was seen; it stays where a newer one does not hold."""
    held: int = 0
    """Up to how many leaves the log's files were found to be those of a head."""
    seeds: dict[str, str] = {}
    """The newest day whose seed was seen, with the seed."""
    days: dict[str, int] = {}
    """The days that were verified, and with how many ticks."""
    found: list[str] = []
    """Receipts whose documents the log was found to hold."""
    history: list[Raised] = []
    """Every alarm that was ever raised, once."""


def read(file: Path) -> Watched | None:
    """Read what is remembered; None at the first meeting.

    Raises:
        MarketError: the file is none of a monitor's.
    """
    try:
        return msgspec.json.decode(file.read_bytes(), type=Watched)
    except FileNotFoundError:
        return None
    except msgspec.DecodeError as error:
        raise MarketError(f"{file} is no monitor's file: {error}") from None


def write(file: Path, watched: Watched) -> None:
    """Put it in the file's place."""
    write_private(file, msgspec.json.encode(watched))
