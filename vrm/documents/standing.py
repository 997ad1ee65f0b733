"""How members rise in tier: by stamps, which say what became of a posting token and not whose it was.

A pseudonym draws a stamp blindly, on a call that nothing else is sent with; its owner deposits it in a later
epoch under the member's name. The market counts both and cannot join them.
"""

from typing import Annotated, ClassVar, Final, Literal

from msgspec import Meta

from vrm.documents.base import Document, Part
from vrm.documents.scalars import Did, Digest, Sequence

Stamp = Literal["stamp-f", "stamp-r"]
"""``stamp-f``: a request was fulfilled. ``stamp-r``: a token came to nothing, through no fault of its owner: it
was not used, or its request was withdrawn, or found no vendor."""

STAMPS: Final[tuple[Stamp, ...]] = ("stamp-f", "stamp-r")

DEPOSIT_EPOCHS: Final = 8
"""For how many epochs after its own a stamp can be deposited."""

MOST_STAMPS: Final = 256


class TierRule(Part, frozen=True, kw_only=True):
    """What a tier asks for: so many requests fulfilled, and such a share of the tokens that did not come back.

    The share is in thousandths.
    """

    fulfilled: Annotated[int, Meta(ge=1, le=100_000)]
    permille: Annotated[int, Meta(ge=0, le=1000)]


class StandingRules(Part, frozen=True, kw_only=True):
    """How a member's tier follows from the stamps that it deposited, at the beginning of each epoch.

    With F and R the stamps of each kind deposited in the ``window_epochs`` before, and D the tokens drawn in
    them that have had time to come back, the share is F / (D - R). A tier in which fewer than ``crowd`` members
    drew in the epoch before counts as the one below it.
    """

    window_epochs: Annotated[int, Meta(ge=4, le=520)]
    crowd: Annotated[int, Meta(ge=1, le=1_000_000)]
    known: TierRule
    trusted: TierRule


class StampClaim(Document, frozen=True, kw_only=True):
    """A pseudonym asks for the one stamp that what became of its token is worth.

    ``blinded`` is a group element (RFC 9497), to be evaluated under ``issuer_key``, the id of the key of that
    kind of stamp and of the epoch that runs.
    """

    SIGNER: ClassVar[str] = "pseudonym"
    PSEUDONYMOUS: ClassVar[bool] = True

    type: Literal["StampClaim"] = "StampClaim"
    market: Did
    pseudonym: Did
    stamp: Stamp
    issuer_key: Digest
    blinded: Digest


class StampDeposit(Document, frozen=True, kw_only=True):
    """A member hands in stamps of earlier epochs, once in each epoch; its tier moves with the next one."""

    SIGNER: ClassVar[str] = "key"

    type: Literal["StampDeposit"] = "StampDeposit"
    market: Did
    member: Did
    key: Did
    epoch: Sequence
    stamps: Annotated[
        tuple[Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{216}$(?!\n)")], ...],
        Meta(min_length=1, max_length=MOST_STAMPS),
    ]
    """Tokens (RFC 9577) whose challenge is the market's for that kind of stamp, base64url."""
