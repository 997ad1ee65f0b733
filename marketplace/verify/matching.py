"""What the run, or a tick, decided, against what the resolver decides from the same inputs."""

from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import numpy as np

from marketplace.cascade.rules import accept_by
from marketplace.resolver import Outcome
from marketplace.resolver.rows import WAY_CODES
from marketplace.rowbytes import Column, Texts
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.rules import Decided, inputs_digest, outcome_digest
from marketplace.verify.day import UNFILLED, Day, Wave, found_in, joined
from marketplace.verify.documents import ASSIGNMENT, FALLBACK, Block
from vrm.documents.calendar import Calendar
from vrm.documents.scalars import parse_instant

WAY_NAMES: Final = {int(code): name for name, code in WAY_CODES.items()}
DECISIVE: Final = ("bid",)
"""What an assignment decides; the rest explains it."""


def check_run_report(day: Day, frozen: FrozenDay, decided: Decided) -> None:
    """Compare the run's report with what was counted, and its digests with those of the right columns."""
    report, findings = day.report, day.findings
    reasons = Counter(decided.unfilled["reason"].astype("U").tolist())
    findings.expect("report", "market", report.market, day.header.market)
    findings.expect("report", "day", report.day, day.header.day)
    findings.expect("report", "requests", report.requests, len(frozen.requests))
    findings.expect("report", "bids", report.bids, len(frozen.bids))
    findings.expect("report", "assigned", report.assigned, len(decided.awards["request"]))
    findings.expect("report", "fallback", report.fallback, len(decided.fallbacks["request"]))
    stated = {reason: count for reason, count in report.unfilled.items() if count}
    findings.expect("report", "unfilled", stated, dict(reasons))
    inputs = inputs_digest(
        frozen.requests,
        frozen.bids,
        frozen.places,
        frozen.items,
        frozen.preferences,
        day.rules.newcomers.share,
    )
    findings.expect("report", "digest of the inputs", report.inputs, inputs)
    outcome = outcome_digest(decided)
    findings.expect("report", "digest of the outcome", report.outcome, outcome)


def check_wave(
    day: Day, wave: Wave, tick: int, frozen: FrozenDay, outcome: Outcome, decided: Decided
) -> None:
    """Compare every assignment, fallback and unfilled request with the right ones."""
    step = f"tick {tick}" if tick else "matching"
    _check_sides(day, wave, step, decided)
    _check_assignments(day, wave, tick, frozen, outcome, decided)
    _check_fallbacks(day, wave, tick, step, decided)
    _check_unfilled(day, wave, step, decided)


def _check_sides(day: Day, wave: Wave, step: str, decided: Decided) -> None:
    """Name the requests that went to another side than they should."""
    right = _sides(
        decided.awards["request"], decided.fallbacks["request"], decided.unfilled["request"]
    )
    stated = _sides(
        joined(wave.assignments, ASSIGNMENT)["request"],
        joined(wave.fallbacks, FALLBACK)["request"],
        joined(wave.unfilled, UNFILLED)["request"],
    )
    requests, at = np.unique(
        np.concatenate([right["request"], stated["request"]]), return_inverse=True
    )
    is_right, is_stated = np.zeros(len(requests), np.int8), np.zeros(len(requests), np.int8)
    is_right[at[: len(right)]] = right["side"]
    np.bitwise_or.at(is_stated, at[len(right) :], stated["side"])
    for row in np.flatnonzero(is_right != is_stated).tolist():
        name = f"request {requests[row].decode()}"
        day.findings.expect(step, name, _told(int(is_stated[row])), _told(int(is_right[row])))
    day.findings.checked["decisions"] += len(requests)


_SIDES: Final = {1: "an assignment", 2: "a fallback", 4: "unfilled"}
_SIDE: Final = np.dtype([("request", "S43"), ("side", "i1")])


def _told(sides: int) -> str:
    return " and ".join(name for bit, name in _SIDES.items() if sides & bit) or "nothing"


def _sides(*columns: Column) -> Block:
    found = np.empty(sum(map(len, columns)), dtype=_SIDE)
    found["request"] = np.concatenate(columns)
    found["side"] = np.repeat(np.array(list(_SIDES), dtype=np.int8), [len(one) for one in columns])
    return found


def _check_assignments(
    day: Day, wave: Wave, tick: int, frozen: FrozenDay, outcome: Outcome, decided: Decided
) -> None:
    step = f"tick {tick}" if tick else "matching"
    stated = joined(wave.assignments, ASSIGNMENT)
    at, there = found_in(decided.awards["request"], stated["request"])
    stated, at = stated[there], at[there]
    right = _right_assignments(day, wave, tick, frozen, outcome, decided)
    for name, column in right.items():
        expected = column.take(at)
        for row in np.flatnonzero(stated[name] != expected).tolist():
            subject = f"assignment of {stated['request'][row].decode()}, {name}"
            which = step if name in DECISIVE else "explanations"
            told = (_text(name, stated[name][row]), _text(name, expected[row]))
            day.findings.expect(which, subject, *told)
    day.findings.checked["assignments"] += len(stated)


def _right_assignments(
    day: Day, wave: Wave, tick: int, frozen: FrozenDay, outcome: Outcome, decided: Decided
) -> Mapping[str, Texts]:
    """What the assignments must say, in order of the requests."""
    market, awards = frozen.matching, decided.awards
    rows, _ = found_in(frozen.requests, awards["request"])
    bids = outcome.bid.take(rows)
    place = market.bids.place.take(bids)
    asked, _ = found_in(day.requests["digest"], awards["request"])
    needed = day.requests["needed_by"].take(asked)
    return {
        "bid": awards["bid"],
        "rank": awards["rank"],
        "eligible": awards["eligible"],
        "reserve": decided.reserves,
        "vendor": market.places.did.take(place),
        "place": market.places.place.take(place),
        "amount": market.bids.price.take(bids),
        "currency": day.requests["currency"].take(asked),
        "way": market.bids.way.take(bids).astype(np.int16),
        "distance_m": market.bids.distance_m.take(bids).astype(np.int64),
        "band": market.places.band.take(place).astype(np.int64),
        "day": np.full(len(place), day.header.day.encode(), dtype="S13"),
        "tick": np.full(len(place), tick, dtype=np.int64),
        "accept_by": _deadlines(day, wave, needed),
        "newcomer": np.isin(awards["request"], decided.led["request"]),
    }


def _deadlines(day: Day, wave: Wave, needed_by: Column) -> Column:
    calendar, decided = Calendar(day.rules.schedule), decided_at(wave)
    times, at = np.unique(needed_by, return_inverse=True)
    found = [accept_by(decided, None if time < 0 else time, calendar) for time in times.tolist()]
    deadlines: Column = np.array(found, dtype=np.int64).take(at)
    return deadlines


def decided_at(wave: Wave) -> int:
    """The instant of a run's cutoff, or of a tick."""
    text = getattr(wave.report, "instant", None) or wave.report.cutoff
    return int(parse_instant(text).timestamp())


def _check_fallbacks(day: Day, wave: Wave, tick: int, step: str, decided: Decided) -> None:
    stated = joined(wave.fallbacks, FALLBACK)
    at, there = found_in(decided.fallbacks["request"], stated["request"])
    stated, versions = stated[there], decided.fallbacks["item"].take(at[there])
    asked, _ = found_in(day.requests["digest"], stated["request"])
    for row, version, number in zip(stated, versions.tolist(), asked.tolist(), strict=True):
        item, request = day.items[version.decode()], day.requests[number]
        right = (
            item.principal, item.id, int(request["amount"]), request["currency"].decode(),
            day.header.day, tick,
        )  # fmt: skip
        said = tuple(
            value.decode() if isinstance(value, bytes) else value for value in row.tolist()[1:]
        )
        day.findings.expect(step, f"fallback of {row['request'].decode()}", said, right)


def _check_unfilled(day: Day, wave: Wave, step: str, decided: Decided) -> None:
    stated = joined(wave.unfilled, UNFILLED)
    at, there = found_in(decided.unfilled["request"], stated["request"])
    stated, right = stated[there], decided.unfilled["reason"].take(at[there])
    for row in np.flatnonzero(stated["reason"] != right).tolist():
        name = f"request {stated['request'][row].decode()}, unfilled"
        told = stated["reason"][row].decode(), right[row].decode()
        day.findings.expect(step, name, *told)


def _text(name: str, value: Any) -> Any:
    if name == "way":
        return WAY_NAMES.get(int(value), value)
    if name == "reserve":
        joint = value.decode()
        return [joint[at : at + 43] for at in range(0, len(joint), 43)]
    return value.decode() if isinstance(value, bytes) else value.item()
