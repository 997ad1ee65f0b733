"""What the calls about runs answer."""

from typing import Literal

import msgspec

from vrm.documents.scalars import UnfilledReason

Outcome = Literal["assigned", "fallback", "unfilled"]
Stage = Literal["due", "frozen", "resolved", "published", "announced"]


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """One run."""

    day: str
    cutoff: str
    stage: Stage
    checkpoint: str | None
    """The signed checkpoint of the log at the freeze, once frozen: what the run counts is in its tree."""
    report: msgspec.Raw | None
    """The signed RunReport, once published."""


class RunRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the run resolved."""

    request: str
    document: msgspec.Raw | None
    """Null where it is hidden."""
    hidden: msgspec.Raw | None
    """The signed decision by which it is."""


class RunBid(msgspec.Struct, frozen=True, kw_only=True):
    """A bid that was live at the close."""

    bid: str
    request: str
    distance_m: int
    document: msgspec.Raw | None
    """Null where it is hidden."""
    hidden: msgspec.Raw | None
    """The signed decision by which it is."""


class RunPlaceView(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's place as the run froze it."""

    vendor: str
    place: str
    lat_e6: int
    lng_e6: int
    reach_m: int
    units: int
    band: int
    suspended: bool
    leads: int
    """On how many requests its vendor could lead, as a newcomer; 0 for others."""
    profile: str
    """The digest of the profile that counted."""


class RunPreferenceView(msgspec.Struct, frozen=True, kw_only=True):
    """The order that a request's owner gave to the bids on it."""

    request: str
    preference: str
    """The Preference's digest."""
    document: msgspec.Raw


class RunItemView(msgspec.Struct, frozen=True, kw_only=True):
    """A request that names a catalogue item, and which version of it counted."""

    request: str
    item: str
    """The digest of the version; the catalogue has its document."""
    suspended: bool
    """Whether the item's principal was suspended, and so ships nothing."""


class UnfilledView(msgspec.Struct, frozen=True, kw_only=True):
    """A request that nobody got."""

    request: str
    reason: UnfilledReason


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One bid on the request, with the figures that were compared."""

    bid: str
    vendor: str
    name: str
    place: str
    rank: int | None
    """Its place in the request's own order, 1 is the best; null where it was not eligible."""
    band: int
    distance_m: int
    amount: int
    listed: int | None
    """Its place in the customer's own order, 1 is the best; null where the customer did not list it."""
    newcomer: bool
    """It goes first as a newcomer's."""
    eligible: bool
    why: str
    """``assigned``, ``place-full``, ``reserve``, or the reason why it was not eligible."""


class TickExplanation(msgspec.Struct, frozen=True, kw_only=True):
    """Whose assignment did not hold, and where the request went at the tick."""

    tick: int
    instant: str
    bid: str
    vendor: str
    lost: Literal["declined", "timed-out"]
    outcome: Outcome
    reason: UnfilledReason | None
    principal: str | None
    sentences: list[str]
    candidates: list[Candidate]


class ExplanationView(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request went where it went."""

    request: str
    day: str
    outcome: Outcome
    """Of the run; ``ticks`` tell what came later."""
    reason: UnfilledReason | None
    """Why no vendor got it; null where one did."""
    principal: str | None
    """The brand that ships it where no vendor got it."""
    policy: str
    sentences: list[str]
    candidates: list[Candidate]
    ticks: list[TickExplanation]
