"""A vendor checks a whole day again, and its own receipts against it."""

import asyncio

from sqlalchemy import text

from marketplace.descriptor import service as descriptor
from marketplace.log import service as log
from marketplace.market import Market
from tests.vrm.vendor.conftest import Shop
from tests.vrm.vendor.live import LiveMarket
from tests.vrm.vendor.terminal import Vendor, one_line, post


def a_day(live: LiveMarket, shop: Shop, titles: list[str], drop: int | None = None) -> str:
    """Let the program bid on some requests, and close the day; one bid may get lost at the market."""
    live.do(descriptor.announce)
    requests = [post(live, title) for title in titles]
    shop.stock(*(f"P{at},{title},baby,240.00,3" for at, title in enumerate(titles)))
    asyncio.run(shop.round())
    live.do(log.grow)
    if drop is not None:

        async def lose(market: Market) -> None:
            async with market.db.unit_of_work() as connection:
                query = text("DELETE FROM bids WHERE request = :request")
                await connection.execute(query, {"request": requests[drop]})

        live.do(lose)
    day = live.close_day()
    live.do(log.grow)
    return day


def test_a_vendor_verifies_its_day(live: LiveMarket, registered: Shop, vendor: Vendor) -> None:
    day = a_day(live, registered, ["Red pram", "Blue pram"])
    found = vendor("verify", day, "--json").json
    assert (found["verified"], found["receipts"], found["fault_count"]) == (True, 2, 0)
    assert {bid["outcome"] for bid in found["bids"]} == {"assigned"}
    assert all(bid["why"] == "It was choice 1 of 1." for bid in found["bids"])
    told = vendor("verify", day)
    assert told.out.splitlines()[-1] == "verified"
    assert "2 receipts for bids of the day; 2 of them are in its bundle." in told.out


def test_receipted_bid_dropped(live: LiveMarket, registered: Shop, vendor: Vendor) -> None:
    day = a_day(live, registered, ["Green pram", "Grey pram"], drop=0)
    told = vendor("verify", day)
    assert told.code == 1
    assert "FAULT in receipts" in told.out
    assert "2 receipts for bids of the day; 1 of them are in its bundle." in told.out
    assert told.out.splitlines()[-1] == "NOT verified: 1 fault"


def test_history_rewritten_since_the_vendor_looked(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    day = a_day(live, registered, ["Black pram"])
    assert vendor("verify", day).code == 0

    async def keep_head() -> None:
        async with registered.client() as client:
            note = (await client.fetch("/log/checkpoint")).decode()
        lines = note.split("\n")
        lines[2] = "A" * 43 + "="
        with registered.ledger() as ledger:
            ledger.receipts.record("\n".join(lines), [], [])

    asyncio.run(keep_head())
    told = vendor("verify", day)
    assert told.code == 1
    assert "FAULT in log" in told.out


def test_a_day_that_is_not_there(registered: Shop, vendor: Vendor) -> None:
    one_line(vendor("verify", "2020-01-01"), 1, "There is no run of 2020-01-01")


def test_a_bundle_that_cannot_be_read(live: LiveMarket, registered: Shop, vendor: Vendor) -> None:
    day = a_day(live, registered, ["White pram"])

    async def forget(market: Market) -> None:
        async with market.db.unit_of_work() as connection:
            await connection.execute(text("UPDATE run_places SET band = 99"))

    live.do(forget)
    one_line(vendor("verify", day), 2, "The day cannot be checked")
