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
    disputed_at: int | None
    """When a dispute about it was opened, if one was: from then on the clock stands still,"""
    decided_at: int | None
    """until this was decided, or `disputed_until` at the latest."""


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
    if now >= min(_last_instant(given, rules), given.closes_at or now + 1):
        raise Refused("ratings-closed", "The time to rate it is over.", "assignment")


def closes_at(given: Rateable, came: int, rules: RatingRules, batch_seconds: int) -> int:
    """The batch instant at which an assignment's ratings are opened, once one more has come.

    Args:
        came: the batch instant from which on that one counts.
    """
    stands, until = _stands(given, rules)
    begins = max(came, until) if stands else came
    if given.closes_at is not None:
        return min(given.closes_at, _batch_at(begins, batch_seconds))
    close = min(begins + rules.answer_days * DAY_SECONDS, _last_instant(given, rules))
    return _batch_at(max(begins, close), batch_seconds)


def disputed_until(opened_at: int, rules: RatingRules) -> int:
    """Until when a dispute lets the clock stand still if nobody decides it.

    Longer and whoever expects a bad rating could keep it from being opened, by a dispute of a few words.
    """
    return opened_at + rules.dispute_days * DAY_SECONDS


def moved(closes_at: int, ends: tuple[int, int], *, both: bool, batch_seconds: int) -> int:
    """The batch instant at which ratings are opened, once it is known better until when the clock stands still.

    Args:
        closes_at: that which was settled before.
        ends: when the clock would have gone on by what was known then, and when it does.
        both: whether both sides have rated: then nothing else is waited for.
    """
    before, end = ends
    return _batch_at(end if both else max(closes_at + end - before, end), batch_seconds)


def _last_instant(given: Rateable, rules: RatingRules) -> int:
    """From when on nobody can rate it, whatever else came."""
    stands, until = _stands(given, rules)
    return (given.accepted_at or 0) + rules.within_days * DAY_SECONDS + until - stands


def _stands(given: Rateable, rules: RatingRules) -> tuple[int, int]:
    """From when until when the clock stands still; twice nothing without a dispute."""
    if given.disputed_at is None:
        return 0, 0
    until = disputed_until(given.disputed_at, rules)
    return given.disputed_at, min(until, given.decided_at or until)


def _batch_at(instant: int, batch_seconds: int) -> int:
    """The first batch instant that is not before one."""
    return instant + -instant % batch_seconds


def _known(request: str, given: Rateable | None) -> Rateable:
    if given is None or given.request != request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    return given
