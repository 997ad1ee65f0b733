"""What a vendor signs."""

from typing import Annotated, ClassVar, Literal

from msgspec import UNSET, Meta, UnsetType

from vrm.documents.base import Document, Part
from vrm.documents.customer import AcceptedTerms
from vrm.documents.scalars import (
    Amount,
    Currency,
    DeliveryWay,
    Did,
    Digest,
    Label,
    LatE6,
    LngE6,
    LocalDate,
    Name,
    Price,
    Salt,
    Sequence,
    Slug,
    TermsId,
    Text,
    parse_date,
)

Units = Annotated[int, Meta(ge=0, le=1_000_000)]


class Place(Part, frozen=True, kw_only=True):
    """Where a vendor serves from: a point, how far it reaches (metres), and units a day by default."""

    id: Slug
    name: Name
    lat_e6: LatE6
    lng_e6: LngE6
    reach_m: Annotated[int, Meta(ge=0, le=20_100_000)]
    capacity: Units
    hours: Annotated[str, Meta(pattern=r"^[A-Za-z0-9 ,:;-]{1,120}$(?!\n)")] | UnsetType = UNSET
    """Opening hours in schema.org's form, such as ``Mo-Fr 09:00-18:00``."""


class VendorProfile(Document, frozen=True, kw_only=True):
    """A vendor's public profile; the one with the highest ``seq`` counts."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["VendorProfile"] = "VendorProfile"
    market: Did
    vendor: Did
    seq: Sequence
    name: Name
    places: Annotated[tuple[Place, ...], Meta(min_length=1, max_length=100)]
    categories: Annotated[tuple[Slug, ...], Meta(min_length=1, max_length=100)]
    delivery: Annotated[tuple[DeliveryWay, ...], Meta(min_length=1, max_length=3)]
    terms: Annotated[tuple[TermsId, ...], Meta(min_length=1, max_length=16)]
    text: Text | UnsetType = UNSET
    url: Annotated[str, Meta(pattern=r"^https://[!-~]{1,200}$(?!\n)")] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if len({place.id for place in self.places}) != len(self.places):
            raise ValueError("two places have one id")


class Capacity(Document, frozen=True, kw_only=True):
    """How many requests a place takes on one date; the one with the highest ``seq`` counts."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["Capacity"] = "Capacity"
    market: Did
    vendor: Did
    place: Slug
    date: LocalDate
    units: Units
    seq: Sequence

    def __post_init__(self) -> None:
        parse_date(self.date)


class PricePart(Part, frozen=True, kw_only=True):
    """One item of an all-in price."""

    label: Label
    amount: Amount


class BidPrice(Part, frozen=True, kw_only=True):
    """The all-in price for the request's whole quantity; ``parts``, where given, add up to it."""

    amount: Price
    currency: Currency
    parts: Annotated[tuple[PricePart, ...], Meta(min_length=1, max_length=16)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.parts and sum(part.amount for part in self.parts) != self.amount:
            raise ValueError("the parts of the price do not add up to its amount")


class Bid(Document, frozen=True, kw_only=True):
    """A firm commitment to fulfil one request; one live bid per vendor and request, highest ``seq``."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["Bid"] = "Bid"
    market: Did
    request: Digest
    vendor: Did
    place: Slug
    price: BidPrice
    delivery: DeliveryWay
    lead_time_hours: Annotated[int, Meta(ge=0, le=8760)]
    terms: AcceptedTerms
    seq: Sequence
    salt: Salt
    text: Annotated[str, Meta(min_length=1, max_length=500)] | UnsetType = UNSET


class BidWithdrawal(Document, frozen=True, kw_only=True):
    """The vendor takes its bid back, which it can until the bids close."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["BidWithdrawal"] = "BidWithdrawal"
    market: Did
    vendor: Did
    bid: Digest
