"""Writing a bundle: the lines of a published day one behind the other, compressed as they come."""

import asyncio
import zlib
from array import array
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from msgspec import UNSET

import crypto
from marketplace.bundle import figures, repository
from marketplace.bundle.lines import (
    AcceptanceLine,
    AssignmentLine,
    BidLine,
    CapacityLine,
    DeliveryLine,
    DisplacedLine,
    EvidenceLine,
    FallbackLine,
    Header,
    ItemLine,
    LeftLine,
    Line,
    Logged,
    PlaceLine,
    PreferenceLine,
    ProfileLine,
    ProofLine,
    RatingLine,
    ReportLine,
    RequestLine,
    RollOverLine,
    SuspensionLine,
    TickLine,
    UnfilledLine,
)
from marketplace.bundle.parts import (
    Cancelled,
    Hidden,
    NamedItem,
    Shipped,
)
from marketplace.db import AnyRow
from marketplace.errors import Refused
from marketplace.instants import instant_text
from marketplace.log import service as log
from marketplace.log.proofs import leaves as leaves_of
from marketplace.log.proofs import multiproof, newest
from marketplace.market import Market
from marketplace.resolver import VERSION
from vrm.documents import (
    Capacity,
    Reveal,
    Suspension,
    recall,
)

LEVEL = 6
"""Of compression: signatures and salts do not get smaller, whatever the pains."""

Lines = AsyncIterator[Sequence[Line]]


@dataclass(frozen=True)
class Bundle:
    """A day as it is written down: everything that was announced when somebody asked, and no more."""

    run: AnyRow
    ticks: Sequence[AnyRow]
    freeze: str
    """The signed checkpoint at the freeze."""
    head: str
    head_size: int
    leaves: dict[str, int]
    """Of the reports, by digest."""
    rules: AnyRow
    since: int | None
    hidden: dict[str, Hidden]
    """What stands for the documents that are hidden, by their digests."""
    early: "array[int]" = field(default_factory=lambda: array("q"))
    """The leaves that have been written and must lie before the freeze."""
    late: "array[int]" = field(default_factory=lambda: array("q"))
    """The others."""

    @property
    def day(self) -> str:
        return str(self.run.day)

    @property
    def date(self) -> str:
        """The local date that the day is named by."""
        return self.day.partition("#")[0]

    @property
    def frozen_size(self) -> int:
        return int(self.run.log_size)


async def begin(market: Market, day: str, since: int | None = None) -> Bundle:
    """Look up what a bundle of a day will hold.

    Args:
        since: the size of an older checkpoint; the bundle proves that the log grew out of it.

    Raises:
        Refused: no such run, its assignments are not announced yet or its report is not in the log yet, or
        the log
            never had the size.
    """
    async with market.db.snapshot() as connection:
        run = await repository.find_run(connection, day)
        if run is None:
            raise Refused("unknown-run", f"There is no run of {day}.", "day")
        if run.stage != "announced":
            raise Refused("not-yet-public", "The run is not announced yet.", "day")
        head, size = await newest(connection)
        ticks = await repository.announced_ticks(connection, day)
        leaves = await leaves_of(connection, map(_digest, [run, *ticks]))
        notes = await log.notes(connection, [run.log_size])
        if leaves.get(_digest(run), size) >= size:
            raise Refused("not-yet-public", "The run's report is not in the log yet.", "day")
        if since is not None and not 0 < since <= size:
            raise Refused("unknown-size", f"The log has {size} leaves.", "since")
        whole = []
        for tick in ticks:  # up to the first that the log does not hold all of
            if leaves.get(_digest(tick), size) >= size or not await repository.is_all_logged(
                connection, day, tick.tick, size
            ):
                break
            whole.append(tick)
        hiding = await repository.hiding(connection)
        if any(row.number is None or row.number >= size for row in hiding):
            raise Refused("not-yet-public", "A decision to hide something is not in the log yet.")
        rules = await repository.newest_rules(connection, run.log_size)
        if rules is None:
            raise Refused("not-yet-public", "The log does not hold the market's rules.", "day")
    hidden = {
        row.document: Hidden(digest=row.document, leaf=row.number, decision=msgspec.Raw(row.wire))
        for row in hiding
    }
    return Bundle(run, whole, notes[run.log_size], head, size, leaves, rules, since, hidden)


async def write(market: Market, bundle: Bundle) -> AsyncIterator[bytes]:
    """Write a bundle, piece by piece."""
    packer = _Packer()
    async for lines in _lines(market, bundle):
        packed = await asyncio.to_thread(packer.pack, lines)
        if packed:
            yield packed
    yield packer.end()


class _Packer:
    """Compresses lines; the same lines give the same bytes."""

    def __init__(self) -> None:
        self._gzip = zlib.compressobj(LEVEL, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
        self._encode = msgspec.json.Encoder().encode_lines

    def pack(self, lines: Sequence[Line]) -> bytes:
        return self._gzip.compress(self._encode(lines))

    def end(self) -> bytes:
        return self._gzip.flush()


async def _lines(market: Market, bundle: Bundle) -> Lines:
    """All lines, in blocks, noting the leaves that they name."""
    async for block in _frozen(market, bundle):
        bundle.early.extend(line.leaf for line in block if isinstance(line, Logged))
        _note_hidden(bundle, block)
        yield block
    async for block in _decided(market, bundle):
        bundle.late.extend(line.leaf for line in block if isinstance(line, Logged))
        bundle.late.extend(
            leaf for line in block if isinstance(line, DeliveryLine) for leaf in line.leaves
        )
        _note_hidden(bundle, block)
        yield block
    async for block in _proofs(market, bundle):
        yield block


def _note_hidden(bundle: Bundle, block: Sequence[Line]) -> None:
    if bundle.hidden:
        bundle.late.extend(one.leaf for line in block if (one := getattr(line, "hidden", None)))


async def _frozen(market: Market, bundle: Bundle) -> Lines:
    """What the run decided from."""
    db, day = market.db, bundle.day
    yield [_header(market, bundle)]
    async for rows in repository.evidence(db, bundle.frozen_size):
        yield [
            EvidenceLine(
                vendor=row.vendor,
                document=row.document,
                date=row.date,
                category=row.category,
                amount=row.amount,
                tier=row.tier or msgspec.UNSET,
                directed=row.directed,
                weight=row.weight,
                good=row.good,
                leaf=row.number,
            )
            for row in rows
        ]
    async with db.snapshot() as connection:
        decisions = await repository.suspensions(connection, day, bundle.frozen_size)
    yield [SuspensionLine(leaf=row.number, document=_raw(row)) for row in _in_turn(decisions)]
    async for rows in repository.profiles(db, day):
        yield [ProfileLine(leaf=row.number, document=_raw(row)) for row in rows]
    yield await _capacities(market, bundle)
    async with db.snapshot() as connection:
        versions = await repository.items(connection, day)
    yield [
        ItemLine(leaf=row.number, **_shown(bundle, row.digest, row, figures.of_item))
        for row in versions
    ]
    async for rows in repository.places(db, day):
        yield [_place(row) for row in rows]
    async for rows in repository.requests(db, day):
        yield [_request(bundle, row) for row in rows]
    async for rows in repository.preferences(db, day):
        yield [PreferenceLine(leaf=row.number, document=_raw(row)) for row in rows]
    async for rows in repository.bids(db, day):
        yield [
            BidLine(
                leaf=row.number,
                distance_m=row.distance_m,
                **_shown(bundle, row.digest, row, figures.of_bid),
            )
            for row in rows
        ]


async def _decided(market: Market, bundle: Bundle) -> Lines:
    """What the run and its ticks decided, and what became of it."""
    db, day = market.db, bundle.day
    run = bundle.run
    yield [
        ReportLine(
            leaf=bundle.leaves[_digest(run)],
            document=msgspec.Raw(run.report),
            late_by=run.late_by,
        )
    ]
    async for block in _outcome(market, day, 0):
        yield block
    for tick in bundle.ticks:
        yield [
            TickLine(
                leaf=bundle.leaves[_digest(tick)],
                document=msgspec.Raw(tick.report),
                late_by=tick.late_by,
            )
        ]
        async for rows in repository.displaced(db, day, tick.tick):
            yield [_displaced(row) for row in rows]
        async for rows in repository.places_left(db, day, tick.tick):
            yield [
                LeftLine(vendor=row.vendor, place=row.place, units=row.units, leads=row.leads)
                for row in rows
            ]
        async for block in _outcome(market, day, tick.tick):
            yield block
    async for rows in repository.acceptances(db, day, bundle.head_size):
        yield [
            AcceptanceLine(request=row.request, tick=row.tick, leaf=row.number, document=_raw(row))
            for row in rows
        ]
    async for rows in repository.deliveries(db, day, bundle.head_size):
        yield [_delivery(row) for row in rows]
    async for rows in repository.ratings(db, day, bundle.head_size):
        yield [_rating(bundle, row) for row in rows]
    last = bundle.ticks[-1].tick if bundle.ticks else 0
    async for rows in repository.roll_overs(db, day, last):
        yield [
            RollOverLine(request=row.request, tick=row.tick, cutoff=instant_text(row.cutoff))
            for row in rows
        ]


async def _outcome(market: Market, day: str, tick: int) -> Lines:
    async for rows in repository.assignments(market.db, day, tick):
        yield [AssignmentLine(document=_raw(row)) for row in rows]
    async for rows in repository.fallbacks(market.db, day, tick):
        yield [FallbackLine(document=_raw(row)) for row in rows]
    async for rows in repository.unfilled(market.db, day, tick):
        yield [UnfilledLine(request=row.request, reason=row.reason) for row in rows]


async def _proofs(market: Market, bundle: Bundle) -> Lines:
    """That the log holds, at the freeze and now, the leaves that have been written."""
    early, late = sorted(set(bundle.early)), sorted(set(bundle.late))
    async for part in multiproof(market.db, early, bundle.frozen_size):
        hashes = tuple(one.hex() for one in part)
        yield [ProofLine(proof="freeze", size=bundle.frozen_size, hashes=hashes)]
    async for part in multiproof(market.db, late, bundle.head_size):
        hashes = tuple(one.hex() for one in part)
        yield [ProofLine(proof="head", size=bundle.head_size, hashes=hashes)]
    growth = await log.prove_consistency(market, bundle.frozen_size, bundle.head_size)
    yield [ProofLine(proof="growth", size=bundle.frozen_size, hashes=tuple(growth.proof))]
    if bundle.since is not None:
        since = await log.prove_consistency(market, bundle.since, bundle.head_size)
        yield [ProofLine(proof="since", size=bundle.since, hashes=tuple(since.proof))]


def _header(market: Market, bundle: Bundle) -> Header:
    return Header(
        resolver=VERSION,
        market=market.did,
        day=bundle.day,
        ordinal=bundle.run.ordinal,
        freeze=bundle.freeze,
        head=bundle.head,
        document=_raw(bundle.rules),
        leaf=bundle.rules.number,
    )


async def _capacities(market: Market, bundle: Bundle) -> Sequence[Line]:
    """What counted at the freeze; what was stated later has taken its place in the table."""
    size = bundle.frozen_size
    async with market.db.snapshot() as connection:
        rows = await repository.capacities(connection, bundle.day, bundle.date)
        newer = {
            (row.vendor, row.place) for row in rows if row.number is None or row.number >= size
        }
        vendors = sorted({vendor for vendor, _ in newer})
        older = await repository.older_capacities(connection, vendors, size) if newer else ()
    counting = {
        (row.vendor, row.place): row for row in rows if (row.vendor, row.place) not in newer
    }
    for row in sorted(older, key=lambda row: recall(row.wire, Capacity).seq):
        body = recall(row.wire, Capacity)
        if body.date == bundle.date and (body.vendor, body.place) in newer:
            counting[body.vendor, body.place] = row
    return [
        CapacityLine(leaf=row.number, document=_raw(row)) for _, row in sorted(counting.items())
    ]


def _in_turn(decisions: Sequence[AnyRow]) -> list[AnyRow]:
    def turn(row: AnyRow) -> tuple[str, int]:
        body = recall(row.wire, Suspension)
        return body.vendor, body.seq

    return sorted(decisions, key=turn)


def _place(row: AnyRow) -> PlaceLine:
    return PlaceLine(**{name: getattr(row, name) for name in PlaceLine.__struct_fields__})


def _request(bundle: Bundle, row: AnyRow) -> RequestLine:
    shown = _shown(bundle, row.request, row, figures.of_request)
    if row.item is None:
        return RequestLine(leaf=row.number, **shown)
    named = NamedItem(version=row.item, suspended=row.suspended)
    return RequestLine(leaf=row.number, item=named, **shown)


def _rating(bundle: Bundle, row: AnyRow) -> RatingLine:
    is_void = bool(recall(row.reveal, Reveal).void_by)
    return RatingLine(
        request=row.request,
        tick=row.tick,
        leaf=row.number,
        reveal=msgspec.Raw(row.reveal),
        ruling=msgspec.Raw(row.ruling) if is_void else UNSET,
        **_shown(bundle, row.digest, row, figures.of_rating),
    )


def _shown(
    bundle: Bundle, digest: str, row: AnyRow, figures_of: Callable[[bytes], msgspec.Struct]
) -> dict[str, Any]:
    """A document; where it is hidden, what stands for it."""
    hidden = bundle.hidden.get(digest)
    if hidden is None:
        return {"document": _raw(row)}
    return {"hidden": hidden, "figures": figures_of(row.wire)}


def _displaced(row: AnyRow) -> DisplacedLine:
    return DisplacedLine(
        request=row.request,
        bid=row.bid,
        vendor=row.vendor,
        assigned_at=row.assigned_at,
        leaf=row.number,
        document=msgspec.UNSET if row.wire is None else _raw(row),
    )


def _delivery(row: AnyRow) -> DeliveryLine:
    unset = msgspec.UNSET
    sent, dropped = row.sent_leaf is not None, row.dropped_leaf is not None
    return DeliveryLine(
        request=row.request,
        tick=row.tick,
        overdue=unset if row.overdue is None else row.overdue,
        shipped=Shipped(leaf=row.sent_leaf, late=row.late, document=msgspec.Raw(row.sent))
        if sent
        else unset,
        cancelled=Cancelled(leaf=row.dropped_leaf, document=msgspec.Raw(row.dropped))
        if dropped
        else unset,
    )


def _raw(row: AnyRow) -> msgspec.Raw:
    return msgspec.Raw(row.wire)


def _digest(row: AnyRow) -> str:
    """Of the report of a run or tick."""
    return crypto.digest(msgspec.json.decode(row.report))
