"""Somebody at a command line, with a wallet at a real market over loopback."""

import json
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from crypto.vault import Cost
from marketplace.market import Market
from tests.support.tokens import stock
from tests.vrm.vendor.live import LiveMarket, live_market
from vrm import cli
from vrm.documents.place import point
from vrm.wallet import Wallet
from vrm.wallet.cloaking import choose_cell
from vrm.wallet.state import NamedPlace

STROLLER = (
    "Twin stroller",
    "--category",
    "baby",
    "--at-most",
    "250.00",
    "--pickup",
    "--within",
    "15km",
)


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveMarket]:
    with live_market(tmp_path_factory.mktemp("market") / "home") as market:
        yield market


@dataclass
class Terminal:
    """Somebody at a command line with a wallet folder of their own."""

    folder: Path
    patch: pytest.MonkeyPatch
    capture: pytest.CaptureFixture[str]

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        """Run `vrm`; answers exit code, standard output and standard error."""
        self.capture.readouterr()  # what the market beside this test said
        self.patch.setattr(sys, "argv", ["vrm", *arguments])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        assert isinstance(caught.value.code, int)
        return caught.value.code, *self.capture.readouterr()

    def json(self, *arguments: str) -> Any:
        """Run a command that must succeed and answer what it prints as JSON."""
        code, out, err = self(*arguments, "--json")
        assert code == 0, err
        assert out.count("\n") == 1
        return json.loads(out)


@pytest.fixture
def vrm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Terminal:
    secret = tmp_path / "passphrase"
    secret.write_text("correct horse\n")
    secret.chmod(0o600)
    monkeypatch.setenv("VRM_HOME", str(tmp_path / "wallet"))
    monkeypatch.setenv("VRM_PASSPHRASE_FILE", str(secret))
    monkeypatch.setenv("COLUMNS", "200")
    return Terminal(tmp_path, monkeypatch, capsys)


@pytest.fixture
def at_home(vrm: Terminal, live: LiveMarket) -> Terminal:
    """A wallet with a home, in a key file that opens at once."""
    market = Market.open(live.settings, live.identity)
    cell = choose_cell(point(41.922, -87.65), market.rules)
    wallet = Wallet.create(
        vrm.folder / "wallet",
        b"correct horse",
        url=live.url,
        rules=market.rules,
        now=datetime.now(UTC),
        places=[NamedPlace("home", "41.922,-87.65", cell)],
        cost=Cost.MINIMUM,
    )
    stock(wallet, live.identity, int(time.time()))
    return vrm
