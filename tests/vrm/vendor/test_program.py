"""The bidding program at a real market: it neither doubles nor forgets."""

import asyncio
import os
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.vrm.vendor.conftest import Shop
from tests.vrm.vendor.live import LiveMarket
from vrm.documents import Need
from vrm.errors import MarketUnreachable, UsageError
from vrm.vendor.program import Round, follow, rehearse
from vrm.vendor.stock import StockError


class CutWire(httpx.AsyncBaseTransport):
    """A network that breaks when bids are sent: before they arrive, or before their answer does."""

    def __init__(self, *, after: bool) -> None:
        self._real = httpx.AsyncHTTPTransport()
        self._after = after

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path != "/bids/batch":
            return await self._real.handle_async_request(request)
        if self._after:
            answer = await self._real.handle_async_request(request)
            await answer.aread()
        raise httpx.ReadError("the wire was cut")

    async def aclose(self) -> None:
        await self._real.aclose()


def need(title: str, quantity: int = 1) -> Need:
    return Need(title=title, category="baby", quantity=quantity)


async def test_it_bids_on_what_it_has_and_tells_why_not_on_the_rest(
    live: LiveMarket, shop: Shop
) -> None:
    wanted, _ = await live.post(need("Violet pram"))
    other, _ = await live.post(need("Violet dragon"))
    live.publish()
    shop.stock("P,Violet pram,baby,240.00,3")
    told = {verdict.request: verdict for verdict in (await shop.round()).verdicts}
    assert told[wanted].outcome == "accepted"
    assert told[wanted].amount == 24000
    assert (told[other].outcome, told[other].obstacle) == ("passed", "no-stock")
    assert (await shop.bids()) == {wanted: "live"}


async def test_a_second_round_reads_only_what_is_new_and_bids_nothing_twice(
    live: LiveMarket, shop: Shop
) -> None:
    await live.post(need("Amber pram"))
    live.publish()
    shop.stock("P,Amber pram,baby,240.00,3")
    assert (await shop.round()).bids == 1
    again = await shop.round()
    assert (again.read, again.bids) == (0, 0)
    await live.post(need("Amber pram"))
    live.publish()
    later = await shop.round()
    assert (later.read, later.bids) == (1, 1)


@pytest.mark.parametrize("after", [False, True], ids=["bids lost", "answer lost"])
async def test_a_wire_cut_while_bidding_neither_doubles_nor_forgets(
    live: LiveMarket, shop: Shop, after: bool
) -> None:
    title = f"Pram of wire {after}"
    digest, _ = await live.post(need(title))
    live.publish()
    shop.stock(f"P,{title},baby,240.00,3")
    with pytest.raises(MarketUnreachable):
        await shop.round(CutWire(after=after))
    assert (await shop.bids()) == ({digest: "live"} if after else {})
    with shop.ledger() as ledger:
        (stored,) = ledger.in_state("prepared")
    again = await shop.round()
    assert (again.resent, again.bids) == (1, 0)
    async with shop.client() as client:
        own = [bid async for bid in client.my_bids()]
    assert [(bid.digest, bid.state) for bid in own] == [(stored.digest, "live")]
    with shop.ledger() as ledger:
        assert [entry.state for entry in ledger.in_state("sent")] == ["sent"]


async def test_a_unit_in_an_open_bid_is_not_promised_again_by_a_later_round(
    live: LiveMarket, shop: Shop
) -> None:
    shop.stock("P,Coral pram,baby,240.00,1")
    await live.post(need("Coral pram"))
    live.publish()
    assert (await shop.round()).bids == 1
    await live.post(need("Coral pram"))
    live.publish()
    second = await shop.round()
    assert second.bids == 0
    assert second.passed["sold-out"] == 1


async def test_a_changed_stock_makes_it_read_the_board_afresh(live: LiveMarket, shop: Shop) -> None:
    digest, _ = await live.post(need("Jade pram"))
    live.publish()
    shop.stock("X,Something else,baby,1.00,1")
    assert (await shop.round()).bids == 0
    shop.stock("P,Jade pram,baby,240.00,1")
    assert (await shop.round()).bids == 1
    assert digest in await shop.bids()


async def test_a_rehearsal_sends_and_stores_nothing_and_holds_stock_all_the_same(
    live: LiveMarket, shop: Shop
) -> None:
    for _ in range(2):
        await live.post(need("Ruby pram"))
    live.publish()
    shop.stock("P,Ruby pram,baby,240.00,1")
    async with shop.client() as client:
        with shop.ledger() as ledger:
            result = await rehearse(client, ledger, shop.files, lambda _: None)
            assert ledger.requests() == set()
            assert ledger.mark("board") is None
    mine = [v.outcome for v in result.verdicts if v.title == "Ruby pram"]
    assert sorted(mine) == ["passed", "would-bid"]
    assert await shop.bids() == {}


async def test_what_the_market_refuses_is_told_with_its_code(live: LiveMarket, shop: Shop) -> None:
    gone, pseudonym = await live.post(need("Onyx pram"))
    live.publish()
    shop.stock("P,Onyx pram,baby,240.00,1")
    with pytest.raises(MarketUnreachable):
        await shop.round(CutWire(after=False))
    await live.withdraw(gone, pseudonym)
    live.publish()
    await shop.round()
    with shop.ledger() as ledger:
        (entry,) = ledger.in_state("refused")
        assert (entry.request, entry.problem) == (gone, "request-withdrawn")
        assert ledger.committed(datetime.now(UTC)) == {}


async def test_a_run_settles_bids_and_frees_the_units_that_lost(
    live: LiveMarket, shop: Shop
) -> None:
    shop.stock("P,Topaz pram,baby,240.00,2")
    won, _ = await live.post(need("Topaz pram"))
    gone, pseudonym = await live.post(need("Topaz pram"))
    live.publish()
    assert (await shop.round()).bids == 2
    await live.withdraw(gone, pseudonym)
    live.publish()
    live.close_day()
    settled = await shop.round()
    assert settled.won == 1
    assert (await shop.bids())[won] == "won"
    with shop.ledger() as ledger:
        assert [entry.request for entry in ledger.in_state("won")] == [won]
        # The stock was counted before the run: the won unit is gone from it, until it is counted anew.
        assert [c.won for c in ledger.committed(settled_before()).values()] == [1]
    async with shop.client() as client:
        (mine,) = [item async for item in client.my_assignments()]
    assert mine.assignment.request == won
    os.utime(shop.files.stock, (future := settled_before().timestamp() + 7200, future))
    with shop.ledger() as ledger:
        counted_anew = datetime.fromtimestamp(future, UTC)
        assert all(c.won == 0 for c in ledger.committed(counted_anew).values())


def settled_before() -> datetime:
    return datetime.now(UTC) - timedelta(hours=1)


async def test_following_survives_a_file_at_fault_and_stops_when_told(
    live: LiveMarket, shop: Shop
) -> None:
    await live.post(need("Pearl pram"))
    live.publish()
    shop.stock("P,Pearl pram,baby,240.00,1")
    stop = asyncio.Event()
    rounds: list[Round] = []
    complaints: list[Exception] = []

    def report(result: Round) -> None:
        rounds.append(result)
        if len(rounds) == 1:
            shop.files.stock.write_text("not,a,stock\n")
        else:
            stop.set()

    def complain(error: Exception) -> None:
        complaints.append(error)
        shop.stock("P,Pearl pram,baby,240.00,1")

    with shop.ledger() as ledger:
        await follow(
            shop.client,
            ledger,
            shop.files,
            every=0.05,
            stop=stop,
            tell=lambda _: None,
            report=report,
            complain=complain,
        )
    assert rounds[0].bids == 1
    assert [type(error) for error in complaints] == [StockError]
    assert rounds[1].bids == 0


async def test_two_programs_on_one_folder_are_refused(shop: Shop) -> None:
    with (
        shop.home.running(),
        pytest.raises(UsageError, match="Another `vendor run`"),
        shop.home.running(),
    ):
        pass
    with shop.home.running():
        pass
