"""Days with assignments to answer."""

from typing import Any

import crypto
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_decline,
    a_key,
    a_request,
    a_vendor,
    an_acceptance,
)
from vrm.documents import PersonalRequest, Signed

VENDORS = [a_key(f"vendor {number}") for number in range(4)]
DAY = "2026-11-21"
DIDS = {key.did: key for key in VENDORS}


async def contested(
    market: ClockedMarket, requests: int = 1, units: int | None = None, **changes: Any
) -> list[Signed[PersonalRequest]]:
    """All vendors bid on all requests, the first at the lowest price; answers the requests."""
    changes = {"policy": "lowest-price", **changes}
    posted = [a_request(market, **changes) for _ in range(requests)]
    await market.store(*(a_vendor(market, key) for key in VENDORS), *posted)
    await market.publish()
    for number, key in enumerate(VENDORS):
        if units is not None:
            await market.store(a_capacity(market, key, DAY, units))
        bids = [a_bid(market, key, r, price={"amount": 20_000 + number}) for r in posted]
        await market.send_batch(*bids)
    return posted


async def a_day(market: ClockedMarket, **changes: Any) -> Signed[PersonalRequest]:
    """One request, given to the first vendor; the others are its reserve, in order."""
    (request,) = await contested(market, **changes)
    assert await market.reach_cutoff(request) == DAY
    assert (await assignment(market))["vendor"] == VENDORS[0].did
    return request


async def assignments(market: ClockedMarket, tick: int = 0, day: str = DAY) -> list[Any]:
    """What a run or tick gave."""
    part = f"/ticks/{tick}" if tick else ""
    return await market.items(f"/runs/{day}{part}/assignments")


async def assignment(market: ClockedMarket, tick: int = 0) -> Any:
    """The one assignment of a run or tick."""
    (one,) = await assignments(market, tick)
    return one


async def accept(market: ClockedMarket, given: Any) -> None:
    """Let its vendor accept an assignment."""
    key = DIDS[given["vendor"]]
    await market.store(an_acceptance(market, key, crypto.digest(given)))


async def decline(market: ClockedMarket, given: Any) -> None:
    """Let its vendor decline an assignment."""
    key = DIDS[given["vendor"]]
    await market.store(a_decline(market, key, crypto.digest(given)))


async def own(market: ClockedMarket, key: crypto.SigningKey) -> list[Any]:
    """What a vendor reads of its assignments."""
    found: list[Any] = (await market.read(key, "/vendors/self/assignments"))["items"]
    return found
