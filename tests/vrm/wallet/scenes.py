"""Days that a wallet follows: shops bid on what it asks for, decline and accept."""

from datetime import UTC, datetime
from typing import Any

import msgspec

from tests.support import ClockedMarket, a_bid, a_decline, a_key, a_vendor, an_acceptance
from vrm.client.customer import CustomerClient
from vrm.documents import Assignment, PersonalRequest, Signed, read
from vrm.wallet import Wallet, explaining, outcomes, requests
from vrm.wallet.own import OwnRequest
from vrm.wallet.wishes import Wish

STROLLER = Wish(
    title="Twin stroller",
    category="baby",
    at_most="250.00",
    delivery=("pickup",),
    policy="lowest-price",
)
SHOPS = [a_key(f"shop {number}") for number in range(3)]
DAY = "2026-11-21"
NEXT = "2026-11-22"


class Play:
    """A wallet, its client and its market, to play a day with."""

    def __init__(self, wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> None:
        self.wallet, self.client, self.market = wallet, client, market

    async def __call__(self, wish: Wish = STROLLER, shops: int = 3, **bid: Any) -> OwnRequest:
        """Post a wish on which the shops bid, the first at the lowest price, and close the day."""
        market = self.market
        await market.store(*(a_vendor(market, key) for key in SHOPS))
        async with self.client as client:
            entry = requests.prepare(self.wallet, wish, await client.descriptor())
            entry = await requests.send(self.wallet, client, entry)
        await market.publish()
        for number, key in enumerate(SHOPS[:shops]):
            price = {"amount": entry.body.price.amount - (0 if wish.fixed else 100 - number)}
            await market.store(a_bid(market, key, signed(entry), price=price, **bid))
        await market.reach_cutoff(signed(entry))
        return entry


def signed(entry: OwnRequest) -> Signed[PersonalRequest]:
    return Signed(entry.body, entry.digest, entry.wire)


async def followed(wallet: Wallet, client: CustomerClient) -> OwnRequest:
    async with client:
        return (await outcomes.sync(wallet, client)).requests[-1]


async def given(market: ClockedMarket, tick: int = 0, day: str = DAY) -> Signed[Assignment]:
    part = f"/ticks/{tick}" if tick else ""
    (one,) = await market.items(f"/runs/{day}{part}/assignments")
    return read(msgspec.json.encode(one), Assignment)


async def decline(market: ClockedMarket, number: int, tick: int = 0) -> None:
    await market.store(a_decline(market, SHOPS[number], (await given(market, tick)).digest))


async def accept(market: ClockedMarket, number: int, tick: int = 0) -> None:
    await market.store(an_acceptance(market, SHOPS[number], (await given(market, tick)).digest))


def at(market: ClockedMarket, later: int = 0) -> datetime:
    """The market's time."""
    return datetime.fromtimestamp(market.clock.now + later, UTC)


def words(entry: OwnRequest, market: ClockedMarket, later: int = 0) -> str:
    return " ".join(explaining.in_words(entry, market.rules, at(market, later)))


def told(entry: OwnRequest, market: ClockedMarket) -> tuple[str, int, int]:
    """Its status, the tick that decided it, and how many vendors failed it."""
    return entry.status(at(market)), entry.tick, len(entry.failed)
