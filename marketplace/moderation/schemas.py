"""What the calls about moderation answer."""

import msgspec

from vrm.documents.market import Hideable


class ReportStored(msgspec.Struct, frozen=True, kw_only=True):
    """A report is stored, for the operator to read."""

    report: str
    document: str


class ModerationView(msgspec.Struct, frozen=True, kw_only=True):
    """The decision that counts about a document."""

    document: str
    type: Hideable
    hidden: bool
    decision: msgspec.Raw
    """The signed Moderation, with its reason."""


class ReportView(msgspec.Struct, frozen=True, kw_only=True):
    """A report, as the operator reads it."""

    report: msgspec.Raw
    type: Hideable
    hidden: bool
    """Whether the document is hidden now."""
    document: msgspec.Raw
    """What was reported."""
