"""Loading a bundle: what `reading` and `documents` give, put together into a `Day`."""

from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

import msgspec
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
from marketplace.resolver.tables import Strings
from marketplace.verify.day import FIGURES, U16, UNFILLED, Day, Wave, codes_of, found_in, keys_of
from marketplace.verify.documents import Block, Checked, decoded, read_document, read_shown
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

Progress = Callable[[str, int], None]
"""Told what is read, and how many lines of it so far."""


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
            "delivery": (("request", "tick"), self._delivery),
            "rating": (("request", "tick"), self._rating),
        }

    def take(self, batch: Batch, done: Checked | None) -> None:
        """Take the next batch."""
        if done is not None:
            findings = self._day.findings
            for fault in done.faults:
                findings.add(fault.step, fault.subject, fault.detail)
            findings.checked["signatures"] += done.documents
            self._hidden(done.decisions)
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
        lists = [day.evidence, day.preferences, day.named, day.acceptances, day.deliveries]
        lists.append(day.ratings)
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

    def _take_item(self, batch: Batch) -> None:
        day = self._day
        for number, line in enumerate(decoded(batch, ItemLine), start=batch.number):
            read = read_shown(line, number, CatalogueItem, day.header.market)
            for fault in read.faults:
                day.findings.add(fault.step, fault.subject, fault.detail)
            day.findings.checked["signatures"] += 1
            day.early.add([line.leaf], [read.digest.encode()])
            body = read.body
            if read.decision is not None:
                self._hidden([read.decision])
                told = msgspec.structs.asdict(body)
                body = CatalogueItem(market=day.header.market, title="(hidden)", **told)
            if body is not None:
                self._rise(batch, (body.principal, body.id, read.digest))
                day.items[read.digest] = body

    def _hidden(self, decisions: Sequence[tuple[int, str]]) -> None:
        """Take the decisions by which documents are hidden."""
        for leaf, digest in decisions:
            self._day.late.add([leaf], [digest.encode()])
            self._day.findings.on_word["figures of hidden documents"] += 1

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

    def _delivery(self, rows: Block, _done: Checked) -> None:
        self._day.deliveries.append(rows)
        for word in ("shipped", "cancelled"):
            said = rows[rows[f"{word}_digest"] != b""]
            self._day.late.add(said[f"{word}_leaf"], said[f"{word}_digest"])

    def _rating(self, rows: Block, _done: Checked) -> None:
        self._day.ratings.append(rows)
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
        block = np.empty(len(rows), dtype=FIGURES)
        block["request"], block["place"] = request[good], place[good]
        for name in ("digest", "amount", "distance_m", "way"):
            block[name] = rows[name]
        table.figures.append(block)
        table.currency.append(self._coded(rows["currency"]))
        table.terms.append(self._coded(rows["terms"]))
        table.alternative.append(rows["alternative"].copy())
        table.count += len(rows)

    def _fault(self, row: Any, what: str) -> None:
        self._day.findings.add("bids", f"Bid {row['digest'].decode()}", what)

    def _coded(self, texts: Strings) -> U16:
        names, at = np.unique(texts, return_inverse=True)
        return codes_of(self._day, names).take(at)
