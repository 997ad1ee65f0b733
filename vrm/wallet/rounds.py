"""The wallet's round: everything that is due, in one go, as often as its owner likes.

1. the mail, and what it brings back of a wallet that was lost;
2. the public lists: batches against the log, days, and what became of the owner's requests;
3. under the member's name: this epoch's tokens, and the stamps of earlier ones;
4. under pseudonyms: requests that were put off and are due, contact details for vendors that accepted where the
   owner has settled them, messages and other words that the market has not promised yet, and claims of stamps.

What 1 and 2 download does not depend on what the wallet owns. Where the market has just heard from the owner by
name, a round does nothing under a pseudonym and leaves that to a later one: two calls in one minute would tell
that one person made both. Once 1 and 2 were answered, a call of 3 or 4 that gets no answer keeps none of the
others back: a market that failed what one pseudonym sends would else see who falls silent with it. Where 3
fails, it waits until 4 was done once: a market that refuses a member again and again would else keep its
requests in the wallet.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NoReturn

from vrm.client.customer import CustomerClient
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import MarketUnreachable, VrmError
from vrm.wallet import (
    cancelling,
    confirming,
    conversing,
    deadlines,
    disclosing,
    disputing,
    later,
    mail,
    membership,
    outcomes,
    rating,
    stamps,
    tokens,
)
from vrm.wallet.deadlines import Deadline
from vrm.wallet.own import Heard, OwnRequest
from vrm.wallet.state import State
from vrm.wallet.wallet import Wallet

LATEST: Final = 300.0
"""Seconds after a batch instant within which a watching wallet looks, at a moment drawn by chance."""

Step = Callable[[Wallet, CustomerClient, datetime], Awaitable[object]]


@dataclass(frozen=True)
class Change:
    """Something that is new, about a request (its digest) or about the wallet."""

    words: str
    request: str | None = None


@dataclass(frozen=True)
class Round:
    """What one round brought."""

    changes: list[Change]
    deadlines: list[Deadline]
    troubles: list[str]
    """What the market refused or did wrong, in a sentence each; the next round tries again what it can."""


async def go(wallet: Wallet, client: CustomerClient) -> Round:
    """Do what is due.

    Raises:
        MarketUnreachable: no answer to what everybody reads; what was done stays.
    """
    now = parse_instant((await client.clock()).now)
    before = wallet.read()
    troubles: list[str] = []

    async def attempt(step: Step) -> None:
        try:
            await step(wallet, client, now)
        except VrmError as error:
            # A market that answers what all read is there, and may fail one member, or one pseudonym.
            if isinstance(error, MarketUnreachable) and step in READING:
                raise
            troubles.append(str(error))

    for reading in READING:
        await attempt(reading)
    rests = before.name_rests
    if not rests:
        known = len(troubles)
        await attempt(_act_as_member)
        rests = len(troubles) > known
    if not membership.heard_lately(wallet.read(), now):
        for posting in (
            *(later.send_due, disclosing.send_due, _write, _confirm, _cancel),
            *(_dispute, _rate, _collect),
        ):
            await attempt(posting)
        rests = rests and not before.name_rests
    with wallet.editing() as after:
        after.looked_at, after.name_rests = format_instant(now), rests
        troubles += map(mail.in_words, after.mail_findings[after.mail_told :])
        after.mail_told = len(after.mail_findings)
    return Round(list(changes(before, after, now)), deadlines.ahead(after, now), troubles)


async def watch(
    wallet: Wallet,
    connect: Callable[[], CustomerClient],
    report: Callable[[Round], None],
    failed: Callable[[MarketUnreachable], None],
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
) -> NoReturn:
    """Do a round now, and a random while after each batch instant of the market's, until cancelled.

    Args:
        connect: makes a client, for one round.
        report: is given what each round brought.
        failed: is given why a round was broken off; the next one comes all the same.
    """
    while True:
        wait = LATEST
        try:
            async with connect() as client:
                done = await go(wallet, client)
                clock = await client.clock()
        except MarketUnreachable as error:
            failed(error)
        else:
            report(done)
            left = parse_instant(clock.next_batch) - parse_instant(clock.now)
            wait = left.total_seconds()
        apart = wallet.read().rules.schedule.batch_seconds
        await sleep(wait + random.SystemRandom().uniform(0, min(apart, LATEST)))


async def _read_mail(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await mail.fetch(wallet, client)


async def _read_lists(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await outcomes.sync(wallet, client)


READING: Final[tuple[Step, ...]] = (_read_mail, _read_lists)


async def _act_as_member(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    own = wallet.read().membership
    if own is not None and own.tier is not None:
        await tokens.draw_due(wallet, client)
        await stamps.deposit(wallet, client)


async def _write(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await conversing.send_due(wallet, client)


async def _dispute(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await disputing.send_due(wallet, client)


async def _confirm(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await confirming.send_due(wallet, client)


async def _rate(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await rating.send_due(wallet, client)


async def _cancel(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await cancelling.send_due(wallet, client)


async def _collect(wallet: Wallet, client: CustomerClient, _: datetime) -> None:
    await stamps.collect(wallet, client)


def changes(before: State, after: State, now: datetime) -> Iterator[Change]:
    """Say in a line each what is new since the round before."""
    then = parse_instant(before.looked_at) if before.looked_at else now
    if now - then > timedelta(days=after.rules.mail.keep_days):
        yield Change(
            f"The wallet looked last on {before.looked_at}, and the market keeps mail for "
            f"{after.rules.mail.keep_days} days: what is older is lost."
        )
    known = {entry.digest: entry for entry in before.requests}
    for entry in after.requests:
        for words in _news(known.get(entry.digest), entry, then, now):
            yield Change(f"{entry.body.need.title}: {words}", entry.digest)
    drawn = {own.epoch for own in before.epochs}
    for own in after.epochs:
        if own.epoch not in drawn:
            yield Change(f"{len(own.tokens)} posting tokens were drawn.")
    told = {own.digest for entry in before.requests for own in entry.disclosures}
    for entry in after.requests:
        if any(own.digest not in told for own in entry.disclosures):
            yield Change(f"{entry.body.need.title}: the vendor was told whom to deliver to")
    if after.deposited != before.deposited:
        yield Change("Stamps were deposited.")
    for finding in after.log_findings[len(before.log_findings) :]:
        yield Change(f"ALARM: the market's log: {finding.detail}")


def _news(
    old: OwnRequest | None, entry: OwnRequest, then: datetime, now: datetime
) -> Iterator[str]:
    status = entry.status(now)
    if old is None:
        yield f"found again: {status}" if entry.came_back else status
    elif old.status(then) != status:
        yield f"{status} (was {old.status(then)})"
    if entry.vendor_rating and not (old and old.vendor_rating):
        yield "its vendor has rated you; what you both said is open"
    if entry.vendor_answer and not (old and old.vendor_answer):
        yield "its vendor has answered your rating"
    for what, have, had in (
        ("bids", entry.bids, old.bids if old else {}),
        ("bids taken back", entry.bid_withdrawals, old.bid_withdrawals if old else {}),
        ("questions", entry.questions, old.questions if old else {}),
        ("messages", _heard(entry), _heard(old)),
        ("messages that are none (vrm messages)", _heard(entry, bad=True), _heard(old, bad=True)),
        ("disputes", entry.vendor_disputes, old.vendor_disputes if old else {}),
        ("decisions", entry.rulings, old.rulings if old else {}),
    ):
        if new := len(have.keys() - had.keys()):
            yield f"new {what}: {new}"


def _heard(entry: OwnRequest | None, *, bad: bool = False) -> dict[str, Heard]:
    """What its vendor wrote about a request, or tried to."""
    heard = entry.heard if entry else {}
    return {digest: one for digest, one in heard.items() if bool(one.fault) is bad}
