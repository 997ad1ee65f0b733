"""The demonstration's vendors, a few of them, at a real market."""

from collections import Counter
from pathlib import Path

import pytest

from tests.vrm.vendor.live import LiveMarket
from vrm.client.public import PublicClient
from vrm.demo.catalogue import ITEMS, SHOPS
from vrm.demo.past import Meeting
from vrm.demo.shops import draw_vendors
from vrm.demo.vendors import answer, bid, register
from vrm.documents import Area, AskingPrice, Need
from vrm.documents.place import cell_at
from vrm.errors import UsageError
from vrm.places import postal_code
from vrm.vendor.home import Home
from vrm.vendor.rules import read_rules
from vrm.vendor.stock import read_stock

CENTRE = "60614"
EVERY_KIND = len(SHOPS) + 1


def test_the_same_seed_draws_the_same_vendors() -> None:
    one, two = draw_vendors(7, 60, CENTRE), draw_vendors(7, 60, CENTRE)
    assert one == two
    assert one != draw_vendors(8, 60, CENTRE)
    assert len({vendor.name for vendor in one}) == 60
    assert {vendor.shop for vendor in one} == set(SHOPS)
    assert sum(vendor.shop.to_suspend for vendor in one) == 2
    assert sum(len(vendor.places) > 1 for vendor in one) >= 5


async def post_tuning(live: LiveMarket) -> str:
    area = Area(cell=cell_at(postal_code(CENTRE).at, 6), radius_m=20_000)
    asking = AskingPrice(kind="ceiling", amount=20_000, currency="USD")
    need = Need(title="Piano tuning", category="repair")
    digest, _ = await live.post(need, area=area, price=asking, delivery=("on-site",))
    return digest


async def post_everything(live: LiveMarket) -> None:
    """Somebody asks for each thing that shops carry, at a good price."""
    area = Area(cell=cell_at(postal_code(CENTRE).at, 6), radius_m=50_000)
    for item in ITEMS:
        asking = AskingPrice(kind="ceiling", amount=item.usual * 2, currency="USD")
        need = Need(title=item.wanted_as, category=item.category)
        await live.post(need, area=area, price=asking, delivery=("ship", "pickup"))


async def test_vendors_register_and_bid_and_a_suspension_leaves_none_eligible(
    live: LiveMarket, tmp_path: Path
) -> None:
    home = tmp_path / "vendors"
    with pytest.raises(UsageError, match="--phase register first"):
        await bid(Meeting(live.url), home)
    registered = await register(
        Meeting(live.url), home, draw_vendors(1, EVERY_KIND, CENTRE), CENTRE
    )
    assert registered.vendors == EVERY_KIND
    folder = home / "vendor-01"
    assert read_stock(folder / "stock.csv", digits=2).items
    assert read_rules(folder / "rules.toml", digits=2).default.terms == ("PDC-INTENT",)
    assert Home(folder).key((folder / "passphrase").read_bytes().strip())
    assert (folder / "passphrase").stat().st_mode & 0o777 == 0o600
    tuning = await post_tuning(live)
    await live.post(Need(title="Left-handed bagpipes", category="music"))
    live.publish()
    result = await bid(Meeting(live.url), home)
    assert (result.read, result.bids, len(result.to_suspend)) == (2, 2, 2)
    live.suspend(result.to_suspend)
    day = live.close_day()
    async with PublicClient(live.url) as client:
        places = [place async for place in client.run_places(day)]
        unfilled = {u.request: u.reason async for u in client.unfilled(day)}
    assert unfilled[tuning] == "none-eligible"
    assert Counter(unfilled.values()) == {"none-eligible": 1, "no-bids": 1}
    assert {place.vendor for place in places if place.suspended} == set(result.to_suspend)


async def test_vendors_accept_decline_and_say_nothing(live: LiveMarket, tmp_path: Path) -> None:
    home = tmp_path / "vendors"
    await register(Meeting(live.url), home, draw_vendors(1, 2 * EVERY_KIND, CENTRE), CENTRE)
    await post_everything(live)
    live.publish()
    result = await bid(Meeting(live.url), home)
    live.suspend(result.to_suspend)
    day = live.close_day()
    said = await answer(Meeting(live.url), home)
    assert said.accepted > 0
    assert said.declined > 0
    async with PublicClient(live.url) as client:
        assert len([one async for one in client.acceptances(day)]) == said.accepted
        given = Counter([one.body.vendor async for one in client.assignments(day)])
    assert said.accepted + said.declined == given.total() - max(given.values()), "one is silent"
    live.tick()
    async with PublicClient(live.url) as client:
        (tick,) = [tick async for tick in client.ticks(day)]
    assert tick.report is not None
    assert tick.report.body.declined == said.declined
    assert tick.report.body.assigned > 0
    assert (await answer(Meeting(live.url), home)).declined == 0
