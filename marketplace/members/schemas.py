"""What the calls about membership answer."""

import msgspec

from vrm.documents.membership import Tier


class MemberStored(msgspec.Struct, frozen=True, kw_only=True):
    """A registration is stored and counts."""

    member: str
    key: str
    """The key that signs for the member now."""
    seq: int
    tier: Tier


class OwnMembership(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the member itself sees it."""

    tier: Tier
    document: msgspec.Raw
    """The signed Membership that counts."""


class Departed(msgspec.Struct, frozen=True, kw_only=True):
    """What leaving did, in words."""

    member: str
    deleted: tuple[str, ...]
    stays: tuple[str, ...]


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A member as the operator sees it."""

    member: str
    tier: Tier
    profile: msgspec.Raw
    """The signed Profile, with the facets that the member shows this market."""
