"""What both sides of an assignment say of each other: once each, and what the one who is rated answers.

Ratings are double-blind. The log holds a rating's digest from the start, and its salt keeps anybody from
guessing what is in it; the market shows both together once both are there, or when the time to rate is over. A
`Reveal` is its signed word that they are open. Nothing can be changed or taken back.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from vrm.documents.base import Document, Part
from vrm.documents.customer import Attributes
from vrm.documents.membership import Tier
from vrm.documents.scalars import Did, Digest, Salt

Stars = Annotated[int, Meta(ge=1, le=5)]

Comment = Annotated[str, Meta(min_length=1, max_length=500)]

GOOD_STARS: Final = 4
"""From so many stars on a rating speaks for whom it is about; below it speaks against."""


class RatingRules(Part, frozen=True, kw_only=True):
    """For how long the two sides of an assignment may rate each other.

    Until ``within_days`` after the vendor's Acceptance; and once one side has, the other has ``answer_days``.
    While they are in dispute that time stands still, for ``dispute_days`` at most.
    """

    answer_days: Annotated[int, Meta(ge=1, le=90)]
    dispute_days: Annotated[int, Meta(ge=1, le=365)]
    within_days: Annotated[int, Meta(ge=1, le=365)]


class Rating(Document, frozen=True, kw_only=True):
    """The customer's word on an assignment, whatever became of it.

    ``facets`` say what kind of person rates, in the words of the market's descriptor, so that others can weigh
    the ratings of people like themselves.
    """

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["Rating"] = "Rating"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    salt: Salt
    stars: Stars
    facets: Annotated[Attributes, Meta(max_length=8)] | UnsetType = UNSET
    text: Comment | UnsetType = UNSET


class VendorRating(Document, frozen=True, kw_only=True):
    """The vendor's word on the customer of an assignment. It counts for nothing but itself."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["VendorRating"] = "VendorRating"
    market: Did
    vendor: Did
    request: Digest
    assignment: Digest
    salt: Salt
    stars: Stars
    text: Comment | UnsetType = UNSET


class RatingAnswer(Document, frozen=True, kw_only=True):
    """The vendor's one answer to a Rating, for all to read."""

    SIGNER: ClassVar[str] = "vendor"

    type: Literal["RatingAnswer"] = "RatingAnswer"
    market: Did
    vendor: Did
    request: Digest
    assignment: Digest
    rating: Digest
    text: Comment


class VendorRatingAnswer(Document, frozen=True, kw_only=True):
    """The customer's one answer to a VendorRating, for all to read."""

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["VendorRatingAnswer"] = "VendorRatingAnswer"
    market: Did
    pseudonym: Did
    request: Digest
    assignment: Digest
    rating: Digest
    text: Comment


class Reveal(Document, frozen=True, kw_only=True):
    """The market's word that an assignment's ratings are open, and which there are: one at least.

    ``tier`` is that of the posting token that the customer's request spent. Where there is a ``rating`` that
    is not void, the Reveal is the evidence about the vendor.
    """

    SIGNER: ClassVar[str] = "market"

    type: Literal["Reveal"] = "Reveal"
    market: Did
    request: Digest
    assignment: Digest
    rating: Digest | UnsetType = UNSET
    vendor_rating: Digest | UnsetType = UNSET
    tier: Tier
    void_by: Digest | UnsetType = UNSET
    """The Ruling against the customer, by which its rating is shown and weighs nothing."""

    def __post_init__(self) -> None:
        if not (self.rating or self.vendor_rating):
            raise ValueError("nothing is revealed")
