"""Who may rate, until when, and when both sides' words are opened: pure."""

from dataclasses import dataclass

from marketplace.errors import Refused
from vrm.documents.membership import DAY_SECONDS
from vrm.documents.rating import RatingRules


@dataclass(frozen=True, slots=True)
class Rateable:
    """An assignment, as far as the rules look at it."""

    request: str
    pseudonym: str
    vendor: str
    accepted_at: int | None
    """When its vendor accepted it; none where it has not."""
    is_disclosed: bool
    """Whether its vendor was told whom to deliver to."""
    closes_at: int | None
    """When its ratings are opened; none while nobody has rated it."""
    is_disputed: bool
    """Whether a dispute about it is open: then the clock stands still, and nothing is opened."""
    stood_still: int
    """Seconds for which it did, in a dispute that is decided."""


def check_customer(pseudonym: str, request: str, given: Rateable | None) -> Rateable:
    """Refuse a customer's word about an assignment that is not theirs.

    Raises:
        Refused: no such assignment of the request, or another pseudonym's.
    """
    found = _known(request, given)
    if found.pseudonym != pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    return found


def check_vendor(vendor: str, request: str, given: Rateable | None) -> Rateable:
    """Refuse a vendor's word about an assignment that is not its own.

    Raises:
        Refused: no such assignment of the request, or another vendor's.
    """
    found = _known(request, given)
    if found.vendor != vendor:
        raise Refused("not-your-assignment", "It went to another vendor.", "assignment")
    return found


def check_window(given: Rateable, rules: RatingRules, now: int) -> None:
    """Refuse a rating before there is something to rate, and after the time for it.

    What it tells of the other side's rating is public by then.

    Raises:
        Refused: not accepted, nothing disclosed, or too late.
    """
    if given.accepted_at is None:
        raise Refused("not-accepted", "Its vendor has not accepted it.", "assignment")
    if not given.is_disclosed:
        raise Refused("not-disclosed", "Its vendor does not know whom to deliver to.", "assignment")
    over = now >= min(_last_instant(given, rules), given.closes_at or now + 1)
    if over and not given.is_disputed:
        raise Refused("ratings-closed", "The time to rate it is over.", "assignment")


def closes_at(given: Rateable, came: int, rules: RatingRules, batch_seconds: int) -> int:
    """The batch instant at which an assignment's ratings are opened, once one more has come.

    Args:
        came: the batch instant from which on that one counts.
    """
    if given.closes_at is not None:
        return min(given.closes_at, came)
    close = min(came + rules.answer_days * DAY_SECONDS, _last_instant(given, rules))
    return max(came, close + -close % batch_seconds)


def goes_on(closes_at: int, stood: tuple[int, int], *, both: bool, batch_seconds: int) -> int:
    """The batch instant at which ratings are opened after a dispute, where one side has rated.

    Args:
        closes_at: that which was settled without it.
        stood: from when until when it was open.
        both: whether both sides have rated: then nothing is waited for.
    """
    opened_at, decided_at = stood
    close = decided_at if both else max(closes_at + decided_at - opened_at, decided_at)
    return close + -close % batch_seconds


def _last_instant(given: Rateable, rules: RatingRules) -> int:
    """From when on nobody can rate it, whatever else came."""
    return (given.accepted_at or 0) + rules.within_days * DAY_SECONDS + given.stood_still


def _known(request: str, given: Rateable | None) -> Rateable:
    if given is None or given.request != request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    return given
