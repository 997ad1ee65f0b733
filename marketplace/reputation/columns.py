"""The same for all vendors at once: sums of evidence by vendor and day, in numpy columns.

Everything is integers and agrees with `rules` exactly.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from marketplace.reputation.rules import (
    AGE_TABLE,
    EPOCH_DAYS,
    FIRM_CAP,
    FULL_VALUE_AGE,
    FULL_VALUE_MINIMUM,
    FULL_VALUE_PERCENT,
    HALF_LIFE_DAYS,
    UNIT,
    WEAK_FLOOR,
    WEAK_PART,
    Kind,
    Tally,
    of_market,
)

I64 = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

_AGES: Final = np.array(AGE_TABLE, dtype=np.int64)
_MOST_HALVINGS: Final = 63


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of evidence, a row for each vendor, day and kind; weights as they were recorded."""

    vendor: I64
    """A number from 0."""
    day: I64
    """Days since 1970."""
    kind: I64
    """A `Kind`."""
    good: I64
    bad: I64
    good_pieces: I64
    bad_pieces: I64


def age_weights(age: I64) -> I64:
    """What `rules.age_weight` tells of each."""
    halvings, rest = np.divmod(np.maximum(age, 0), HALF_LIFE_DAYS)
    found: I64 = _AGES[rest] >> np.minimum(halvings, _MOST_HALVINGS)
    return found


def market_tally(sums: Sums, today: int) -> Tally:
    """All evidence, as it weighs on a day for the market's own share."""
    age = age_weights(today - sums.day)
    columns = (sums.good * age, sums.bad * age, sums.good_pieces, sums.bad_pieces)
    return of_market(
        *(Tally(*(int(column[sums.kind == kind].sum()) for column in columns)) for kind in Kind)
    )


def tallies(sums: Sums, vendors: int, today: int) -> list[Tally]:
    """Each vendor's evidence as it weighs on a day."""
    age = age_weights(today - sums.day)
    good, bad = counted(sums)
    columns = (good * age, bad * age, sums.good_pieces, sums.bad_pieces)
    return list(map(Tally, *(_by(sums.vendor, vendors, column).tolist() for column in columns)))


def day_sums(vendor: I64, day: I64, kind: I64, weight: I64, good: Mask) -> Sums:
    """Add up pieces of evidence, given as columns."""
    keys = np.stack((vendor, day, kind))
    found, at = np.unique(keys, axis=1, return_inverse=True)
    at = at.reshape(-1)
    rows = found.shape[1]
    return Sums(
        *found,
        *(_by(at, rows, weight * mask) for mask in (good, ~good)),
        *(_by(at, rows, mask.astype(np.int64)) for mask in (good, ~good)),
    )


def full_values(category: I64, day: I64, amount: I64) -> I64:
    """The full value that each piece was weighed by; 0 where its category had too little history."""
    found = np.zeros(len(day), dtype=np.int64)
    order = np.lexsort((day, category))
    for rows in np.split(order, np.flatnonzero(np.diff(category[order])) + 1):
        epoch = day[rows] - day[rows] % EPOCH_DAYS
        begins, first = np.unique(epoch, return_index=True)
        before = np.searchsorted(day[rows], begins - FULL_VALUE_AGE, side="right")
        ends = np.append(first, len(rows))[1:]
        for at, end, pieces in zip(first, ends, before.tolist(), strict=True):
            if pieces >= FULL_VALUE_MINIMUM:
                rank = -(-pieces * FULL_VALUE_PERCENT // 100)
                known = amount[rows[:pieces]]
                found[rows[at:end]] = np.partition(known, rank - 1)[rank - 1]
    return found


def weights(share: I64, amount: I64, full: I64) -> I64:
    """What `rules.weigh` tells of each; a full value of 0 stands for none."""
    by_value = np.maximum(1, share * np.minimum(amount, full) // np.maximum(full, 1))
    return np.where(full > 0, by_value, share)


def counted(sums: Sums) -> tuple[I64, I64]:
    """The weights that count, by `rules.capped`."""
    keys = np.stack((sums.vendor, sums.day - sums.day % EPOCH_DAYS))
    found, at = np.unique(keys, axis=1, return_inverse=True)
    at, epochs = at.reshape(-1), found.shape[1]
    weight, weak = sums.good + sums.bad, sums.kind == Kind.WEAK
    firm = _by(at, epochs, weight * (sums.kind == Kind.FIRM))
    whole = np.where(weak, _by(at, epochs, weight * weak)[at], firm[at])
    weak_caps = WEAK_FLOOR + np.minimum(firm, FIRM_CAP) * WEAK_PART // UNIT
    cap = np.where(weak, weak_caps[at], FIRM_CAP)
    return sums.good * cap // np.maximum(cap, whole), sums.bad * cap // np.maximum(cap, whole)


def _by(number: I64, count: int, values: I64) -> I64:
    """Add values up by a number."""
    found = np.zeros(count, dtype=np.int64)
    np.add.at(found, number, values)
    return found
