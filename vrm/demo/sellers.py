"""Vendors who do what they are told: ``python -m vrm.demo.sellers --market URL --home DIR --count N``.

They sell whatever is asked for, and follow each order to its end. What they are told comes as lines of JSON on
standard input, as with `vrm.demo.crowd`; each order says what time it is:

* ``{"do": "register", "now": ...}``: all introduce themselves;
* ``{"do": "bid", "now": ...}``: each bids on some of the requests on the board that it has not seen;
* ``{"do": "accept", "now": ...}``: all accept what the run gave them;
* ``{"do": "deliver", "now": ...}``: they ship what they know where to, a few cancel, and they write and rate;
* ``{"do": "tell", "now": ...}``: some of them tell all that its customers told it, by request.
"""

import random
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from crypto import SigningKey
from vrm import console
from vrm.client.vendor import VendorClient, place
from vrm.client.vendor_answers import OwnAssignment
from vrm.demo.catalogue import towns
from vrm.demo.crowd import CENTRE, obey
from vrm.vendor.conversing import hear, say
from vrm.vendor.ledger import Ledger

UNITS: Final = 1000
BIDDING: Final = 0.6
CANCELLING: Final = 0.04
SHIPPING: Final = 0.9
WRITING: Final = 0.3
RATING: Final = 0.5
ACCOMPLICES: Final = 2
"""How many tell the operator all that they were told."""


class Sellers:
    """All of them, at one market."""

    def __init__(self, url: str, folder: Path, count: int, seed: int) -> None:
        self._url, self._folder = url, folder
        self._dice = random.Random(f"sellers {seed}")  # noqa: S311 - a play, not a secret
        self._now = 0.0
        self._keys = [SigningKey.generate() for _ in range(count)]
        self._cursors: dict[str, str | None] = {}

    async def register(self, now: int) -> int:
        """Introduce all of them."""

        async def one(client: VendorClient) -> None:
            market = await client.descriptor()
            at = towns(CENTRE)[0].at
            await client.register(
                "A shop",
                places=[
                    place(
                        "shop",
                        "The shop",
                        lat=at.lat_e6 / 1e6,
                        lng=at.lng_e6 / 1e6,
                        reach_km=200,
                        capacity=UNITS,
                    )
                ],
                categories=[category.id for category in market.categories],
                delivery=("ship",),
                terms=[agreement.id for agreement in market.terms],
            )

        return await self._each(now, one)

    async def bid(self, now: int) -> int:
        """Let each bid on some of what is new."""

        async def one(client: VendorClient) -> None:
            more = True
            while more:
                page = await client.board_page(self._cursors.get(client.did))
                self._cursors[client.did], more = page.cursor, page.more
                for item in page.items:
                    if self._dice.random() < BIDDING:
                        await client.bid(
                            item, place="shop", price="20.00", delivery="ship", lead_time_hours=24
                        )

        return await self._each(now, one)

    async def accept(self, now: int) -> int:
        """Let each accept all that waits."""

        async def one(client: VendorClient) -> None:
            waiting = [given async for given in client.my_assignments() if given.state == "waiting"]
            if waiting:
                await client.accept([given.digest for given in waiting])

        return await self._each(now, one)

    async def deliver(self, now: int) -> int:
        """Let each go on with what it knows where to deliver."""

        async def one(client: VendorClient) -> None:
            given = {each.digest: each async for each in client.my_assignments()}
            known = {
                each.assignment: each
                async for each in client.deliveries()
                if each.disclosed_at and each.state == "accepted"
            }
            with Ledger(self._folder / f"{client.did[-12:]}.db") as ledger:
                await hear(client, ledger, self._time())
                for digest in known:
                    await self._deliver(client, ledger, given[digest])

        return await self._each(now, one)

    async def _deliver(self, client: VendorClient, ledger: Ledger, given: OwnAssignment) -> None:
        chance = self._dice.random()
        if chance < CANCELLING:
            await client.cancel(given, "Sold at the counter.")
        elif chance < SHIPPING:
            await client.ship(given)
            wrote = bool(ledger.conversation.about(given.digest))
            if wrote or self._dice.random() < WRITING:
                await say(client, ledger, given, "It is on its way.", self._time())
            if self._dice.random() < RATING:
                await client.rate(given.assignment.request, given.digest, 5)

    async def tell(self, now: int) -> dict[str, str]:
        """All that the accomplices' customers told them: contacts, and messages with all that is in them."""
        told: dict[str, str] = {}

        async def one(client: VendorClient) -> None:
            if client.did not in {key.did for key in self._keys[:ACCOMPLICES]}:
                return
            async for disclosed in client.disclosures():
                contact = msgspec.json.encode(disclosed.told).decode()
                told[disclosed.request.digest] = contact
            async for heard in client.messages():
                inside = msgspec.json.encode(heard.inside).decode()
                digest = heard.request.digest
                told[digest] = told.get(digest, "") + inside

        await self._each(now, one)
        return told

    async def _each(self, now: int, one: Callable[[VendorClient], Awaitable[None]]) -> int:
        self._now = float(now)
        for key in self._keys:
            async with VendorClient(self._url, key, clock=lambda: self._now) as client:
                await one(client)
        return len(self._keys)

    def _time(self) -> datetime:
        return datetime.fromtimestamp(self._now, UTC)


app = console.application("Play vendors, as told on standard input.")


@app.command()
def main(
    market: Annotated[str, typer.Option(help="The market's address.")],
    home: Annotated[Path, typer.Option(help="Where to keep their ledgers.")],
    count: Annotated[int, typer.Option(help="How many.", min=1)] = 6,
    seed: Annotated[int, typer.Option(help="What they do.")] = 1,
) -> None:
    """Play vendors."""
    sellers: Any = Sellers(market, home, count, seed)
    console.run(obey(sellers))


if __name__ == "__main__":
    app()
