"""What a market signs."""

from typing import Annotated, ClassVar, Literal

from msgspec import Meta

from vrm.documents.base import Document, Part
from vrm.documents.fulfilment import FulfilmentRules
from vrm.documents.membership import MemberRules, TokenRules
from vrm.documents.rating import RatingRules
from vrm.documents.reputation import NewcomerRules, ReputationRules
from vrm.documents.scalars import (
    Amount,
    Currency,
    DeliveryWay,
    Did,
    Digest,
    FacetName,
    Instant,
    Label,
    LocalTime,
    MarketDay,
    Name,
    Policy,
    Slug,
    TermsId,
    Text,
    UnfilledReason,
)

Count = Annotated[int, Meta(ge=0)]


class MarketCurrency(Part, frozen=True, kw_only=True):
    """The one currency of a market and its number of minor digits (ISO 4217)."""

    code: Currency
    digits: Annotated[int, Meta(ge=0, le=4)]


class Category(Part, frozen=True, kw_only=True):
    id: Slug
    title: Name


class CellRange(Part, frozen=True, kw_only=True):
    """The H3 resolutions that a request's area may have, coarsest to finest.

    A cell of resolution 9 is a few streets (0.1 square kilometres); a market that asks for finer ones asks for
    addresses, and its descriptor is invalid.
    """

    coarsest: Annotated[int, Meta(ge=0, le=9)]
    finest: Annotated[int, Meta(ge=0, le=9)]


FacetWords = Annotated[
    dict[FacetName, Annotated[tuple[Label, ...], Meta(min_length=1, max_length=200)]],
    Meta(max_length=16),
]
"""What a request may say of its author, and in which words: a word of one's own would be a name."""


class Agreement(Part, frozen=True, kw_only=True):
    """One privacy agreement of the roster, with the digest of the text served under ``/terms/{id}``."""

    id: TermsId
    title: Name
    digest: Digest


class Schedule(Part, frozen=True, kw_only=True):
    """When things happen.

    Cutoffs are local times in the market's IANA zone. Bids close ``bids_close_minutes`` before a cutoff. A
    request joins the first cutoff at least ``minimum_open_minutes`` after its publication, of those whose bids
    are then still open. Publication happens at instants that are whole multiples of ``batch_seconds`` since
    1970-01-01T00:00:00Z, once those of ``batch_minimum`` authors wait, at the latest at the last instant before
    the cutoff.

    A vendor has ``acknowledge_minutes`` to accept or decline an assignment; what was declined or not answered
    is matched again at *ticks*, instants that are whole multiples of ``tick_minutes`` since 1970. A request
    rolls over for at most ``roll_over_days`` after the day of its first cutoff.
    """

    time_zone: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_+/-]{1,64}$(?!\n)")]
    cutoffs: Annotated[tuple[LocalTime, ...], Meta(min_length=1, max_length=24)]
    bids_close_minutes: Annotated[int, Meta(ge=0, le=1440)]
    minimum_open_minutes: Annotated[int, Meta(ge=0, le=14 * 1440)]
    batch_seconds: Annotated[int, Meta(ge=1, le=86_400)]
    batch_minimum: Annotated[int, Meta(ge=1, le=100_000)]
    acknowledge_minutes: Annotated[int, Meta(ge=1, le=14 * 1440)]
    tick_minutes: Annotated[int, Meta(ge=1, le=1440)]
    roll_over_days: Annotated[int, Meta(ge=0, le=365)]


class DemandBounds(Part, frozen=True, kw_only=True):
    """What the public reports of unfilled demand show of it.

    No group of fewer than ``minimum`` requests, and no area finer than an H3 cell of ``resolution``.
    """

    minimum: Annotated[int, Meta(ge=2, le=100_000)]
    resolution: Annotated[int, Meta(ge=0, le=9)]


class MailRules(Part, frozen=True, kw_only=True):
    """How mail for pseudonyms is published.

    It is divided into as many buckets (`vrm.documents.mail`) as there can be with ``bucket_minimum`` requests
    in each that wait for a run. Segments, Preferences that count no more, and what Disclosures and messages
    hold are kept for ``keep_days``.
    """

    bucket_minimum: Annotated[int, Meta(ge=1, le=100_000)]
    keep_days: Annotated[int, Meta(ge=1, le=3650)]


class MessageRules(Part, frozen=True, kw_only=True):
    """How much customer and vendor may write to each other about an assignment.

    Each side may send ``per_day`` messages on a date of the market's and ``in_all`` altogether, until ``days``
    after the Acceptance.
    """

    days: Annotated[int, Meta(ge=1, le=365)]
    per_day: Annotated[int, Meta(ge=1, le=1000)]
    in_all: Annotated[int, Meta(ge=1, le=10_000)]


class MarketDescriptor(Document, frozen=True, kw_only=True):
    """A market's public rules, served at ``/.well-known/vrm-market``."""

    SIGNER: ClassVar[str] = "market"

    type: Literal["MarketDescriptor"] = "MarketDescriptor"
    market: Did
    name: Name
    currency: MarketCurrency
    schedule: Schedule
    categories: Annotated[tuple[Category, ...], Meta(min_length=1, max_length=1000)]
    cells: CellRange
    facets: FacetWords = {}
    demand: DemandBounds
    policies: Annotated[tuple[Policy, ...], Meta(min_length=1, max_length=4)]
    terms: Annotated[tuple[Agreement, ...], Meta(min_length=1, max_length=16)]
    admission: Literal["open", "invited"]
    """Of vendors."""
    members: MemberRules
    tokens: TokenRules
    mail: MailRules
    messages: MessageRules
    fulfilment: FulfilmentRules
    reputation: ReputationRules
    ratings: RatingRules
    newcomers: NewcomerRules
    seed_anchor: Digest
    """The end of the hash chain from which each run's tie-break seed is revealed."""
    log: Annotated[str, Meta(pattern=r"^[!-~]{1,200}$(?!\n)")]
    """The log's name and key as verifiers of signed notes write them (C2SP): ``name+hash+base64``."""


class Suspension(Document, frozen=True, kw_only=True):
    """The market's decision that a vendor may not bid, or may again; the highest ``seq`` counts."""

    SIGNER: ClassVar[str] = "market"

    type: Literal["Suspension"] = "Suspension"
    market: Did
    vendor: Did
    seq: Annotated[int, Meta(ge=1)]
    """1 for the first decision about the vendor, then one more each time."""
    suspended: bool
    reason: Text


Hideable = Literal[
    "PersonalRequest",
    "Bid",
    "Question",
    "Answer",
    "CatalogueItem",
    "Rating",
    "VendorRating",
    "RatingAnswer",
    "VendorRatingAnswer",
]
"""The documents with words of somebody's own, which a market may have to hide."""


class Moderation(Document, frozen=True, kw_only=True):
    """The market's decision to hide a document's words, or to show them again; the highest ``seq`` counts."""

    SIGNER: ClassVar[str] = "market"

    type: Literal["Moderation"] = "Moderation"
    market: Did
    document: Digest
    document_type: Hideable
    seq: Annotated[int, Meta(ge=1)]
    """1 for the first decision about the document, then one more each time."""
    hidden: bool
    reason: Text


class Promise(Document, frozen=True, kw_only=True):
    """The market's word that a document will be public by an instant. It tells no time of arrival.

    For a Preference it is the cutoff at which it counts, and with whose run it becomes public. What a customer
    says of an accepted assignment does not become public: by then the log holds its digest, and its vendor has
    it. But a Rating becomes so, by `RatingRules`.
    """

    SIGNER: ClassVar[str] = "market"

    type: Literal["Promise"] = "Promise"
    market: Did
    document: Digest
    document_type: Literal[
        "PersonalRequest",
        "RequestWithdrawal",
        "Preference",
        "Answer",
        "Disclosure",
        "Confirmation",
        "Message",
        "Rating",
        "VendorRatingAnswer",
        "Cancellation",
        "Handover",
        "Dispute",
    ]
    publish_by: Instant


class Receipt(Document, frozen=True, kw_only=True):
    """The market's word that it has taken a document, and that the log will hold it by an instant.

    It is enough to convict the market: a log that does not hold the document after that instant.
    """

    SIGNER: ClassVar[str] = "market"

    type: Literal["Receipt"] = "Receipt"
    market: Did
    document: Digest
    document_type: Literal["Bid", "BidWithdrawal"]
    logged_by: Instant


class Assignment(Document, frozen=True, kw_only=True):
    """The decision for one request, of a day's run (``tick`` 0) or of a later tick of its cascade.

    It holds the figures that decided and the ranked runners-up. The vendor accepts or declines before
    ``accept_by``.
    """

    SIGNER: ClassVar[str] = "market"

    type: Literal["Assignment"] = "Assignment"
    market: Did
    day: MarketDay
    tick: Count
    accept_by: Instant
    request: Digest
    bid: Digest
    vendor: Did
    place: Slug
    amount: Amount
    currency: Currency
    delivery: DeliveryWay
    distance_m: Count
    band: Count
    rank: Annotated[int, Meta(ge=1)]
    """The bid's place in the request's own order, 1 is the best."""
    eligible: Annotated[int, Meta(ge=1)]
    """How many bids on the request were eligible."""
    reserve: tuple[Digest, ...]
    newcomer: bool = False
    """The bid went first as a newcomer's."""


class Fallback(Document, frozen=True, kw_only=True):
    """Nobody nearby took a catalogue item's request: its principal ships."""

    SIGNER: ClassVar[str] = "market"

    type: Literal["Fallback"] = "Fallback"
    market: Did
    day: MarketDay
    request: Digest
    principal: Did
    item: Slug
    amount: Amount
    currency: Currency
    tick: Count


class RunReport(Document, frozen=True, kw_only=True):
    """What one run did, and the digests that pin its inputs and its outcome."""

    SIGNER: ClassVar[str] = "market"

    type: Literal["RunReport"] = "RunReport"
    market: Did
    day: MarketDay
    cutoff: Instant
    seed: Digest
    """The next element of the hash chain: its SHA-256 is the seed of the run before, or the anchor."""
    log_size: Annotated[int, Meta(ge=1)]
    """How many leaves the log had at the freeze: all that the run counts is among them."""
    log_root: Digest
    """The root of the log's tree of that size."""
    requests: Count
    bids: Count
    assigned: Count
    fallback: Count
    """How many went to the principals of their items."""
    unfilled: dict[UnfilledReason, Count]
    inputs: Digest
    outcome: Digest


class TickReport(Document, frozen=True, kw_only=True):
    """What one tick of a day's cascade did with the requests whose vendors declined or did not answer."""

    SIGNER: ClassVar[str] = "market"

    type: Literal["TickReport"] = "TickReport"
    market: Did
    day: MarketDay
    tick: Annotated[int, Meta(ge=1)]
    instant: Instant
    declined: Count
    timed_out: Count
    assigned: Count
    fallback: Count
    unfilled: Count
    inputs: Digest
    outcome: Digest
