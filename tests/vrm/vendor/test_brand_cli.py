"""A brand, a shop and a customer at their command lines, over HTTP."""

import asyncio
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crypto.vault import Cost
from marketplace.market import Market as OpenMarket
from tests.support.tokens import stock
from tests.vrm.vendor.conftest import PASSPHRASE, Shop
from tests.vrm.vendor.live import LiveMarket
from vrm import cli, vendor_cli
from vrm.documents.place import point
from vrm.vendor.home import Home, Market
from vrm.wallet import Wallet
from vrm.wallet.cloaking import choose_cell
from vrm.wallet.state import NamedPlace

ADD = (
    "item", "add", "duo", "--title", "Twin stroller Duo 2", "--category", "baby",
    "--price", "249.00", "--delivery", "ship", "--delivery", "pickup",
)  # fmt: skip


@dataclass
class Command:
    """Somebody at a command line."""

    main: Callable[[], Any]
    home: tuple[str, str]
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self.capture.readouterr()
        self.patch.setattr(sys, "argv", ["prog", *words, *self.home])
        with pytest.raises(SystemExit) as ended:
            self.main()
        told = self.capture.readouterr()
        return int(ended.value.code or 0), told.out, told.err

    def json(self, *words: str) -> Any:
        code, out, err = self(*words, "--json")
        assert code == 0, err
        return json.loads(out)


@dataclass
class Cast:
    brand: Command
    customer: Command
    shop: Shop
    did: str


@pytest.fixture
def brand(live: LiveMarket, tmp_path: Path) -> Shop:
    home = Home(tmp_path / "brand")
    home.create(Market(live.url, live.identity.did), PASSPHRASE, cost=Cost.MINIMUM)
    made = Shop(home, home.key(PASSPHRASE), live.url)
    asyncio.run(made.register())
    return made


@pytest.fixture
def cast(
    live: LiveMarket,
    unregistered: Shop,
    brand: Shop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Cast:
    asyncio.run(unregistered.register())
    monkeypatch.setenv("VRM_PASSPHRASE_FILE", str(tmp_path / "passphrase"))
    monkeypatch.setenv("COLUMNS", "200")
    rules = OpenMarket.open(live.settings, live.identity).rules
    wallet = Wallet.create(
        tmp_path / "wallet",
        PASSPHRASE,
        url=live.url,
        rules=rules,
        now=datetime.now(UTC),
        places=[NamedPlace("home", "41.922,-87.65", choose_cell(point(41.922, -87.65), rules))],
        cost=Cost.MINIMUM,
    )
    stock(wallet, live.identity, int(datetime.now(UTC).timestamp()))
    return Cast(
        Command(vendor_cli.main, ("--home", str(brand.home.folder)), monkeypatch, capsys),
        Command(cli.main, ("--home", str(tmp_path / "wallet")), monkeypatch, capsys),
        unregistered,
        brand.key.did,
    )


def test_a_brands_day(live: LiveMarket, cast: Cast) -> None:
    listed = cast.brand.json(*ADD, "--seller", cast.shop.key.did)
    assert (listed["principal"], listed["id"]) == (cast.did, "duo")
    name = f"{cast.did}/duo"
    assert name in cast.customer("items", "stroller")[1]

    posted = [
        cast.customer.json("request", "--item", wanted, "--yes")
        for wanted in (name, f"{cast.did}/duo")
    ]
    assert posted[0]["document"]["price"] == {"amount": 24900, "currency": "USD", "kind": "fixed"}
    assert posted[0]["document"]["item"] == {"id": "duo", "principal": cast.did}
    live.publish()
    cast.shop.stock("DUO,Twin stroller Duo 2,baby,249.00,1")
    assert asyncio.run(cast.shop.round()).bids == 1
    day = live.close_day()

    report = cast.brand.json("report", day)
    total = report["total"]
    assert (total["requests"], total["served"], total["shipped"]) == (2, 1, 1)
    [seller] = report["items"][0]["sellers"]
    assert (seller["vendor"], seller["name"]) == (cast.shop.key.did, "Corner Toys")
    code, told, _ = cast.brand("report")
    assert code == 0
    assert "Corner Toys" in told
    [order] = cast.brand.json("item", "orders")
    assert order["fallback"]["day"] == day
    assert "duo" in cast.brand("item", "orders")[1]

    mine = {entry["status"]: entry for entry in cast.customer.json("requests")}
    assert sorted(mine) == ["assigned", "fallback"]
    shipped = mine["fallback"]
    assert shipped["request"] == order["fallback"]["request"]
    told = cast.customer("requests", shipped["request"])[1]
    assert "the brand itself ships duo for 249.00 USD" in told
    assert f"The brand is Corner Toys ({cast.did})" in told


def test_an_item_off_the_list(live: LiveMarket, cast: Cast) -> None:
    cast.brand.json(*ADD)
    cast.brand.json("item", "remove", "duo")
    [own] = cast.brand.json("item", "list")
    assert (own["id"], own["listed"]) == ("duo", False)
    assert cast.brand("item", "list")[1].split()[-1] == "no"
    code, _, said = cast.customer("request", "--item", f"{cast.did}/duo", "--yes")
    assert (code, "has no item" in said) == (2, True)
    code, _, said = cast.brand("item", "remove", "trio")
    assert (code, "You have no item trio" in said) == (2, True)


def test_an_item_that_several_words_fit(cast: Cast) -> None:
    for name in ("duo", "trio"):
        cast.brand.json(*ADD[:2], name, *ADD[3:])
    code, _, said = cast.customer("request", "--item", "corner toys duo 2", "--yes")
    assert code == 2
    assert "name one:" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--price", "12,50"), "write an amount"),
        (("--delivery", "drone"), "known are on-site, pickup, ship"),
        (("--seller", "me"), "authorised"),
        (("--seller", "x", "--no-seller"), "not both"),
    ],
)
def test_what_a_brand_may_have_typed(cast: Cast, words: tuple[str, ...], said: str) -> None:
    code, out, err = cast.brand(*ADD, *words)
    assert (code, out, err.count("\n")) == (2, "", 1), err
    assert said in err


def test_a_shop_that_the_brand_does_not_name_makes_no_bid(live: LiveMarket, cast: Cast) -> None:
    cast.brand.json(*ADD, "--no-seller")
    cast.customer.json("request", "--item", f"{cast.did}/duo", "--yes")
    live.publish()
    cast.shop.stock("DUO,Twin stroller Duo 2,baby,249.00,5")
    done = asyncio.run(cast.shop.round())
    assert (done.bids, done.refused) == (0, 0)
    assert done.passed["not-authorised"] >= 1
