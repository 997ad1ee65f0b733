"""What can become of an accepted assignment, and until when: pure. docs/fulfilment.md has a picture of it.

``accepted`` --> ``shipped`` or ``ready`` (the vendor's Shipment) --> ``received`` or ``not-received`` (the
customer's Confirmation, or its Handover at the counter). It ends as ``received``, ``cancelled`` (by the
customer), ``vendor-cancelled``, ``lapsed`` (nobody said whom to deliver to), ``closed`` (the customer never
said whether it came), or still as ``not-received``, once that can be put right no more. A vendor that ships and
forgets to say so is no obstacle to its customer's word that it came; that it did not come nobody can say before
the Shipment, or the end of the vendor's time. Told anew whom to deliver to, a vendor has its time anew.
"""

from dataclasses import dataclass
from typing import Any, Literal

from marketplace.errors import Refused
from vrm.documents import (
    Cancellation,
    Confirmation,
    Disclosure,
    FulfilmentRules,
    Handover,
    Shipment,
    VendorCancellation,
)
from vrm.documents.membership import DAY_SECONDS
from vrm.documents.scalars import DeliveryWay

State = Literal[
    "accepted",
    "shipped",
    "ready",
    "received",
    "not-received",
    "cancelled",
    "vendor-cancelled",
    "lapsed",
    "closed",
]
CustomersWord = Disclosure | Confirmation | Cancellation | Handover
VendorsWord = Shipment | VendorCancellation

HOUR_SECONDS = 3600


@dataclass(frozen=True, slots=True)
class Given:
    """An assignment, and what has become of it. Instants are seconds."""

    request: str
    assignment: str
    """Its digest."""
    pseudonym: str
    """Whose request it is."""
    vendor: str
    way: DeliveryWay
    lead_hours: int = 0
    state: State | None = None
    """None while its vendor has not accepted it."""
    disclosed_at: int | None = None
    shipped_at: int | None = None
    overdue: bool = False
    deadline: int | None = None
    ended_at: int | None = None


def disclose_by(accepted_at: int, rules: FulfilmentRules) -> int:
    """Until when the customer must have said whom to deliver to."""
    return accepted_at + rules.disclose_hours * HOUR_SECONDS


def ship_by(disclosed_at: int, lead_hours: int) -> int:
    """Until when the vendor must have shipped, or have it ready: when a Shipment after it is late."""
    return disclosed_at + lead_hours * HOUR_SECONDS


def overdue_at(disclosed_at: int, lead_hours: int, rules: FulfilmentRules) -> int:
    """When a vendor that has said nothing has broken its promise."""
    return ship_by(disclosed_at, lead_hours) + rules.grace_hours * HOUR_SECONDS


def confirm_by(since: int, rules: FulfilmentRules) -> int:
    """Until when the customer can say whether it came, counted from the Shipment, or since it is overdue."""
    return since + rules.confirm_days * DAY_SECONDS


def has_ended(given: Given, now: int) -> bool:
    """Tell whether nothing can be changed any more, be it noted already or not."""
    if given.ended_at is not None:
        return True
    if given.deadline is None or now < given.deadline:
        return False
    only_vendor_is_late = given.disclosed_at is not None and not (
        given.shipped_at is not None or given.overdue
    )
    return not only_vendor_is_late


def check_customers_word(body: CustomersWord, given: Given | None, now: int) -> None:
    """Refuse a customer's document that cannot count.

    Raises:
        Refused: no such assignment of the request, another pseudonym's, one that its vendor has not accepted
            or that has ended; a Confirmation of what nobody knew where to deliver, or a Handover of that or of
            what is not picked up; one that it did not come while its vendor has time to ship it; a Cancellation
            of what is on its way, or ready.
    """
    known = _stands(body.request, given)
    if known.pseudonym != body.pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    _check_runs(known, now)
    if isinstance(body, Confirmation | Handover) and known.disclosed_at is None:
        raise Refused("not-disclosed", "The vendor does not know whom to deliver to.", "request")
    if isinstance(body, Handover) and known.way != "pickup":
        raise Refused("delivery-not-offered", "It is not to be picked up.", "assignment")
    if isinstance(body, Confirmation) and not (body.received or may_be_missed(known, now)):
        detail = "Its vendor has not shipped it, and has time to do so still."
        raise Refused("not-missing-yet", detail, "received")
    if isinstance(body, Cancellation) and known.shipped_at is not None:
        detail = "It is on its way, or ready. Say whether it came."
        raise Refused("already-shipped", detail, "assignment")


def check_vendors_word(body: VendorsWord, given: Given | None, now: int) -> Given:
    """Refuse a vendor's document that does not count; answers what it is about.

    Raises:
        Refused: no such assignment of the request, another vendor's, one that it has not accepted or that has
            ended; a Shipment before anybody said where to, a second one, or one in the wrong word for the way
            of delivery; a cancellation of what is on its way.
    """
    known = _stands(body.request, given)
    if known.vendor != body.vendor:
        raise Refused("not-your-assignment", "It was given to another vendor.", "assignment")
    _check_runs(known, now)
    picked_up = known.way == "pickup"
    if isinstance(body, VendorCancellation):
        if known.shipped_at is not None and not picked_up:
            raise Refused("already-shipped", "It is on its way.", "assignment")
        return known
    if known.disclosed_at is None:
        raise Refused("not-disclosed", "You were not told whom to deliver to.", "assignment")
    if known.shipped_at is not None:
        raise Refused("already-shipped", "You have said so before.", "assignment")
    if (body.state == "ready") != picked_up:
        detail = "A pickup is made ready; what goes another way is shipped."
        raise Refused("delivery-not-offered", detail, "state")
    return known


def after_customers_word(
    body: CustomersWord, given: Given, instant: int, rules: FulfilmentRules
) -> dict[str, Any] | None:
    """What changes of a delivery when a customer's word comes to count; none where it came too late."""
    if given.ended_at is not None:
        return None
    match body:
        case Disclosure() if given.shipped_at is not None or given.overdue:
            return {}
        case Disclosure():
            due = overdue_at(instant, given.lead_hours, rules)
            return {"disclosed_at": instant, "deadline": due if given.deadline else None}
        case Cancellation() if given.shipped_at is not None and given.shipped_at <= instant:
            return None
        case Cancellation():
            return _ended("cancelled", instant)
        case Handover() | Confirmation(received=True):
            return _ended("received", instant)
        case Confirmation() if given.shipped_at is None and given.disclosed_at == instant:
            return None  # its own batch has just told the vendor anew
        case Confirmation():
            return {"state": "not-received"}


def after_vendors_word(
    body: VendorsWord, given: Given, now: int, rules: FulfilmentRules
) -> tuple[dict[str, Any], bool | None]:
    """What changes of a delivery by a vendor's word, and whether that speaks for it, or against it, if either.

    No delivery speaks against its vendor twice.
    """
    counted = given.overdue
    if isinstance(body, VendorCancellation):
        was_late = is_late(given.shipped_at, given)
        return _ended("vendor-cancelled", now), None if counted or was_late else False
    deadline = confirm_by(now, rules) if given.deadline else None
    changes: dict[str, Any] = {"shipped_at": now, "deadline": deadline}
    if given.state == "accepted":
        changes["state"] = body.state
    return changes, None if counted else not is_late(now, given)


def is_late(shipped_at: int | None, given: Given) -> bool:
    """Whether a Shipment at an instant, if there is one, came after the vendor's time."""
    if shipped_at is None or given.disclosed_at is None:
        return False
    return shipped_at > ship_by(given.disclosed_at, given.lead_hours)


def may_be_missed(given: Given, now: int) -> bool:
    """Whether a customer can say that it did not come: once it is shipped, or should have been."""
    return given.shipped_at is not None or is_late(now, given)


def after_deadline(given: Given, instant: int, rules: FulfilmentRules) -> dict[str, Any]:
    """What changes of a delivery whose deadline has come, at a batch instant."""
    if given.disclosed_at is None:
        return _ended("lapsed", instant)
    if given.shipped_at is None and not given.overdue:
        return {"overdue": True, "deadline": confirm_by(instant, rules)}
    kept: State = "not-received" if given.state == "not-received" else "closed"
    return _ended(kept, instant)


def _ended(state: State, at: int) -> dict[str, Any]:
    return {"state": state, "ended_at": at, "deadline": None}


def _stands(request: str, given: Given | None) -> Given:
    if given is None or given.request != request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    return given


def _check_runs(given: Given, now: int) -> None:
    if given.state is None:
        raise Refused("not-accepted", "Its vendor has not accepted it.", "assignment")
    if given.state == "received":
        raise Refused("already-received", "What was received stays so.", "assignment")
    if has_ended(given, now):
        raise Refused("delivery-ended", "Nothing can be changed about it any more.", "assignment")
