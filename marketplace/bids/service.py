"""The use cases about bids.

One bid and a thousand go the same way: verify each, load what they refer to in a few queries, decide each by
the rules, store the good ones in one transaction.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import anyio.to_thread
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from marketplace.bids import repository
from marketplace.bids.rules import check_bid
from marketplace.bids.schemas import BatchAnswer, BidResult, BidState, BidStored, OwnBid
from marketplace.catalogue import service as catalogue
from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.http.bodies import documents_of
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.http.problems import problem_of
from marketplace.log import service as log
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.resolver.rows import WAY_CODES
from vrm.documents import Bid, BidWithdrawal, Signed, read
from vrm.documents.scalars import parse_instant
from vrm.errors import VrmError

Refusal = crypto.CryptoError | VrmError | Refused


@dataclass(frozen=True, slots=True)
class _Taken:
    """A bid that is stored."""

    at: int
    """When it was received."""
    new: bool
    """Whether this call stored it."""


async def submit(market: Market, raw: bytes) -> tuple[BidStored, bool]:
    """Store a bid; returns what is stored and whether this call stored it.

    Raises:
        Refused: names the rule that is broken.
    """
    bid = read(raw, Bid)
    market.check_addressed(bid.body)
    (outcome,) = await _store(market, [bid])
    if isinstance(outcome, Refused):
        raise outcome
    receipt = log.receipt(market, bid, outcome.at)
    stored = BidStored(bid=bid.digest, request=bid.body.request, receipt=msgspec.Raw(receipt.wire))
    return stored, outcome.new


async def submit_batch(market: Market, raw: bytes) -> BatchAnswer:
    """Store the good ones of up to 1000 bids and tell each other one why not.

    Raises:
        Refused: the call itself is malformed; nothing is stored then.
    """
    # Verification is most of the work; libsodium releases the interpreter, so other calls go on meanwhile.
    verified = await anyio.to_thread.run_sync(_verify_all, market, documents_of(raw, "bids"))
    good = [bid for bid in verified if isinstance(bid, Signed)]
    outcomes = await _store(market, good)
    return await anyio.to_thread.run_sync(_answer, market, verified, outcomes)


async def withdraw(market: Market, raw: bytes) -> tuple[BidStored, bool]:
    """Take a bid back; returns what it was and whether this call did it.

    Raises:
        Refused: no such bid, another vendor's, one that is not live, or bids are closed.
    """
    withdrawal = read(raw, BidWithdrawal)
    body = withdrawal.body
    market.check_addressed(body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        bid = await repository.find(connection, body.bid)
        if bid is None:
            raise Refused("unknown-bid", "No bid has this digest.", "bid")
        received = await repository.withdrawal_received(connection, withdrawal.digest)
        if received is not None:
            return _withdrawn(market, withdrawal, bid, received), False
        if bid.vendor != body.vendor:
            raise Refused("another-vendor", "Another vendor made that bid.", "vendor")
        if bid.state != repository.LIVE:
            raise Refused("bid-not-live", f"The bid is {bid.state}.", "bid")
        request = (await repository.requests_of(connection, [bid.request]))[bid.request]
        now = await market.db.now(connection)
        if request.resolved or now >= request.bids_close:
            raise Refused("bids-closed", "Bids on this request are closed; a bid is firm.", "bid")
        await repository.withdraw(connection, withdrawal, now)
        await log.put(connection, [withdrawal.digest])
        await mail.put(market, connection, "bid-withdrawal", [withdrawal.digest])
    return _withdrawn(market, withdrawal, bid, now), True


async def list_own(
    market: Market, vendor: str, day: str | None, cursor: str | None, limit: int
) -> Page[OwnBid]:
    """List a vendor's own bids, by digest, with what became of each."""
    after = read_cursor(cursor, tuple[str]) or ("",)
    async with market.db.snapshot() as connection:
        found = await repository.page_of_vendor(connection, vendor, day, after[0], limit + 1)
    rows, more = cut(found, limit)
    items = [_own(row) for row in rows]
    return Page(items=items, next=write_cursor(items[-1].bid) if more else None)


def _withdrawn(
    market: Market, withdrawal: Signed[BidWithdrawal], bid: AnyRow, received: int
) -> BidStored:
    receipt = log.receipt(market, withdrawal, received)
    return BidStored(bid=bid.digest, request=bid.request, receipt=msgspec.Raw(receipt.wire))


async def _store(market: Market, bids: Sequence[Signed[Bid]]) -> list[_Taken | Refused]:
    """Store what the rules allow; for each bid: what was taken, or why it is refused."""
    if not bids:
        return []
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, (bid.body.vendor for bid in bids))
        outcomes, rows = await _decide(market, connection, bids)
        pairs = [(row["request"], row["vendor"]) for row in rows]
        await repository.supersede(connection, pairs)
        await repository.add(connection, rows)
        await log.put(connection, (row["digest"] for row in rows))
        await repository.mark_alternatives(connection, _alternatives(bids, rows))
        live = [row["digest"] for row in rows if row["state"] == repository.LIVE]
        await mail.put(market, connection, "bid", live)
    return outcomes


async def _decide(
    market: Market, connection: AsyncConnection, bids: Sequence[Signed[Bid]]
) -> tuple[list[_Taken | Refused], list[dict[str, Any]]]:
    now = await market.db.now(connection)
    known = await repository.received(connection, (bid.digest for bid in bids))
    requests = await repository.requests_of(connection, (bid.body.request for bid in bids))
    bidders = await repository.bidders_of(connection, (bid.body.vendor for bid in bids))
    sellers = await catalogue.sellers(
        connection, {request.item for request in requests.values() if request.item is not None}
    )
    pairs = [(bid.body.request, bid.body.vendor) for bid in bids]
    newest = await repository.newest_sequences(connection, pairs)
    live: dict[tuple[str, str], dict[str, Any]] = {}
    superseded: list[dict[str, Any]] = []
    outcomes: list[_Taken | Refused] = []
    for bid in bids:
        body, pair = bid.body, (bid.body.request, bid.body.vendor)
        if bid.digest in known:
            outcomes.append(_Taken(known[bid.digest], new=False))
            continue
        try:
            request, bidder = requests.get(body.request), bidders.get(body.vendor)
            named = sellers.get(request.item) if request and request.item else None
            distance = check_bid(body, request, bidder, named, market.rules, now)
            if body.seq <= newest.get(pair, -1):
                raise Refused("stale-sequence", f"Send a seq above {newest[pair]}.", "seq")
        except Refused as refusal:
            outcomes.append(refusal)
            continue
        if pair in live:  # a newer bid of the same batch
            superseded.append(live[pair] | {"state": repository.SUPERSEDED})
        number = bidders[body.vendor].places[body.place].number
        live[pair] = _row(bid, number, distance) | {"received_at": now}
        newest[pair] = body.seq
        known[bid.digest] = now
        outcomes.append(_Taken(now, new=True))
    return outcomes, [*superseded, *live.values()]


def _alternatives(
    bids: Sequence[Signed[Bid]], rows: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    stored = {row["digest"] for row in rows}
    return [
        {"bid": bid.digest, "request": bid.body.request}
        for bid in bids
        if bid.body.alternative and bid.digest in stored
    ]


def _row(bid: Signed[Bid], place_number: int, distance: int) -> dict[str, Any]:
    body = bid.body
    return {
        "digest": bid.digest,
        "request": body.request,
        "vendor": body.vendor,
        "place": body.place,
        "place_number": place_number,
        "seq": body.seq,
        "amount": body.price.amount,
        "delivery": body.delivery,
        "way": int(WAY_CODES[body.delivery]),
        "distance_m": distance,
        "state": repository.LIVE,
        "valid_until": (
            int(parse_instant(body.valid_until).timestamp()) if body.valid_until else None
        ),
        "wire": bid.wire,
    }


def _verify_all(market: Market, documents: Sequence[bytes]) -> list[Signed[Bid] | Refusal]:
    return [_verify(market, document) for document in documents]


def _verify(market: Market, document: bytes) -> Signed[Bid] | Refusal:
    try:
        bid = read(document, Bid)
        market.check_addressed(bid.body)
    except (crypto.CryptoError, VrmError, Refused) as refusal:
        return refusal
    return bid


def _answer(
    market: Market,
    verified: Sequence[Signed[Bid] | Refusal],
    outcomes: Sequence[_Taken | Refused],
) -> BatchAnswer:
    """One result for each bid of the call; `outcomes` are those of the bids that verified."""
    left = iter(outcomes)
    return BatchAnswer(
        results=[
            _result(market, bid, next(left)) if isinstance(bid, Signed) else _refused(None, bid)
            for bid in verified
        ]
    )


def _result(market: Market, bid: Signed[Bid], outcome: _Taken | Refused) -> BidResult:
    if isinstance(outcome, Refused):
        return _refused(bid, outcome)
    return BidResult(
        status="accepted" if outcome.new else "known",
        bid=bid.digest,
        request=bid.body.request,
        receipt=msgspec.Raw(log.receipt(market, bid, outcome.at).wire),
    )


def _refused(bid: Signed[Bid] | None, refusal: Refusal) -> BidResult:
    return BidResult(
        status="refused",
        bid=None if bid is None else bid.digest,
        request=None if bid is None else bid.body.request,
        problem=problem_of(refusal),
    )


def _own(row: AnyRow) -> OwnBid:
    state: BidState = row.state
    if row.lost is not None:
        state = row.lost
    elif row.state == repository.LAPSED or (row.state == repository.LIVE and row.day is not None):
        state = "lost" if row.won is None else "won"
    return OwnBid(
        bid=row.digest,
        request=row.request,
        amount=row.amount,
        state=state,
        day=row.day,
        document=msgspec.Raw(row.wire),
    )
