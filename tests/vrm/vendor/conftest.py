"""A live market for the tests of a module, and a vendor in it for each test."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

import crypto
from crypto.vault import Cost
from tests.vrm.vendor.live import LiveMarket, live_market
from tests.vrm.vendor.terminal import Vendor
from vrm.client.vendor import VendorClient, place
from vrm.client.vendor_answers import BoardItem
from vrm.vendor.home import Home, Market
from vrm.vendor.ledger import Ledger
from vrm.vendor.program import Files, Round, bid_round

PASSPHRASE = b"a vendor's passphrase"
RULES = """
[default]
terms = ["PDC-INTENT"]
delivery = ["ship", "pickup"]
lead_time_hours = 2
discount_percent = 10
"""


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveMarket]:
    with live_market(tmp_path_factory.mktemp("market") / "home") as market:
        yield market


@dataclass(frozen=True)
class Shop:
    """A vendor's folder at a market."""

    home: Home
    key: crypto.SigningKey
    url: str

    @property
    def files(self) -> Files:
        return Files(self.home.folder / "stock.csv", self.home.folder / "rules.toml")

    def stock(self, *rows: str) -> None:
        header = "sku,title,category,price,quantity\n"
        self.files.stock.write_text(header + "".join(f"{row}\n" for row in rows))

    def client(self, transport: httpx.AsyncBaseTransport | None = None) -> VendorClient:
        return VendorClient(self.url, self.key, transport=transport, attempts=1)

    def ledger(self) -> Ledger:
        return self.home.ledger()

    async def register(self) -> None:
        async with self.client() as client:
            await client.register(
                "Corner Toys",
                places=[
                    place("shop", "Main Street", lat=41.92, lng=-87.65, reach_km=15, capacity=50)
                ],
                categories=["baby"],
                delivery=["ship", "pickup"],
                terms=["PDC-INTENT"],
            )

    async def round(self, transport: httpx.AsyncBaseTransport | None = None) -> Round:
        """Let the bidding program do one round."""
        async with self.client(transport) as client:
            with self.ledger() as ledger:
                return await bid_round(client, ledger, self.files, lambda _: None)

    async def bids(self) -> dict[str, str]:
        """Tell the state of each own bid, by request, as the market has it."""
        async with self.client() as client:
            return {own.bid.request: own.state async for own in client.my_bids()}

    async def see(self, digest: str) -> BoardItem:
        async with self.client() as client:
            return await client.request(digest)


@pytest.fixture
def unregistered(live: LiveMarket, tmp_path: Path) -> Shop:
    home = Home(tmp_path / "vendor")
    home.create(Market(live.url, live.identity.did), PASSPHRASE, cost=Cost.MINIMUM)
    shop = Shop(home, home.key(PASSPHRASE), live.url)
    shop.files.rules.write_text(RULES)
    (tmp_path / "passphrase").write_bytes(PASSPHRASE)
    (tmp_path / "passphrase").chmod(0o600)
    return shop


@pytest.fixture
async def shop(unregistered: Shop) -> Shop:
    await unregistered.register()
    return unregistered


@pytest.fixture
def vendor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Vendor:
    (tmp_path / "passphrase").write_bytes(PASSPHRASE)
    (tmp_path / "passphrase").chmod(0o600)
    return Vendor(tmp_path / "vendor", monkeypatch, capsys)


@pytest.fixture
def registered(unregistered: Shop, vendor: Vendor) -> Shop:
    assert vendor.folder == unregistered.home.folder
    asyncio.run(unregistered.register())
    return unregistered
