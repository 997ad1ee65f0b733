"""Receipts at a real market: kept by the bidding program, and held against the log by itself."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import text

import crypto
from marketplace.log import service as log
from marketplace.market import Market
from tests.vrm.vendor.conftest import Shop
from tests.vrm.vendor.live import LiveMarket
from vrm.documents import Need, Receipt, sign
from vrm.errors import MarketMisbehaved
from vrm.vendor.ledger import Ledger
from vrm.vendor.receipts import Fault, check

LATER = timedelta(minutes=10)
Change = Callable[[bytes], bytes]


class Rewritten(httpx.AsyncBaseTransport):
    """The real network, with the answers to bids changed on their way."""

    def __init__(self, change: Change) -> None:
        self._real, self._change = httpx.AsyncHTTPTransport(), change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._real.handle_async_request(request)
        if request.url.path != "/bids/batch":
            return answer
        body = self._change(await answer.aread())
        return httpx.Response(answer.status_code, json=json.loads(body))

    async def aclose(self) -> None:
        await self._real.aclose()


@pytest.fixture
def ledger(shop: Shop) -> Iterator[Ledger]:
    with shop.ledger() as opened:
        yield opened


async def bid(live: LiveMarket, shop: Shop, title: str, change: Change | None = None) -> str:
    """Let the program bid on a fresh request; answers the bid's digest."""
    request, _ = await live.post(Need(title=title, category="baby"))
    live.publish()
    shop.stock(f"P,{title},baby,240.00,3")
    await shop.round(None if change is None else Rewritten(change))
    with shop.ledger() as ledger:
        entry = ledger.on(request)
    assert entry is not None
    return entry.digest


async def held(shop: Shop, after: timedelta = LATER) -> list[Fault]:
    """Hold the receipts against the log, some time from now."""
    async with shop.client() as client:
        with shop.ledger() as ledger:
            return await check(client, ledger.receipts, datetime.now(UTC) + after)


async def test_a_receipt_is_kept_and_borne_out_by_the_log(
    live: LiveMarket, shop: Shop, ledger: Ledger
) -> None:
    await bid(live, shop, "Kept pram")
    live.do(log.grow)
    assert await held(shop, timedelta(0)) == []
    assert ledger.receipts.counts() == (1, 0), "nothing is due yet"
    assert await held(shop) == []
    assert ledger.receipts.counts() == (1, 1)
    assert ledger.receipts.head()


async def test_a_receipted_bid_that_was_dropped(
    live: LiveMarket, shop: Shop, ledger: Ledger
) -> None:
    dropped = await bid(live, shop, "Dropped pram")

    async def drop(market: Market) -> None:
        async with market.db.unit_of_work() as connection:
            await connection.execute(
                text("DELETE FROM log_waiting WHERE digest = :digest"), {"digest": dropped}
            )

    live.do(drop)
    await bid(live, shop, "Logged pram")
    live.do(log.grow)
    (fault,) = await held(shop)
    assert (fault.document, fault.code) == (dropped, "missing")
    assert ledger.receipts.faults() == [fault], "it stays on record"


async def test_a_log_that_forgets(live: LiveMarket, shop: Shop) -> None:
    await bid(live, shop, "First pram")
    live.do(log.grow)
    assert await held(shop) == []

    async def forget(market: Market) -> None:
        async with market.db.unit_of_work() as connection:
            await connection.execute(text("DELETE FROM log_checkpoints"))

    live.do(forget)
    (fault,) = await held(shop)
    assert (fault.document, fault.code) == ("", "rollback")


@pytest.mark.parametrize("what", ["another document", "another key", "none"])
async def test_a_receipt_that_binds_nobody(
    live: LiveMarket, shop: Shop, ledger: Ledger, what: str
) -> None:
    stranger = crypto.SigningKey.generate()

    def change(body: bytes) -> bytes:
        answer = json.loads(body)
        for result in answer["results"]:
            key = live.identity.key if what == "another document" else stranger
            forged = Receipt(
                market=key.did,
                document="A" * 43 if what == "another document" else result["bid"],
                document_type="Bid",
                logged_by="2026-11-21T12:00:00Z",
            )
            result["receipt"] = json.loads(sign(forged, key).wire)
            if what == "none":
                del result["receipt"]
        return json.dumps(answer).encode()

    with pytest.raises(MarketMisbehaved):
        await bid(live, shop, f"Pram with {what}", change)
    assert ledger.in_state("prepared"), "it is sent again when the market behaves"
