"""The real market with a clock that tests move.

    async def test_something(market: ClockedMarket) -> None:
        vendor = a_key("vendor")
        await market.store(a_vendor(market, vendor))           # 2xx, or the test fails
        request = a_request(market, price={"amount": 900})
        await market.store(request)
        await market.publish()                                 # moves on to the next batch instant
        board = await market.read(vendor, "/board")            # a signed read
        refused = await market.send(a_bid(market, vendor, request, price={"amount": 901}))
        assert problem(refused) == (422, "over-ceiling")
        await market.store(a_bid(market, vendor, request))
        day = await market.reach_cutoff(request)               # moves on, and runs the daily job
        explanation = await market.get(f"/runs/{day}/requests/{request.digest}")

Fixtures: ``market`` is one with default settings, ``open_market(**settings)`` makes others; both come on SQLite
and, in the long run or where a test is marked ``on_postgresql``, on PostgreSQL. Calls go in process through the
whole ASGI application. For clients that need a socket, ``with market.served() as url`` serves the same market,
with the same database and clock, by uvicorn.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import httpx
from litestar import Litestar
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection

import crypto
from crypto.http_signatures import sign_request
from marketplace.app import create_app
from marketplace.fulfilment import deadlines
from marketplace.identity import Identity
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.models import Base
from marketplace.ratings import service as ratings
from marketplace.requests import service as requests
from marketplace.runs import service as runs
from marketplace.settings import ScheduleSettings, Settings
from marketplace.tokens import service as tokens
from tests.support.clock import START, SetClock
from tests.support.serving import serving
from tests.support.tokens import spending_for
from vrm.documents import Document, MarketDescriptor, PersonalRequest, Signed

PATHS = {
    "VendorProfile": "/vendors",
    "Capacity": "/capacities",
    "PersonalRequest": "/requests",
    "RequestWithdrawal": "/request-withdrawals",
    "Preference": "/preferences",
    "Question": "/questions",
    "Answer": "/answers",
    "Bid": "/bids",
    "BidWithdrawal": "/bid-withdrawals",
    "CatalogueItem": "/catalogue",
    "Acceptance": "/acceptances",
    "Decline": "/declines",
    "Disclosure": "/disclosures",
    "Confirmation": "/confirmations",
    "Shipment": "/shipments",
    "Message": "/messages",
    "VendorMessage": "/vendor-messages",
    "Rating": "/ratings",
    "VendorRating": "/vendor-ratings",
    "RatingAnswer": "/rating-answers",
    "VendorRatingAnswer": "/vendor-rating-answers",
    "Cancellation": "/cancellations",
    "Handover": "/handovers",
    "VendorCancellation": "/vendor-cancellations",
    "Dispute": "/disputes",
    "VendorDispute": "/vendor-disputes",
    "Report": "/reports",
    "Webhook": "/webhooks",
    "SavedFilters": "/filters",
}
"""Where each document is posted."""

BASE_URL = "http://market.test"
TERMS = "Personal data for an intent\n\nUse it for this order only.\n"

_FILLED = " UNION ALL ".join(
    f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})"  # noqa: S608 - our own tables
    for name in Base.metadata.tables
)

Contents = dict[str, list[tuple[Any, ...]]]
"""A database: the rows of each table, in order of their values."""


class ClockedMarket:
    """A market, its application, and a client that talks to it."""

    def __init__(self, app: Litestar, clock: SetClock, http: httpx.AsyncClient) -> None:
        self.app = app
        self.market: Market = app.state.market
        """The open market, for calling use cases directly."""
        self.clock = clock
        self.http = http

    @property
    def did(self) -> str:
        return self.market.did

    @property
    def rules(self) -> MarketDescriptor:
        return self.market.rules

    # --- calls ---

    async def send(
        self, document: Signed[Document], headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Post a document where its type belongs."""
        path = PATHS[type(document.body).__name__]
        return await self.post(path, document.wire, headers)

    async def store(self, *documents: Signed[Document]) -> None:
        """Post documents that the market must take."""
        for document in documents:
            answer = await self.send(document)
            assert answer.is_success, answer.text

    async def post(
        self, path: str, body: bytes, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """Post bytes as JSON; a request spends a good token, unless its headers say otherwise."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        if path == "/requests" and "Authorization" not in sent:
            sent |= await spending_for(self.market, body)
        return await self.http.post(path, content=body, headers=sent)

    async def send_batch(self, *bids: Signed[Document]) -> list[dict[str, Any]]:
        """Post many bids in one call; answers the result of each."""
        body = b'{"bids":[' + b",".join(bid.wire for bid in bids) + b"]}"
        answer = await self.post("/bids/batch", body)
        assert answer.status_code == 200, answer.text
        results: list[dict[str, Any]] = answer.json()["results"]
        return results

    async def get(self, path: str, **params: Any) -> Any:
        """Read something public that must be there."""
        answer = await self.http.get(path.replace("#", "%23"), params=params or None)
        assert answer.is_success, answer.text
        return answer.json()

    async def ask(
        self,
        key: crypto.SigningKey,
        path: str,
        *,
        nonce: str | None = None,
        created: int | None = None,
        tag: str = "vrm-read",
        **params: Any,
    ) -> httpx.Response:
        """Read with a vendor's signature, or a member's."""
        request = self.http.build_request("GET", path, params=params or None)
        signature = sign_request(
            "GET",
            str(request.url),
            {},
            None,
            key,
            tag=tag,
            created=self.clock.now if created is None else created,
            nonce=nonce or secrets.token_urlsafe(16),
        )
        request.headers.update(signature)
        return await self.http.send(request)

    async def read(self, key: crypto.SigningKey, path: str, **params: Any) -> Any:
        """Read with a vendor's signature what must be there."""
        answer = await self.ask(key, path, **params)
        assert answer.is_success, answer.text
        return answer.json()

    async def items(self, path: str, **params: Any) -> list[Any]:
        """Read a public list to its end."""
        found: list[Any] = []
        page = await self.get(path, **params)
        while page["next"] is not None:
            found += page["items"]
            page = await self.get(path, **(params | {"cursor": page["next"]}))
        return found + list(page["items"])

    # --- time ---

    async def publish(self) -> int:
        """Move on to the next batch instant and publish what is due, mail too; answers how many documents
        of customers."""
        step = self.rules.schedule.batch_seconds
        self.clock.set(self.market.calendar.batch_at_or_before(self.clock.now) + step)
        published = await requests.publish_batch(self.market)
        await ratings.reveal(self.market)
        await deadlines.settle(self.market)
        await mail.publish(self.market)
        return published

    async def reach_cutoff(self, request: Signed[PersonalRequest] | None = None) -> str:
        """Move on to the next cutoff, or to that of a request, and do the daily job; answers the newest day."""
        calendar = self.market.calendar
        cutoff = calendar.cutoff_at_or_after(self.clock.now + 1)
        if request is not None:
            cutoff = await self._one(
                "SELECT cutoff FROM requests WHERE digest = :digest", digest=request.digest
            )
        self.clock.set(cutoff)
        await requests.publish_batch(self.market)
        await runs.close_days(self.market)
        day = await self._one("SELECT day FROM runs ORDER BY ordinal DESC LIMIT 1")
        return str(day)

    async def reach_tick(self, instant: int | None = None) -> None:
        """Move on to the next tick instant, or to an instant, and do the daily job."""
        self.clock.set(instant or self.market.calendar.tick_after(self.clock.now))
        await runs.close_days(self.market)

    async def close_now(self) -> str:
        """Close the open day before its cutoff, and do the daily job; answers the day."""
        day = await runs.close_now(self.market)
        await runs.close_days(self.market)
        return day

    # --- the database ---

    async def contents(self, *, but: tuple[str, ...] = ("read_nonces",)) -> Contents:
        """Every row of every table."""
        found: Contents = {name: [] for name in Base.metadata.tables if name not in but}
        async with self.market.db.snapshot() as connection:
            for table in await _filled(connection):
                if table.name not in but:
                    rows = await connection.execute(table.select())
                    found[table.name] = sorted((tuple(row) for row in rows), key=repr)
        return found

    async def reset(self) -> None:
        """Forget everything, and set the clock to the start."""
        async with self.market.db.unit_of_work() as connection:
            for table in reversed(await _filled(connection)):
                await connection.execute(table.delete())
        self.market.kept.clear()
        self.market.issuer_keys.clear()
        self.clock.set(START)

    async def execute(self, statement: str, **values: Any) -> None:
        """Change the database behind the market's back."""
        async with self.market.db.unit_of_work() as connection:
            await connection.execute(text(statement), values)

    async def _one(self, query: str, **values: Any) -> Any:
        async with self.market.db.snapshot() as connection:
            return (await connection.execute(text(query), values)).scalar_one()

    # --- a socket ---

    def served(self, *, works: bool = False) -> AbstractContextManager[str]:
        """Serve this market by uvicorn for the length of a block; yields its URL."""
        settings, identity = self.market.settings, self.market.identity
        return serving(create_app(settings, identity, clock=self.clock, works=works))


async def _filled(connection: AsyncConnection) -> list[Table]:
    """The tables that hold rows, by one query: most tests fill few of them."""
    names = set((await connection.exec_driver_sql(_FILLED)).scalars())
    return [table for table in Base.metadata.sorted_tables if table.name in names]


@asynccontextmanager
async def clocked_market(
    home: Path, database_url: str, *, start: str = START, **changes: Any
) -> AsyncIterator[ClockedMarket]:
    """Open a market for the length of a block.

    Args:
        home: a folder that is made for it.
        database_url: a migrated database.
        start: what its clock shows.
        changes: settings; ``schedule`` as a dict.
    """
    settings = settings_of(home, database_url, **changes)
    clock = SetClock(start)
    app = create_app(settings, an_identity(), clock=clock)
    transport = httpx.ASGITransport(cast(Any, app))  # two spellings of ASGI's types
    async with app.lifespan(), httpx.AsyncClient(transport=transport, base_url=BASE_URL) as http:
        yield ClockedMarket(app, clock, http)


def settings_of(home: Path, database_url: str, **changes: Any) -> Settings:
    """Settings with an agreement in the market's home."""
    (home / "terms").mkdir(parents=True, exist_ok=True)
    (home / "terms" / "PDC-INTENT.txt").write_text(TERMS)
    schedule = {"time_zone": "Europe/Vienna", "batch_minimum": 1} | changes.pop("schedule", {})
    facts: dict[str, Any] = {"name": "Test market", "schedule": ScheduleSettings(**schedule)}
    return Settings(home=home, database_url=database_url, **(facts | changes))


@cache  # the end of its chain is twenty thousand hashes away
def an_identity() -> Identity:
    """The same secrets every time."""
    keys = crypto.SigningKey.from_seed(b"m" * 32), crypto.SigningKey.from_seed(b"l" * 32)
    return Identity(keys[0], b"c" * 32, keys[1])


def problem(answer: httpx.Response) -> tuple[int, str]:
    """The status and the code of a refusal, whose document must be whole."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer.text
    found = answer.json()
    assert found["status"] == answer.status_code
    assert found["type"] == f"/problems/{found['code']}"
    assert found["title"]
    assert found["detail"]
    return answer.status_code, str(found["code"])


async def assert_refused(
    market: ClockedMarket, call: Awaitable[httpx.Response], status: int, code: str
) -> httpx.Response:
    """Await a call that must be refused with a whole problem document, and must store nothing."""
    await tokens.keep_keys(market.market)  # which the call would do by itself to spend a token
    before = await market.contents()
    answer = await call
    assert problem(answer) == (status, code), answer.text
    assert await market.contents() == before, "the refused call left something behind"
    return answer


def in_path(word: str) -> str:
    """A market day as part of a path."""
    return quote(word, safe="")
