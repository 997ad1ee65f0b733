"""The ticks of a day's cascade, each decided again; and what vendors answered."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field, replace

import numpy as np

from marketplace.cascade.rules import DisplacedRow, PlaceUnits, tick_inputs_digest
from marketplace.resolver import resolve, tick
from marketplace.resolver.tables import I32, I64, Strings
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.resolving import decide
from marketplace.runs.rules import Decided, outcome_digest, units_left
from marketplace.verify.day import UNFILLED, Day, Wave, found_in, joined, keys_of
from marketplace.verify.documents import ACCEPTANCE, ASSIGNMENT, DISPLACED, Block
from marketplace.verify.matching import check_wave, decided_at

Given = tuple[bytes, int]
"""A request and the tick (0: the run) that gave it to somebody."""


@dataclass
class Course:
    """What has happened so far in a day's cascade."""

    accepted: set[Given] = field(default_factory=set)
    lost: set[Given] = field(default_factory=set)
    taken: "defaultdict[bytes, int]" = field(default_factory=lambda: defaultdict(int))
    """Units awarded by the day, by vendor and place."""
    led: "Counter[str]" = field(default_factory=Counter)
    """Assignments of the day to newcomers whose bids led, by vendor."""
    awarded: "defaultdict[bytes, list[bytes]]" = field(default_factory=lambda: defaultdict(list))
    """The bids that a request was given to and that did not hold; only of displaced requests."""


def check_cascade(day: Day, frozen: FrozenDay) -> None:
    """Decide each tick again, from the right inputs, and look at every answer."""
    course = Course()
    _check_answers(day, course)
    last = decided_at(day.run)
    for number, wave in enumerate(day.waves):
        if number:
            instant = decided_at(wave)
            name = f"tick {number}"
            day.findings.expect(name, "number", wave.report.tick, number)
            day.findings.expect(name, "day", wave.report.day, day.header.day)
            if instant <= last:
                day.findings.add(name, "instant", "it is not after the one before")
            last = instant
            _check_tick(day, frozen, wave, number, course)
        given = joined(wave.assignments, ASSIGNMENT)
        doors, units = np.unique(keys_of(given["vendor"], given["place"]), return_counts=True)
        for door, taken in zip(doors.tolist(), units.tolist(), strict=True):
            course.taken[door] += taken
        course.led.update(given["vendor"][given["newcomer"]].astype("U").tolist())
    _check_time_outs(day, course)
    _check_roll_overs(day)
    day.findings.checked["ticks"] += len(day.waves) - 1


def assignment_of(day: Day, request: bytes, number: int) -> np.void | None:
    """What the run, or a tick, gave a request to."""
    if not 0 <= number < len(day.waves):
        return None
    rows = joined(day.waves[number].assignments, ASSIGNMENT)
    at, there = found_in(rows["request"], np.array([request], dtype="S43"))
    found: np.void | None = rows[at[0]] if there[0] else None
    return found


def _check_answers(day: Day, course: Course) -> None:
    rows = joined(day.acceptances, ACCEPTANCE)
    for row in rows:
        name = f"Acceptance {row['digest'].decode()}"
        given = assignment_of(day, row["request"], int(row["tick"]))
        if given is None or given["digest"] != row["assignment"]:
            day.findings.add("answers", name, "it accepts no assignment of the day")
        elif given["vendor"] != row["vendor"]:
            day.findings.add("answers", name, "another vendor than the assigned one signed it")
        else:
            course.accepted.add((row["request"], int(row["tick"])))
    day.findings.checked["acceptances"] += len(rows)


def _check_tick(day: Day, frozen: FrozenDay, wave: Wave, number: int, course: Course) -> None:
    findings, name = day.findings, f"tick {number}"
    displaced = joined(wave.displaced, DISPLACED)
    for row in displaced:
        _check_displaced(day, wave, number, row, course)
    at, known = found_in(frozen.requests, displaced["request"])
    displaced, at = displaced[known], at[known]
    capacity, leads = _check_left(day, frozen, wave, number, at, course)
    late = _too_late(day, displaced["request"], decided_at(wave))
    burnt = [bid for request in displaced["request"].tolist() for bid in course.awarded[request]]
    part = _tick_day(
        frozen,
        at[~late],
        np.flatnonzero(np.isin(frozen.bids, np.array(burnt, dtype="S43"))),
        capacity,
        leads,
    )
    outcome = resolve(part.matching)
    decided = _with_late(decide(part, outcome), displaced["request"][late])
    check_wave(day, wave, number, part, outcome, decided)
    report = wave.report
    told = [
        DisplacedRow(row["request"].decode(), row["bid"].decode(), _reason(row))
        for row in displaced
    ]
    places = [PlaceUnits(left.vendor, left.place, left.units, left.leads) for left in wave.left]
    inputs = tick_inputs_digest(day.report.inputs, told, places)
    right = {
        "declined": sum(row.reason == "declined" for row in told),
        "timed_out": sum(row.reason != "declined" for row in told),
        "assigned": len(decided.awards["request"]),
        "fallback": len(decided.fallbacks["request"]),
        "unfilled": len(decided.unfilled["request"]),
        "inputs": inputs,
        "outcome": outcome_digest(decided),
    }
    for what, value in right.items():
        findings.expect(name, f"report, {what}", getattr(report, what), value)


def _reason(row: np.void) -> str:
    return "declined" if row["digest"] else "timed-out"


def _check_displaced(day: Day, wave: Wave, number: int, row: np.void, course: Course) -> None:
    """A displaced request was given away before, and that did not hold."""
    step, subject = f"tick {number}", f"request {row['request'].decode()}"
    assigned_at = int(row["assigned_at"])
    given = assignment_of(day, row["request"], assigned_at) if assigned_at < number else None
    if given is None or (given["bid"], given["vendor"]) != (row["bid"], row["vendor"]):
        day.findings.add(step, subject, "it is displaced from an assignment that it did not have")
        return
    key = (bytes(row["request"]), assigned_at)
    if key in course.accepted:
        day.findings.add(step, subject, "it is displaced, though its vendor accepted it")
    if key in course.lost:
        day.findings.add(step, subject, "it is displaced a second time from one assignment")
    course.lost.add(key)
    course.awarded[row["request"]].append(row["bid"])
    due = int(given["accept_by"]) + day.waves[assigned_at].late_by
    instant = decided_at(wave)
    if row["digest"]:
        if row["assignment"] != given["digest"]:
            what = "the Decline is of another assignment"
            day.findings.add(step, subject, what)
        if instant > due:
            day.findings.add(step, subject, "its Decline is taken after its time ran out")
    elif instant != due:
        what = f"its time runs out at {due}, and the tick is at {instant}"
        day.findings.add(step, subject, what)


def _check_left(
    day: Day, frozen: FrozenDay, wave: Wave, number: int, requests: I64, course: Course
) -> tuple[I32, I32]:
    """What each place has left, and its vendor of its quota; only awards since may have lessened either."""
    findings, market = day.findings, frozen.matching
    is_displaced = np.zeros(len(market.requests.id), dtype=np.bool_)
    is_displaced[requests] = True
    bidding = np.unique(market.bids.place[is_displaced.take(market.bids.request)]).tolist()
    stated = {(left.vendor, left.place): left for left in wave.left}
    to_lead = {left.vendor: left.leads for left in wave.left}
    leads = np.array([to_lead.get(line.vendor, 0) for line in day.places], dtype=np.int32)
    capacity = np.zeros(len(day.places), dtype=np.int32)
    for row in bidding:
        line = day.places[row]
        key = (line.vendor, line.place)
        subject = f"place {line.place} of {line.vendor}"
        left = stated.pop(key, None)
        right = units_left(line.units, course.taken[f"{line.vendor} {line.place}".encode()])
        may_lead = units_left(line.leads, course.led[line.vendor])
        if left is None or left.units > right:
            what = None if left is None else left.units
            findings.expect(f"tick {number}", f"{subject}, units", what, right)
        elif left.units < right:
            findings.on_word["units awarded by other runs of the date"] += 1
        if left is not None and left.leads > may_lead:
            findings.expect(f"tick {number}", f"{subject}, leads", left.leads, may_lead)
        elif left is not None and left.leads < may_lead:
            findings.on_word["assignments that newcomers led in other runs of the epoch"] += 1
        capacity[row] = right if left is None else left.units
    for vendor, place in stated:
        subject = f"place {place} of {vendor}"
        findings.add(f"tick {number}", subject, "it bid on nothing that is displaced")
    return capacity, leads


def _too_late(
    day: Day, requests: Strings, instant: int
) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    at, _ = found_in(day.requests["digest"], requests)
    needed = day.requests["needed_by"].take(at)
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = (needed >= 0) & (needed <= instant)
    return found


def _tick_day(frozen: FrozenDay, at: I64, burnt: I64, capacity: I32, leads: I32) -> FrozenDay:
    """The part of a day that a tick matches.

    Args:
        at: the rows of the requests.
        burnt: the rows of the bids that did not hold.
    """
    matching, kept = tick(frozen.matching, at, burnt, capacity, leads)
    return replace(frozen, matching=matching, bids=frozen.bids.take(kept))


def _with_late(decided: Decided, late: Strings) -> Decided:
    """Add what was needed before the tick to what is unfilled."""
    requests = np.concatenate((decided.unfilled["request"], late))
    reasons = np.concatenate(
        (decided.unfilled["reason"], np.full(len(late), b"too-late", dtype="S13"))
    )
    order = np.argsort(requests)
    return replace(decided, unfilled={"request": requests[order], "reason": reasons[order]})


def _check_time_outs(day: Day, course: Course) -> None:
    """Whatever was neither accepted nor displaced has time left at the last tick."""
    if len(day.waves) == 1:
        return
    last = decided_at(day.waves[-1])
    for number, wave in enumerate(day.waves):
        rows = joined(wave.assignments, ASSIGNMENT)
        for row in rows[rows["accept_by"] + wave.late_by <= last]:
            key = (bytes(row["request"]), number)
            if key not in course.accepted and key not in course.lost:
                subject = f"assignment {row['digest'].decode()}"
                what = "its time ran out, and no tick matched its request again"
                day.findings.add("ticks", subject, what)


def _check_roll_overs(day: Day) -> None:
    """Only what was left over, and whose owner allows it, joins a later cutoff."""
    left: dict[bytes, int] = {}
    for number, wave in enumerate(day.waves):
        rows: Block = joined(wave.unfilled, UNFILLED)
        left |= dict.fromkeys(rows["request"].tolist(), number)
    for line in day.roll_overs:
        request = line.request.encode()
        at, there = found_in(day.requests["digest"], np.array([request], dtype="S43"))
        name = f"request {line.request}"
        if left.get(request) != line.tick:
            day.findings.add("roll-overs", name, "it rolls over, and was not left over")
        elif there[0] and not day.requests["roll_over"][at[0]]:
            day.findings.add("roll-overs", name, "its owner did not allow it")
