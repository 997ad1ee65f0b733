"""Verifying a day: what is read, and every check in its turn."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import BinaryIO

from marketplace.resolver import VERSION, Outcome, resolve
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.resolving import decide
from marketplace.verify.cascade import check_cascade
from marketplace.verify.columns import check_bids, frozen_day
from marketplace.verify.day import Day
from marketplace.verify.delivering import check_deliveries
from marketplace.verify.earlier import check_evidence
from marketplace.verify.findings import BundleFault
from marketplace.verify.load import Progress, load
from marketplace.verify.log import check_log, check_seed
from marketplace.verify.matching import check_run_report, check_wave
from marketplace.verify.ratings import check_ratings
from marketplace.verify.standing import check_bands, check_places, check_suspensions


@dataclass(frozen=True)
class Verified:
    """A day that was checked; what was found is in its `findings`."""

    day: Day
    frozen: FrozenDay
    outcome: Outcome
    """The right one."""


def verify(
    file: BinaryIO,
    *,
    processes: int,
    progress: Progress,
    since: str = "",
    market: str = "",
    earlier: Iterable[BinaryIO] = (),
) -> Verified:
    """Check a day from its bundle.

    Args:
        processes: how many verify signatures.
        progress: told what is read, and what is checked.
        since: the note of a checkpoint that was kept; empty for none.
        market: the did:key that the market must have; empty for any.
        earlier: bundles of earlier days, which tell what the evidence is.

    Raises:
        BundleFault: the file is no bundle that this version can check.
    """
    day = load(file, processes, progress)
    if day.header.resolver != VERSION:
        raise BundleFault(
            f"Version {day.header.resolver} of the resolver decided this day; here is {VERSION}."
        )
    if market:
        day.findings.expect("market", "market", day.header.market, market)
    progress("places", 0)
    check_places(day)
    check_suspensions(day)
    check_bands(day)
    check_seed(day)
    progress("bids", 0)
    frozen = frozen_day(day)
    check_bids(day, frozen)
    progress("matching", 0)
    outcome = resolve(frozen.matching)
    decided = decide(frozen, outcome)
    check_wave(day, day.run, 0, frozen, outcome, decided)
    check_run_report(day, frozen, decided)
    progress("ticks", 0)
    check_cascade(day, frozen)
    check_deliveries(day)
    check_ratings(day)
    progress("log", 0)
    check_log(day, since)
    if earlier := tuple(earlier):
        progress("evidence", 0)
        check_evidence(day, earlier, processes, progress)
    return Verified(day, frozen, outcome)
