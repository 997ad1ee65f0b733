"""How vendors delivered is evidence, and it is held against the day of the assignment."""

import pytest

import crypto
from marketplace.descriptor import service as descriptor
from tests.conftest import OpenMarket
from tests.marketplace.cascade.scenes import VENDORS, accept, assignments
from tests.marketplace.verify.days import OWNERS, bundle_of, faults, verified
from tests.marketplace.verify.forging import Forgery, steps
from tests.marketplace.verify.test_evidence import opened
from tests.support import (
    ClockedMarket,
    a_bid,
    a_disclosure,
    a_request,
    a_shipment,
    a_vendor,
    a_vendor_cancellation,
)

HOUR = 3600
KEPT: dict[str, list[bytes]] = {}


@pytest.fixture
def database_kind() -> str:
    """What is in the bundle does not depend on it."""
    return "sqlite"


@pytest.fixture
async def bundles(open_market: OpenMarket) -> list[bytes]:
    """Those of a day and of the next one that bids could be made for, and of all before, newest first."""
    if not KEPT:
        market = await open_market(schedule={"minimum_open_minutes": 0})
        KEPT["days"] = await two_days(market)
    return KEPT["days"]


async def two_days(market: ClockedMarket) -> list[bytes]:
    """Of four assignments one is shipped in time, one late, one is cancelled, and one never heard of again."""
    await descriptor.announce(market.market)
    requests = [a_request(market, key, policy="lowest-price") for key in OWNERS[:4]]
    await market.store(a_vendor(market, VENDORS[0]), *requests)
    await market.publish()
    await market.store(*(a_bid(market, VENDORS[0], request) for request in requests))
    first = await market.reach_cutoff()
    given = {one["request"]: one for one in await assignments(market, day=first)}
    words = []
    for key, request in zip(OWNERS, requests, strict=False):
        await accept(market, given[request.digest])
        digest = crypto.digest(given[request.digest])
        words.append((request, digest))
        await market.store(a_disclosure(market, key, request, digest))
    await market.publish()
    await market.store(a_shipment(market, VENDORS[0], *words[0]))
    market.clock.advance(25 * HOUR)
    await market.store(a_shipment(market, VENDORS[0], *words[1]))
    await market.store(a_vendor_cancellation(market, VENDORS[0], *words[2]))
    market.clock.advance(24 * HOUR)
    await market.publish()
    again = a_request(market)
    await market.store(again)
    await market.publish()
    await market.store(a_bid(market, VENDORS[0], again))
    last = await market.reach_cutoff(again)
    await market.publish()
    names = sorted((run["day"] for run in await market.items("/runs")), reverse=True)
    assert names[0] == last
    return [await bundle_of(market, name) for name in names]


async def test_what_became_of_deliveries_is_evidence(bundles: list[bytes]) -> None:
    newest, *before = bundles
    told = Forgery(newest).of("evidence")
    assert sorted(line["good"] for line in told) == [False] * 3 + [True] * 5
    assert faults(newest, earlier=opened(before)) == []
    [first] = [one for one in before if Forgery(one).of("delivery")]
    assert faults(first) == []
    found = verified(first).day.findings
    assert found.on_word["whether deliveries were in time"] == 3


def first_day(bundles: list[bytes]) -> tuple[Forgery, list[bytes]]:
    """The day of the assignments in the operator's hands, and the other days before the newest."""
    _, *before = bundles
    [first] = [one for one in before if Forgery(one).of("delivery")]
    return Forgery(first), [one for one in before if one is not first]


async def test_a_late_shipment_told_as_one_in_time(bundles: list[bytes]) -> None:
    forgery, others = first_day(bundles)
    line = next(line for line in forgery.of("delivery") if line.get("shipped", {}).get("late"))
    line["shipped"]["late"] = False
    found = faults(bundles[0], earlier=opened([forgery.pack(), *others]))
    digest = crypto.digest(line["shipped"]["document"])
    assert [one[:2] for one in found] == [("evidence", f"evidence {digest}")]


async def test_evidence_of_a_broken_promise_that_no_day_explains(bundles: list[bytes]) -> None:
    forgery, others = first_day(bundles)
    for line in [line for line in forgery.of("delivery") if "overdue" in line]:
        forgery.drop(line)
    found = faults(bundles[0], earlier=opened([forgery.pack(), *others]))
    assert {one[0] for one in found} == {"evidence"}


async def test_a_shipment_under_another_assignment(bundles: list[bytes]) -> None:
    forgery, _ = first_day(bundles)
    sent = [line for line in forgery.of("delivery") if "shipped" in line]
    sent[0]["shipped"], sent[1]["shipped"] = sent[1]["shipped"], sent[0]["shipped"]
    assert "deliveries" in steps(forgery.pack())


async def test_a_delivery_of_what_nobody_accepted(bundles: list[bytes]) -> None:
    forgery, _ = first_day(bundles)
    [line] = [line for line in forgery.of("delivery") if "overdue" in line]
    [accepted] = [one for one in forgery.of("acceptance") if one["request"] == line["request"]]
    forgery.drop(accepted)
    assert "deliveries" in steps(forgery.pack())
