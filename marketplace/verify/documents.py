"""Verifying the signed documents of a bundle, and making rows of figures of them; many processes may do it at
once.

A document must be strict JSON, of the type that belongs into its line, signed by the key that it names, and
of this market. What is wrong is told as a fault; a document that can be read goes into the columns all the
same, so that what follows from it is found too.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

import crypto
from crypto.canonical import unsigned
from marketplace.bundle.lines import (
    AcceptanceLine,
    AssignmentLine,
    BidLine,
    DeliveryLine,
    DisplacedLine,
    EvidenceLine,
    FallbackLine,
    Line,
    PreferenceLine,
    RequestLine,
    kind_of,
)
from marketplace.bundle.parts import Hidden, RequestFigures
from marketplace.resolver.rows import POLICY_CODES, WAY_CODES
from marketplace.verify.findings import BundleFault, Fault
from marketplace.verify.reading import Batch
from vrm.documents import (
    Acceptance,
    Assignment,
    Bid,
    Decline,
    Document,
    Fallback,
    Moderation,
    PersonalRequest,
    Preference,
    Shipment,
    VendorCancellation,
    examine,
)
from vrm.documents.place import centre_of, resolution_of
from vrm.documents.scalars import parse_instant
from vrm.errors import InvalidDocument

Block = NDArray[np.void]

DIGEST: Final = "S43"
DID: Final = "S56"
SLUG: Final = "S48"
TERMS: Final = "S76"
"""The id of an agreement and the digest of its text, with a blank between."""

REQUEST: Final = np.dtype(
    [
        ("digest", DIGEST), ("leaf", "i8"), ("policy", "i2"), ("amount", "i8"), ("fixed", "i2"),
        ("ways", "i2"), ("radius_m", "i8"), ("number", "i4"), ("currency", "S3"), ("terms", TERMS),
        ("lat_e6", "i4"), ("lng_e6", "i4"), ("needed_by", "i8"), ("roll_over", "?"),
        ("tries_newcomers", "?"),
        ("pseudonym", DID), ("principal", DID), ("item", SLUG), ("version", DIGEST),
        ("suspended", "?"), ("category", SLUG),
    ]
)  # fmt: skip
"""``needed_by`` is -1 where it is open; ``principal``, ``item`` and ``version`` are empty without an item."""
BID: Final = np.dtype(
    [
        ("digest", DIGEST), ("leaf", "i8"), ("request", DIGEST), ("vendor", DID), ("place", SLUG),
        ("amount", "i8"), ("currency", "S3"), ("terms", TERMS), ("way", "i2"),
        ("alternative", "?"), ("distance_m", "i8"),
    ]
)  # fmt: skip
PREFERENCE: Final = np.dtype(
    [("digest", DIGEST), ("leaf", "i8"), ("request", DIGEST), ("pseudonym", DID), ("only", "?")]
)
NAMED: Final = np.dtype([("request", DIGEST), ("bid", DIGEST), ("position", "i2")])
"""A bid that a Preference names: its place in the list from 0, or -1 where it is struck out."""
ASSIGNMENT: Final = np.dtype(
    [
        ("digest", DIGEST), ("request", DIGEST), ("bid", DIGEST), ("vendor", DID), ("place", SLUG),
        ("amount", "i8"), ("currency", "S3"), ("way", "i2"), ("distance_m", "i8"), ("band", "i8"),
        ("rank", "i8"), ("eligible", "i8"), ("reserve", "S258"), ("day", "S13"), ("tick", "i8"),
        ("accept_by", "i8"), ("newcomer", "?"),
    ]
)  # fmt: skip
FALLBACK: Final = np.dtype(
    [
        ("request", DIGEST), ("principal", DID), ("item", SLUG), ("amount", "i8"),
        ("currency", "S3"), ("day", "S13"), ("tick", "i8"),
    ]
)  # fmt: skip
ACCEPTANCE: Final = np.dtype(
    [
        ("digest", DIGEST), ("leaf", "i8"), ("request", DIGEST), ("tick", "i8"), ("vendor", DID),
        ("assignment", DIGEST),
    ]
)  # fmt: skip
DISPLACED: Final = np.dtype(
    [
        ("digest", DIGEST), ("leaf", "i8"), ("request", DIGEST), ("bid", DIGEST), ("vendor", DID),
        ("assigned_at", "i8"), ("assignment", DIGEST),
    ]
)  # fmt: skip
"""``digest`` and ``assignment`` are the Decline's and what it names; empty where the time ran out."""
DELIVERY: Final = np.dtype(
    [
        ("request", DIGEST), ("tick", "i8"), ("overdue", "i8"), ("late", "?"),
        *((f"{word}_{name}", kind) for word in ("shipped", "cancelled") for name, kind in (
            ("digest", DIGEST), ("leaf", "i8"), ("vendor", DID), ("assignment", DIGEST),
        )),
    ]
)  # fmt: skip
"""What the vendor's two words say; without one its texts are empty, and a leaf that is not there is -1."""
EVIDENCE: Final = np.dtype(
    [
        ("digest", DIGEST), ("leaf", "i8"), ("vendor", DID), ("date", "S10"), ("category", SLUG),
        ("amount", "i8"), ("tier", "S7"), ("directed", "?"), ("weight", "i8"), ("good", "?"),
    ]
)  # fmt: skip


class Shown(Protocol):
    """A line whose document may be hidden."""

    @property
    def document(self) -> msgspec.Raw | UnsetType: ...
    @property
    def hidden(self) -> Hidden | UnsetType: ...
    @property
    def figures(self) -> msgspec.Struct | UnsetType: ...


@dataclass(frozen=True)
class Checked:
    """A batch's rows, in order, and what is wrong with its documents."""

    kind: str
    rows: Block
    faults: list[Fault] = field(default_factory=list)
    named: Block | None = None
    """The bids that a batch of Preferences names."""
    documents: int = 0
    """How many signatures were verified."""
    decisions: list[tuple[int, str]] = field(default_factory=list)
    """The leaves and digests of the decisions by which documents are hidden."""


@dataclass(frozen=True)
class Read:
    """A document that could be read."""

    body: Any
    """Of a hidden document its figures."""
    digest: str
    faults: list[Fault]
    decision: tuple[int, str] | None = None
    """The leaf and digest of the decision by which it is hidden."""


def decoded(batch: Batch, kind: type[Line]) -> list[Any]:
    """The lines of a batch.

    Raises:
        BundleFault: a line is not of its kind's form.
    """
    decode = _DECODERS[kind] if kind in _DECODERS else msgspec.json.Decoder(kind)
    found = []
    for number, line in enumerate(batch.lines, start=batch.number):
        try:
            found.append(decode.decode(line))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            what = " ".join(str(error).split())[:200]
            raise BundleFault(f"Line {number} of the bundle, {batch.kind}: {what}") from None
    return found


def read_document(raw: msgspec.Raw, expected: type[Document], market: str) -> Read:
    """Verify one document; its body is None where it cannot be read."""
    name = expected.__name__
    digest, document = "", None
    try:
        document = crypto.parse(bytes(raw))
        body, digest = examine(document, expected)
    except (crypto.CryptoError, InvalidDocument) as error:
        if document is not None:
            digest = crypto.digest(document)
        fault = Fault("signatures", f"{name} {digest or '?'}", str(error))
        return Read(_body(document, expected), digest, [fault])
    faults = []
    if getattr(body, "market", market) != market:
        what = "it was made for another market"
        faults.append(Fault("signatures", f"{name} {digest}", what))
    return Read(body, digest, faults)


def read_shown(
    line: Shown,
    number: int,
    expected: type[Document],
    market: str,
) -> Read:
    """Verify a document that may be hidden; then the decision is verified, and the figures are taken.

    Raises:
        BundleFault: the line has both, or neither.
    """
    if line.document and not line.hidden and not line.figures:
        return read_document(line.document, expected, market)
    if line.document or not line.hidden or not line.figures:
        raise BundleFault(
            f"Line {number} of the bundle has neither a document nor what stands for it."
        )
    hidden, name = line.hidden, expected.__name__
    read = read_document(hidden.decision, Moderation, market)
    said = read.body
    faults = read.faults
    if said is None or (said.document, said.document_type, said.hidden) != (
        hidden.digest,
        name,
        True,
    ):
        fault = Fault("hidden", f"{name} {hidden.digest}", "it is hidden, and no decision says so")
        faults = [*faults, fault]
    return Read(line.figures, hidden.digest, faults, (hidden.leaf, read.digest))


def _body(document: dict[str, Any] | None, expected: type[Document]) -> Document | None:
    """What a document says whose proof does not hold."""
    if document is None:
        return None
    try:
        return msgspec.convert(unsigned(document), expected)
    except msgspec.ValidationError:
        return None


def _requests(batch: Batch, market: str) -> Checked:
    def row(line: RequestLine, read: Read) -> tuple[Any, ...]:
        body: PersonalRequest | RequestFigures = read.body
        resolution_of(body.area.cell)  # refuses what is no cell
        centre = centre_of(body.area.cell)
        named = line.item or None
        needed_by = int(parse_instant(body.needed_by).timestamp()) if body.needed_by else -1
        return (
            read.digest, line.leaf, POLICY_CODES[body.policy], body.price.amount,
            body.price.kind == "fixed", sum({WAY_CODES[way] for way in body.delivery}),
            body.area.radius_m, 0, body.price.currency, f"{body.terms.id} {body.terms.digest}",
            centre.lat_e6, centre.lng_e6, needed_by, body.roll_over,
            body.try_newcomers, body.pseudonym,
            body.item.principal if body.item else "", body.item.id if body.item else "",
            named.version if named else "", named is not None and named.suspended,
            body.category if isinstance(body, RequestFigures) else body.need.category,
        )  # fmt: skip

    return _checked(batch, market, RequestLine, PersonalRequest, REQUEST, row)


def _bids(batch: Batch, market: str) -> Checked:
    def row(line: BidLine, read: Read) -> tuple[Any, ...]:
        body: Bid = read.body
        return (
            read.digest, line.leaf, body.request, body.vendor, body.place, body.price.amount,
            body.price.currency, f"{body.terms.id} {body.terms.digest}", WAY_CODES[body.delivery],
            bool(body.alternative), line.distance_m,
        )  # fmt: skip

    return _checked(batch, market, BidLine, Bid, BID, row)


def _preferences(batch: Batch, market: str) -> Checked:
    named: list[tuple[Any, ...]] = []

    def row(line: PreferenceLine, read: Read) -> tuple[Any, ...]:
        body: Preference = read.body
        named.extend((body.request, bid, position) for position, bid in enumerate(body.listed))
        named.extend((body.request, bid, -1) for bid in body.struck_out)
        return read.digest, line.leaf, body.request, body.pseudonym, body.only_listed

    checked = _checked(batch, market, PreferenceLine, Preference, PREFERENCE, row)
    rows = np.array(named, dtype=NAMED)
    return Checked(checked.kind, checked.rows, checked.faults, rows, checked.documents)


def _assignments(batch: Batch, market: str) -> Checked:
    def row(_line: AssignmentLine, read: Read) -> tuple[Any, ...]:
        body: Assignment = read.body
        return (
            read.digest, body.request, body.bid, body.vendor, body.place, body.amount,
            body.currency, WAY_CODES[body.delivery], body.distance_m, body.band, body.rank,
            body.eligible, "".join(body.reserve[:6]), body.day, body.tick,
            int(parse_instant(body.accept_by).timestamp()), body.newcomer,
        )  # fmt: skip

    return _checked(batch, market, AssignmentLine, Assignment, ASSIGNMENT, row)


def _fallbacks(batch: Batch, market: str) -> Checked:
    def row(_line: FallbackLine, read: Read) -> tuple[Any, ...]:
        body: Fallback = read.body
        return (
            body.request, body.principal, body.item, body.amount, body.currency, body.day,
            body.tick,
        )  # fmt: skip

    return _checked(batch, market, FallbackLine, Fallback, FALLBACK, row)


def _acceptances(batch: Batch, market: str) -> Checked:
    def row(line: AcceptanceLine, read: Read) -> tuple[Any, ...]:
        body: Acceptance = read.body
        return read.digest, line.leaf, line.request, line.tick, body.vendor, body.assignment

    return _checked(batch, market, AcceptanceLine, Acceptance, ACCEPTANCE, row)


def _displaced(batch: Batch, market: str) -> Checked:
    def row(line: DisplacedLine, read: Read | None) -> tuple[Any, ...]:
        told = ("", "") if read is None else (read.digest, read.body.assignment)
        digest, assignment = told
        return (
            digest, line.leaf, line.request, line.bid, line.vendor, line.assigned_at, assignment,
        )  # fmt: skip

    rows: list[tuple[Any, ...]] = []
    faults: list[Fault] = []
    verified = 0
    for line in decoded(batch, DisplacedLine):
        if not line.document:
            rows.append(row(line, None))
            continue
        read, verified = read_document(line.document, Decline, market), verified + 1
        faults += read.faults
        if read.body is not None:
            if read.body.vendor != line.vendor:
                faults.append(Fault("ticks", f"Decline {read.digest}", "another vendor signed it"))
            rows.append(row(line, read))
    return Checked(batch.kind, np.array(rows, dtype=DISPLACED), faults, documents=verified)


def _deliveries(batch: Batch, market: str) -> Checked:
    rows: list[tuple[Any, ...]] = []
    faults: list[Fault] = []
    verified = 0
    for line in decoded(batch, DeliveryLine):
        late = bool(line.shipped and line.shipped.late)
        row = [line.request, line.tick, -1 if line.overdue is UNSET else line.overdue, late]
        for part, expected in ((line.shipped, Shipment), (line.cancelled, VendorCancellation)):
            if not part:
                row += ["", -1, "", ""]
                continue
            read, verified = read_document(part.document, expected, market), verified + 1
            faults += read.faults
            body = read.body
            said = ("", "") if body is None else (body.vendor, body.assignment)
            row += [read.digest, part.leaf, *said]
        rows.append(tuple(row))
    return Checked(batch.kind, np.array(rows, dtype=DELIVERY), faults, documents=verified)


def _evidence(batch: Batch, _market: str) -> Checked:
    rows = [
        (
            line.document,
            line.leaf,
            line.vendor,
            line.date,
            line.category,
            line.amount,
            line.tier or "",
            line.directed,
            line.weight,
            line.good,
        )
        for line in decoded(batch, EvidenceLine)
    ]
    return Checked(batch.kind, np.array(rows, dtype=EVIDENCE))


def _checked(
    batch: Batch,
    market: str,
    kind: type[Line],
    expected: type[Document],
    layout: np.dtype[np.void],
    row: Callable[[Any, Read], tuple[Any, ...]],
) -> Checked:
    rows: list[tuple[Any, ...]] = []
    faults: list[Fault] = []
    decisions: list[tuple[int, str]] = []
    lines = decoded(batch, kind)
    for number, line in enumerate(lines, start=batch.number):
        if isinstance(line, RequestLine | BidLine):
            read = read_shown(line, number, expected, market)
        else:
            read = read_document(line.document, expected, market)
        if read.decision is not None:
            decisions.append(read.decision)
        faults += read.faults
        if read.body is not None:
            try:
                rows.append(row(line, read))
            except InvalidDocument as error:
                faults.append(Fault("signatures", f"{expected.__name__} {read.digest}", str(error)))
    return Checked(
        batch.kind,
        np.array(rows, dtype=layout),
        faults,
        documents=len(lines),
        decisions=decisions,
    )


CHECKS: Final[dict[str, Callable[[Batch, str], Checked]]] = {
    kind_of(EvidenceLine): _evidence,
    kind_of(RequestLine): _requests,
    kind_of(PreferenceLine): _preferences,
    kind_of(BidLine): _bids,
    kind_of(AssignmentLine): _assignments,
    kind_of(FallbackLine): _fallbacks,
    kind_of(AcceptanceLine): _acceptances,
    kind_of(DeliveryLine): _deliveries,
    kind_of(DisplacedLine): _displaced,
}
"""What verifies the documents of each kind of line that a day has many of, by the kind.

Raises:
    BundleFault: a line is not of its kind's form.
"""
_KINDS: Final[Sequence[type[Line]]] = (
    EvidenceLine,
    RequestLine,
    PreferenceLine,
    BidLine,
    AssignmentLine,
    FallbackLine,
    AcceptanceLine,
    DeliveryLine,
    DisplacedLine,
)
_DECODERS: Final = {kind: msgspec.json.Decoder(kind) for kind in _KINDS}
