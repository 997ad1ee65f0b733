"""The bidding program: follow the board, decide, bid, remember.

One round goes in these steps, and may be broken off anywhere:

1. settle: for each run that is new, learn which bids won and which units are free again (`settling`); accept
   what was won and is there (`answering`); hold the market's receipts against its log;
2. send again what was stored but perhaps never arrived;
3. read the board from the remembered cursor, page by page: decide, store the bids with the page's cursor
   in one transaction, send them, store the answers.

When stock, rules or profile changed, or units became free, the board is read from its beginning: a request
that was passed over may fit now. One that has a bid is never bid on again by itself, unless the bid lost and
the request has rolled over to a later day.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, Literal

from msgspec import UNSET

from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import BidResult, BoardItem
from vrm.documents import ItemName
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import MarketUnreachable
from vrm.vendor.answering import Unanswered, answer
from vrm.vendor.bidder import Commitment, Desk, NoOffer, Offer, Opening, decide
from vrm.vendor.ledger import Entry, Ledger, State
from vrm.vendor.receipts import Fault
from vrm.vendor.receipts import check as check_receipts
from vrm.vendor.rules import RulesError, read_rules
from vrm.vendor.settling import settle
from vrm.vendor.stock import StockError, StockKey, read_stock

BOARD: Final = "board"
FILES: Final = "files"

Outcome = Literal["accepted", "refused", "would-bid", "passed"]


@dataclass(frozen=True)
class Verdict:
    """What the program did about one request, and why; amounts are minor units."""

    request: str
    title: str
    outcome: Outcome
    because: str
    obstacle: str = ""
    """Where no bid was made, its code in `bidder`; where the market refused, the problem's code."""
    bid: str = ""
    sku: str = ""
    place: str = ""
    delivery: str = ""
    amount: int = 0


@dataclass
class Round:
    """What one round came to."""

    read: int = 0
    bids: int = 0
    refused: int = 0
    resent: int = 0
    won: int = 0
    lost: int = 0
    accepted: int = 0
    unanswered: Sequence[Unanswered] = ()
    """Assignments that wait for a person to answer; see `answering`."""
    faults: list[Fault] = field(default_factory=list)
    """Where the market broke its word; see `receipts`."""
    passed: Counter[str] = field(default_factory=Counter)
    verdicts: list[Verdict] = field(default_factory=list)


Tell = Callable[[Verdict], None]


@dataclass(frozen=True)
class Files:
    """The vendor's two files."""

    stock: Path
    rules: Path

    def fingerprint(self) -> str:
        """A text that changes with either file's content."""
        content = (
            hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.stock, self.rules)
        )
        return " ".join(content)


async def read_desk(client: VendorClient, ledger: Ledger, files: Files) -> Desk:
    """Bring together what a vendor decides from.

    Terms that the ledger does not know, say because another program registered the vendor, count as accepted
    with the text that the roster has now.

    Raises:
        StockError, RulesError: a file at fault.
        MarketRefused: ``unknown-vendor`` before the first registration.
    """
    market = await client.descriptor()
    profile = await client.profile()
    digits = market.currency.digits
    categories = {category.id for category in market.categories}
    places = {place.id for place in profile.places}
    stock = await asyncio.to_thread(
        read_stock, files.stock, digits=digits, categories=categories, places=places
    )
    rules = await asyncio.to_thread(read_rules, files.rules, digits=digits, categories=categories)
    roster = {agreement.id: agreement.digest for agreement in market.terms}
    now = {name: roster[name] for name in profile.terms if name in roster}
    return Desk(market, profile, stock, rules, agreed=now | ledger.agreed())


async def rehearse(client: VendorClient, ledger: Ledger, files: Files, tell: Tell) -> Round:
    """Decide on the whole open board without storing or sending anything."""
    desk = await read_desk(client, ledger, files)
    committed = ledger.committed(desk.stock.as_of)
    known = ledger.requests()
    result = Round()
    sold: dict[ItemName, bool] = {}
    async for item in client.board():
        result.read += 1
        if item.digest not in known:
            (opening,) = await _openings(client, [item], sold)
            decision = decide(opening, desk, committed)
            if isinstance(decision, Offer):
                _hold(committed, decision, opening)
            _note(result, _verdict(opening, decision, "would-bid"), tell)
    return result


async def bid_round(
    client: VendorClient,
    ledger: Ledger,
    files: Files,
    tell: Tell,
    stop: asyncio.Event | None = None,
) -> Round:
    """Do one round; see the steps above. When ``stop`` is set it ends after the page at hand.

    Raises:
        StockError, RulesError: a file at fault.
        MarketRefused: the market refuses the vendor as a whole, such as ``suspended``.
        MarketUnreachable: the connection failed; the next round goes on where this one was.
    """
    desk = await read_desk(client, ledger, files)
    known_texts = ledger.agreed()
    ledger.agree({name: text for name, text in desk.agreed.items() if name not in known_texts})
    result = Round()
    settled = await settle(client, ledger)
    if settled.runs:
        ledger.forget(BOARD)
    result.won, result.lost = settled.won, settled.lost
    answered = await answer(client, ledger, desk)
    result.accepted, result.unanswered = answered.accepted, answered.left
    now = parse_instant((await client.clock()).now)
    result.faults = await check_receipts(client, ledger.receipts, now)
    pending = ledger.in_state("prepared")
    if pending:
        result.resent = len(pending)
        await send_entries(client, ledger, pending)
    version = f"{files.fingerprint()} {desk.profile.seq}"
    reached = ledger.mark(BOARD) if ledger.mark(FILES) == version else None
    cursor = reached or None
    committed = ledger.committed(desk.stock.as_of)
    sold: dict[ItemName, bool] = {}
    more = True
    while more and not (stop and stop.is_set()):
        page = await client.board_page(cursor, state="open")
        new = _unbidden(page.items, ledger)  # read anew, since somebody may bid by hand meanwhile
        openings = await _openings(client, new, sold)
        entries, verdicts = await _decide_page(client, desk, committed, openings)
        cursor, more = page.cursor, page.more
        ledger.prepare(entries, **{FILES: version, BOARD: cursor or ""})
        answers = await send_entries(client, ledger, entries)
        result.read += len(page.items)
        for verdict in verdicts:
            _note(result, _answered(verdict, answers.get(verdict.bid)), tell)
    return result


async def follow(
    connect: Callable[[], VendorClient],
    ledger: Ledger,
    files: Files,
    *,
    every: float,
    stop: asyncio.Event,
    tell: Tell,
    report: Callable[[Round], None],
    complain: Callable[[Exception], None],
) -> None:
    """Do rounds until ``stop`` is set, ``every`` so many seconds.

    The first round's errors are raised. Later ones that may pass (no connection, a file being edited) are
    handed to ``complain``, and the next round tries again.

    Raises:
        MarketRefused: the market refuses the vendor as a whole.
    """
    first = True
    while not stop.is_set():
        try:
            async with connect() as client:
                report(await bid_round(client, ledger, files, tell, stop))
        except (MarketUnreachable, StockError, RulesError, OSError) as error:
            if first:
                raise
            complain(error)
        first = False
        try:
            await asyncio.wait_for(stop.wait(), every)
        except TimeoutError:
            continue


async def _decide_page(
    client: VendorClient,
    desk: Desk,
    committed: dict[StockKey, Commitment],
    openings: Sequence[Opening],
) -> tuple[list[Entry], list[Verdict]]:
    entries: list[Entry] = []
    verdicts: list[Verdict] = []
    for opening in openings:
        decision = decide(opening, desk, committed)
        if isinstance(decision, NoOffer):
            verdicts.append(_verdict(opening, decision, "passed"))
            continue
        entry = await _entry(client, desk, opening, decision)
        _hold(committed, decision, opening)
        entries.append(entry)
        verdicts.append(_verdict(opening, decision, "accepted", entry.digest))
    return entries, verdicts


async def _entry(client: VendorClient, desk: Desk, opening: Opening, offer: Offer) -> Entry:
    bid = await client.make_bid(
        opening.digest,
        opening.request,
        place=offer.place.id,
        price=offer.price(opening.request.price.currency),
        delivery=offer.delivery,
        lead_time_hours=offer.lead_time_hours,
        valid_until=_valid_until(opening, desk),
    )
    return Entry(
        request=opening.digest,
        digest=bid.digest,
        document=bid.wire,
        seq=bid.body.seq,
        stock=offer.item.key,
        units=opening.request.need.quantity,
        decided_at=opening.decided_at,
    )


def _valid_until(opening: Opening, desk: Desk) -> str | None:
    """Until when a bid holds for later days, where the rules say so and the request may roll over."""
    days = desk.rules.for_category(opening.request.need.category).valid_days
    if not days or not opening.request.roll_over:
        return None
    return format_instant(parse_instant(opening.decided_at) + timedelta(days=days))


async def send_entries(
    client: VendorClient, ledger: Ledger, entries: Sequence[Entry]
) -> dict[str, BidResult]:
    """Send stored bids and store the answers, by digest of the bid."""
    if not entries:
        return {}
    results = await client.send_bids(entry.document for entry in entries)
    ledger.receipts.keep(
        client.receipt_of(result.receipt, entry.digest)
        for entry, result in zip(entries, results, strict=True)
        if result.status != "refused"
    )
    answers = {entry.digest: result for entry, result in zip(entries, results, strict=True)}
    now = datetime.now(UTC)
    ledger.settle([(bid, *_state(result)) for bid, result in answers.items()], now)
    return answers


def _state(result: BidResult) -> tuple[State, str]:
    if result.status == "refused":
        return "refused", result.problem.code if result.problem else "unknown"
    return "sent", ""


def _unbidden(items: Sequence[BoardItem], ledger: Ledger) -> list[BoardItem]:
    """The requests that have no bid, or whose bid lost and that rolled over to a later day."""
    known, lost = ledger.requests(), ledger.lost()
    return [
        item
        for item in items
        if item.digest not in known or item.cutoff > lost.get(item.digest, item.cutoff)
    ]


async def _openings(
    client: VendorClient, items: Sequence[BoardItem], sold: dict[ItemName, bool]
) -> list[Opening]:
    """What the board's items open to this vendor; ``sold`` keeps which brands' items it may sell."""
    found: list[Opening] = []
    for item in items:
        named = item.request.item or None
        if named is not None and named not in sold:
            sellers = (await client.item(named.principal, named.id)).body.authorised
            sold[named] = sellers is UNSET or client.did in (sellers or ())
        found.append(Opening(item.digest, item.request, item.cutoff, not named or sold[named]))
    return found


def _hold(committed: dict[StockKey, Commitment], offer: Offer, opening: Opening) -> None:
    opened, won = committed.get(offer.item.key, Commitment())
    committed[offer.item.key] = Commitment(opened + opening.request.need.quantity, won)


def _verdict(
    opening: Opening, decision: Offer | NoOffer, outcome: Outcome, bid: str = ""
) -> Verdict:
    title = opening.request.need.title
    if isinstance(decision, NoOffer):
        return Verdict(opening.digest, title, "passed", decision.because, decision.obstacle)
    return Verdict(
        opening.digest,
        title,
        outcome,
        decision.because,
        bid=bid,
        sku=decision.item.sku,
        place=decision.place.id,
        delivery=decision.delivery,
        amount=decision.amount,
    )


def _answered(verdict: Verdict, answer: BidResult | None) -> Verdict:
    if answer is None or answer.status != "refused":
        return verdict
    problem = answer.problem
    detail = (problem.detail or problem.title) if problem else "The market refused the bid."
    code = problem.code if problem else "unknown"
    return replace(verdict, outcome="refused", because=detail, obstacle=code)


def _note(result: Round, verdict: Verdict, tell: Tell) -> None:
    if verdict.outcome == "refused":
        result.refused += 1
    elif verdict.outcome == "passed":
        result.passed[verdict.obstacle] += 1
    else:
        result.bids += 1
    result.verdicts.append(verdict)
    tell(verdict)
