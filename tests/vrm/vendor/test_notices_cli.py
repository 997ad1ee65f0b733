"""The commands about what the market tells a vendor."""

import threading
from collections.abc import Sequence

import pytest

from marketplace.market import Market
from marketplace.notices import delivery, writing
from tests.vrm.vendor.conftest import Shop
from tests.vrm.vendor.live import LiveMarket
from tests.vrm.vendor.terminal import Vendor, one_line, post


def test_events_are_shown_and_followed(live: LiveMarket, registered: Shop, vendor: Vendor) -> None:
    before = vendor("events", "--json").json
    assert before["events"] == []
    digest = post(live, "Blue pram")
    vendor("bid", digest, "--price", "10.00", "--place", "shop", "--delivery", "ship")
    live.close_day()
    live.do(writing.write)
    (given,) = vendor("assignments", "--json").json
    shown = vendor("events", "--json").json
    (event,) = shown["events"]
    assert (event["type"], event["data"]) == ("assignment.made", {"assignment": given["digest"]})
    assert given["digest"][:10] in vendor("events").out
    assert vendor("events", "--after", shown["cursor"], "--json").json["events"] == []


async def fail_to_deliver(market: Market) -> None:
    """Do what the worker does, where every name is one of the market's own network."""

    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return ["10.0.0.1"]

    await delivery.deliver(market, resolve)


def test_a_webhook_is_set_tried_out_and_removed(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    one_line(vendor("webhook", "show"), 1, "no webhook")
    url = "https://shop.example/events"
    made = vendor("webhook", "set", url, "--wait", "0", "--json").json
    assert (made["document"]["url"], made["state"], made["waiting"]) == (url, "on", 1)
    assert made["secret"].startswith("whsec_")
    assert made["public_key"].startswith("whpk_")
    worker = threading.Timer(0.5, live.do, [fail_to_deliver])
    worker.start()
    tried = vendor("webhook", "test")
    worker.join()
    assert tried.code == 1
    assert "Its name has no public address" in tried.err
    assert "failing" in tried.out
    assert vendor("webhook", "show").code == 1
    assert vendor("webhook", "remove").out == "Removed.\n"
    one_line(vendor("webhook", "show"), 1, "no webhook")


@pytest.mark.parametrize("url", ["http://shop.example/", "ftp://shop.example/"])
def test_a_webhook_needs_an_https_address(registered: Shop, vendor: Vendor, url: str) -> None:
    assert vendor("webhook", "set", url).code in {1, 2}


def test_filters_are_saved_shown_and_removed(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    made = ("--category", "baby", "--near", "60614", "--within-km", "20", "--max-price", "500.00")
    vendor("filter", "add", "prams", *made)
    vendor("filter", "add", "all", "--json")
    vendor("filter", "add", "prams", *made, "--delivery", "ship")
    found = vendor("filter", "list", "--json").json
    assert sorted(one["id"] for one in found) == ["all", "prams"]
    assert "500.00 USD" in vendor("filter", "list").out
    digest = post(live, "Grey pram")
    live.do(writing.write)
    (event,) = vendor("events", "--json").json["events"]
    assert event["data"] == {"request": digest, "filters": ["all", "prams"]}
    vendor("filter", "remove", "all")
    assert [one["id"] for one in vendor("filter", "list", "--json").json] == ["prams"]
    one_line(vendor("filter", "remove", "all"), 2, "no filter all")
    one_line(vendor("filter", "add", "odd", "--near", "60614"), 2, "go together")
    vendor("filter", "remove", "prams")
