"""What became of the owner's requests, learnt only from lists that everybody can read.

The wallet downloads whole lists and looks for its own digests in them here, so that the market cannot see
which of them matter:

1. all batches, held against the log (`receipts`): a request is public once its digest stands in one and the
   log holds it there, withdrawn once its withdrawal does;
2. every run since the wallet was made, once, and what followed on it until the day is settled (`following`).

An assignment or fallback counts with the market's signature only, and within what the request allows; an
acceptance with that of the assignment's vendor. What the market promised and did not do is kept in sight: a
digest in no such batch by the promised instant (`promise-broken`), and what is against the market's rules
(`market-at-fault`): an assignment beyond the request, a request that the run of its day lists nowhere, a run
that passed over the owner's order of the bids, a newcomer that went first without the lot, a withdrawal that
the wallet never signed, an assignment taken from a vendor that had accepted it or still had time, an acceptance
by somebody else, a roll-over that the request does not allow.
"""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

import crypto
from vrm.client.cascade import Accepted, Displaced, RollOver, Unfilled
from vrm.client.customer import CustomerClient
from vrm.client.public import Run
from vrm.documents import (
    Assignment,
    Fallback,
    MarketDescriptor,
    PersonalRequest,
    Signed,
    lot,
    recall,
)
from vrm.documents.scalars import parse_instant
from vrm.wallet import following, receipts
from vrm.wallet.consent import changes
from vrm.wallet.following import Decided, News
from vrm.wallet.own import Failed, OwnRequest, Rolled
from vrm.wallet.receipts import Held
from vrm.wallet.state import State
from vrm.wallet.wallet import Wallet


async def sync(wallet: Wallet, client: CustomerClient) -> State:
    """Read the market's public lists, match them with the wallet's requests, and keep what is new.

    Raises:
        MarketMisbehaved: a list holds a document that the market, or the vendor it is about, did not sign, or
            an agreement's text is another one than the roster pins.
        MarketUnreachable: no answer; what was known stays.
    """
    market = await client.descriptor()
    batches = [batch async for batch in client.batches()]
    decisions = await client.moderation()
    published = [run async for run in client.runs() if run.report is not None]
    seen = await receipts.check(client, wallet.read(), batches)
    before = wallet.read()  # now, so that no run of these can hold a request that is made later
    runs = [run for run in reversed(published) if run.cutoff >= before.created]
    own = {entry.digest for entry in before.requests}
    known = {followed.day: followed for followed in before.following}
    settled = set(before.runs_read) - set(known)
    news = [
        await following.read(client, run, run.report.body, known.get(run.day), own)
        for run in runs
        if run.report is not None and run.day not in settled
    ]
    seeds = [run.report.body.seed for run in reversed(published) if run.report is not None]
    unsettled = set(lot.unsettled(seeds, before.rules.seed_anchor))
    with wallet.editing() as state:
        share = max(state.rules.newcomers.share, market.newcomers.share)
        if not changes(state.rules, market):
            state.rules = market
        receipts.keep(state, seen)
        for entry in state.requests:
            if entry.is_open():
                match_batches(entry, seen.held)
            if (decision := decisions.get(entry.digest)) is not None:
                entry.moderation = decision.wire
        for day in news:
            _take_in(state, day, share if day.seed not in unsettled else 0)
        for entry in state.requests:
            if entry.is_open() and entry.fault is None:
                entry.fault = dropped(entry, runs, state.runs_read, market)
    await _read_agreements(wallet, client, market)
    return state


async def _read_agreements(
    wallet: Wallet, client: CustomerClient, market: MarketDescriptor
) -> None:
    """Keep the texts of all agreements on the roster, for the record of who is told what under which.

    Whoever read a text just when they tell a vendor something would show that a request of theirs was accepted.
    """
    before = (
        wallet.read()
    )  # by the rules that its owner agreed to: no market makes up a text for one wallet
    wanted = [one for one in before.rules.terms if one in market.terms]
    new = {
        one.digest: await client.terms(one.id)
        for one in wanted
        if one.digest not in before.agreements
    }
    if new:
        with wallet.editing() as state:
            state.agreements |= new


def _take_in(state: State, news: News, share: int) -> None:
    """Match the news of a day with every request, unless another process has done so meanwhile.

    Args:
        share: on how many requests of a thousand the day's lot may have fallen.
    """
    known = {followed.day: followed for followed in state.following}
    is_read = news.day in state.runs_read
    if known.get(news.day) != news.since or is_read != (news.since is not None):
        return
    for entry in state.requests:
        match_day(entry, news)
        entry.fault = entry.fault or led_without_the_lot(entry, news, share)
    state.runs_read = sorted({*state.runs_read, news.day})
    known.pop(news.day, None)
    if not news.is_settled:
        known[news.day] = news.followed
    state.following = [known[day] for day in sorted(known)]


def match_day(entry: OwnRequest, news: News) -> None:
    """Note what a day has newly made of a request, in the order in which it was decided."""
    fallback = news.fallbacks.get(entry.digest)
    for decided in news.decided:
        if decided.tick:
            _match_tick(entry, news.day, decided, fallback)
        else:
            _match_decided(entry, news.day, decided, fallback)
            if entry.day == news.day and not entry.is_open():
                counted = decided.preferences.get(entry.digest)
                entry.fault = entry.fault or passed_over(entry, counted)
    if entry.day != news.day:
        return
    for accepted in news.accepted:
        if accepted.request == entry.digest:
            match_acceptance(entry, accepted)
    if (rolled := news.rolled.get(entry.digest)) is not None:
        match_roll_over(entry, rolled)
    if news.is_settled and entry.assignment and not entry.acceptance:
        entry.fault = entry.fault or (
            f"The market lists all assignments of {news.day} as answered, and not this one's answer."
        )


def _match_tick(
    entry: OwnRequest, day: str, decided: Decided, fallback: Signed[Fallback] | None
) -> None:
    lost = decided.displaced.get(entry.digest)
    if lost is None:
        if entry.digest in {**decided.assignments, **decided.unfilled}:
            entry.fault = f"Tick {decided.tick} of {day} decided it, and it was not displaced."
        return
    wrong = wrongly_displaced(entry, day, lost, decided.instant)
    if wrong is None:
        _displace(entry, lost, decided.tick)
        _match_decided(entry, day, decided, fallback)
        wrong = _left_out(entry, decided)
    entry.fault = entry.fault or wrong


def _match_decided(
    entry: OwnRequest, day: str, decided: Decided, fallback: Signed[Fallback] | None
) -> None:
    if not entry.is_open():
        return
    left = decided.unfilled.get(entry.digest)
    assignment = decided.assignments.get(entry.digest)
    match_outcome(entry, assignment, None if left is None else (day, left))
    if left is not None:
        entry.tick = decided.tick
    if fallback is not None and fallback.body.tick == decided.tick:
        match_fallback(entry, fallback)


def _displace(entry: OwnRequest, lost: Displaced, tick: int) -> None:
    if entry.assignment is not None:
        entry.failed.append(Failed(entry.assignment, lost.reason, tick))
    entry.assignment = entry.assignment_digest = None


def _left_out(entry: OwnRequest, decided: Decided) -> str | None:
    if entry.is_open():
        return f"Tick {decided.tick} of {entry.day} had to decide it again and lists it nowhere."
    failed = {recall(one.assignment, Assignment).bid for one in entry.failed}
    if entry.assigned is not None and entry.assigned.bid in failed:
        return f"Tick {decided.tick} of {entry.day} gave it to the bid again that had failed it."
    return None


def match_batches(entry: OwnRequest, held: Sequence[Held]) -> None:
    """Note when a request became public, and when its withdrawal did, or that nobody here asked for one."""
    for batch, leaves in ((one.batch, one.leaves) for one in held):
        if entry.published_at is None and entry.digest in batch.requests:
            entry.published_at, entry.leaf = batch.instant, leaves[entry.digest]
            entry.crowd = len(batch.requests)
        if entry.withdrawn_at is None and entry.digest in batch.withdrawals:
            if entry.withdrawal is None and entry.came_back:
                entry.withdrawn_at = batch.instant
            elif entry.withdrawal is None:
                entry.fault = (
                    f"The batch of {batch.instant} lists it as withdrawn, and this wallet signed no "
                    "withdrawal."
                )
            elif crypto.digest(msgspec.json.decode(entry.withdrawal)) in leaves:
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
            entry.day, entry.tick = assignment.body.day, assignment.body.tick
            entry.assignment, entry.assignment_digest = assignment.wire, assignment.digest
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
        entry.day, entry.tick, entry.fallback = said.day, said.tick, fallback.wire
    else:
        entry.fault = f"The run of {said.day} sent it to a brand for something else than you asked."


def wrongly_displaced(entry: OwnRequest, day: str, lost: Displaced, instant: str) -> str | None:
    """Say what is wrong with it that a tick, at an instant, found a request's assignment not to hold."""
    held, name = entry.assigned, f"A tick of {day}"
    if held is None or entry.day != day:
        return f"{name} says that it was assigned, and the wallet saw no such assignment."
    if (lost.bid, lost.vendor, lost.assigned_at) != (held.bid, held.vendor, held.tick):
        return f"{name} took it from somebody who did not have it."
    if entry.acceptance is not None:
        return f"{name} took it from its vendor, who had accepted it."
    if lost.decline is None and instant < held.accept_by:
        return f"{name} took it from its vendor before {held.accept_by}, when its time was over."
    if lost.decline is not None and lost.decline.body.assignment != entry.assignment_digest:
        return f"{name} took it from its vendor, who had declined something else."
    return None


def match_acceptance(entry: OwnRequest, listed: Accepted) -> None:
    """Note a vendor's acceptance, or what is wrong with it."""
    said = listed.acceptance.body
    if any(recall(one.assignment, Assignment).tick == listed.tick for one in _failed_on(entry)):
        entry.fault = f"It was taken from a vendor of {entry.day} who had accepted it."
    held = entry.assigned
    if held is None or held.tick != listed.tick:
        return
    if (said.vendor, said.assignment) == (held.vendor, entry.assignment_digest):
        entry.acceptance, entry.disclose_by = listed.acceptance.wire, listed.disclose_by
    else:
        entry.fault = (
            f"The acceptance that the market lists for it on {entry.day} is by another vendor, or of "
            "another assignment."
        )


def match_roll_over(entry: OwnRequest, rolled: RollOver) -> None:
    """Note that a request which a day left unfilled joins a later cutoff, or what is wrong with that."""
    if entry.reason is None or rolled.tick != entry.tick or entry.day is None:
        return
    if not entry.body.roll_over:
        entry.fault = f"The market moved it on from {entry.day}, and you did not allow that."
        return
    entry.rolled.append(Rolled(entry.day, entry.tick, entry.reason, rolled.cutoff))
    entry.day, entry.tick, entry.reason = None, 0, None


def _failed_on(entry: OwnRequest) -> list[Failed]:
    """The assignments of the present day that did not hold."""
    return [one for one in entry.failed if recall(one.assignment, Assignment).day == entry.day]


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
        "to a newcomer first, which you did not allow": (
            assignment.newcomer and not request.try_newcomers
        ),
    }
    found = [fault for fault, present in faults.items() if present]
    return f"The run of {assignment.day} assigned it {found[0]}." if found else None


def led_without_the_lot(entry: OwnRequest, news: News, share: int) -> str | None:
    """Say so if a newcomer went first on a request of a day on which the lot had not fallen."""
    held = entry.assigned
    if held is None or not held.newcomer or held.day != news.day:
        return None
    if lot.is_drawn(news.seed, entry.digest, share and max(share, entry.newcomer_share)):
        return None
    return f"{news.day} let a newcomer go first on it, and by the day's seed the lot did not fall on it."


def passed_over(entry: OwnRequest, counted: str | None) -> str | None:
    """Say so if a run decided by another order of the bids than the newest that the market promised to count.

    A later one, whose promise was lost on the way, may have counted in its place.
    """
    promised = [at for at, own in enumerate(entry.preferences) if own.has_arrived]
    if not promised or counted in {own.digest for own in entry.preferences[promised[-1] :]}:
        return None
    return f"The run of {entry.day} did not decide by the order that you gave to the bids."


def dropped(
    entry: OwnRequest, runs: list[Run], read: list[str], market: MarketDescriptor
) -> str | None:
    """Say which run had to decide a request and lists it nowhere: the first one late enough for it."""
    if entry.published_at is None or entry.moderation:
        return None
    if entry.withdrawal_promise or entry.withdrawn_at:
        return None
    due = parse_instant(entry.published_at) + max(
        timedelta(minutes=market.schedule.minimum_open_minutes),
        timedelta(minutes=market.schedule.bids_close_minutes, seconds=1),  # bids are open then
    )
    if entry.rolled:
        due = parse_instant(entry.rolled[-1].cutoff)
    late_enough = [run for run in runs if parse_instant(run.cutoff) >= due and run.day in read]
    if not late_enough:
        return None
    day = min(late_enough, key=lambda run: run.cutoff).day
    return f"The run of {day} had to decide it and lists it nowhere."
