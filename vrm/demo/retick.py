"""Deciding the ticks of a day's cascade again, in their order.

For each tick:

1. its instant is a whole multiple of the market's ticks and later than the one before;
2. what it displaced was assigned then, was not accepted, and was declined by its vendor's own word or was due;
3. the places are those that bid on what it displaced, and each one's units those of the run less all that was
   awarded before (where the date has one run); its vendor leads, as a newcomer, on no more requests than
   the run left it less those that it has led on since;
4. the displaced requests that are not needed before it, over the units that are left and without the bids that
   did not hold, give the tick's assignments with all their figures, its fallbacks and its unfilled requests;
5. the report's counts, and its digests of inputs and outcome.

Every acceptance is of the assignment that it is filed under, by its vendor, and nothing rolls over but what was
unfilled then and whose owner allows it.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import chain

import msgspec

import crypto
from vrm.demo.outcome import Finding, check_outcome
from vrm.demo.published import Published, PublishedTick
from vrm.demo.rerun import Day, Named
from vrm.documents import Assignment, Signed
from vrm.documents.scalars import parse_instant


@dataclass
class _Standing:
    """How a day stands before a tick."""

    assigned: dict[str, Signed[Assignment]]
    awarded: Counter[tuple[str, str]]
    led: Counter[str] = field(default_factory=Counter)
    burnt: set[str] = field(default_factory=set)
    instant: str = ""

    def add(self, assignments: list[Signed[Assignment]]) -> None:
        """Take in what was assigned."""
        for one in assignments:
            self.assigned[one.body.request] = one
            self.awarded[one.body.vendor, one.body.place] += 1
            self.led[one.body.vendor] += one.body.newcomer


def check_ticks(published: Published, items: Mapping[str, Named], finding: Finding) -> None:
    """Decide every tick again and compare."""
    standing = _Standing({}, Counter())
    standing.add(published.assignments)
    for number, tick in enumerate(published.ticks, start=1):
        finding.expect(f"tick {number}, number", tick.report.tick, number)
        _check_instant(published, tick, standing, finding)
        _check_displaced(published, tick, standing, finding)
        _check_places(published, tick, standing, finding)
        _check_decisions(published, tick, items, standing, finding)
        _check_report(published, tick, finding)
        standing.add(tick.assignments)
        standing.instant = tick.report.instant
    _check_acceptances(published, finding)
    _check_roll_overs(published, finding)


def _check_instant(
    published: Published, tick: PublishedTick, standing: _Standing, finding: Finding
) -> None:
    name, step = f"tick {tick.report.tick}", published.market.schedule.tick_minutes * 60
    seconds = int(parse_instant(tick.report.instant).timestamp())
    finding.expect(f"{name}, at a multiple of {step} s", seconds % step, 0)
    finding.expect(f"{name}, later than before", tick.report.instant > standing.instant, True)


def _check_displaced(
    published: Published, tick: PublishedTick, standing: _Standing, finding: Finding
) -> None:
    accepted = {(one.request, one.tick) for one in published.acceptances}
    about = {lost.request for lost in tick.displaced}
    finding.expect("displaced requests listed twice", len(tick.displaced) - len(about), 0)
    for lost in tick.displaced:
        name = f"tick {tick.report.tick}, displaced {lost.request}"
        held = standing.assigned.get(lost.request)
        if held is None:
            finding.expect(f"{name}, assigned before", False, True)
            continue
        said = (lost.bid, lost.vendor, lost.assigned_at)
        finding.expect(name, said, (held.body.bid, held.body.vendor, held.body.tick))
        is_accepted = (lost.request, lost.assigned_at) in accepted
        finding.expect(f"{name}, accepted", is_accepted, False)
        if lost.decline is None:
            due = held.body.accept_by <= tick.report.instant
            finding.expect(f"{name}, due", due, True)
        else:
            finding.expect(f"{name}, declined", lost.decline.body.assignment, held.digest)
        standing.burnt.add(lost.bid)


def _check_places(
    published: Published, tick: PublishedTick, standing: _Standing, finding: Finding
) -> None:
    about = {lost.request for lost in tick.displaced}
    bidding = {
        (held.bid.body.vendor, held.bid.body.place)
        for held in published.bids
        if held.bid.body.request in about
    }
    listed = sorted((one.vendor, one.place) for one in tick.places)
    finding.expect(f"tick {tick.report.tick}, places", listed, sorted(bidding))
    leads = {place.vendor: place.leads for place in published.places}
    for one in tick.places:
        most = max(0, leads.get(one.vendor, 0) - standing.led[one.vendor])
        name = f"tick {tick.report.tick}, leads of {one.vendor} within its quota"
        finding.expect(name, one.leads <= most, True)
    if published.others_of_date:
        return
    had = {(place.vendor, place.place): place.units for place in published.places}
    right = [
        max(0, had.get((one.vendor, one.place), 0) - standing.awarded[one.vendor, one.place])
        for one in tick.places
    ]
    finding.expect(f"tick {tick.report.tick}, units", [one.units for one in tick.places], right)


def _check_decisions(
    published: Published,
    tick: PublishedTick,
    items: Mapping[str, Named],
    standing: _Standing,
    finding: Finding,
) -> None:
    displaced = {lost.request for lost in tick.displaced}
    requests = [one for one in published.requests if one.digest in displaced]
    in_time = [
        one
        for one in requests
        if not one.body.needed_by or one.body.needed_by > tick.report.instant
    ]
    left = {(one.vendor, one.place): one.units for one in tick.places}
    leads = {one.vendor: one.leads for one in tick.places}
    places = [
        msgspec.structs.replace(
            place,
            units=left.get((place.vendor, place.place), 0),
            leads=leads.get(place.vendor, 0),
        )
        for place in published.places
    ]
    kept = {one.digest for one in in_time}
    bids = [held for held in published.bids if held.bid.body.request in kept]
    day = Day(
        in_time,
        bids,
        places,
        items,
        published.report.seed,
        published.preferences,
        burnt=standing.burnt,
        newcomer_share=published.market.newcomers.share,
    )
    unfilled = dict(tick.unfilled)
    for request in displaced - kept:
        name = f"tick {tick.report.tick}, request {request}"
        finding.expect(f"{name}, reason", unfilled.pop(request, None), "too-late")
    stated = replace(
        published,
        requests=in_time,
        assignments=tick.assignments,
        fallbacks=tick.fallbacks,
        unfilled=unfilled,
        tick=tick.report.tick,
        decided_at=tick.report.instant,
    )
    check_outcome(stated, day.verdicts(), finding)


def _check_acceptances(published: Published, finding: Finding) -> None:
    given = {
        (one.body.request, one.body.tick): (one.digest, one.body.vendor)
        for one in chain(published.assignments, *(tick.assignments for tick in published.ticks))
    }
    for one in published.acceptances:
        said = (one.acceptance.body.assignment, one.acceptance.body.vendor)
        name = f"acceptance of {one.request} at tick {one.tick}"
        finding.expect(name, said, given.get((one.request, one.tick)))


def _check_roll_overs(published: Published, finding: Finding) -> None:
    left = {(request, 0) for request in published.unfilled}
    for tick in published.ticks:
        left |= {(request, tick.report.tick) for request in tick.unfilled}
    allowing = {one.digest for one in published.requests if one.body.roll_over}
    for rolled in published.roll_overs:
        name = f"request {rolled.request}, rolled over"
        finding.expect(f"{name} from unfilled", (rolled.request, rolled.tick) in left, True)
        finding.expect(f"{name} with leave", rolled.request in allowing, True)


def _check_report(published: Published, tick: PublishedTick, finding: Finding) -> None:
    report, name = tick.report, f"tick {tick.report.tick}, report"
    reasons = Counter(lost.reason for lost in tick.displaced)
    counted = {
        "declined": reasons["declined"],
        "timed_out": reasons["timed-out"],
        "assigned": len(tick.assignments),
        "fallback": len(tick.fallbacks),
        "unfilled": len(tick.unfilled),
    }
    for member, count in counted.items():
        finding.expect(f"{name}, {member}", getattr(report, member), count)
    inputs = {
        "displaced": sorted([lost.request, lost.bid, lost.reason] for lost in tick.displaced),
        "places": sorted([one.vendor, one.place, one.units, one.leads] for one in tick.places),
        "run": published.report.inputs,
    }
    versions = {named.request: named.item for named in published.items}
    outcome = {
        "awards": sorted(
            [a.body.request, a.body.bid, a.body.rank, a.body.eligible, "".join(a.body.reserve)]
            for a in tick.assignments
        ),
        "fallbacks": sorted(
            [one.body.request, versions.get(one.body.request)] for one in tick.fallbacks
        ),
        "unfilled": [list(pair) for pair in sorted(tick.unfilled.items())],
    }
    finding.expect(f"{name}, inputs", report.inputs, crypto.digest(inputs))
    finding.expect(f"{name}, outcome", report.outcome, crypto.digest(outcome))
