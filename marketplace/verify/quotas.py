"""Newcomers' quotas against the earlier days of their epoch: in how many assignments each has led before."""

from collections import Counter
from datetime import date
from typing import Final

from marketplace.runs.rules import epoch_around
from marketplace.verify.day import Day, joined
from marketplace.verify.documents import ASSIGNMENT
from marketplace.verify.matching import decided_at

ON_WORD: Final = "assignments that newcomers led in earlier runs of the epoch"


def led_before(day: Day, earlier: Day) -> Counter[str]:
    """Count, by vendor, an earlier day's assignments that count to the quotas as a day's run found them."""
    first, behind = epoch_around(date.fromisoformat(day.date), day.rules.newcomers)
    found: Counter[str] = Counter()
    if first <= earlier.date < behind:
        for wave in earlier.waves:
            if decided_at(wave) <= decided_at(day.run):
                given = joined(wave.assignments, ASSIGNMENT)
                found.update(given["vendor"][given["newcomer"]].astype("U").tolist())
    return found


def check_quotas(day: Day, led: Counter[str], *, is_complete: bool) -> None:
    """Compare what a day's places say of their vendors with the assignments of earlier days.

    Args:
        led: by vendor, those that were found.
        is_complete: whether all earlier days were looked at.
    """
    for line in day.places:
        right = led[line.vendor]
        if line.led < right or (is_complete and line.led != right):
            name = f"place {line.place} of {line.vendor}, led before"
            day.findings.expect("newcomers", name, line.led, right)
    if is_complete:
        day.findings.on_word.pop(ON_WORD, None)
