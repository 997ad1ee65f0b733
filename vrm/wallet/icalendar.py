"""Deadlines as an iCalendar file (RFC 5545), which other programs show."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final

from vrm.wallet.deadlines import Deadline

LINE: Final = 75
"""Octets of a content line, its line break not counted (section 3.1)."""


def render(deadlines: Iterable[Deadline], now: datetime, name: Callable[[str], str]) -> bytes:
    """Write deadlines as events without a duration, in UTC.

    Args:
        now: when the file is made.
        name: makes of a text a name that tells nobody else what it stands for: an event's UID must be the same
            the next time and, since strangers keep people's calendars, lead to no request.
    """
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//vrm//deadlines//EN"]
    for one in deadlines:
        lines += [
            "BEGIN:VEVENT",
            f"UID:{name(f'{one.request} {one.kind}')}",
            f"DTSTAMP:{_utc(now)}",
            f"DTSTART:{_utc(one.at)}",
            f"SUMMARY:{_escaped(one.words)}",
            "TRANSP:TRANSPARENT",
            "END:VEVENT",
        ]
    lines.append("END:VCALENDAR")
    return b"".join(_folded(line.encode()) for line in lines)


def _utc(instant: datetime) -> str:
    return instant.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _escaped(text: str) -> str:
    """Write a value of type TEXT (section 3.3.11); control characters have no place in one."""
    for character in ("\\", ";", ","):
        text = text.replace(character, f"\\{character}")
    return "".join(c if c.isprintable() else " " for c in text.replace("\n", "\\n"))


def _folded(line: bytes) -> bytes:
    """Fold a content line (section 3.1), between characters and never inside of one."""
    parts = []
    width = LINE
    while len(line) > width:
        at = width
        while line[at] & 0xC0 == 0x80:  # the middle of a character in UTF-8
            at -= 1
        parts.append(line[:at])
        line, width = line[at:], LINE - 1  # the space that begins a continuation counts
    return b"\r\n ".join([*parts, line]) + b"\r\n"
