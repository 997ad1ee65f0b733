"""Taking a bundle apart into lines, whatever its bytes are: in little memory, and with one sentence for what
is wrong.

Guarded are: truncation and damage (the stream's own length and checksum), bytes behind the end, lines that
are too long, compression beyond all measure, kinds that are unknown or out of order.
"""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from marketplace.bundle.lines import AFTER, FROZEN, ORDER, Header, ReportLine, TickLine, kind_of
from marketplace.verify.findings import BundleFault

LONGEST: Final = 1 << 18
"""Bytes of a line: more than any document and its envelope have."""
RATIO: Final = 100
"""How many times larger than the file its content may be, beyond `FREE` bytes; a bundle's is about three."""
FREE: Final = 64 << 20
LINES: Final = 500
"""How many lines are handed on at a time."""
CHUNK: Final = 1 << 18

_KIND: Final = re.compile(rb'\{"kind":"([a-z-]{1,16})"[,}]')
_ORDER: Final = [kind_of(line) for line in ORDER]
_TICK: Final = _ORDER.index(kind_of(TickLine))
_AFTER_TICKS: Final = len(_ORDER) - len(AFTER)
_SINGLE: Final = {kind_of(Header), kind_of(ReportLine)}
_REPORT: Final = len(FROZEN)


@dataclass(frozen=True, slots=True)
class Batch:
    """Neighbouring lines of one kind."""

    kind: str
    number: int
    """Of the first line, from 1."""
    lines: list[bytes]


def batches(file: BinaryIO) -> Iterator[Batch]:
    """The lines of a bundle, some at a time, in the order of the format.

    Raises:
        BundleFault: the file is no bundle, damaged, or made to harm.
    """
    place = _Place()
    kind, first, held = "", 1, list[bytes]()
    number = 0
    for number, line in enumerate(_lines(file), start=1):
        found = _KIND.match(line)
        if found is None:
            raise BundleFault(f"Line {number} of the bundle does not begin with its kind.")
        name = found[1].decode()
        place.move(name, number)
        if held and (name != kind or len(held) == LINES):
            yield Batch(kind, first, held)
            held = []
        if not held:
            kind, first = name, number
        held.append(line)
    if place.at < _REPORT:
        raise BundleFault(f"The bundle ends after {number} lines, before the run's report.")
    yield Batch(kind, first, held)


class _Place:
    """Where in the order of kinds the reader is."""

    def __init__(self) -> None:
        self.at = -1

    def move(self, kind: str, number: int) -> None:
        if kind not in _ORDER:
            raise BundleFault(f"Line {number} of the bundle is of the unknown kind {kind}.")
        start = max(self.at, 0)
        if kind == _ORDER[_TICK] and _TICK <= self.at < _AFTER_TICKS:
            start = _TICK  # the next tick
        at = next((at for at in range(start, len(_ORDER)) if _ORDER[at] == kind), -1)
        skipped = (
            (self.at < 0 and at != 0)
            or (self.at < _REPORT < at)
            or (self.at < _TICK < at < _AFTER_TICKS)
        )
        if at < 0 or skipped or (at == self.at and kind in _SINGLE):
            raise BundleFault(f"Line {number} of the bundle, {kind}, is out of order.")
        self.at = at


def _lines(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    for chunk in _unpacked(file):
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
        if len(rest) > LONGEST:
            raise BundleFault(f"A line of the bundle is longer than {LONGEST} bytes.")
    if rest:
        raise BundleFault("The bundle's last line is cut off.")


def _unpacked(file: BinaryIO) -> Iterator[bytes]:
    """The content, in chunks of at most `CHUNK` bytes."""
    unpack = zlib.decompressobj(16 + zlib.MAX_WBITS)
    packed = unpacked = 0
    while not unpack.eof:
        raw = unpack.unconsumed_tail or file.read(CHUNK)
        if not raw:
            raise BundleFault("The bundle is cut off.")
        packed += 0 if unpack.unconsumed_tail else len(raw)
        try:
            found = unpack.decompress(raw, CHUNK)
        except zlib.error:
            raise BundleFault("The file is no bundle, or a damaged one.") from None
        unpacked += len(found)
        if unpacked > FREE + RATIO * packed:
            raise BundleFault(f"The bundle unpacks to more than {RATIO} times its size.")
        if found:
            yield found
    if unpack.unused_data or file.read(1):
        raise BundleFault("There are bytes behind the bundle's end.")
