"""What the calls about stamps answer."""

import msgspec


class StampGiven(msgspec.Struct, frozen=True, kw_only=True):
    """A stamp, blinded still: the claimant finishes it."""

    response: str
    """A TokenResponse (RFC 9578, section 5.2): evaluated element and proof, base64url."""


class StampsDeposited(msgspec.Struct, frozen=True, kw_only=True):
    """What a member's deposit of an epoch counted."""

    member: str
    epoch: int
    fulfilled: int
    returned: int
