"""A crowd of customers who do what they are told: ``python -m vrm.demo.crowd --market URL --home DIR``.

Each is the wallet as it is released, in a folder of its own, and what each does goes over HTTP. What they are
told comes as lines of JSON on standard input, and each line is answered by one:

* ``{"do": "join"}``: all make wallets and become members; answers their dids;
* ``{"do": "draw", "members": [...]}``: these deposit their stamps and draw their posting tokens;
* ``{"do": "post", "wishes": [[member, category], ...]}``: post, one after the other; answers digests, or null
  where the market refused;
* ``{"do": "prefer", "members": [...]}``: these send an order over the bids on each of their requests;
* ``{"do": "look", "members": [...]}``: these look what became of their requests, and collect stamps;
* ``{"do": "go_on", "members": [...]}``: these do a round of their wallets, and some of what they have to say
  to their vendors (`vrm.demo.following`); answers what each read.

With ``--careless NAME`` all their wallets lack one protection; see `vrm.demo.careless`.
"""

import asyncio
import json
import random
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from crypto.vault import Cost
from vrm import console
from vrm.client.customer import CustomerClient
from vrm.demo import following
from vrm.demo.careless import ACTING, CARELESS, Habit
from vrm.demo.catalogue import towns
from vrm.documents.place import Point
from vrm.documents.scalars import parse_instant
from vrm.errors import MarketRefused
from vrm.wallet import Wallet, cloaking, membership, offers, outcomes, stamps, tokens
from vrm.wallet import requests as own
from vrm.wallet.state import NamedPlace
from vrm.wallet.wishes import Wish

CENTRE: Final = "60601"
TOWNS: Final = 4
AROUND_E6: Final = 4000
"""How far from a town's centre people live, in millionths of a degree."""
AT_ONCE: Final = 8
LANGUAGES: Final = ("en", "es")
"""What a member shows to the market."""
AGES: Final = ("20s", "30s", "40s", "50s")
HOUSEHOLDS: Final = ("one person", "a couple", "a family", "a shared flat")
LENGTHS: Final = (0, 200, 500, 900)
"""Characters that people write besides: each to their own habit."""


@dataclass
class Person:
    """Somebody with a wallet."""

    number: int
    wallet: Wallet
    facets: dict[str, str]
    length: int


class Crowd:
    """All of them, at one market."""

    def __init__(
        self, url: str, folder: Path, count: int, seed: int, habit: Habit, *, apart: int = TOWNS
    ) -> None:
        self._url, self._folder, self._count, self._habit = url, folder, count, habit
        self._dice = random.Random(seed)  # noqa: S311 - a play, not a secret
        self._people: list[Person] = []
        self._apart = apart

    async def join(self) -> list[str]:
        """Make wallets and become members."""
        around = self._dice.sample(towns(CENTRE), self._apart)
        async with CustomerClient(self._url) as client:
            market = await client.descriptor()
            now = parse_instant((await client.clock()).now)
        for number in range(self._count):
            home = self._dice.choice(around).at
            at = Point(home.lat_e6 + self._near(), home.lng_e6 + self._near())
            wallet = Wallet.create(
                self._folder / f"member-{number:04}",
                b"a crowd",
                url=self._url,
                rules=market,
                now=now,
                places=[NamedPlace("home", "home", self._habit.cell(at, market))],
                cost=Cost.MINIMUM,
            )
            facets = {
                "language": self._dice.choice(LANGUAGES),
                "age": self._dice.choice(AGES),
                "household": self._dice.choice(HOUSEHOLDS),
            }
            wallet.set_facets({"languages": [facets["language"]]})
            following.settle(wallet, number, names_itself=self._habit.names_itself)
            self._people.append(Person(number, wallet, facets, self._dice.choice(LENGTHS)))

        async def one(person: Person) -> None:
            async with CustomerClient(self._url) as client:
                await membership.join(person.wallet, client, now, shows=["languages"])

        await _in_turns(one, self._shuffled())
        return [person.wallet.profile_did for person in self._people]

    async def draw(self, members: list[int]) -> None:
        """Let some deposit their stamps and draw."""

        async def one(person: Person) -> None:
            ACTING.set(person.wallet.profile_did)
            async with CustomerClient(self._url) as client:
                await stamps.deposit(person.wallet, client)
                await tokens.draw_due(person.wallet, client)

        await _in_turns(one, [self._people[number] for number in members])

    async def post(self, wishes: list[tuple[int, str]]) -> list[str | None]:
        """Post wishes, of who follows themself within one sitting."""
        found: list[str | None] = []
        at = 0
        while at < len(wishes):
            number = wishes[at][0]
            async with CustomerClient(self._url) as client:
                while at < len(wishes) and wishes[at][0] == number:
                    found.append(await self._post(client, self._people[number], wishes[at][1]))
                    at += 1
        return found

    async def prefer(self, members: list[int]) -> None:
        """Let some send an order for each of their requests that is public, all in one sitting."""

        async def one(person: Person) -> None:
            async with CustomerClient(self._url) as client:
                state = await outcomes.sync(person.wallet, client)
                for entry in state.requests:
                    if entry.published_at is not None and entry.is_open():
                        await offers.prefer(
                            person.wallet, client, entry, listed=[], only_listed=True
                        )

        await _in_turns(one, [self._people[number] for number in members])

    async def look(self, members: list[int]) -> None:
        """Let some look what became of their requests, and collect stamps for what came to nothing."""

        async def one(person: Person) -> None:
            async with CustomerClient(self._url) as client:
                if self._habit.asks_for_own:
                    await _ask_for_own(person, client)
                else:
                    await outcomes.sync(person.wallet, client)
                await stamps.collect(person.wallet, client)

        await _in_turns(one, [self._people[number] for number in members])

    async def go_on(self, members: list[int]) -> list[tuple[int, list[str]]]:
        """Let some do a round, and some of what they have to say; answers what each read."""
        read: list[tuple[int, list[str]]] = []

        async def one(person: Person) -> None:
            ACTING.set(person.wallet.profile_did)
            async with following.Watched(self._url) as client:
                await following.go(
                    person.wallet,
                    client,
                    self._dice,
                    length=person.length,
                    at_once=self._habit.at_once,
                )
                if self._habit.asks_for_own:
                    await _ask_for_own(person, client)
                read.append((person.number, sorted(client.paths)))

        await _in_turns(one, [self._people[number] for number in members])
        return read

    async def _post(self, client: CustomerClient, person: Person, category: str) -> str:
        await tokens.draw_at_need(person.wallet, client)
        market = await client.descriptor()
        cutoff = parse_instant((await client.clock()).cutoff)
        wish = Wish(
            title=f"Something of {category}",
            category=category,
            fixed="20.00",
            place="home",
            needed_by=(cutoff + timedelta(days=5)).date().isoformat(),
            text="x" * person.length or None,
            facets=person.facets if self._habit.tells_all else {"age": person.facets["age"]},
        )
        if not self._habit.tells_all:
            looks = own.draft(person.wallet, wish, market)
            if cloaking.look_alikes(looks, await client.crowds()) < cloaking.COMPANY:
                wish.facets.clear()  # as the wallet advises
        entry = own.prepare(person.wallet, wish, market)
        return (await own.send(person.wallet, client, entry)).digest

    def _near(self) -> int:
        return self._dice.randint(-AROUND_E6, AROUND_E6)

    def _shuffled(self) -> list[Person]:
        return self._dice.sample(self._people, len(self._people))


async def _ask_for_own(person: Person, client: CustomerClient) -> None:
    for entry in person.wallet.read().requests:
        with suppress(MarketRefused):
            await client.send("GET", f"/log/inclusion/{entry.digest}")


async def _in_turns(one: Any, people: list[Person]) -> None:
    turn = asyncio.Semaphore(AT_ONCE)

    async def take(person: Person) -> None:
        async with turn:
            await one(person)

    async with asyncio.TaskGroup() as group:
        for person in people:
            group.create_task(take(person))


app = console.application("Play a crowd of customers, as told on standard input.")


@app.command()
def main(
    market: Annotated[str, typer.Option(help="The market's address.")],
    home: Annotated[Path, typer.Option(help="Where to keep their wallets.")],
    members: Annotated[int, typer.Option(help="How many.", min=1)] = 100,
    seed: Annotated[int, typer.Option(help="Who they are.")] = 1,
    apart: Annotated[int, typer.Option(help="In how many towns they live.", min=1)] = TOWNS,
    careless: Annotated[str, typer.Option(help=f"One of {', '.join(CARELESS)}.")] = "",
) -> None:
    """Play a crowd."""
    if careless and careless not in CARELESS:
        console.fail(f"{careless} is no carelessness; there are {', '.join(CARELESS)}.")
    habit = Habit()
    if careless:
        CARELESS[careless](habit)
    crowd = Crowd(market, home, members, seed, habit, apart=apart)
    console.run(obey(crowd))


async def obey(players: Any) -> None:
    """Do what lines of standard input say, and answer each by one."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        order = json.loads(line)
        arguments = {name: value for name, value in order.items() if name != "do"}
        answer = await getattr(players, order["do"])(**arguments)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    app()
