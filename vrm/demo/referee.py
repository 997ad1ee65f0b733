"""Check a published run from the outside: ``python -m vrm.demo.referee --market URL --day DAY``.

The referee downloads all that the run published and decides the day again by code of its own (`rerun`):

1. every signature: requests by their pseudonyms, bids by their vendors, assignments and report by the market;
2. every request was public by the cutoff and not withdrawn, every bid is on one of them, one per vendor, every
   Preference is by the owner of one of them, one per request;
3. the seed is the next element of the chain: its SHA-256 is the run before's seed, or the descriptor's anchor;
4. every stated distance, within one metre; a place whose profile still counts stands where that profile says;
5. every item that a request names is its principal's, in the version that the run says;
6. every assignment with all its figures, every fallback to a principal, every reason for an unfilled request,
   the report's counts;
7. the report's digests of inputs and outcome, in the form that the market documents;
8. every tick of the day's cascade likewise (`retick`).

It exits 1 and lists what differs, if anything does.
"""

import asyncio
import hashlib
from collections import Counter
from statistics import median
from typing import Annotated, Any, Final, NoReturn

import typer

import crypto
from vrm import console
from vrm.client.public import PublicClient, RunPlace
from vrm.console import Json
from vrm.demo.outcome import Finding, check_outcome
from vrm.demo.published import Published, download
from vrm.demo.rerun import Day, Named, Verdict, metres_between
from vrm.demo.retick import check_ticks
from vrm.errors import MarketMisbehaved

SHOWN: Final = 20
"""How many differences are listed for people; ``--json`` lists all."""


def check(published: Published) -> Finding:
    """Decide the day again and compare."""
    finding = Finding()
    _check_seed(published, finding)
    _check_inputs(published, finding)
    items = {
        named.request: Named(published.versions[named.item], named.suspended)
        for named in published.items
    }
    day = Day(
        published.requests,
        published.bids,
        published.places,
        items,
        published.report.seed,
        published.preferences,
        newcomer_share=published.market.newcomers.share,
    )
    _check_distances(published, day, finding)
    if finding.faults:
        return finding  # on wrong inputs every further line would be noise
    verdicts = day.verdicts()
    check_outcome(published, verdicts, finding)
    _check_report(published, finding)
    check_ticks(published, items, finding)
    finding.figures = _figures(published, verdicts)
    return finding


def _check_seed(published: Published, finding: Finding) -> None:
    seed = crypto.base64url_decode(published.report.seed)
    step = crypto.base64url_encode(hashlib.sha256(seed).digest())
    finding.expect("seed chain", published.seed_before, step)


def _check_inputs(published: Published, finding: Finding) -> None:
    cutoff, market = published.report.cutoff, published.market.market
    public = {d for batch in published.batches if batch.instant <= cutoff for d in batch.requests}
    taken_back = {
        d for batch in published.batches if batch.instant <= cutoff for d in batch.withdrawals
    }
    known = {request.digest for request in published.requests}
    for request in published.requests:
        name = f"request {request.digest}"
        finding.expect(f"{name}, market", request.body.market, market)
        finding.expect(f"{name}, public by the cutoff", True, request.digest in public)
        finding.expect(f"{name}, standing", True, request.digest not in taken_back)
    _check_items(published, finding)
    finding.expect("requests listed twice", len(published.requests) - len(known), 0)
    seen: set[tuple[str, str]] = set()
    for held in published.bids:
        bid, name = held.bid.body, f"bid {held.bid.digest}"
        finding.expect(f"{name}, market", bid.market, market)
        finding.expect(f"{name}, on a request of the run", True, bid.request in known)
        finding.expect(
            f"{name}, the vendor's only one", True, (bid.request, bid.vendor) not in seen
        )
        seen.add((bid.request, bid.vendor))
    for place in published.places:
        _check_place(published, place, finding)
    _check_preferences(published, finding)


def _check_preferences(published: Published, finding: Finding) -> None:
    pseudonyms = {request.digest: request.body.pseudonym for request in published.requests}
    for preference in published.preferences:
        body, name = preference.body, f"preference {preference.digest}"
        finding.expect(f"{name}, market", body.market, published.market.market)
        finding.expect(f"{name}, by the owner", body.pseudonym, pseudonyms.get(body.request))
    about = {preference.body.request for preference in published.preferences}
    finding.expect("preferences listed twice", len(published.preferences) - len(about), 0)


def _check_items(published: Published, finding: Finding) -> None:
    """Compare what requests name with the versions that the run says counted."""
    counted = {
        named.request: (
            published.versions[named.item].principal,
            published.versions[named.item].id,
        )
        for named in published.items
    }
    asked = {
        request.digest: (request.body.item.principal, request.body.item.id)
        for request in published.requests
        if request.body.item
    }
    finding.expect("items listed twice", len(published.items) - len(counted), 0)
    finding.expect("items that requests name", counted, asked)


def _check_place(published: Published, place: RunPlace, finding: Finding) -> None:
    vendor = published.vendors.get(place.vendor)
    if vendor is None or vendor.profile.digest != place.profile:
        return  # a newer profile counts meanwhile; the old one is not served any more
    stated = [p for p in vendor.profile.body.places if p.id == place.place]
    right = [(p.lat_e6, p.lng_e6, p.reach_m) for p in stated]
    name = f"place {place.place} of {place.vendor}"
    finding.expect(name, [(place.lat_e6, place.lng_e6, place.reach_m)], right)


def _check_distances(published: Published, day: Day, finding: Finding) -> None:
    for held in published.bids:
        bid = held.bid.body
        request, place = day.requests.get(bid.request), day.places.get((bid.vendor, bid.place))
        if request is None or place is None:
            continue
        measured = metres_between(request.area.cell, place.at)
        if abs(measured - held.distance_m) > 1:
            finding.expect(f"distance of bid {held.bid.digest}", held.distance_m, round(measured))


def _check_report(published: Published, finding: Finding) -> None:
    report = published.report
    finding.expect("report, requests", report.requests, len(published.requests))
    finding.expect("report, bids", report.bids, len(published.bids))
    finding.expect("report, assigned", report.assigned, len(published.assignments))
    finding.expect("report, fallback", report.fallback, len(published.fallbacks))
    stated = {reason: count for reason, count in report.unfilled.items() if count}
    finding.expect("report, unfilled", stated, dict(Counter(published.unfilled.values())))
    places = [
        [
            *(p.vendor, p.place, p.profile, p.lat_e6, p.lng_e6, p.reach_m),
            *(p.units, p.band, p.suspended, p.leads),
        ]
        for p in sorted(published.places, key=lambda place: (place.vendor, place.place))
    ]
    inputs = {
        "bids": [
            held.bid.digest
            for held in sorted(
                published.bids, key=lambda h: (h.bid.body.request, h.bid.body.vendor)
            )
        ],
        "items": [
            [named.request, named.item, named.suspended]
            for named in sorted(published.items, key=lambda named: named.request)
        ],
        "newcomers": published.market.newcomers.share,
        "places": places,
        "preferences": sorted([one.body.request, one.digest] for one in published.preferences),
        "requests": sorted(request.digest for request in published.requests),
    }
    counted = {named.request: named.item for named in published.items}
    outcome = {
        "awards": [
            [a.request, a.bid, a.rank, a.eligible, "".join(a.reserve)]
            for a in sorted((one.body for one in published.assignments), key=lambda a: a.request)
        ],
        "fallbacks": sorted(
            [fallback.body.request, counted[fallback.body.request]]
            for fallback in published.fallbacks
        ),
        "unfilled": [list(pair) for pair in sorted(published.unfilled.items())],
    }
    finding.expect("report, inputs", report.inputs, crypto.digest(inputs))
    finding.expect("report, outcome", report.outcome, crypto.digest(outcome))


def _figures(published: Published, verdicts: dict[str, Verdict]) -> dict[str, Any]:
    choosing = [verdict for verdict in verdicts.values() if verdict.ranked]
    full = sum(verdict.rank != 0 for verdict in choosing)
    listed = {bid for one in published.preferences for bid in one.body.listed}
    distances = [assignment.body.distance_m for assignment in published.assignments]
    return {
        "requests": len(published.requests),
        "bids": len(published.bids),
        "places": len(published.places),
        "preferences": len(published.preferences),
        "assigned": len(published.assignments),
        "fallback": len(published.fallbacks),
        "accepted": len(published.acceptances),
        "declined": sum(tick.report.declined for tick in published.ticks),
        "timed_out": sum(tick.report.timed_out for tick in published.ticks),
        "placed_again": sum(tick.report.assigned for tick in published.ticks),
        "shipped": sum(tick.report.fallback for tick in published.ticks),
        "by_newcomers": sum(one.body.newcomer for one in published.assignments),
        "by_own_order": sum(one.body.bid in listed for one in published.assignments),
        "items_served_nearby": len(
            {named.request for named in published.items}
            & {assignment.body.request for assignment in published.assignments}
        ),
        "unfilled": dict(sorted(Counter(published.unfilled.values()).items())),
        "median_km": round(median(distances) / 1000, 1) if distances else None,
        "first_choices_full": round(full / len(choosing), 3) if choosing else 0.0,
    }


def _rows(finding: Finding) -> list[tuple[str, object]]:
    reasons = {f"unfilled, {why}": count for why, count in finding.figures["unfilled"].items()}
    plain = {name.replace("_", " "): value for name, value in finding.figures.items()}
    del plain["unfilled"]
    return list((plain | reasons).items())


def referee(
    *,
    market: Annotated[str, typer.Option(help="The market's address.", show_default=False)],
    day: Annotated[
        str | None, typer.Option(help="The market day; the newest run if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """Check a published run by code that shares nothing with the market's."""

    async def judge() -> tuple[str, Finding]:
        async with PublicClient(market) as client:
            try:
                published = await download(client, day)
            except MarketMisbehaved as wrong:
                return day or "", Finding(faults=[str(wrong)])
            return published.run.day, await asyncio.to_thread(check, published)

    judged, finding = console.run(judge())
    verified = not finding.faults
    if json:
        console.print_json(
            {"day": judged, "verified": verified, **finding.figures, "faults": finding.faults}
        )
    elif verified:
        console.out.print(console.table((f"Market day {judged}", "checked again"), _rows(finding)))
    for fault in [] if json else finding.faults[:SHOWN]:
        console.say(console.plain(fault))
    if len(finding.faults) > SHOWN and not json:
        console.say(f"... and {len(finding.faults) - SHOWN} differences more")
    if not verified:
        raise typer.Exit(console.REFUSED)


def main() -> NoReturn:
    """Run the command line."""
    app = console.application(str(referee.__doc__))
    app.command()(referee)
    console.main(app, "referee")


if __name__ == "__main__":
    main()
