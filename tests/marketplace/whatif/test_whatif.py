"""A day is decided again under other policies, from the same inputs, beside what was decided."""

import asyncio
import io
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from crypto.vault import Cost
from marketplace import cli
from marketplace.descriptor import service as descriptor
from marketplace.errors import MarketError, Refused
from marketplace.log import service as log
from marketplace.new_market import write_home
from marketplace.resolver import Policy, resolve
from marketplace.resolver.tables import label
from marketplace.whatif.days import bundled_day, compared, own_day
from marketplace.whatif.deciding import under
from marketplace.whatif.figures import Comparison
from tests.marketplace.verify.days import a_full_day, bundle_of
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_key,
    a_place,
    a_preference,
    a_request,
    a_request_for,
    a_vendor,
    an_item,
    clocked_market,
)
from tests.support.market import an_identity
from vrm import keyfile
from vrm.documents.place import point

EVERY = {label(policy): policy for policy in Policy}
NEAR, FAR = a_key("near and dear"), a_key("far and cheap")
OWNERS = [a_key(f"owner {number}") for number in range(3)]
PRICES = {NEAR.did: 24_000, FAR.did: 20_000}


async def near_and_far(market: ClockedMarket, **changes: Any) -> str:
    """Three requests that go to the nearest, by two vendors with room for all; answers the day."""
    far = a_place(where=point(48.2, 16.5))
    await market.store(a_vendor(market, NEAR), a_vendor(market, FAR, places=(far,)))
    posted = [a_request(market, key, policy="nearest", **changes) for key in OWNERS]
    await market.store(*posted)
    await market.publish()
    for request in posted:
        for key in (NEAR, FAR):
            await market.store(a_bid(market, key, request, price={"amount": PRICES[key.did]}))
    return await market.reach_cutoff(posted[0])


async def whatif(market: ClockedMarket, day: str) -> Comparison:
    return compared(await own_day(market.market, day), EVERY)


async def test_the_cheapest_instead_of_the_nearest(market: ClockedMarket) -> None:
    found = await whatif(market, await near_and_far(market))
    assert (found.requests, found.bids, found.currency) == (3, 6, "EUR")
    decided, cheap = found.decided, found.policies["lowest-price"]
    assert (decided.assigned, decided.mean_price, decided.vendors) == (3, 24_000, 1)
    assert (cheap.assigned, cheap.mean_price, cheap.load.most) == (3, 20_000, 3)
    assert cheap.distance.median_m is not None
    assert decided.distance.median_m is not None
    assert cheap.distance.median_m > decided.distance.median_m
    moved = found.moved["lowest-price"]
    assert (moved.elsewhere, moved.cheaper, moved.farther) == (3, 3, 3)
    assert (moved.dearer, moved.nearer, moved.gained, moved.lost) == (0, 0, 0, 0)


async def test_the_policy_that_all_name_changes_nothing(market: ClockedMarket) -> None:
    found = await whatif(market, await near_and_far(market))
    assert found.policies["nearest"] == found.decided
    assert set(vars_of(found.moved["nearest"])) == {0}


async def test_a_customers_own_order_stands_under_every_policy(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, NEAR), a_vendor(market, FAR))
    request = a_request(market, OWNERS[0], policy="lowest-price")
    await market.store(request)
    await market.publish()
    bids = {
        key.did: a_bid(market, key, request, price={"amount": PRICES[key.did]})
        for key in (NEAR, FAR)
    }
    await market.store(*bids.values())
    own = a_preference(market, OWNERS[0], request, listed=(bids[NEAR.did].digest,))
    await market.store(own)
    found = await whatif(market, await market.reach_cutoff(request))
    assert found.decided.mean_price == PRICES[NEAR.did]
    assert all(not any(vars_of(moved)) for moved in found.moved.values())


async def test_units_bands_and_reasons_are_those_of_the_day(market: ClockedMarket) -> None:
    """Three want the nearest, who has one unit; the far one has none."""
    far = a_place(where=point(48.2, 16.5))
    await market.store(a_vendor(market, NEAR), a_vendor(market, FAR, places=(far,)))
    posted = [a_request(market, key) for key in OWNERS]
    await market.store(*posted)
    await market.publish()
    await market.store(a_capacity(market, NEAR, "2026-11-21", 1))
    await market.store(a_capacity(market, FAR, "2026-11-21", 0))
    for request in posted:
        await market.store(a_bid(market, NEAR, request), a_bid(market, FAR, request))
    found = await whatif(market, await market.reach_cutoff(posted[0]))
    for side in (found.decided, *found.policies.values()):
        assert (side.assigned, side.unfilled["capacity"], side.vendors) == (1, 2, 1)


async def test_what_a_brand_ships(market: ClockedMarket) -> None:
    brand = a_key("brand")
    item = an_item(market, brand)
    await market.store(a_vendor(market, brand), item)
    request = a_request_for(market, item)
    await market.store(request)
    await market.publish()
    found = await whatif(market, await market.reach_cutoff(request))
    side = found.policies["nearest"]
    assert (side.assigned, side.shipped, sum(side.unfilled.values())) == (0, 1, 0)
    assert (side.mean_price, side.mean_band, side.distance.median_m) == (None, None, None)


async def test_the_database_and_the_bundle_say_the_same(market: ClockedMarket) -> None:
    day = await a_full_day(market)
    bundle = bundled_day(io.BytesIO(await bundle_of(market, day)))
    assert compared(bundle, EVERY) == await whatif(market, day)


async def test_the_day_is_not_changed(market: ClockedMarket) -> None:
    day = await near_and_far(market)
    past = await own_day(market.market, day)
    before = past.frozen.matching.requests.policy.copy()
    rows = await market.contents()
    other = under(past.frozen.matching, Policy.LOWEST_PRICE)
    assert not np.array_equal(resolve(other).bid, resolve(past.frozen.matching).bid)
    compared(past, EVERY)
    assert np.array_equal(past.frozen.matching.requests.policy, before)
    assert await market.contents() == rows


@pytest.mark.on_postgresql
async def test_a_day_that_was_decided_otherwise(market: ClockedMarket) -> None:
    day = await near_and_far(market)
    await market.execute("UPDATE run_places SET units = 0")
    with pytest.raises(MarketError, match="another outcome"):
        await whatif(market, day)


@pytest.mark.on_postgresql
async def test_a_bundle_that_does_not_verify(market: ClockedMarket) -> None:
    day = await a_full_day(market)
    await market.execute("UPDATE run_places SET band = band + 1")
    bundle = io.BytesIO(await bundle_of(market, day))
    with pytest.raises(MarketError, match="does not verify"):
        bundled_day(bundle)


async def test_a_day_that_is_not_there(market: ClockedMarket) -> None:
    with pytest.raises(Refused) as caught:
        await whatif(market, "2026-11-21")
    assert caught.value.code == "unknown-run"


def vars_of(moved: Any) -> list[int]:
    return [getattr(moved, name) for name in moved.__dataclass_fields__]


# --- the command line ---


def run(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str, str]:
    capsys.readouterr()
    monkeypatch.setattr(sys, "argv", ["market", "whatif", *words])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    told = capsys.readouterr()
    return caught.value.code, told.out, told.err


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A market's folder with a day in its database, and the day's bundle beside it."""
    folder = tmp_path / "market"
    values = {"name": "Test market", "time_zone": "Europe/Vienna", "cutoffs": ["18:00"]}
    values |= {"currency": "EUR", "admission": "open"}
    times = {"bids_close_minutes": 60, "minimum_open_minutes": 720}
    batches = {"batch_seconds": 3600, "batch_minimum": 1}
    settings = write_home(folder, b"secret", cost=Cost.MINIMUM, **values, **times, **batches)
    settings.key_file.unlink()
    keyfile.create(settings.key_file, an_identity().to_secret(), b"secret", cost=Cost.MINIMUM)
    keyfile.write_private(tmp_path / "passphrase", b"secret")

    async def play() -> str:
        async with clocked_market(folder, settings.database) as market:
            await descriptor.announce(market.market)
            day = await near_and_far(market)
            await log.grow(market.market)
            (tmp_path / "bundle").write_bytes(await bundle_of(market, day))
        return day

    assert asyncio.run(play()) == "2026-11-21"
    return folder


def test_the_command_line_on_a_day_and_on_a_bundle(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["--home", str(home), "--passphrase-file", str(home.parent / "passphrase")]
    code, out, _ = run(
        ["2026-11-21", "--policy", "lowest-price", *own, "--json"], monkeypatch, capsys
    )
    assert code == 0
    found = json.loads(out)
    assert list(found["policies"]) == ["lowest-price"]
    assert found["moved"]["lowest-price"]["cheaper"] == 3
    bundle = [str(home.parent / "bundle"), "--policy", "lowest-price", "--json"]
    code, out, _ = run(bundle, monkeypatch, capsys)
    assert (code, json.loads(out)) == (0, found)
    code, out, _ = run(["2026-11-21", *own], monkeypatch, capsys)
    assert code == 0
    for words in ("as decided", "lowest-price", "240.00 EUR", "requests that go elsewhere"):
        assert words in out


def test_wrong_words_on_the_command_line(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    own = ["--home", str(home), "--passphrase-file", str(home.parent / "passphrase")]
    code, _, err = run(["2026-11-21", "--policy", "fairest", *own], monkeypatch, capsys)
    assert (code, "there are best-nearby" in err) == (2, True)
    code, _, err = run(["2026-11-23", *own], monkeypatch, capsys)
    assert (code, "2026-11-23" in err) == (1, True)
    code, _, err = run(["nowhere", *own], monkeypatch, capsys)
    assert (code, "no file" in err) == (1, True)
