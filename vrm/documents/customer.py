"""What a customer signs: the profile with its own key, everything about a request with a pseudonym."""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from vrm.documents.base import Document, Part
from vrm.documents.scalars import (
    Cell,
    Currency,
    DeliveryWay,
    Did,
    Digest,
    FacetName,
    Gtin,
    Instant,
    Label,
    Name,
    Policy,
    Price,
    PriceKind,
    QuarterHour,
    ReplyKeyText,
    Salt,
    Sequence,
    Slug,
    TermsId,
    Text,
    gtin_is_valid,
    parse_instant,
)

CREDENTIALS_V2: Final = "https://www.w3.org/ns/credentials/v2"
UNDEFINED_TERMS: Final = "https://www.w3.org/ns/credentials/undefined-terms/v2"
"""The context that the data model has for terms without a published vocabulary, such as our facets; a context
written out in the document would not pass other people's verifiers, which compare contexts by name."""

Attributes = dict[FacetName, Label]


class Need(Part, frozen=True, kw_only=True):
    """What is wanted, in words and in the terms of schema.org."""

    title: Name
    category: Slug
    quantity: Annotated[int, Meta(ge=1, le=1_000_000)] = 1
    unit: Slug = "piece"
    condition: Literal["new", "refurbished", "used", "any"] = "any"
    text: Text | UnsetType = UNSET
    gtin: Gtin | UnsetType = UNSET
    brand: Label | UnsetType = UNSET
    model: Label | UnsetType = UNSET
    attributes: Annotated[Attributes, Meta(max_length=16)] | UnsetType = UNSET

    def __post_init__(self) -> None:
        if self.gtin and not gtin_is_valid(self.gtin):
            raise ValueError("the GTIN's check digit is wrong")


class AskingPrice(Part, frozen=True, kw_only=True):
    """What the customer offers for the whole quantity, tax and delivery included.

    ``fixed``: vendors say yes to it. ``ceiling``: vendors name a price at or under it.
    """

    kind: PriceKind
    amount: Price
    currency: Currency


class Area(Part, frozen=True, kw_only=True):
    """Where the customer is, as coarsely as the wallet chose, and how far is near enough (metres)."""

    cell: Cell
    radius_m: Annotated[int, Meta(ge=100, le=20_100_000)]


class AcceptedTerms(Part, frozen=True, kw_only=True):
    """A privacy agreement of the IEEE 7012 roster, and the digest of its text."""

    id: TermsId
    digest: Digest


class ItemName(Part, frozen=True, kw_only=True):
    """An item of a principal's catalogue: who lists it, and under which id."""

    principal: Did
    id: Slug


class PersonalRequest(Document, frozen=True, kw_only=True):
    """A signed, anonymous need.

    ``item`` asks for one item of a principal's catalogue at its fixed price. With ``roll_over`` a request that
    stays unfilled joins the next market day. With ``try_newcomers`` a vendor without a history may go first, if
    the market's lot falls on the request.
    """

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["PersonalRequest"] = "PersonalRequest"
    market: Did
    pseudonym: Did
    reply_key: ReplyKeyText
    need: Need
    price: AskingPrice
    area: Area
    delivery: Annotated[tuple[DeliveryWay, ...], Meta(min_length=1, max_length=3)]
    terms: AcceptedTerms
    policy: Policy
    not_before: QuarterHour | UnsetType = UNSET
    needed_by: QuarterHour | UnsetType = UNSET
    facets: Annotated[Attributes, Meta(max_length=8)] | UnsetType = UNSET
    item: ItemName | UnsetType = UNSET
    roll_over: bool = False
    try_newcomers: bool = False

    def __post_init__(self) -> None:
        if len(set(self.delivery)) != len(self.delivery):
            raise ValueError("delivery names a way twice")
        for instant in (self.not_before, self.needed_by):
            if instant:
                parse_instant(instant)
        if self.not_before and self.needed_by and self.not_before >= self.needed_by:
            raise ValueError("not_before must be earlier than needed_by")


ReportReason = Literal["illegal", "fraud", "personal-data", "abuse", "spam", "other"]


class Report(Document, frozen=True, kw_only=True):
    """Anybody's word to the operator that a document should not be shown; a fresh key is fine."""

    SIGNER: ClassVar[str] = "reporter"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Report"] = "Report"
    market: Did
    reporter: Did
    document: Digest
    reason: ReportReason
    text: Text | UnsetType = UNSET
    """What else the operator should know."""


class RequestWithdrawal(Document, frozen=True, kw_only=True):
    """The pseudonym takes its request back."""

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["RequestWithdrawal"] = "RequestWithdrawal"
    market: Did
    pseudonym: Did
    request: Digest


class Preference(Document, frozen=True, kw_only=True):
    """The owner's order over the bids on its request; the one with the highest ``seq`` counts.

    Listed bids come first, in the order given; struck-out ones are out. With ``only_listed`` no other bid may
    win.
    """

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Preference"] = "Preference"
    market: Did
    pseudonym: Did
    request: Digest
    seq: Sequence
    salt: Salt
    listed: Annotated[tuple[Digest, ...], Meta(max_length=200)] = ()
    struck_out: Annotated[tuple[Digest, ...], Meta(max_length=200)] = ()
    only_listed: bool = False

    def __post_init__(self) -> None:
        named = (*self.listed, *self.struck_out)
        if len(set(named)) != len(named):
            raise ValueError("a bid is named twice")


class Answer(Document, frozen=True, kw_only=True):
    """The owner's answer to a vendor's question; both stand on the board."""

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Answer"] = "Answer"
    market: Did
    pseudonym: Did
    request: Digest
    question: Digest
    text: Annotated[str, Meta(min_length=1, max_length=500)]


class Facets(Part, frozen=True, kw_only=True):
    """What a customer says of themself; every facet is optional and shown to nobody by default."""

    id: Did
    name: Name | UnsetType = UNSET
    languages: (
        Annotated[
            tuple[Annotated[str, Meta(pattern=r"^[a-zA-Z]{2,3}(-[a-zA-Z0-9]{2,8})*$(?!\n)")], ...],
            Meta(max_length=16),
        ]
        | UnsetType
    ) = UNSET
    interests: Annotated[tuple[Label, ...], Meta(max_length=64)] | UnsetType = UNSET
    sizes: Annotated[Attributes, Meta(max_length=32)] | UnsetType = UNSET
    contact: Annotated[Attributes, Meta(max_length=16)] | UnsetType = UNSET


class Profile(
    Document,
    frozen=True,
    kw_only=True,
    rename={
        "context": "@context",
        "valid_from": "validFrom",
        "credential_subject": "credentialSubject",
    },
):
    """The customer's own document of facets: a self-issued Verifiable Credential 2.0."""

    SIGNER: ClassVar[str] = "issuer"

    type: tuple[Literal["VerifiableCredential"], Literal["Profile"]] = (
        "VerifiableCredential",
        "Profile",
    )
    context: tuple[
        Literal["https://www.w3.org/ns/credentials/v2"],
        Literal["https://www.w3.org/ns/credentials/undefined-terms/v2"],
    ] = (CREDENTIALS_V2, UNDEFINED_TERMS)
    issuer: Did
    valid_from: Instant
    credential_subject: Facets

    def __post_init__(self) -> None:
        if self.credential_subject.id != self.issuer:
            raise ValueError("a profile speaks only of the one who signs it")
        parse_instant(self.valid_from)
