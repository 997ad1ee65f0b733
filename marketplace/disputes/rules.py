"""When a side of an assignment may speak, and what it may show: pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from crypto import CryptoError
from marketplace.errors import Refused
from vrm.documents import Dispute, Shown, VendorDispute
from vrm.documents.conversation import Sent, check_shown
from vrm.errors import InvalidDocument


@dataclass(frozen=True, slots=True)
class Disputable:
    """An accepted assignment, as far as the rules look at it."""

    request: str
    pseudonym: str
    vendor: str
    is_open: bool
    """Whether a dispute about it is open."""
    is_decided: bool
    open_until: int
    """The instant from which on nobody can open one: its ratings are open to all, or it is long ago."""


def check_side(body: Dispute | VendorDispute, given: Disputable | None, now: int) -> Disputable:
    """Refuse what is said about an assignment by somebody else, or too late.

    Raises:
        Refused: nobody accepted such an assignment of that request, another party's, one that was rated or
            decided.
    """
    if given is None:
        raise Refused("not-accepted", "No vendor has accepted such an assignment.", "assignment")
    if given.request != body.request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    if isinstance(body, Dispute) and given.pseudonym != body.pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    if isinstance(body, VendorDispute) and given.vendor != body.vendor:
        raise Refused("not-your-assignment", "It went to another vendor.", "assignment")
    if given.is_decided:
        raise Refused("dispute-too-late", "The market has decided it.", "assignment")
    if not given.is_open and now >= given.open_until:
        detail = "Its ratings are open, or it was accepted too long ago."
        raise Refused("dispute-too-late", detail, "assignment")
    return given


def check_messages(shown: Iterable[Shown], sent: Mapping[str, Sent]) -> None:
    """Refuse messages that were not sent about the assignment.

    Args:
        sent: all that were, by the digests of the documents that they went in.

    Raises:
        Refused: there is no such document, or another message went in it.
    """
    for one in shown:
        if one.document not in sent:
            detail = f"No message {one.document} was sent about this assignment."
            raise Refused("unknown-message", detail, "messages")
        try:
            check_shown(one.inside, sent[one.document])
        except (CryptoError, InvalidDocument, TypeError, ValueError) as error:
            raise Refused("message-not-sent", f"{one.document}: {error}", "messages") from error
