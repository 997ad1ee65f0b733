"""Who may post: what members sign about themselves, and the keys that the market issues posting tokens under.

None of it names a request. A member draws posting tokens under its own name; what it posts with them, it posts
under pseudonyms, and the market cannot tell whose they are.
"""

from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from vrm.documents.base import Document, Part
from vrm.documents.scalars import Did, Digest, Instant, Sequence, parse_instant
from vrm.documents.standing import Stamp, StandingRules

DAY_SECONDS: Final = 86_400

Tier = Literal["new", "known", "trusted"]
"""How well a member is known, by what became of earlier requests; a token tells its tier and nothing else."""

TIERS: Final[tuple[Tier, ...]] = ("new", "known", "trusted")
"""From the lowest to the highest."""

Embedded = dict[str, Any]
"""A signed document inside another one, with its own proof."""


class MemberRules(Part, frozen=True, kw_only=True):
    """Whom the market admits: everybody, or who has a code or a member's word.

    A member may speak for ``sponsorships`` others in each epoch.
    """

    admission: Literal["open", "invited"]
    sponsorships: Annotated[int, Meta(ge=0, le=1000)]


class TokenRules(Part, frozen=True, kw_only=True):
    """How posting tokens are issued.

    Epochs are whole numbers of days (UTC): one begins on each day since 1970-01-01 whose number is a multiple
    of ``epoch_days``, and has that number for its name. Each member draws ``allotment`` tokens of its tier once
    in each epoch. They can be spent for ``grace_days`` after the epoch's end. ``standing`` says how a member
    comes to a tier.
    """

    epoch_days: Annotated[int, Meta(ge=1, le=366)]
    grace_days: Annotated[int, Meta(ge=0, le=366)]
    allotment: Annotated[dict[Tier, Annotated[int, Meta(ge=1, le=64)]], Meta(min_length=1)]
    standing: StandingRules

    def epoch_at(self, instant: int) -> int:
        """The epoch in which an instant falls, in seconds since 1970."""
        day = instant // DAY_SECONDS
        return day - day % self.epoch_days


class Membership(Document, frozen=True, kw_only=True):
    """A person's registration with a market, and each change of it; the highest ``seq`` counts.

    ``keys`` is the chain of KeyRotation documents (`crypto.rotation`): the member is named for ever by its
    first key, and ``key`` is the one that the chain ends with. ``profile`` is a signed Profile of that key with
    only those facets that the owner shows this market.
    """

    SIGNER: ClassVar[str] = "key"

    type: Literal["Membership"] = "Membership"
    market: Did
    member: Did
    key: Did
    seq: Sequence
    keys: Annotated[tuple[Embedded, ...], Meta(min_length=1, max_length=64)]
    profile: Embedded
    sponsorship: Embedded | UnsetType = UNSET
    """A signed Sponsorship, where one is needed to be admitted."""
    devices: Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{140}$(?!\n)")] | UnsetType = UNSET
    """What the owner's wallet keeps here for itself, encrypted and of one length (`vrm.wallet.devices`)."""


class Sponsorship(Document, frozen=True, kw_only=True):
    """A member's word for somebody who wants to join, good for one epoch."""

    SIGNER: ClassVar[str] = "key"

    type: Literal["Sponsorship"] = "Sponsorship"
    market: Did
    sponsor: Did
    key: Did
    candidate: Did
    epoch: Sequence


class Departure(Document, frozen=True, kw_only=True):
    """A member leaves; ``seq`` is higher than that of the Membership that counted."""

    SIGNER: ClassVar[str] = "key"

    type: Literal["Departure"] = "Departure"
    market: Did
    member: Did
    key: Did
    seq: Sequence


class IssuerKey(Document, frozen=True, kw_only=True):
    """The one key under which everybody's tokens of a tier and an epoch are issued, or its stamps of one kind.

    Two of these for one tier and epoch convict the market: the key of a token tells who drew it, if each member
    was given another one.
    """

    SIGNER: ClassVar[str] = "market"

    type: Literal["IssuerKey"] = "IssuerKey"
    market: Did
    tier: Tier | Stamp
    """Whose tokens, or which stamps; of stamps each token gets one."""
    epoch: Sequence
    key: Digest
    """The public key, an encoded ristretto255 element in base64url: 43 characters."""
    allotment: Annotated[int, Meta(ge=1, le=64)]
    not_before: Instant
    """Tokens are drawn, and spent, from here on."""
    draws_until: Instant
    redeems_until: Instant

    def __post_init__(self) -> None:
        order = [
            parse_instant(text) for text in (self.not_before, self.draws_until, self.redeems_until)
        ]
        if not order[0] < order[1] <= order[2]:
            raise ValueError("not_before, draws_until and redeems_until come in this order")
