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
    Gtin,
    Instant,
    Label,
    LatE6,
    LngE6,
    LocalDate,
    Name,
    Price,
    ReplyKeyText,
    Salt,
    Sequence,
    Slug,
    TermsId,
    Text,
    gtin_is_valid,
    parse_date,
    parse_instant,
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


class Alternative(Part, frozen=True, kw_only=True):
    """Something else than was asked for; such a bid can win only if the owner's Preference lists it."""

    title: Name
    text: Text | UnsetType = UNSET
    gtin: Gtin | UnsetType = UNSET
    brand: Label | UnsetType = UNSET
    model: Label | UnsetType = UNSET


class Bid(Document, frozen=True, kw_only=True):
    """A firm commitment to fulfil one request; one live bid per vendor and request, highest ``seq``.

    It holds for the day in which it was made, and until ``valid_until`` for later days that the request rolls
    over to.
    """

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
    alternative: Alternative | UnsetType = UNSET
    valid_until: Instant | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.valid_until:
            parse_instant(self.valid_until)


class BidWithdrawal(Document, frozen=True, kw_only=True):
    """The vendor takes its bid back, which it can until the bids close."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["BidWithdrawal"] = "BidWithdrawal"
    market: Did
    vendor: Did
    bid: Digest


class Question(Document, frozen=True, kw_only=True):
    """The one question that a vendor may ask about a request; it stands on the board."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["Question"] = "Question"
    market: Did
    vendor: Did
    request: Digest
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class Acceptance(Document, frozen=True, kw_only=True):
    """The vendor acknowledges an assignment, with a one-time key for what only it may read."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["Acceptance"] = "Acceptance"
    market: Did
    vendor: Did
    assignment: Digest
    message_key: ReplyKeyText


class Decline(Document, frozen=True, kw_only=True):
    """The vendor does not stand by its bid; it counts against it and burns the unit for the date."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["Decline"] = "Decline"
    market: Did
    vendor: Did
    assignment: Digest
    reason: Annotated[str, Meta(min_length=1, max_length=200)] | UnsetType = UNSET


class Webhook(Document, frozen=True, kw_only=True):
    """Where the market sends the vendor's events; without a ``url``, nowhere. The highest ``seq`` counts.

    The keys by which they are signed follow from ``url`` and ``generation``: raise it to have new ones. Those
    of the generation before sign beside them.
    """

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["Webhook"] = "Webhook"
    market: Did
    vendor: Did
    seq: Sequence
    url: Annotated[str, Meta(pattern=r"^https?://[!-~]{1,500}$(?!\n)")] | UnsetType = UNSET
    generation: Annotated[int, Meta(ge=0, le=1_000_000)] = 0


class Nearness(Part, frozen=True, kw_only=True):
    """A point, and how far from it (metres) the centre of a request's area may lie."""

    lat_e6: LatE6
    lng_e6: LngE6
    within_m: Annotated[int, Meta(ge=1, le=20_100_000)]


class SavedFilter(Part, frozen=True, kw_only=True):
    """Requests that a vendor wants to be told of; what is left out lets everything through.

    Prices are the requests', in minor units.
    """

    id: Slug
    category: Slug | UnsetType = UNSET
    near: Nearness | UnsetType = UNSET
    min_price: Amount | UnsetType = UNSET
    max_price: Amount | UnsetType = UNSET
    delivery: DeliveryWay | UnsetType = UNSET


class SavedFilters(Document, frozen=True, kw_only=True):
    """All saved filters of a vendor: it is told of each request that passes one. The highest ``seq`` counts."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["SavedFilters"] = "SavedFilters"
    market: Did
    vendor: Did
    seq: Sequence
    filters: Annotated[tuple[SavedFilter, ...], Meta(max_length=20)]

    def __post_init__(self) -> None:
        if len({one.id for one in self.filters}) != len(self.filters):
            raise ValueError("two filters have one id")


class CatalogueItem(Document, frozen=True, kw_only=True):
    """A brand's item at a fixed price; the brand ships what nobody nearby takes.

    The principal is a vendor of the market. ``authorised`` names the vendors that may sell the item; left out,
    all may. ``listed`` false takes the item off the catalogue. The highest ``seq`` counts.
    """

    SIGNER: ClassVar[str] = "principal"

    type: Literal["CatalogueItem"] = "CatalogueItem"
    market: Did
    principal: Did
    id: Slug
    seq: Sequence
    title: Name
    category: Slug
    amount: Price
    currency: Currency
    delivery: Annotated[tuple[DeliveryWay, ...], Meta(min_length=1, max_length=3)]
    terms: Annotated[tuple[TermsId, ...], Meta(min_length=1, max_length=16)]
    listed: bool = True
    text: Text | UnsetType = UNSET
    gtin: Gtin | UnsetType = UNSET
    brand: Label | UnsetType = UNSET
    model: Label | UnsetType = UNSET
    authorised: Annotated[tuple[Did, ...], Meta(max_length=1000)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.gtin and not gtin_is_valid(self.gtin):
            raise ValueError("the GTIN's check digit is wrong")
