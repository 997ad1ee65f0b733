"""What the calls about mail answer."""

import msgspec


class SegmentView(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the mail that was published at one instant."""

    segment: str
    """SHA-256 of its bytes, which `GET /mail/{segment}` gives."""
    bucket: str
    """The bits with which its recipients' mailboxes begin; empty where it may be anybody's."""
    instant: str
    messages: int
    size: int
    """Bytes."""
