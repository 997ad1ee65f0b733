"""A real market on a loopback port, for tests that go through HTTP.

Batches and runs happen when a test says so, by the market's own use cases on a second connection; there is
no scheduler to race with.
"""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import crypto
from marketplace import schema
from marketplace.app import create_app
from marketplace.identity import Identity
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.ratings import service as ratings
from marketplace.requests import service as requests
from marketplace.runs import service as runs
from marketplace.settings import ScheduleSettings, Settings
from marketplace.tokens import service as tokens
from marketplace.tokens.rules import secret_key
from marketplace.vendors import service as vendors_service
from tests.support.serving import serving
from tests.support.tokens import minted
from vrm.client.customer import CustomerClient
from vrm.documents import (
    AcceptedTerms,
    Area,
    AskingPrice,
    Need,
    PersonalRequest,
    RequestWithdrawal,
    sign,
)
from vrm.documents.place import cell_at, point

T = TypeVar("T")
CENTRE = point(41.922, -87.650)


@dataclass(frozen=True)
class LiveMarket:
    """A market that answers at ``url``."""

    url: str
    settings: Settings
    identity: Identity

    async def post(self, need: Need, **changes: Any) -> tuple[str, crypto.SigningKey]:
        """Post a request under a fresh pseudonym; tells its digest and the pseudonym."""
        pseudonym = crypto.SigningKey.generate()
        async with CustomerClient(self.url) as client:
            market = await client.descriptor()
            terms = market.terms[0]
            facts: dict[str, Any] = {
                "market": market.market,
                "pseudonym": pseudonym.did,
                "reply_key": crypto.ReplyKey.generate().public.text,
                "need": need,
                "price": AskingPrice(kind="ceiling", amount=25_000, currency="USD"),
                "area": Area(cell=cell_at(CENTRE, 6), radius_m=20_000),
                "delivery": ("ship", "pickup"),
                "terms": AcceptedTerms(id=terms.id, digest=terms.digest),
                "policy": "best-value",
            }
            signed = sign(PersonalRequest(**(facts | changes)), pseudonym)
            epoch = market.tokens.epoch_at(int(time.time()))
            key = secret_key(self.identity.issuer_seed, "new", epoch, 0)
            await client.submit(signed, minted(market.market, pseudonym.did, key))
        return signed.digest, pseudonym

    async def withdraw(self, request: str, pseudonym: crypto.SigningKey) -> None:
        async with CustomerClient(self.url) as client:
            market = (await client.descriptor()).market
            body = RequestWithdrawal(market=market, pseudonym=pseudonym.did, request=request)
            await client.withdraw(sign(body, pseudonym))

    def publish(self) -> None:
        """Reach the next batch instant."""
        time.sleep(1.05 - time.time() % 1)
        self.do(requests.publish_batch)
        self.do(ratings.reveal)
        self.do(mail.publish)

    def close_day(self) -> str:
        """Close the market day now, and run it."""

        async def close(market: Market) -> str:
            day = await runs.close_now(market)
            await runs.close_days(market)
            return day

        return self.do(close)

    def tick(self) -> None:
        """Do what the market does at the next tick instant."""

        async def tick(market: Market) -> None:
            ahead = market.calendar.tick_after(int(time.time()))
            later = Market.open(self.settings, self.identity, clock=lambda: float(ahead))
            try:
                await runs.close_days(later)
            finally:
                await later.db.dispose()

        self.do(tick)

    def suspend(self, vendors: list[str]) -> None:
        """Do what an operator's suspension does."""

        async def suspend(market: Market) -> None:
            for vendor in vendors:
                await vendors_service.suspend(market, vendor, "for the test")

        self.do(suspend)

    def do(self, work: Callable[[Market], Awaitable[T]]) -> T:
        async def alone() -> T:
            market = Market.open(self.settings, self.identity)
            try:
                return await work(market)
            finally:
                await market.db.dispose()

        # In a thread of its own, since the test may have an event loop already.
        result: list[T] = []
        thread = threading.Thread(target=lambda: result.append(asyncio.run(alone())))
        thread.start()
        thread.join()
        return result[0]


@contextmanager
def live_market(home: Path, **changes: Any) -> Iterator[LiveMarket]:
    """Serve a new market for the length of a block."""
    (home / "terms").mkdir(parents=True)
    (home / "terms" / "PDC-INTENT.txt").write_text("Intent\n\nUse it for this order only.\n")
    far = (datetime.now(UTC) + timedelta(hours=6)).strftime("%H:%M")
    schedule = ScheduleSettings(
        cutoffs=(far,),
        bids_close_minutes=1,
        minimum_open_minutes=0,
        batch_seconds=1,
        batch_minimum=1,
    )
    facts: dict[str, Any] = {"currency": "USD", "schedule": schedule}
    settings = Settings(home=home, name="Live market", **(facts | changes))
    schema.upgrade(settings.database)
    identity = Identity.generate()
    with serving(create_app(settings, identity)) as url:
        live = LiveMarket(url, settings, identity)
        live.do(tokens.keep_keys)
        yield live
