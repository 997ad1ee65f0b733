"""When a document about an accepted assignment counts: pure."""

from dataclasses import dataclass

from marketplace.errors import Refused


@dataclass(frozen=True, slots=True)
class Given:
    """An assignment, as far as the rules look at it."""

    request: str
    pseudonym: str
    """Whose request it is."""
    is_accepted: bool


def check_own(pseudonym: str, request: str, given: Given | None) -> None:
    """Refuse a customer's document about an assignment that is not theirs, or that does not stand.

    Raises:
        Refused: no such assignment of the request, another pseudonym's, or its vendor has not accepted it.
    """
    if given is None or given.request != request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    if given.pseudonym != pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    if not given.is_accepted:
        raise Refused("not-accepted", "Its vendor has not accepted it.", "assignment")


def check_confirmation(is_disclosed: bool, earlier: bool | None) -> None:
    """Refuse a Confirmation that cannot be true.

    Args:
        is_disclosed: whether the vendor was told whom to deliver to.
        earlier: what the newest Confirmation said; none if there is none.

    Raises:
        Refused: the vendor could not deliver, or has delivered.
    """
    if not is_disclosed:
        raise Refused("not-disclosed", "The vendor does not know whom to deliver to.", "request")
    if earlier:
        raise Refused("already-received", "What was received stays so.", "received")
