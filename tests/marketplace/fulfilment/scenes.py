"""A day whose one assignment was accepted, and what followed."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

import crypto
from marketplace.models.reputation import Evidence
from tests.marketplace.cascade.scenes import VENDORS, accept, assignment
from tests.support import (
    ClockedMarket,
    a_bid,
    a_disclosure,
    a_key,
    a_preference,
    a_request,
    a_shipment,
    a_vendor,
)
from vrm.documents import PersonalRequest, Shipment, Signed

OWNER, VENDOR, RIVAL = a_key("owner"), VENDORS[0], VENDORS[1]


@dataclass(frozen=True)
class Given:
    """An assignment, by its digest, and its request."""

    assignment: str
    request: Signed[PersonalRequest]


async def given(
    market: ClockedMarket,
    *,
    accepted: bool = True,
    policy: str = "lowest-price",
    prefers: bool = False,
    **bid: Any,
) -> Given:
    """A request of `OWNER`, given to `VENDOR`, which accepts unless told otherwise.

    Args:
        prefers: whether a Preference of the owner counts; it decides nothing.
        bid: what the bids say besides.
    """
    request = a_request(market, OWNER, policy=policy)
    await market.store(a_vendor(market, VENDOR), a_vendor(market, RIVAL), request)
    await market.publish()
    for number, key in enumerate((VENDOR, RIVAL)):
        await market.store(a_bid(market, key, request, price={"amount": 20_000 + number}, **bid))
    if prefers:
        await market.store(a_preference(market, OWNER, request))
    await market.reach_cutoff(request)
    one = await assignment(market)
    if accepted:
        await accept(market, one)
    return Given(crypto.digest(one), request)


async def delivered(market: ClockedMarket, **order: Any) -> Given:
    """An accepted assignment whose vendor knows whom to deliver to."""
    one = await given(market, **order)
    await market.store(a_disclosure(market, OWNER, one.request, one.assignment))
    await market.publish()
    return one


def shipped(
    market: ClockedMarket, one: Given, key: crypto.SigningKey = VENDOR, **changes: Any
) -> Signed[Shipment]:
    """The vendor's word that it can be picked up."""
    return a_shipment(market, key, one.request, one.assignment, **changes)


async def delivery(market: ClockedMarket, key: crypto.SigningKey = VENDOR) -> Any:
    """The one delivery that a vendor reads of."""
    [item] = (await market.read(key, "/vendors/self/deliveries"))["items"]
    return item


async def events(market: ClockedMarket) -> list[str]:
    """The types of what the vendor was told."""
    return [item["type"] for item in (await market.read(VENDOR, "/events"))["items"]]


async def evidence(market: ClockedMarket) -> dict[str, bool]:
    """What speaks for and against vendors, by document."""
    async with market.market.db.snapshot() as connection:
        rows = await connection.execute(select(Evidence.document, Evidence.good))
        return {row.document: row.good for row in rows}


async def pass_time(market: ClockedMarket, hours: int) -> None:
    """Let hours pass, and the batch instant after them."""
    market.clock.advance(hours * 3600)
    await market.publish()
