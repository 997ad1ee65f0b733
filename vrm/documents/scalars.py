"""The scalar types of documents, each with the exact text that the wire allows.

Patterns are anchored and the values are ASCII unless they are meant for people, so that a value has one
spelling and a digest one meaning: ``[0-9]`` because ``\\d`` takes the digits of every script, and ``(?!\\n)``
because Python's ``$`` also matches before a last line feed.
"""

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Final, Literal

from msgspec import Meta

MAX_INTEGER: Final = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 7493, section 2.2)."""

Did = Annotated[str, Meta(pattern=r"^did:key:z6Mk[1-9A-HJ-NP-Za-km-z]{44}$(?!\n)")]
"""An Ed25519 did:key."""

Digest = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$(?!\n)")]
"""SHA-256 of a document's canonical unsigned form, base64url without padding."""

Salt = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{21}[AQgw]$(?!\n)")]
"""128 random bits, base64url without padding."""

ReplyKeyText = Annotated[str, Meta(pattern=r"^z6LS[1-9A-HJ-NP-Za-km-z]{44}$(?!\n)")]
"""An X25519 public key as multibase with its multicodec."""

Instant = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:[0-9][0-9]:[0-9][0-9]Z$(?!\n)")
]
"""RFC 3339 in UTC, whole seconds."""

QuarterHour = Annotated[
    str, Meta(pattern=r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]T[0-9][0-9]:(00|15|30|45):00Z$(?!\n)")
]
"""An instant that a customer states: whole quarters of an hour only, since a second would be a fingerprint."""

LocalTime = Annotated[str, Meta(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$(?!\n)")]
"""A time of day in the market's zone."""

LocalDate = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9]$(?!\n)")]
"""A calendar date in the market's zone."""

MarketDay = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9][0-9]-[0-9][0-9](#[1-9][0-9]?)?$(?!\n)")]
"""The local date on which a cutoff falls, with ``#2`` and so on for the later ones of that date."""

Currency = Annotated[str, Meta(pattern=r"^[A-Z]{3}$(?!\n)")]
Amount = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
"""Minor units of a currency."""

Price = Annotated[int, Meta(ge=1, le=MAX_INTEGER)]
"""A price in minor units: never nothing."""

Slug = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,47}$(?!\n)")]
Sequence = Annotated[int, Meta(ge=0, le=MAX_INTEGER)]
Cell = Annotated[str, Meta(pattern=r"^8[0-9a-f]{14}$(?!\n)")]
"""An H3 cell index."""

ONE_LINE: Final = r"^(?=.*\S)[^\n]+$(?!\n)"
"""Text without a line feed that is not all blanks."""

Gtin = Annotated[str, Meta(pattern=r"^([0-9]{8}|[0-9]{12}|[0-9]{13}|[0-9]{14})$(?!\n)")]
Name = Annotated[str, Meta(min_length=1, max_length=120, pattern=ONE_LINE)]
Text = Annotated[str, Meta(min_length=1, max_length=2000)]
Label = Annotated[str, Meta(min_length=1, max_length=64, pattern=ONE_LINE)]
FacetName = Annotated[str, Meta(pattern=r"^[a-zA-Z][a-zA-Z0-9]{0,39}$(?!\n)")]
LatE6 = Annotated[int, Meta(ge=-90_000_000, le=90_000_000)]
LngE6 = Annotated[int, Meta(ge=-180_000_000, le=180_000_000)]
"""Millionths of a degree (WGS 84): documents hold no floats."""

TermsId = Annotated[str, Meta(pattern=r"^[A-Z][A-Z0-9-]{1,31}$(?!\n)")]
"""An agreement's id in the roster of IEEE 7012 (MyTerms), such as ``PDC-INTENT``."""

DeliveryWay = Literal["ship", "pickup", "on-site"]
PriceKind = Literal["fixed", "ceiling"]
Policy = Literal["best-nearby", "best-value", "nearest", "lowest-price"]
UnfilledReason = Literal["no-bids", "none-eligible", "capacity", "too-late"]
"""Why a request went to nobody; ``too-late``: when a vendor failed it, the time to need it was over."""


def format_instant(when: datetime) -> str:
    """Write an aware datetime as an `Instant`; fractions of a second are cut off."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_instant(text: str) -> datetime:
    """Read an `Instant`.

    Raises:
        ValueError: when the text is no such instant, or no such day exists.
    """
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)


def parse_date(text: str) -> date:
    """Read a `LocalDate`.

    Raises:
        ValueError: when there is no such day.
    """
    return date.fromisoformat(text)


def gtin_is_valid(gtin: str) -> bool:
    """Tell whether the last digit is the check digit of the others (GS1 General Specifications, 7.9)."""
    digits = [int(c) for c in reversed(gtin)]
    return sum(d * (3 if i % 2 else 1) for i, d in enumerate(digits)) % 10 == 0


_INVISIBLE = frozenset(("Cc", "Cf", "Cs", "Co", "Zl", "Zp"))
"""Categories of characters that show nothing, or change how others show (Unicode, chapter 4.5)."""

_JOINERS = "\u200c\u200d"
"""Joiners that Persian, Indic scripts and emoji are written with."""


def text_is_clean(text: str) -> bool:
    """Tell whether text for people is in NFC and free of invisible and direction-changing characters.

    They let a line read otherwise than it compares, or one name stand beside another that reads alike. A line
    feed is left to the types that admit it.
    """
    if text.isascii() and text.isprintable():
        return True
    if not unicodedata.is_normalized("NFC", text):
        return False
    return not any(
        _is_out_of_place(c, before) for before, c in zip("\0" + text, text, strict=False)
    )


def _is_out_of_place(character: str, before: str) -> bool:
    if character in _JOINERS:
        return before.isascii()
    return character != "\n" and unicodedata.category(character) in _INVISIBLE
