"""The same for all vendors at once: sums of evidence by vendor and day, in numpy columns.

Everything is integers and agrees with `rules` exactly.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from marketplace.reputation.rules import (
    AGE_TABLE,
    EPOCH_DAYS,
    FULL_VALUE_AGE,
    FULL_VALUE_MINIMUM,
    FULL_VALUE_PERCENT,
    HALF_LIFE_DAYS,
    NEW_RATERS_CAP,
    Tally,
)

I64 = np.ndarray[Any, np.dtype[np.int64]]
Mask = np.ndarray[Any, np.dtype[np.bool_]]

_AGES: Final = np.array(AGE_TABLE, dtype=np.int64)
_MOST_HALVINGS: Final = 63


@dataclass(frozen=True, slots=True, eq=False)
class Sums:
    """Sums of evidence, a row for each vendor, day and kind of customer; weights as they were recorded."""

    vendor: I64
    """A number from 0."""
    day: I64
    """Days since 1970."""
    fresh: Mask
    """It is from `new` customers."""
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
    """All evidence, as it weighs on a day; nothing of it is capped."""
    age = age_weights(today - sums.day)
    return Tally(
        int((sums.good * age).sum()),
        int((sums.bad * age).sum()),
        int(sums.good_pieces.sum()),
        int(sums.bad_pieces.sum()),
    )


def tallies(sums: Sums, vendors: int, today: int) -> list[Tally]:
    """Each vendor's evidence as it weighs on a day."""
    age = age_weights(today - sums.day)
    good, bad = _capped(sums)
    columns = (good * age, bad * age, sums.good_pieces, sums.bad_pieces)
    return list(map(Tally, *(_by(sums.vendor, vendors, column).tolist() for column in columns)))


def day_sums(vendor: I64, day: I64, fresh: Mask, weight: I64, good: Mask) -> Sums:
    """Add up pieces of evidence, given as columns."""
    keys = np.stack((vendor, day, fresh.astype(np.int64)))
    found, at = np.unique(keys, axis=1, return_inverse=True)
    at = at.reshape(-1)
    rows = found.shape[1]
    return Sums(
        found[0],
        found[1],
        found[2].astype(np.bool_),
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


def _capped(sums: Sums) -> tuple[I64, I64]:
    """The weights that count, by `rules.capped`."""
    good, bad = sums.good.copy(), sums.bad.copy()
    rows = np.flatnonzero(sums.fresh)
    epoch = sums.day[rows] - sums.day[rows] % EPOCH_DAYS
    _, at = np.unique(np.stack((sums.vendor[rows], epoch)), axis=1, return_inverse=True)
    at = at.reshape(-1)
    whole = _by(at, len(rows), good[rows] + bad[rows])[at]
    for column in (good, bad):
        column[rows] = column[rows] * NEW_RATERS_CAP // np.maximum(whole, NEW_RATERS_CAP)
    return good, bad


def _by(number: I64, count: int, values: I64) -> I64:
    """Add values up by a number."""
    found = np.zeros(count, dtype=np.int64)
    np.add.at(found, number, values)
    return found
