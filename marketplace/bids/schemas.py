"""What the calls about bids answer."""

from typing import Literal

import msgspec

from marketplace.http.problems import ProblemDocument

BidState = Literal["live", "superseded", "withdrawn", "won", "lost", "declined", "timed-out"]
"""``won`` may follow on ``lost``, at a later tick; ``declined`` and ``timed-out`` were won before."""


class BidStored(msgspec.Struct, frozen=True, kw_only=True):
    """A bid, or its withdrawal, is stored."""

    bid: str
    request: str
    receipt: msgspec.Raw
    """The signed Receipt; the same for the same document."""


class BidResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one bid of a batch."""

    status: Literal["accepted", "known", "refused"]
    bid: str | None = None
    request: str | None = None
    receipt: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    """The signed Receipt, of a bid that is not refused."""
    problem: ProblemDocument | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A result for each bid, in the order of the call."""

    results: list[BidResult]


class OwnBid(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's own bid and what became of it."""

    bid: str
    request: str
    amount: int
    state: BidState
    day: str | None
    document: msgspec.Raw
    """The signed Bid."""
