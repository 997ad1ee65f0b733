"""Pure decisions of the cascade: how long a vendor has, whether an answer counts, what pins a tick."""

from collections.abc import Sequence
from typing import NamedTuple

import crypto
from marketplace.errors import Refused
from vrm.documents.calendar import Calendar


class DisplacedRow(NamedTuple):
    """A request whose assignment did not hold."""

    request: str
    bid: str
    reason: str


class PlaceUnits(NamedTuple):
    """What a place can still take, and on how many requests its vendor can still lead."""

    vendor: str
    place: str
    units: int
    leads: int


class Asked(NamedTuple):
    """An assignment that a vendor answers."""

    vendor: str
    accept_by: int
    late_by: int | None
    """None while it is not announced."""


def accept_by(decided_at: int, needed_by: int | None, calendar: Calendar) -> int:
    """When a vendor must have answered an assignment: a tick instant.

    The window begins at the first tick instant that is not before the decision (the run's cutoff, or the
    tick's instant). It is the market's ``acknowledge_minutes``, or half of the time that is left until the
    customer needs it if that is less, cut to whole ticks, and never shorter than one.
    """
    start = calendar.tick_at_or_after(decided_at)
    window = calendar.schedule.acknowledge_minutes * 60
    if needed_by is not None:
        window = min(window, max(0, needed_by - start) // 2)
    return max(calendar.tick_at_or_before(start + window), calendar.tick_after(start))


def late_by(decided_at: int, announced_at: int, calendar: Calendar) -> int:
    """By how many seconds an announcement puts off what its vendors must answer by.

    Their windows begin at the last tick instant before the announcement if the market was so late, so that
    its outage costs no vendor its time.
    """
    start = calendar.tick_at_or_after(decided_at)
    return max(0, calendar.tick_at_or_before(announced_at) - start)


def check_answer(vendor: str, asked: Asked | None, earlier: bool | None, now: int) -> None:
    """Refuse an answer that does not count.

    Args:
        vendor: who answers.
        asked: the assignment, if there is one.
        earlier: whether it was accepted (or declined) before; None if it was not answered.
        now: the time of the answer.

    Raises:
        Refused: names the rule that is broken.
    """
    if asked is None:
        raise Refused("unknown-assignment", "No assignment has this digest.", "assignment")
    if asked.vendor != vendor:
        raise Refused("not-your-assignment", "It was given to another vendor.", "assignment")
    if asked.late_by is None:
        raise Refused("not-announced", "It is not announced yet; its time has not begun.")
    if earlier is not None:
        code, what = (
            ("already-accepted", "accepted") if earlier else ("already-declined", "declined")
        )
        raise Refused(code, f"The vendor has {what} it.", "assignment")
    if now >= asked.accept_by + asked.late_by:
        raise Refused("too-late", "Its time is over.", "assignment")


def is_too_late(needed_by: int | None, instant: int) -> bool:
    """Tell whether a displaced request is beyond help at a tick."""
    return needed_by is not None and needed_by <= instant


def tick_inputs_digest(
    run_inputs: str, displaced: Sequence[DisplacedRow], places: Sequence[PlaceUnits]
) -> str:
    """The digest that pins what a tick decided from, beside what its run did.

    SHA-256 (base64url) of the canonical JSON of ``{"displaced", "places", "run"}``: lists
    ``[request, bid, reason]`` in order of requests, lists ``[vendor, place, units, leads]`` in order of vendor
    and place, and ``RunReport.inputs`` of the day. The bids that are out are those of this and all earlier
    ``displaced`` lists of the day.
    """
    inputs = {
        "displaced": [list(row) for row in displaced],
        "places": [list(row) for row in places],
        "run": run_inputs,
    }
    return crypto.digest(inputs)
