"""A day as columns: what its bundle tells, before anything is checked."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from marketplace.bundle.lines import Header, LeftLine, PlaceLine, RollOverLine
from marketplace.resolver.tables import I64, Mask, Strings
from marketplace.rowbytes import Column
from marketplace.verify import documents
from marketplace.verify.documents import Block
from marketplace.verify.findings import BundleFault, Findings
from vrm.documents import (
    Capacity,
    CatalogueItem,
    MarketDescriptor,
    RunReport,
    Suspension,
    VendorProfile,
)

U16 = np.ndarray[Any, np.dtype[np.uint16]]

UNFILLED: Final = np.dtype([("request", "S43"), ("reason", "S13")])
FIGURES: Final = np.dtype(
    [
        ("request", "i4"),
        ("digest", "S43"),
        ("place", "i4"),
        ("amount", "i8"),
        ("distance_m", "i8"),
        ("way", "i2"),
    ]
)
"""Of a bid; ``request`` and ``place`` are the numbers of its request and place."""


@dataclass
class Wave:
    """What the run, or a tick, reported and decided."""

    report: Any
    """A RunReport or a TickReport."""
    digest: str
    late_by: int
    displaced: list[Block] = field(default_factory=list)
    left: list[LeftLine] = field(default_factory=list)
    assignments: list[Block] = field(default_factory=list)
    fallbacks: list[Block] = field(default_factory=list)
    unfilled: list[Block] = field(default_factory=list)


@dataclass
class Leaves:
    """Leaves with the documents that are said to be there."""

    numbers: list[I64] = field(default_factory=list)
    digests: list[Strings] = field(default_factory=list)

    def add(self, numbers: Any, digests: Any) -> None:
        # Copies: a view would keep all other columns of its block.
        self.numbers.append(np.array(numbers, dtype=np.int64))
        self.digests.append(np.array(digests, dtype="S43"))


@dataclass
class BidTable:
    """The day's bids, by request and vendor."""

    places: Strings
    """The day's places, as `keys_of` writes them."""
    figures: list[Block] = field(default_factory=list)
    """Of `FIGURES`."""
    currency: list[U16] = field(default_factory=list)
    terms: list[U16] = field(default_factory=list)
    alternative: list[Mask] = field(default_factory=list)
    count: int = 0

    def take_columns(self) -> dict[str, Column]:
        """Hand the figures over, a column each."""
        parts, self.figures = [*self.figures, np.empty(0, dtype=FIGURES)], []
        return {
            name: np.concatenate([part[name] for part in parts]) for name in FIGURES.names or ()
        }


@dataclass
class Day:
    """A day as its bundle tells it."""

    header: Header
    rules: MarketDescriptor
    findings: Findings
    evidence: list[Block] = field(default_factory=list)
    suspensions: list[Suspension] = field(default_factory=list)
    profiles: dict[str, VendorProfile] = field(default_factory=dict)
    """By digest."""
    capacities: dict[tuple[str, str], Capacity] = field(default_factory=dict)
    items: dict[str, CatalogueItem] = field(default_factory=dict)
    """By digest."""
    places: list[PlaceLine] = field(default_factory=list)
    request_blocks: list[Block] = field(default_factory=list)
    preferences: list[Block] = field(default_factory=list)
    named: list[Block] = field(default_factory=list)
    bids: BidTable | None = None
    """See `table`."""
    waves: list[Wave] = field(default_factory=list)
    """The run, then its ticks."""
    acceptances: list[Block] = field(default_factory=list)
    deliveries: list[Block] = field(default_factory=list)
    ratings: list[Block] = field(default_factory=list)
    roll_overs: list[RollOverLine] = field(default_factory=list)
    proofs: dict[str, tuple[int, list[bytes]]] = field(default_factory=dict)
    early: Leaves = field(default_factory=Leaves)
    """What the log must hold before the freeze."""
    late: Leaves = field(default_factory=Leaves)
    codes: dict[bytes, int] = field(default_factory=dict)
    """Numbers for currencies and terms."""
    _requests: Block | None = None

    @property
    def requests(self) -> Block:
        """The requests, by digest."""
        if self._requests is None:
            self._requests = joined(self.request_blocks, documents.REQUEST)
            self._requests["number"] = np.arange(len(self._requests))
            self.request_blocks.clear()
        return self._requests

    @property
    def table(self) -> BidTable:
        """The bids; to be asked for once all places and requests are known."""
        if self.bids is None:
            vendors = np.array([place.vendor for place in self.places], dtype=documents.DID)
            names = np.array([place.place for place in self.places], dtype=documents.SLUG)
            self.bids = BidTable(keys_of(vendors, names))
        return self.bids

    @property
    def run(self) -> Wave:
        return self.waves[0]

    @property
    def report(self) -> RunReport:
        found: RunReport = self.run.report
        return found

    @property
    def date(self) -> str:
        """The local date that the day is named by."""
        return self.header.day.partition("#")[0]


def codes_of(day: Day, names: Strings) -> U16:
    """A number for each of some texts, the same for the same text.

    Raises:
        BundleFault: there are too many different ones.
    """
    found = [day.codes.setdefault(name, len(day.codes)) for name in names.tolist()]
    if len(day.codes) > np.iinfo(np.uint16).max:
        raise BundleFault("The bundle names too many agreements.")
    return np.array(found, dtype=np.uint16)


def joined(blocks: Sequence[Block], layout: np.dtype[np.void]) -> Block:
    """All rows of some blocks."""
    if len(blocks) == 1:
        return blocks[0]
    return np.concatenate(blocks) if blocks else np.empty(0, dtype=layout)


def keys_of(vendors: Strings, places: Strings) -> Strings:
    """Vendor and place as one text; their order is that of the pairs, since dids are of one length."""
    found: Strings = np.strings.add(np.strings.add(vendors, b" "), places)
    return found


def found_in(ordered: Strings, wanted: Strings) -> tuple[I64, Mask]:
    """Where each wanted text stands in an ordered column, and whether it does."""
    if not len(ordered):
        return np.zeros(len(wanted), dtype=np.int64), np.zeros(len(wanted), dtype=np.bool_)
    at = np.minimum(np.searchsorted(ordered, wanted), len(ordered) - 1)
    return at, ordered[at] == wanted
