"""When a document about an accepted assignment counts: pure.

What becomes of one (`Delivery.state`)::

    accepted --> shipped | ready --> received
        |             |                 ^
        |             '--> not-received-'
        '--> received | not-received

A vendor that ships and forgets to say so is no obstacle to its customer's word.
"""

from dataclasses import dataclass
from typing import Literal

from marketplace.errors import Refused
from vrm.documents import Shipment
from vrm.documents.scalars import DeliveryWay

State = Literal["accepted", "shipped", "ready", "received", "not-received"]


@dataclass(frozen=True, slots=True)
class Given:
    """An assignment, and what has become of it."""

    request: str
    pseudonym: str
    """Whose request it is."""
    vendor: str
    way: DeliveryWay
    state: State | None
    """None while its vendor has not accepted it."""
    is_disclosed: bool
    """Whether the vendor was told whom to deliver to."""
    is_shipped: bool
    """Whether the vendor has said that it is on its way, or ready."""
    has_ended: bool


def check_own(pseudonym: str, request: str, given: Given | None) -> Given:
    """Refuse a customer's document about an assignment that is not theirs, or that does not stand.

    Raises:
        Refused: no such assignment of the request, another pseudonym's, one that its vendor has not accepted,
            or one that has ended.
    """
    known = _stands(request, given)
    if known.pseudonym != pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    _check_runs(known)
    return known


def check_confirmation(given: Given) -> None:
    """Refuse a Confirmation that cannot be true.

    Raises:
        Refused: the vendor does not know whom to deliver to.
    """
    if not given.is_disclosed:
        raise Refused("not-disclosed", "The vendor does not know whom to deliver to.", "request")


def check_shipment(body: Shipment, given: Given | None) -> None:
    """Refuse a Shipment that does not count.

    Raises:
        Refused: no such assignment of the request, another vendor's, one that it has not accepted or that has
            ended; nobody told it whom to deliver to; it has said so before; or the wrong word for the way of
            delivery.
    """
    known = _stands(body.request, given)
    if known.vendor != body.vendor:
        raise Refused("not-your-assignment", "It was given to another vendor.", "assignment")
    _check_runs(known)
    if not known.is_disclosed:
        raise Refused("not-disclosed", "You were not told whom to deliver to.", "assignment")
    if known.is_shipped:
        raise Refused("already-shipped", "You have said so before.", "assignment")
    if (body.state == "ready") != (known.way == "pickup"):
        detail = "A pickup is made ready; what goes another way is shipped."
        raise Refused("delivery-not-offered", detail, "state")


def _stands(request: str, given: Given | None) -> Given:
    if given is None or given.request != request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    return given


def _check_runs(given: Given) -> None:
    if given.state is None:
        raise Refused("not-accepted", "Its vendor has not accepted it.", "assignment")
    if given.state == "received":
        raise Refused("already-received", "What was received stays so.", "assignment")
    if given.has_ended:
        raise Refused("delivery-ended", "Nothing can be changed about it any more.", "assignment")
