"""A bundle as columns: what `reading` and `documents` give, put together as the checks take it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

import numpy as np

from marketplace.bundle.lines import (
    CapacityLine,
    Header,
    ItemLine,
    LeftLine,
    Logged,
    PlaceLine,
    ProfileLine,
    ProofLine,
    ReportLine,
    RollOverLine,
    SuspensionLine,
    TickLine,
    UnfilledLine,
    kind_of,
)
from marketplace.resolver.tables import I64, Mask, Strings
from marketplace.runs.frozen import DayPart
from marketplace.verify import documents
from marketplace.verify.documents import Block, Checked, decoded, read_document
from marketplace.verify.findings import BundleFault, Findings
from marketplace.verify.parallel import checked
from marketplace.verify.reading import Batch, batches
from vrm.documents import (
    Capacity,
    CatalogueItem,
    Document,
    MarketDescriptor,
    RunReport,
    Suspension,
    TickReport,
    VendorProfile,
)

U16 = np.ndarray[Any, np.dtype[np.uint16]]
Progress = Callable[[str, int], None]
"""Told what is read, and how many lines of it so far."""

UNFILLED: Final = np.dtype([("request", "S43"), ("reason", "S13")])


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
        self.numbers.append(np.asarray(numbers, dtype=np.int64))
        self.digests.append(np.asarray(digests, dtype="S43"))


@dataclass
class BidTable:
    """The day's bids, by request and vendor."""

    columns: DayPart
    places: Strings
    """The day's places, as `keys_of` writes them."""
    currency: list[U16] = field(default_factory=list)
    terms: list[U16] = field(default_factory=list)
    alternative: list[Mask] = field(default_factory=list)
    count: int = 0


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
            self.bids = BidTable(DayPart(self.requests), keys_of(vendors, names))
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


def load(file: BinaryIO, processes: int, progress: Progress) -> Day:
    """Read a bundle, and verify every signature in it.

    Raises:
        BundleFault: it is no bundle, or not one of a readable day.
    """
    parts = batches(file)
    day = _begun(next(parts))
    loader = _Loader(day)
    read = 0
    for batch, done in checked(parts, day.header.market, processes):
        loader.take(batch, done)
        read += len(batch.lines)
        progress(batch.kind, read)
    if not day.waves:
        raise BundleFault("The bundle's report cannot be read.")
    loader.finish()
    return day


def _begun(batch: Batch) -> Day:
    findings = Findings()
    (header,) = decoded(batch, Header)
    read = read_document(header.document, MarketDescriptor, header.market)
    if read.body is None:
        raise BundleFault(f"The bundle's descriptor: {read.faults[0].detail}")
    for fault in read.faults:
        findings.add(fault.step, fault.subject, fault.detail)
    day = Day(header, read.body, findings)
    findings.checked["signatures"] += 1
    day.early.add([header.leaf], [read.digest.encode()])
    return day


class _Loader:
    """Takes batches into a day, and refuses what is twice or out of order."""

    def __init__(self, day: Day) -> None:
        self._day = day
        self._last: dict[str, tuple[Any, ...]] = {}
        self._single: dict[str, tuple[type[Logged], type[Document], Callable[..., None]]] = {
            kind_of(SuspensionLine): (SuspensionLine, Suspension, self._suspension),
            kind_of(ProfileLine): (ProfileLine, VendorProfile, self._profile),
            kind_of(CapacityLine): (CapacityLine, Capacity, self._capacity),
            kind_of(ItemLine): (ItemLine, CatalogueItem, self._item),
        }
        self._many = {
            "evidence": (("vendor", "digest"), self._evidence),
            "request": (("digest",), self._request),
            "preference": (("request",), self._preference),
            "bid": (("request", "vendor"), self._bid),
            "assignment": (("request",), self._into("assignments")),
            "fallback": (("request",), self._into("fallbacks")),
            "displaced": (("request",), self._displaced),
            "acceptance": (("request", "tick"), self._acceptance),
        }

    def take(self, batch: Batch, done: Checked | None) -> None:
        """Take the next batch."""
        if done is not None:
            findings = self._day.findings
            for fault in done.faults:
                findings.add(fault.step, fault.subject, fault.detail)
            findings.checked["signatures"] += done.documents
            keys, take = self._many[batch.kind]
            self._check_order(batch, [done.rows[key] for key in keys])
            take(done.rows, done)
        elif batch.kind in self._single:
            kind, expected, store = self._single[batch.kind]
            for line in decoded(batch, kind):
                body, digest = self._verified(line, expected)
                self._day.early.add([line.leaf], [digest.encode()])
                if body is not None:
                    store(batch, body, digest)
        else:
            getattr(self, f"_take_{batch.kind.replace('-', '_')}")(batch)

    def finish(self) -> None:
        """Join what has come in blocks."""
        day = self._day
        lists = [day.evidence, day.preferences, day.named, day.acceptances]
        for wave in day.waves:
            lists += [wave.displaced, wave.assignments, wave.fallbacks, wave.unfilled]
        for blocks in lists:
            if len(blocks) > 1:
                blocks[:] = [np.concatenate(blocks)]

    def _verified(self, line: Any, expected: type[Document]) -> tuple[Any, str]:
        findings = self._day.findings
        read = read_document(line.document, expected, self._day.header.market)
        for fault in read.faults:
            findings.add(fault.step, fault.subject, fault.detail)
        findings.checked["signatures"] += 1
        return read.body, read.digest

    def _check_order(self, batch: Batch, columns: Sequence[Any]) -> None:
        """Refuse rows that do not rise, also from the batch before."""
        if not len(columns[0]):
            return
        rising = np.zeros(len(columns[0]) - 1, dtype=np.bool_)
        same = np.ones(len(rising), dtype=np.bool_)
        for column in columns:
            rising |= same & (column[:-1] < column[1:])
            same &= column[:-1] == column[1:]
        last = self._last.get(batch.kind)
        first = tuple(column[0] for column in columns)
        if not rising.all() or (last is not None and last >= first):
            raise self._disorder(batch)
        self._last[batch.kind] = tuple(column[-1] for column in columns)

    def _rise(self, batch: Batch, key: tuple[Any, ...]) -> None:
        last = self._last.get(batch.kind)
        if last is not None and last >= key:
            raise self._disorder(batch)
        self._last[batch.kind] = key

    @staticmethod
    def _disorder(batch: Batch) -> BundleFault:
        return BundleFault(
            f"Line {batch.number} of the bundle and those behind it, {batch.kind}, are out of order, or one is "
            "there twice."
        )

    # --- what there are a few of ---

    def _suspension(self, batch: Batch, body: Suspension, _digest: str) -> None:
        self._rise(batch, (body.vendor, body.seq))
        self._day.suspensions.append(body)

    def _profile(self, batch: Batch, body: VendorProfile, digest: str) -> None:
        self._rise(batch, (body.vendor,))
        self._day.profiles[digest] = body

    def _capacity(self, batch: Batch, body: Capacity, _digest: str) -> None:
        self._rise(batch, (body.vendor, body.place))
        self._day.capacities[body.vendor, body.place] = body

    def _item(self, batch: Batch, body: CatalogueItem, digest: str) -> None:
        self._rise(batch, (body.principal, body.id, digest))
        self._day.items[digest] = body

    def _take_place(self, batch: Batch) -> None:
        for line in decoded(batch, PlaceLine):
            self._rise(batch, (line.vendor, line.place))
            self._day.places.append(line)

    def _take_report(self, batch: Batch) -> None:
        self._begin_wave(batch, ReportLine, RunReport)

    def _take_tick(self, batch: Batch) -> None:
        self._begin_wave(batch, TickLine, TickReport)

    def _begin_wave(
        self, batch: Batch, kind: type[ReportLine | TickLine], expected: type[Document]
    ) -> None:
        for line in decoded(batch, kind):
            body, digest = self._verified(line, expected)
            if body is None:
                raise BundleFault(f"The {expected.__name__} in line {batch.number} cannot be read.")
            self._day.late.add([line.leaf], [digest.encode()])
            self._day.waves.append(Wave(body, digest, line.late_by))
            for name in ("displaced", "left", "assignment", "fallback", "unfilled"):
                self._last.pop(name, None)

    def _take_left(self, batch: Batch) -> None:
        for line in decoded(batch, LeftLine):
            self._rise(batch, (line.vendor, line.place))
            self._day.waves[-1].left.append(line)

    def _take_unfilled(self, batch: Batch) -> None:
        lines = decoded(batch, UnfilledLine)
        rows = np.array([(line.request, line.reason) for line in lines], dtype=UNFILLED)
        self._check_order(batch, [rows["request"]])
        self._day.waves[-1].unfilled.append(rows)

    def _take_roll_over(self, batch: Batch) -> None:
        for line in decoded(batch, RollOverLine):
            self._rise(batch, (line.request,))
            self._day.roll_overs.append(line)

    def _take_proof(self, batch: Batch) -> None:
        for line in decoded(batch, ProofLine):
            size, hashes = self._day.proofs.setdefault(line.proof, (line.size, []))
            if size != line.size:
                raise BundleFault(f"The bundle's proof of {line.proof} is of two sizes.")
            hashes += map(bytes.fromhex, line.hashes)

    # --- what there may be a million of ---

    def _evidence(self, rows: Block, _done: Checked) -> None:
        self._day.evidence.append(rows)
        self._day.early.add(rows["leaf"], rows["digest"])

    def _request(self, rows: Block, _done: Checked) -> None:
        self._day.request_blocks.append(rows)
        self._day.early.add(rows["leaf"], rows["digest"])

    def _preference(self, rows: Block, done: Checked) -> None:
        self._day.preferences.append(rows)
        self._day.early.add(rows["leaf"], rows["digest"])
        if done.named is not None:
            self._day.named.append(done.named)

    def _into(self, name: str) -> Callable[[Block, Checked], None]:
        def take(rows: Block, _done: Checked) -> None:
            getattr(self._day.waves[-1], name).append(rows)

        return take

    def _displaced(self, rows: Block, _done: Checked) -> None:
        self._day.waves[-1].displaced.append(rows)

    def _acceptance(self, rows: Block, _done: Checked) -> None:
        self._day.acceptances.append(rows)
        self._day.late.add(rows["leaf"], rows["digest"])

    def _bid(self, rows: Block, _done: Checked) -> None:
        """Keep of bids the figures only."""
        table = self._day.table
        self._day.early.add(rows["leaf"], rows["digest"])
        requests = self._day.requests["digest"]
        request, known = found_in(requests, rows["request"])
        keys = keys_of(rows["vendor"], rows["place"])
        place, there = found_in(table.places, keys)
        for row in rows[~known]:
            self._fault(row, "is on a request that the run did not take")
        for row in rows[known & ~there]:
            self._fault(row, "comes from a place that the run does not list")
        good = known & there
        rows = rows[good]
        block = np.empty(
            len(rows),
            dtype=[("request", "i4"), ("digest", "S43"), ("place", "i4"), ("amount", "i8"),
                   ("distance_m", "i8"), ("way", "i2")],
        )  # fmt: skip
        block["request"], block["place"] = request[good], place[good]
        for name in ("digest", "amount", "distance_m", "way"):
            block[name] = rows[name]
        table.columns.add(block)
        table.currency.append(self._coded(rows["currency"]))
        table.terms.append(self._coded(rows["terms"]))
        table.alternative.append(rows["alternative"].copy())
        table.count += len(rows)

    def _fault(self, row: Any, what: str) -> None:
        self._day.findings.add("bids", f"Bid {row['digest'].decode()}", what)

    def _coded(self, texts: Strings) -> U16:
        names, at = np.unique(texts, return_inverse=True)
        return codes_of(self._day, names).take(at)


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
