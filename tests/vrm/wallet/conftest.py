"""A wallet and a market for it: the market's clock stands still until a test moves it."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from crypto.vault import Cost
from marketplace.identity import Identity
from marketplace.tokens import service as tokens
from tests.support import ClockedMarket
from tests.support.market import an_identity
from tests.support.tokens import stock
from tests.vrm.wallet.scenes import Play, at
from vrm.client.customer import CustomerClient
from vrm.documents import MarketDescriptor
from vrm.documents.place import point
from vrm.wallet import Wallet
from vrm.wallet.cloaking import choose_cell
from vrm.wallet.state import NamedPlace

PASSPHRASE = b"correct horse"
HERE = point(48.2082, 16.3738)
URL = "https://market.test"

Connect = Callable[..., CustomerClient]


class Wire(httpx.AsyncBaseTransport):
    """The way to a market; it notes what is asked and can lose answers."""

    def __init__(self, market: ClockedMarket) -> None:
        self._market = httpx.ASGITransport(market.app)  # type: ignore[arg-type]
        self.asked: list[tuple[str, str]] = []
        self.loses_answers = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append((request.method, str(request.url.raw_path.decode())))
        answer = await self._market.handle_async_request(request)
        if self.loses_answers and request.method == "POST":
            raise httpx.ReadError("the line is dead")
        return answer


@pytest.fixture
async def market(sqlite_market: ClockedMarket) -> ClockedMarket:
    """An empty market with default settings; what a wallet sees is the same on every database."""
    await sqlite_market.reset()
    await tokens.keep_keys(sqlite_market.market)
    return sqlite_market


@pytest.fixture
def wire(market: ClockedMarket) -> Wire:
    return Wire(market)


@pytest.fixture
def client(wire: Wire) -> CustomerClient:
    return CustomerClient(URL, transport=wire, attempts=1)


@pytest.fixture
def wallet(tmp_path: Path, market: ClockedMarket) -> Wallet:
    """A wallet with a home in Vienna."""
    return make_wallet(tmp_path / "wallet", market.rules, at(market))


@pytest.fixture
def play(wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> Play:
    return Play(wallet, client, market)


def make_wallet(
    home: Path,
    rules: MarketDescriptor,
    now: datetime,
    url: str = URL,
    identity: Identity | None = None,
) -> Wallet:
    """A wallet with a home and an epoch's posting tokens."""
    wallet = bare_wallet(home, rules, now, url)
    return stock(wallet, identity or an_identity(), int(now.timestamp()))


def bare_wallet(home: Path, rules: MarketDescriptor, now: datetime, url: str = URL) -> Wallet:
    """A wallet with a home, and no posting tokens."""
    return Wallet.create(
        home,
        PASSPHRASE,
        url=url,
        rules=rules,
        now=now,
        places=[NamedPlace("home", "1010 Vienna", choose_cell(HERE, rules))],
        cost=Cost.MINIMUM,
    )
