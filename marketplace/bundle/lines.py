"""The lines of a bundle, in the order in which they come.

A bundle is a gzip stream of JSON lines. Each line is an object whose first member is ``kind``; the kinds come
in the order of `ORDER`, and the lines of a kind in the order that its class names, compared byte by byte. A
tick's lines stand together behind its report. docs/bundle.md explains it, docs/bundle.schema.json is made
from these classes.

Documents stand in their lines as they were signed. ``leaf`` is the number of a document's leaf in the log. Of
a document that the market had to hide there are ``hidden`` and ``figures`` instead.
"""

from typing import Annotated, Final, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from marketplace.bundle.parts import (
    AAcceptance,
    AAssignment,
    ABid,
    ACapacity,
    ACatalogueItem,
    ADecline,
    AFallback,
    AMarketDescriptor,
    APersonalRequest,
    APreference,
    ARating,
    AReveal,
    ARuling,
    ARunReport,
    ASuspension,
    ATickReport,
    AVendorProfile,
    BidFigures,
    Cancelled,
    Hash,
    Hidden,
    ItemFigures,
    Leaf,
    Metres,
    NamedItem,
    Note,
    Number,
    RatingFigures,
    RequestFigures,
    Seconds,
    Shipped,
    Units,
)
from vrm.documents.membership import Tier
from vrm.documents.scalars import (
    Amount,
    Did,
    Digest,
    Instant,
    LatE6,
    LngE6,
    LocalDate,
    MarketDay,
    Slug,
    UnfilledReason,
)

FORMAT: Final = 1
MEDIA_TYPE: Final = "application/vnd.vrm.day+gzip"
HASHES: Final = 256
"""How many hashes a line of a proof has at most."""


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """A line of a bundle."""


class Logged(Line, frozen=True, kw_only=True):
    """A line with a document that is in the log."""

    leaf: Leaf


class Header(Logged, frozen=True, kw_only=True, tag="header"):
    """What day this is, by which rules, and the log at two instants."""

    format: Literal[1] = FORMAT
    resolver: Annotated[int, Meta(ge=1)]
    """The version of the resolver that decided it."""
    market: Did
    day: MarketDay
    ordinal: Annotated[int, Meta(ge=1, le=20_000)]
    """The run's number among all of the market's: how often its seed must be hashed to give the anchor."""
    freeze: Note
    """The checkpoint that was published at the freeze: all that the run counts is in its tree."""
    head: Note
    """The checkpoint in whose tree the rest is."""
    document: AMarketDescriptor
    """The rules that counted."""


class EvidenceLine(Logged, frozen=True, kw_only=True, tag="evidence"):
    """A piece of evidence that counted in the vendors' bands. By vendor and document."""

    vendor: Did
    document: Digest
    """The document that it is: an Acceptance, Decline, Shipment or VendorCancellation, an Assignment whose
    vendor let its time pass, or a Reveal."""
    date: LocalDate
    category: Slug
    amount: Amount
    """Of the order that it is about."""
    tier: Tier | UnsetType = UNSET
    """The customer's whose word it is; without one it is the vendor's own, or its silence."""
    directed: bool
    """Whether that customer, and not what vendors stand for, decided to whom the order went."""
    weight: Number
    """When it was recorded, in thousandths of one full observation."""
    good: bool


class SuspensionLine(Logged, frozen=True, kw_only=True, tag="suspension"):
    """A decision about a vendor that bid, or whose item was asked for. By vendor and ``seq``."""

    document: ASuspension


class ProfileLine(Logged, frozen=True, kw_only=True, tag="profile"):
    """The profile that counted of a vendor that bid. By vendor."""

    document: AVendorProfile


class CapacityLine(Logged, frozen=True, kw_only=True, tag="capacity"):
    """The Capacity that counted for a place and the day's date. By vendor and place."""

    document: ACapacity


class ItemLine(Logged, frozen=True, kw_only=True, tag="item"):
    """The version that counted of a catalogue item. By principal and id, and by the document's digest."""

    document: ACatalogueItem | UnsetType = UNSET
    hidden: Hidden | UnsetType = UNSET
    figures: ItemFigures | UnsetType = UNSET


class PlaceLine(Line, frozen=True, kw_only=True, tag="place"):
    """A vendor's place as the run froze it. By vendor and place."""

    vendor: Did
    place: Slug
    profile: Digest
    lat_e6: LatE6
    lng_e6: LngE6
    reach_m: Metres
    units: Units
    """What it could take when the run was frozen."""
    awarded: Number
    """The units awarded on the date before that."""
    band: Annotated[int, Meta(ge=0, le=20)]
    suspended: bool
    leads: Units
    """On how many requests its vendor could lead, as a newcomer; 0 for others."""
    led: Number
    """In how many assignments of the epoch the vendor led before that."""


class RequestLine(Logged, frozen=True, kw_only=True, tag="request"):
    """A request that the run took. By digest."""

    document: APersonalRequest | UnsetType = UNSET
    hidden: Hidden | UnsetType = UNSET
    figures: RequestFigures | UnsetType = UNSET
    item: NamedItem | UnsetType = UNSET


class PreferenceLine(Logged, frozen=True, kw_only=True, tag="preference"):
    """The Preference that counted for a request. By request."""

    document: APreference


class BidLine(Logged, frozen=True, kw_only=True, tag="bid"):
    """A bid that was live at the close. By request and vendor."""

    document: ABid | UnsetType = UNSET
    hidden: Hidden | UnsetType = UNSET
    figures: BidFigures | UnsetType = UNSET
    distance_m: Metres


class ReportLine(Logged, frozen=True, kw_only=True, tag="report"):
    """The run's report."""

    document: ARunReport
    late_by: Seconds
    """Seconds by which each ``accept_by`` was put off, since the market announced so late."""


class TickLine(Logged, frozen=True, kw_only=True, tag="tick"):
    """The report of a tick of the day's cascade. By number."""

    document: ATickReport
    late_by: Seconds


class DisplacedLine(Logged, frozen=True, kw_only=True, tag="displaced"):
    """A request whose assignment did not hold, taken by the tick above. By request.

    The leaf is that of the Decline, or of the assignment whose time ran out.
    """

    request: Digest
    bid: Digest
    vendor: Did
    assigned_at: Number
    """The tick of the assignment, 0 for the run's."""
    document: ADecline | UnsetType = UNSET
    """Without one, the time ran out."""


class LeftLine(Line, frozen=True, kw_only=True, tag="left"):
    """What a place could still take at the tick above. By vendor and place."""

    vendor: Did
    place: Slug
    units: Units
    leads: Units
    """On how many requests its vendor could still lead."""


class AssignmentLine(Line, frozen=True, kw_only=True, tag="assignment"):
    """What the run, or the tick above, gave to a vendor. By request."""

    document: AAssignment


class FallbackLine(Line, frozen=True, kw_only=True, tag="fallback"):
    """What the run, or the tick above, sent to an item's principal. By request."""

    document: AFallback


class UnfilledLine(Line, frozen=True, kw_only=True, tag="unfilled"):
    """What the run, or the tick above, gave to nobody. By request."""

    request: Digest
    reason: UnfilledReason


class AcceptanceLine(Logged, frozen=True, kw_only=True, tag="acceptance"):
    """A vendor's Acceptance of an assignment. By request and tick."""

    request: Digest
    tick: Number
    document: AAcceptance


class DeliveryLine(Line, frozen=True, kw_only=True, tag="delivery"):
    """How the vendor of an accepted assignment delivered, where that speaks for it or against it. By request
    and tick."""

    request: Digest
    tick: Number
    overdue: Leaf | UnsetType = UNSET
    """Of the assignment: its vendor let its time, and the grace after it, pass without a word."""
    shipped: Shipped | UnsetType = UNSET
    cancelled: Cancelled | UnsetType = UNSET

    @property
    def leaves(self) -> list[int]:
        """All that it names."""
        parts = [part.leaf for part in (self.shipped, self.cancelled) if part]
        return parts if self.overdue is UNSET else [self.overdue, *parts]


class RatingLine(Logged, frozen=True, kw_only=True, tag="rating"):
    """What the customer says of an assignment of the day, once that was open. By request and tick.

    The leaf is that of the Reveal, which is the evidence, unless a ruling has made the rating void.
    """

    request: Digest
    tick: Number
    reveal: AReveal
    ruling: ARuling | UnsetType = UNSET
    document: ARating | UnsetType = UNSET
    hidden: Hidden | UnsetType = UNSET
    figures: RatingFigures | UnsetType = UNSET


class RollOverLine(Line, frozen=True, kw_only=True, tag="roll-over"):
    """A request that joined a later cutoff. By request."""

    request: Digest
    tick: Number
    """At which it was left over, 0 for the run."""
    cutoff: Instant


class ProofLine(Line, frozen=True, kw_only=True, tag="proof"):
    """Hashes of a proof, as many lines as it needs.

    ``freeze``: that the leaves of all lines down to the bids are in the tree of the checkpoint at the freeze.
    ``head``: that the leaves of all other lines are in that of the head. Both are multi-proofs
    (crypto.multiproof).
    ``growth``: that the head grew out of the freeze; ``since``: out of an older checkpoint that was asked for
    (RFC 9162, section 2.1.4).
    """

    proof: Literal["freeze", "head", "growth", "since"]
    size: Number
    """Of the tree; for growth the size of the older one."""
    hashes: Annotated[tuple[Hash, ...], Meta(max_length=HASHES)]


AnyLine = (
    Header
    | EvidenceLine
    | SuspensionLine
    | ProfileLine
    | CapacityLine
    | ItemLine
    | PlaceLine
    | RequestLine
    | PreferenceLine
    | BidLine
    | ReportLine
    | TickLine
    | DisplacedLine
    | LeftLine
    | AssignmentLine
    | FallbackLine
    | UnfilledLine
    | AcceptanceLine
    | DeliveryLine
    | RatingLine
    | RollOverLine
    | ProofLine
)

OUTCOME: Final = (AssignmentLine, FallbackLine, UnfilledLine)
"""What a report is followed by."""

FROZEN: Final = (
    Header,
    EvidenceLine,
    SuspensionLine,
    ProfileLine,
    CapacityLine,
    ItemLine,
    PlaceLine,
    RequestLine,
    PreferenceLine,
    BidLine,
)
"""What a run decides from. The log must hold its documents before the freeze."""

AFTER: Final = (AcceptanceLine, DeliveryLine, RatingLine, RollOverLine, ProofLine)
"""What is known of the whole day."""

ORDER: Final = (
    *FROZEN,
    ReportLine,
    *OUTCOME,
    TickLine,
    DisplacedLine,
    LeftLine,
    *OUTCOME,  # those of the tick; then perhaps the next TickLine
    *AFTER,
)


def kind_of(line: type[Line]) -> str:
    """The word that names a kind of line."""
    return str(line.__struct_config__.tag)
