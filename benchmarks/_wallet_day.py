"""A real day for wallets to read about: every document signed and taken through the market's own API and jobs.

Requests come in equal parts before the batch instants; there is a vendor for every ten of them, and ten of the
vendors bid on each request in the hour in which it appears. After the run all vendors accept what they got.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import crypto
from marketplace.descriptor import service as descriptor
from marketplace.log import service as log
from marketplace.tokens import service as tokens
from tests.support.answers import an_acceptance
from tests.support.builders import a_bid, a_key, a_place, a_request, a_vendor
from tests.support.market import ClockedMarket
from vrm.client.batches import in_batches
from vrm.documents import PersonalRequest, Signed

BIDS = 10
BATCHES = 20
"""Hourly instants, all of them early enough for the same cutoff."""
CAPACITY = 12
REQUESTS_PER_VENDOR = 10
SMALLEST_PRICE = 2_000


async def play(market: ClockedMarket, requests: int) -> str:
    """Make a day of so many requests, up to the last acceptance; answers its name."""
    random = np.random.default_rng(1)
    vendors = await _vendors(market, max(requests // REQUESTS_PER_VENDOR, BIDS))
    waiting: list[Signed[PersonalRequest]] = []
    for batch in range(BATCHES):
        await _bid(market, waiting, vendors, random)
        waiting = []
        for number in range(batch, requests, BATCHES):
            amount = SMALLEST_PRICE + int(random.integers(90_000))
            request = a_request(market, need={"title": f"Thing {number}"}, price={"amount": amount})
            await market.store(request)
            waiting.append(request)
        await market.publish()
    await _bid(market, waiting, vendors, random)
    await market.publish()
    day = await market.reach_cutoff()
    await _accept(market, day, vendors)
    await log.grow(market.market)
    return day


async def prepare(market: ClockedMarket) -> None:
    """Make what a market has before its first day."""
    await descriptor.announce(market.market)
    await tokens.keep_keys(market.market)
    await log.grow(market.market)


async def _vendors(market: ClockedMarket, count: int) -> Sequence[crypto.SigningKey]:
    keys = [a_key(f"vendor {number}") for number in range(count)]
    for number, key in enumerate(keys):
        place = a_place(capacity=CAPACITY)
        await market.store(a_vendor(market, key, name=f"Shop {number}", places=(place,)))
    return keys


async def _bid(
    market: ClockedMarket,
    requests: Sequence[Signed[PersonalRequest]],
    vendors: Sequence[crypto.SigningKey],
    random: np.random.Generator,
) -> None:
    bids: list[bytes] = []
    for request in requests:
        ceiling = request.body.price.amount
        for vendor in random.choice(len(vendors), BIDS, replace=False).tolist():
            amount = ceiling * int(random.integers(60, 101)) // 100
            bids.append(a_bid(market, vendors[vendor], request, price={"amount": amount}).wire)
    for part in in_batches(bids):
        await _send(market, "bids", part)


async def _accept(market: ClockedMarket, day: str, vendors: Sequence[crypto.SigningKey]) -> None:
    keys = {key.did: key for key in vendors}
    accepted: list[bytes] = []
    for assignment in await market.items(f"/runs/{day}/assignments"):
        bare = {name: value for name, value in assignment.items() if name != "proof"}
        key = keys[assignment["vendor"]]
        accepted.append(an_acceptance(market, key, crypto.digest(bare)).wire)
    for part in in_batches(accepted):
        await _send(market, "acceptances", part)


async def _send(market: ClockedMarket, what: str, documents: Sequence[bytes]) -> None:
    body = b'{"' + what.encode() + b'":[' + b",".join(documents) + b"]}"
    answer = await market.post(f"/{what}/batch", body)
    refused = [one for one in answer.json()["results"] if one["status"] == "refused"]
    if refused:
        raise RuntimeError(f"a document was refused: {refused[0]}")
