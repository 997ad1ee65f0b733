"""What the market says about the time."""

import msgspec


class ClockView(msgspec.Struct, frozen=True, kw_only=True):
    """The market's time, and what comes next."""

    now: str
    day: str
    """The name of the market day that closes next."""
    bids_close: str
    cutoff: str
    next_batch: str


class ProblemKind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of refusal."""

    code: str
    status: int
    title: str
    remedy: str
