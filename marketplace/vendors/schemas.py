"""What the calls about vendors answer."""

import msgspec


class VendorStored(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's profile is stored and counts."""

    vendor: str
    profile: str
    """The profile's digest."""
    seq: int


class EvidenceView(msgspec.Struct, frozen=True, kw_only=True):
    """What a vendor's band rests on. The rules are in the market's descriptor."""

    good: int
    """How many documents speak for it."""
    bad: int
    """How many speak against it."""
    good_weight: int
    """What they weigh today, in thousandths of one full observation."""
    bad_weight: int
    score: int
    """In ten thousandths, rounded down."""
    low: int
    """Nine times in ten, its chance of serving an order well lies between this and `high`."""
    high: int


class VendorView(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor as everybody sees it."""

    vendor: str
    name: str
    suspended: bool
    suspension: msgspec.Raw | None
    """The signed Suspension that counts, if there ever was one."""
    band: int
    """Reputation in steps of 0.05: band 16 means a score from 0.80 to below 0.85."""
    reputation: str
    """The sentence that explains the band."""
    evidence: EvidenceView
    profile: msgspec.Raw
    """The signed VendorProfile."""


class CapacityStored(msgspec.Struct, frozen=True, kw_only=True):
    """A place's units for a date are stored and count."""

    vendor: str
    place: str
    date: str
    units: int
    seq: int
