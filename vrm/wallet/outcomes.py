"""What became of the owner's requests, learnt only from lists that everybody can read.

The wallet downloads whole lists and looks for its own digests in them here, so that the market cannot see
which of them matter:

1. all batches: a request is public once its digest stands in one, withdrawn once its withdrawal does;
2. every run since the wallet was made, once: its assignments, its fallbacks to brands, its unfilled requests,
   and the Preferences that it decided by, all of them.

An assignment or fallback counts with the market's signature only, and within what the request allows. What the
market promised and did not do is kept in sight: a digest in no batch by the promised instant
(`promise-broken`), and an assignment beyond the request, a request that the run of its day lists nowhere, a run
that passed over the owner's order of the bids, or a withdrawal that the wallet never signed
(`market-at-fault`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from vrm.client.cascade import Unfilled
from vrm.client.customer import CustomerClient
from vrm.client.public import Batch, Run, Vendor
from vrm.documents import Assignment, Fallback, MarketDescriptor, PersonalRequest, Signed
from vrm.documents.scalars import UnfilledReason, parse_instant
from vrm.money import format_amount
from vrm.wallet.consent import changes
from vrm.wallet.state import OwnRequest, State
from vrm.wallet.wallet import Wallet

_REASONS: Mapping[UnfilledReason, str] = {
    "no-bids": "No vendor made a bid on it.",
    "none-eligible": "Vendors made bids, but at the close none of them fulfilled every condition.",
    "capacity": "There were good bids, but those vendors' places were full with requests nearer to them.",
}


async def sync(wallet: Wallet, client: CustomerClient) -> State:
    """Read the market's public lists, match them with the wallet's requests, and keep what is new.

    Raises:
        MarketMisbehaved: a list holds a document that the market did not sign.
        MarketUnreachable: no answer; what was known stays.
    """
    before = wallet.read()
    market = await client.descriptor()
    batches = [batch async for batch in client.batches()]
    runs = [
        run
        async for run in client.runs()
        if run.report is not None and run.cutoff >= before.created
    ]
    unread = [run for run in runs if run.day not in before.runs_read]
    decided = [await _decided(client, run.day) for run in unread]
    with wallet.editing() as state:
        if not changes(state.rules, market):
            state.rules = market
        for entry in state.requests:
            if entry.is_open():
                match_batches(entry, batches)
                for run in decided:
                    _match_run(entry, run)
        state.runs_read = sorted({*state.runs_read, *(run.day for run in unread)})
        for entry in state.requests:
            if entry.is_open() and entry.fault is None:
                entry.fault = dropped(entry, runs, state.runs_read, market)
    return state


@dataclass(frozen=True)
class _Decided:
    """What a run decided of each request, and by which of the owners' orders."""

    day: str
    assignments: dict[str, Signed[Assignment]]
    fallbacks: dict[str, Signed[Fallback]]
    unfilled: dict[str, Unfilled]
    preferences: dict[str, str]


async def _decided(client: CustomerClient, day: str) -> _Decided:
    return _Decided(
        day,
        {one.body.request: one async for one in client.assignments(day)},
        {one.body.request: one async for one in client.fallbacks(day)},
        {left.request: left async for left in client.unfilled(day)},
        {one.body.request: one.digest async for one in client.run_preferences(day)},
    )


def _match_run(entry: OwnRequest, run: _Decided) -> None:
    left = run.unfilled.get(entry.digest)
    match_outcome(
        entry, run.assignments.get(entry.digest), None if left is None else (run.day, left)
    )
    match_fallback(entry, run.fallbacks.get(entry.digest))
    if entry.day == run.day and not entry.is_open():
        entry.fault = entry.fault or passed_over(entry, run.preferences.get(entry.digest))


def match_batches(entry: OwnRequest, batches: list[Batch]) -> None:
    """Note when a request became public, and when its withdrawal did, or that nobody here asked for one."""
    for batch in batches:
        if entry.published_at is None and entry.digest in batch.requests:
            entry.published_at = batch.instant
        if entry.withdrawn_at is None and entry.digest in batch.withdrawals:
            if entry.withdrawal is None:
                entry.fault = (
                    f"The batch of {batch.instant} lists it as withdrawn, and this wallet signed no "
                    "withdrawal."
                )
            else:
                entry.withdrawn_at = batch.instant


def match_outcome(
    entry: OwnRequest,
    assignment: Signed[Assignment] | None,
    unfilled: tuple[str, Unfilled] | None,
) -> None:
    """Note a run's decision, or what is wrong with it."""
    if assignment is not None:
        entry.fault = beyond_request(assignment.body, entry.body)
        if entry.fault is None:
            entry.day, entry.assignment = assignment.body.day, assignment.wire
    elif unfilled is not None:
        entry.day, entry.reason = unfilled[0], unfilled[1].reason


def match_fallback(entry: OwnRequest, fallback: Signed[Fallback] | None) -> None:
    """Note that the brand of the item ships it, or what is wrong with that."""
    if fallback is None:
        return
    said, asked = fallback.body, entry.body
    named = (said.principal, said.item, said.amount, said.currency)
    item = asked.item
    if item and named == (item.principal, item.id, asked.price.amount, asked.price.currency):
        entry.day, entry.fallback = said.day, fallback.wire
    else:
        entry.fault = f"The run of {said.day} sent it to a brand for something else than you asked."


def beyond_request(assignment: Assignment, request: PersonalRequest) -> str | None:
    """Say how an assignment goes beyond its request, if it does."""
    asked = request.price
    faults = {
        "in another currency": assignment.currency != asked.currency,
        "off the fixed price": asked.kind == "fixed" and assignment.amount != asked.amount,
        "over the ceiling": assignment.amount > asked.amount,
        "in a way of delivery that you did not ask for": assignment.delivery
        not in request.delivery,
        "farther away than you would go": (
            assignment.delivery == "pickup" and assignment.distance_m > request.area.radius_m
        ),
    }
    found = [fault for fault, present in faults.items() if present]
    return f"The run of {assignment.day} assigned it {found[0]}." if found else None


def passed_over(entry: OwnRequest, counted: str | None) -> str | None:
    """Say so if a run decided by another order of the bids than the newest that the market promised to count.

    A later one, whose promise was lost on the way, may have counted in its place.
    """
    promised = [at for at, own in enumerate(entry.preferences) if own.promise]
    if not promised or counted in {own.digest for own in entry.preferences[promised[-1] :]}:
        return None
    return f"The run of {entry.day} did not decide by the order that you gave to the bids."


def dropped(
    entry: OwnRequest, runs: list[Run], read: list[str], market: MarketDescriptor
) -> str | None:
    """Say which run had to decide a request and lists it nowhere: the first one late enough for it."""
    if entry.published_at is None or entry.withdrawal_promise is not None:
        return None
    due = parse_instant(entry.published_at) + max(
        timedelta(minutes=market.schedule.minimum_open_minutes),
        timedelta(minutes=market.schedule.bids_close_minutes, seconds=1),  # bids are open then
    )
    late_enough = [run for run in runs if parse_instant(run.cutoff) >= due and run.day in read]
    if not late_enough:
        return None
    day = min(late_enough, key=lambda run: run.cutoff).day
    return f"The run of {day} had to decide it and lists it nowhere."


def in_words(entry: OwnRequest, market: MarketDescriptor, now: datetime) -> list[str]:
    """Explain how a request stands, from what the wallet knows."""
    fault = [f"{entry.fault} That is against the market's rules."] if entry.fault else []
    if (assignment := entry.assigned) is not None:
        return [*_assigned_in_words(assignment, entry, market), *fault]
    if (fallback := entry.shipped) is not None:
        amount = format_amount(fallback.amount, market.currency)
        return [
            f"The run of {fallback.day} gave it to no vendor nearby, so the brand itself ships "
            f"{fallback.item} for {amount}.",
            *fault,
        ]
    if entry.reason is not None:
        decided = f"The run of {entry.day} could not give it to anybody."
        return [decided, _REASONS[entry.reason], *fault]
    told: dict[str, str] = {
        "unsent": "It is signed and kept, but the market has not confirmed it. Send it with: vrm send",
        "refused": (
            f"The market did not take it: {entry.refusal} But it may have it from an earlier attempt. "
            "Make sure with: vrm withdraw"
        ),
        "pending": f"The market has it and promised to publish it by {entry.publish_by}.",
        "published": f"It is public since {entry.published_at}; vendors can bid on it.",
        "withdrawing": "Its withdrawal waits to become public.",
        "withdrawn": f"It is withdrawn since {entry.withdrawn_at}.",
        "promise-broken": (
            f"The market promised to publish it by {entry.publish_by} and did not. "
            "The wallet holds the signed promise; `vrm requests --json` shows it."
        ),
        "market-at-fault": "".join(fault),
    }
    return [told[entry.status(now)]]


async def runners_up(
    client: CustomerClient, assignment: Assignment, market: MarketDescriptor
) -> list[str]:
    """Name winner and runners-up of an assignment, from the whole lists of bids and vendors."""
    bids = {held.bid.digest: held async for held in client.run_bids(assignment.day)}
    vendors = {vendor.vendor: vendor async for vendor in client.vendors()}
    lines = [f"The vendor is {_name(vendors, assignment.vendor)} ({assignment.vendor})."]
    for position, digest in enumerate(assignment.reserve, 1):
        if (held := bids.get(digest)) is not None:
            bid = held.bid.body
            lines.append(
                f"Runner-up {position}: {_name(vendors, bid.vendor)}, "
                f"{format_amount(bid.price.amount, market.currency)}, {bid.delivery}, "
                f"{held.distance_m / 1000:.1f} km."
            )
    return lines


async def brand(client: CustomerClient, fallback: Fallback) -> list[str]:
    """Name the brand that ships, from the whole list of vendors."""
    vendors = {vendor.vendor: vendor async for vendor in client.vendors()}
    return [f"The brand is {_name(vendors, fallback.principal)} ({fallback.principal})."]


def _assigned_in_words(
    assignment: Assignment, entry: OwnRequest, market: MarketDescriptor
) -> list[str]:
    amount = format_amount(assignment.amount, market.currency)
    lines = [
        f"The run of {assignment.day} gave it to the vendor's place {assignment.place} for {amount} "
        f"({assignment.delivery}), {assignment.distance_m / 1000:.1f} km from your area's centre.",
        f"Vendor's reputation: band {assignment.band}. {_ranked_by(entry, assignment.bid)}",
    ]
    if assignment.eligible == 1:
        lines.append("It was the only bid that fulfilled every condition.")
    elif assignment.rank == 1:
        lines.append(
            f"It was the best of {assignment.eligible} bids that fulfilled every condition."
        )
    else:
        lines.append(
            f"It was number {assignment.rank} of {assignment.eligible} bids that fulfilled every "
            "condition; the places of those above were full with requests nearer to them."
        )
    return lines


def _ranked_by(entry: OwnRequest, bid: str) -> str:
    preference = entry.preference
    if preference is None:
        return f"Bids were ranked by {entry.body.policy}."
    if bid in preference.listed:
        return f"Your own order decided: it is number {preference.listed.index(bid) + 1} of it."
    return f"Bids were ranked by your own order, and behind it by {entry.body.policy}."


def _name(vendors: Mapping[str, Vendor], did: str) -> str:
    return vendors[did].name if did in vendors else did
