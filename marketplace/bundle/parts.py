"""What the lines of a bundle are made of: scalars, documents as they were signed, and groups of members."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from vrm.documents import AcceptedTerms, Area, AskingPrice, BidPrice, ItemName
from vrm.documents.rating import Stars
from vrm.documents.scalars import (
    Amount,
    Currency,
    DeliveryWay,
    Did,
    Digest,
    Policy,
    QuarterHour,
    Sequence,
    Slug,
    TermsId,
)

Number = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Metres = Annotated[int, Meta(ge=0, le=20_100_000)]
Units = Annotated[int, Meta(ge=0, le=1_000_000)]
Seconds = Annotated[int, Meta(ge=0, le=2**31)]
Leaf = Annotated[int, Meta(ge=0, le=2**53 - 1, description="The number of a leaf of the log.")]
Note = Annotated[str, Meta(max_length=8192, description="A signed note (C2SP tlog-checkpoint).")]
Hash = Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]


# The schema says which document belongs where; what is there is verified, not decoded.
AModeration = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Moderation"})]
AMarketDescriptor = Annotated[
    msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/MarketDescriptor"})
]
ASuspension = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Suspension"})]
AVendorProfile = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/VendorProfile"})]
ACapacity = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Capacity"})]
ACatalogueItem = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/CatalogueItem"})]
APersonalRequest = Annotated[
    msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/PersonalRequest"})
]
APreference = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Preference"})]
ABid = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Bid"})]
ARunReport = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/RunReport"})]
ATickReport = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/TickReport"})]
ADecline = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Decline"})]
AAssignment = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Assignment"})]
AFallback = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Fallback"})]
AShipment = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Shipment"})]
AVendorCancellation = Annotated[
    msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/VendorCancellation"})
]
AAcceptance = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Acceptance"})]
ARating = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Rating"})]
ARuling = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Ruling"})]
AReveal = Annotated[msgspec.Raw, Meta(extra_json_schema={"$ref": "#/$defs/Reveal"})]


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of members inside a line."""


class Hidden(Part, frozen=True, kw_only=True):
    """In place of a document whose words the market had to hide: what it is, and why."""

    digest: Digest
    leaf: Leaf
    """Of the decision, in the tree of the head."""
    decision: AModeration


class RequestFigures(Part, frozen=True, kw_only=True):
    """What a run decides from of a hidden request, on the market's word."""

    pseudonym: Did
    category: Slug
    price: AskingPrice
    area: Area
    delivery: tuple[DeliveryWay, ...]
    terms: AcceptedTerms
    policy: Policy
    needed_by: QuarterHour | UnsetType = UNSET
    item: ItemName | UnsetType = UNSET
    roll_over: bool
    try_newcomers: bool


class BidFigures(Part, frozen=True, kw_only=True):
    """What a run decides from of a hidden bid, on the market's word."""

    request: Digest
    vendor: Did
    place: Slug
    price: BidPrice
    delivery: DeliveryWay
    terms: AcceptedTerms
    alternative: bool
    """Whether it offers something else than was asked for."""


class ItemFigures(Part, frozen=True, kw_only=True):
    """What a run decides from of a hidden catalogue item, on the market's word."""

    principal: Did
    id: Slug
    seq: Sequence
    category: Slug
    amount: Amount
    currency: Currency
    delivery: tuple[DeliveryWay, ...]
    terms: tuple[TermsId, ...]
    listed: bool
    authorised: tuple[Did, ...] | UnsetType = UNSET


class NamedItem(Part, frozen=True, kw_only=True):
    """The item that a request names."""

    version: Digest
    suspended: bool
    """Whether its principal was suspended."""


class Shipped(Part, frozen=True, kw_only=True):
    """A vendor's word that it has shipped an order, or has it ready."""

    leaf: Leaf
    late: bool
    """Whether its time was over, by when it was told whom to deliver to and by its bid's lead time."""
    document: AShipment


class Cancelled(Part, frozen=True, kw_only=True):
    """A vendor's word that it will not deliver after all."""

    leaf: Leaf
    document: AVendorCancellation


class RatingFigures(Part, frozen=True, kw_only=True):
    """What a hidden rating weighs by, on the market's word."""

    assignment: Digest
    stars: Stars
