"""What a wallet learns of a day after its run: acceptances, ticks, roll-over; and what a market might do."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import msgspec

from tests.support import (
    ClockedMarket,
    a_bid,
    a_key,
    a_vendor,
    an_item,
)
from tests.vrm.wallet.conftest import URL, Wire, make_wallet
from tests.vrm.wallet.scenes import (
    DAY,
    NEXT,
    SHOPS,
    STROLLER,
    Play,
    accept,
    at,
    decline,
    followed,
    given,
    signed,
    told,
    words,
)
from vrm.client.customer import CustomerClient
from vrm.wallet import Wallet, items, outcomes, requests
from vrm.wallet.wishes import Wish


async def test_an_assignment_that_its_vendor_accepts(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play()
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 0, 0)
    due = (await given(market)).body.accept_by
    assert f"The vendor has until {due} to accept it." in words(entry, market)
    assert "next in line" in words(entry, market, later=86_400)
    await accept(market, 0)
    entry = await followed(wallet, client)
    assert told(entry, market) == ("accepted", 0, 0)
    assert "The vendor has accepted it." in words(entry, market)
    assert wallet.read().following == []


async def test_a_vendor_that_declines_and_a_second_one(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play()
    assert told(await followed(wallet, client), market) == ("assigned", 0, 0)
    await decline(market, 0)
    assert told(await followed(wallet, client), market) == ("assigned", 0, 0), "until a tick"
    await market.reach_tick()
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 1, 1)
    assert entry.assigned is not None
    assert entry.assigned.vendor == SHOPS[1].did
    said = words(entry, market)
    assert f"({SHOPS[0].did}), who declined it; tick 1 decided it again." in said
    assert f"Tick 1 of {DAY} gave it" in said
    await accept(market, 1, tick=1)
    assert told(await followed(wallet, client), market) == ("accepted", 1, 1)


async def test_a_vendor_that_does_not_answer_in_time(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play()
    await market.reach_cutoff()  # the next day's, by when all answers are due
    await market.reach_tick()
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 1, 1)
    assert "did not answer in time" in words(entry, market)


async def test_a_wallet_that_was_away_learns_all_of_it_at_once(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play()
    for tick in range(2):
        await decline(market, tick, tick)
        await market.reach_tick()
    await accept(market, 2, tick=2)
    entry = await followed(wallet, client)
    assert told(entry, market) == ("accepted", 2, 2)
    assert entry.fault is None
    assert wallet.read().following == []


async def test_nobody_left_after_a_tick(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play(shops=1)
    await decline(market, 0)
    await market.reach_tick()
    entry = await followed(wallet, client)
    assert told(entry, market) == ("unfilled", 1, 1)
    assert f"Tick 1 of {DAY} could not give it to anybody." in words(entry, market)


async def test_a_request_that_is_too_late_for_anybody_else(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play(msgspec.structs.replace(STROLLER, needed_by="2026-11-21T19:00"))
    await market.reach_cutoff()
    await market.reach_tick()
    entry = await followed(wallet, client)
    assert entry.reason == "too-late"
    assert "before anybody else" in words(entry, market)


async def test_a_brand_that_ships_what_its_seller_declined(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    brand = a_key("brand")
    item = an_item(market, brand)
    await market.store(a_vendor(market, brand), item)
    wish = Wish(item=items.name_of(item.body), delivery=("pickup",))
    await play(items.taken(wish, item.body, market.rules), shops=1)
    assert told(await followed(wallet, client), market) == ("assigned", 0, 0)
    await decline(market, 0)
    await market.reach_tick()
    entry = await followed(wallet, client)
    assert told(entry, market) == ("fallback", 1, 1)
    assert f"Tick 1 of {DAY} gave it to no vendor nearby" in words(entry, market)


async def test_a_request_that_rolls_over_and_is_given_on_a_later_day(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    posted = await play(msgspec.structs.replace(STROLLER, roll_over=True), shops=0)
    entry = await followed(wallet, client)
    assert entry.status(at(market)) == "rolled-over"
    assert "moved on to the cutoff of 2026-11-22" in words(entry, market)
    await market.store(a_bid(market, SHOPS[0], signed(posted)))
    assert await market.reach_cutoff(signed(posted)) == NEXT
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 0, 0)
    assert (entry.day, len(entry.rolled)) == (NEXT, 1)
    said = words(entry, market)
    assert said.index(f"The run of {DAY} could not") < said.index(f"The run of {NEXT} gave it")


async def test_a_request_that_rolls_over_after_a_tick(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    posted = await play(msgspec.structs.replace(STROLLER, roll_over=True), shops=1)
    assert told(await followed(wallet, client), market) == ("assigned", 0, 0)
    await decline(market, 0)
    await market.reach_tick()
    entry = await followed(wallet, client)
    assert told(entry, market) == ("rolled-over", 0, 1)
    await market.reach_cutoff(signed(posted))
    entry = await followed(wallet, client)
    assert (entry.status(at(market)), entry.day, entry.reason) == ("rolled-over", None, None)
    assert [one.tick for one in entry.rolled] == [1, 0]


async def test_a_rolled_over_request_can_be_withdrawn(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play(msgspec.structs.replace(STROLLER, roll_over=True), shops=0)
    entry = await followed(wallet, client)
    async with client:
        await requests.withdraw(wallet, client, entry)
    await market.publish()
    assert (await followed(wallet, client)).status(at(market)) == "withdrawn"


async def test_a_later_run_that_drops_what_had_rolled_over(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    posted = await play(msgspec.structs.replace(STROLLER, roll_over=True), shops=0)
    assert (await followed(wallet, client)).status(at(market)) == "rolled-over"
    await market.reach_cutoff(signed(posted))
    await market.execute("DELETE FROM unfilled WHERE day = :day", day=NEXT)
    await market.execute("DELETE FROM roll_overs WHERE day = :day", day=NEXT)
    entry = await followed(wallet, client)
    assert entry.status(at(market)) == "market-at-fault"
    assert f"The run of {NEXT} had to decide it" in words(entry, market)


# --- what is asked for ---


async def test_the_market_cannot_see_whose_requests_a_wallet_follows(
    tmp_path: Path,
    wallet: Wallet,
    client: CustomerClient,
    wire: Wire,
    market: ClockedMarket,
    play: Play,
) -> None:
    """Two wallets, one with requests of its own and one without, ask for exactly the same all day long."""
    idle = make_wallet(tmp_path / "idle", market.rules, at(market))
    wish = msgspec.structs.replace(STROLLER, roll_over=True)

    async def asked(one: Wallet) -> list[tuple[str, str]]:
        wire.asked.clear()
        async with client:
            await outcomes.sync(one, client)
        return list(wire.asked)

    async def both_ask_the_same() -> list[tuple[str, str]]:
        mine = await asked(wallet)
        assert await asked(idle) == mine
        assert {method for method, _ in mine} == {"GET"}
        return mine

    entry = await play(wish)
    first = await both_ask_the_same()
    assert any(f"/runs/{DAY}/assignments" in path for _, path in first)
    await decline(market, 0)
    await market.reach_tick()
    second = await both_ask_the_same()
    assert not any(f"/runs/{DAY}/assignments" in path for _, path in second), "read once"
    assert any("/ticks/1/displaced" in path for _, path in second)
    third = await both_ask_the_same()
    assert not any("/ticks/1/" in path for _, path in third), "read once"
    await accept(market, 1, tick=1)
    await both_ask_the_same()
    last = await both_ask_the_same()
    assert not any(f"/runs/{DAY}" in path for _, path in last), "what is settled is not read again"
    assert not any(entry.digest in path for _, path in first + second + third + last)


class Overtaken(Wire):
    """The way to a market on which another program goes first, once a tick's lists are being read."""

    def __init__(self, market: ClockedMarket, other: Callable[[], Awaitable[object]]) -> None:
        super().__init__(market)
        self._other: Callable[[], Awaitable[object]] | None = other

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self._other is not None and "/ticks/1/" in str(request.url):
            other, self._other = self._other, None
            await other()
        return await super().handle_async_request(request)


async def test_two_programs_that_follow_one_wallet(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    """The slower one has read the same news, and must not take them in again."""
    await play()
    await followed(wallet, client)
    await decline(market, 0)
    await market.reach_tick()
    slow = Overtaken(market, lambda: followed(wallet, client))
    entry = await followed(wallet, CustomerClient(URL, transport=slow, attempts=1))
    assert told(entry, market) == ("assigned", 1, 1)
    assert entry.fault is None
