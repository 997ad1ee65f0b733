"""A market day from the first request to the explanation."""

from tests.support import ClockedMarket, a_bid, a_key, a_request, a_vendor


async def test_a_request_goes_to_the_vendor_that_bid(market: ClockedMarket) -> None:
    vendor = a_key("vendor")
    request = a_request(market)
    await market.store(a_vendor(market, vendor), request)
    assert await market.publish() == 1
    (item,) = (await market.read(vendor, "/board"))["items"]
    assert (item["request"], item["state"]) == (request.digest, "open")
    bid = a_bid(market, vendor, request)
    await market.store(bid)
    day = await market.reach_cutoff(request)
    (assignment,) = await market.items(f"/runs/{day}/assignments")
    assert (assignment["bid"], assignment["vendor"]) == (bid.digest, vendor.did)
    (own,) = (await market.read(vendor, "/vendors/self/assignments"))["items"]
    assert own["assignment"] == assignment
    explanation = await market.get(f"/runs/{day}/requests/{request.digest}")
    assert explanation["outcome"] == "assigned"
    assert "Kinderladen Beispiel" in explanation["sentences"][0]
