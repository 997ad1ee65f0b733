"""Days to be verified: with everything that a day can have, and their bundles."""

import io
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import crypto
from crypto import SigningKey
from marketplace.bundle import service as bundles
from marketplace.descriptor import service as descriptor
from marketplace.log import service as log
from marketplace.vendors import service as vendors
from marketplace.verify.checking import Verified, verify
from tests.marketplace.cascade.scenes import DAY, DIDS, VENDORS, accept, assignments, decline
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_disclosure,
    a_key,
    a_preference,
    a_rating,
    a_request,
    a_request_for,
    a_vendor,
    a_vendor_rating,
    an_item,
)
from tests.support.clock import seconds
from vrm.documents import PersonalRequest, Signed

OWNERS = [a_key(f"owner {number}") for number in range(6)]
BRAND = a_key("brand")


async def a_full_day(market: ClockedMarket) -> str:
    """A day with a catalogue item, Preferences, a suspended vendor, bands, ticks and answers; answers its name.

    Six requests: four by everybody, one for a brand's item that nobody wants, one that nobody bids on.
    """
    await descriptor.announce(market.market)
    item = an_item(market, BRAND)
    requests = [a_request(market, key, policy="lowest-price") for key in OWNERS[:4]]
    lonely = a_request(market, OWNERS[4], roll_over=True)
    await market.store(*(a_vendor(market, key) for key in [*VENDORS, BRAND]), item)
    branded = a_request_for(market, item, OWNERS[5])
    await market.store(*requests, lonely, branded)
    await market.publish()
    await market.store(a_capacity(market, VENDORS[0], DAY, 2))
    bids: dict[Any, Any] = {}
    for number, key in enumerate(VENDORS):
        for request in requests:
            bid = a_bid(market, key, request, price={"amount": 20_000 + number})
            bids[request.digest, key.did] = bid
            await market.store(bid)
    other = a_bid(market, VENDORS[1], branded)
    await market.store(other)
    await market.publish()
    first = requests[0]
    listed = (bids[first.digest, VENDORS[2].did].digest,)
    await market.store(a_preference(market, OWNERS[0], first, listed=listed))
    await market.store(
        a_preference(
            market,
            OWNERS[1],
            requests[1],
            struck_out=(bids[requests[1].digest, VENDORS[0].did].digest,),
        )
    )
    await vendors.suspend(market.market, VENDORS[3].did, "Sold what it did not have.")
    await market.reach_cutoff(first)
    given = await assignments(market)
    await accept(market, given[0])
    await decline(market, given[1])
    await market.reach_tick()
    owners = {
        one.digest: (key, one)
        for key, one in zip(OWNERS, [*requests, lonely, branded], strict=True)
    }
    await rate(market, given[0], owners)
    await market.reach_tick(seconds(given[2]["accept_by"]))
    return DAY


async def rate(
    market: ClockedMarket,
    given: Any,
    owners: Mapping[str, tuple[SigningKey, Signed[PersonalRequest]]],
    stars: int = 2,
) -> None:
    """Let both sides of an accepted assignment rate each other.

    Args:
        owners: requests with their keys, by digest.
    """
    owner, request = owners[given["request"]]
    digest, vendor = crypto.digest(given), DIDS[given["vendor"]]
    await market.store(a_disclosure(market, owner, request, digest))
    await market.publish()
    said = a_rating(market, owner, request, digest, stars=stars, text="Late, and torn.")
    await market.store(said, a_vendor_rating(market, vendor, request, digest))
    await market.publish()


async def bundle_of(market: ClockedMarket, day: str, since: int | None = None) -> bytes:
    """A day's bundle as the market writes it, once the log holds all that waits."""
    await log.grow(market.market)
    begun = await bundles.begin(market.market, day, since)
    return b"".join([part async for part in bundles.write(market.market, begun)])


def verified(bundle: bytes, **options: Any) -> Verified:
    """Check a bundle in this process."""
    given: dict[str, Any] = {"processes": 1, "progress": lambda *_: None} | options
    return verify(io.BytesIO(bundle), **given)


def faults(bundle: bytes, **options: Any) -> list[tuple[str, str, str]]:
    """What is wrong with a bundle."""
    found = verified(bundle, **options).day.findings
    return [(one.step, one.subject, one.detail) for one in found.faults]


def run_verify(folder: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run the command in an empty folder."""
    command = [sys.executable, "-m", "marketplace", "verify", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
