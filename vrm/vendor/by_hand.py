"""Bids that a person or another program decides on: one, or a file of thousands.

They go through the same ledger as those of the bidding program, so that neither bids over the other, and the
same line given twice sends the same document twice, which the market answers alike.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import BidResult, BoardItem, Problem
from vrm.documents import Alternative, Bid, recall
from vrm.documents.scalars import DeliveryWay, Digest
from vrm.errors import UsageError
from vrm.money import parse_amount
from vrm.vendor.ledger import Entry, Ledger
from vrm.vendor.program import send_entries
from vrm.vendor.stock import StockKey

FEW: Final = 20
"""Up to so many requests are read one by one; for more the whole open board is."""


class BidLine(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One bid as a person writes it; ``price`` is decimal text, all in, for the whole quantity."""

    request: Digest
    price: str
    place: str
    delivery: DeliveryWay
    lead_time_hours: Annotated[int, Meta(ge=0, le=8760)]
    text: str = ""
    alternative: Alternative | None = None


def read_lines(path: Path) -> list[BidLine]:
    """Read a file of bids, one JSON object a line.

    Raises:
        UsageError: the first line at fault.
    """
    lines: list[BidLine] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        if not line.strip():
            continue
        try:
            lines.append(msgspec.json.decode(line, type=BidLine))
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UsageError(f"{path.name} line {number}: {error}.") from None
    twice = len(lines) - len({line.request for line in lines})
    if twice:
        raise UsageError(f"{path.name}: {twice} lines name a request that another line names.")
    return lines


async def place_bids(
    client: VendorClient, ledger: Ledger, lines: Sequence[BidLine]
) -> list[BidResult]:
    """Sign, store and send bids; tells what became of each, in order.

    Raises:
        UsageError: a price that is no amount.
    """
    board = await _requests(client, lines)
    entries: dict[str, Entry] = {}
    for line in lines:
        if line.request in board:
            entries[line.request] = await _entry(client, ledger, line, board[line.request])
    ledger.prepare(entries.values())
    answers = await send_entries(client, ledger, list(entries.values()))
    by_request = {entry.request: answers[entry.digest] for entry in entries.values()}
    return [by_request.get(line.request) or _unknown(line) for line in lines]


async def _requests(client: VendorClient, lines: Sequence[BidLine]) -> Mapping[str, BoardItem]:
    if len(lines) <= FEW:
        found = [await client.request(line.request) for line in lines]
        return {item.digest: item for item in found}
    return {item.digest: item async for item in client.board(state="all")}


async def _entry(client: VendorClient, ledger: Ledger, line: BidLine, item: BoardItem) -> Entry:
    market = await client.descriptor()
    earlier = ledger.on(line.request)
    if earlier and earlier.state in {"prepared", "sent"}:
        bid = recall(earlier.document, Bid)
        if _same(bid, line, market.currency.digits):
            return earlier
    signed = await client.make_bid(
        item.digest,
        item.request,
        place=line.place,
        price=line.price,
        delivery=line.delivery,
        lead_time_hours=line.lead_time_hours,
        text=line.text,
        alternative=line.alternative,
    )
    return Entry(
        request=item.digest,
        digest=signed.digest,
        document=signed.wire,
        seq=signed.body.seq,
        stock=earlier.stock if earlier else StockKey("", line.place),
        units=item.request.need.quantity,
        decided_at=item.cutoff,
    )


def _same(bid: Bid, line: BidLine, digits: int) -> bool:
    try:
        amount = parse_amount(line.price, digits)
    except ValueError:
        return False
    stated = (bid.price.amount, bid.place, bid.delivery, bid.lead_time_hours, bid.text or "")
    return (*stated, bid.alternative or None) == (
        amount,
        line.place,
        line.delivery,
        line.lead_time_hours,
        line.text,
        line.alternative,
    )


def _unknown(line: BidLine) -> BidResult:
    detail = "The board holds no such request."
    problem = Problem("unknown-request", "Unknown request", detail)
    return BidResult(status="refused", request=line.request, problem=problem)
