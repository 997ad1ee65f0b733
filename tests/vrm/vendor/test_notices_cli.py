"""The commands about what the market tells a vendor."""

from marketplace.notices import service as notices
from tests.vrm.vendor.conftest import Shop
from tests.vrm.vendor.live import LiveMarket
from tests.vrm.vendor.terminal import Vendor, post


def test_events_are_shown_and_followed(live: LiveMarket, registered: Shop, vendor: Vendor) -> None:
    before = vendor("events", "--json").json
    assert before["events"] == []
    digest = post(live, "Blue pram")
    vendor("bid", digest, "--price", "10.00", "--place", "shop", "--delivery", "ship")
    live.close_day()
    live.do(notices.write)
    (given,) = vendor("assignments", "--json").json
    shown = vendor("events", "--json").json
    (event,) = shown["events"]
    assert (event["type"], event["data"]) == ("assignment.made", {"assignment": given["digest"]})
    assert given["digest"][:10] in vendor("events").out
    assert vendor("events", "--after", shown["cursor"], "--json").json["events"] == []
