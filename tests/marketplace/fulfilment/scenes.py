"""A day whose one assignment was accepted, and what followed."""

from dataclasses import dataclass
from typing import Any

import crypto
from tests.marketplace.cascade.scenes import VENDORS, accept, assignment
from tests.support import (
    ClockedMarket,
    a_bid,
    a_disclosure,
    a_key,
    a_preference,
    a_request,
    a_vendor,
)
from vrm.documents import PersonalRequest, Signed

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
) -> Given:
    """A request of `OWNER`, given to `VENDOR`, which accepts unless told otherwise.

    Args:
        prefers: whether a Preference of the owner counts; it decides nothing.
    """
    request = a_request(market, OWNER, policy=policy)
    await market.store(a_vendor(market, VENDOR), a_vendor(market, RIVAL), request)
    await market.publish()
    for number, key in enumerate((VENDOR, RIVAL)):
        await market.store(a_bid(market, key, request, price={"amount": 20_000 + number}))
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
