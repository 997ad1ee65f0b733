"""What the calls about ratings answer."""

import msgspec

from vrm.documents.membership import Tier


class RatingStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's rating, or its answer to one, is stored."""

    document: str
    """Its digest."""
    assignment: str


class SaidView(msgspec.Struct, frozen=True, kw_only=True):
    """A signed document, or the decision by which its words are hidden."""

    digest: str
    document: msgspec.Raw | None
    hidden: msgspec.Raw | None
    """The signed Moderation; null where the document is shown."""


class RatedView(msgspec.Struct, frozen=True, kw_only=True):
    """What one side of an assignment says of the other; its stars count and stay, whatever is hidden."""

    stars: int
    rating: SaidView
    answer: SaidView | None
    """The other side's."""


class RatingsView(msgspec.Struct, frozen=True, kw_only=True):
    """An assignment's ratings, opened together."""

    request: str
    assignment: str
    vendor: str
    revealed_at: str
    tier: Tier
    """Of the customer, as the market says."""
    reveal: msgspec.Raw
    """The signed Reveal."""
    by_customer: RatedView | None
    by_vendor: RatedView | None
