"""Plays what follows an assignment: contacts, messages, deliveries, ratings, disputes, and the stamps for it.

The customers are those of `world`, and the vendors `vrm.demo.sellers`; each is the released program, over HTTP.
Each wallet does a round after each batch. The operator fails every call of some pseudonyms after their
assignment, to see who else falls silent, and one vendor tells it whatever its customers say.
"""

import asyncio
import hashlib
import random
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

import msgspec

from marketplace.app import create_app
from marketplace.audit.stage import Clock, overheard, playing, served, taking, tell
from marketplace.audit.tap import Tap
from marketplace.audit.world import (
    BATCH,
    DAY,
    FIRST_DAY,
    HOUR,
    Plan,
    Reading,
    World,
    come_to,
    crowd_of,
    market_in,
    step,
)
from marketplace.fulfilment import deadlines
from marketplace.mail import service as mail
from marketplace.market import Market
from marketplace.ratings import service as ratings
from marketplace.settings import MessageSettings, RatingSettings, TokenSettings
from marketplace.stamps import service as stamps

WORDS: Final = {
    "/disclosures": "disclosure",
    "/messages": "message",
    "/confirmations": "confirmation",
    "/cancellations": "cancellation",
    "/ratings": "rating",
    "/disputes": "dispute",
    "/stamps": "stamp",
}
"""Where a pseudonym says something after its assignment, and what."""

TOKENS: Final = TokenSettings(epoch_days=2, grace_days=1, allotment={"new": 16})
MESSAGES: Final = MessageSettings(days=4)
RATINGS: Final = RatingSettings(answer_days=3)
"""As long as the play, not as a year: wallets look for mail so long."""

SELLERS: Final = 6
LATER: Final = 3
"""Days after the last one on which anybody posts."""
FAILED: Final = 40
"""Of 256 pseudonyms, those whose calls the operator fails."""
ROUND: Final = 300
"""Seconds after a batch in which wallets do their rounds; not at midnight."""
MORNING: Final = 7
"""When the first post, after the round in which wallets draw their tokens."""
LAST_POST: Final = 18
VENDORS_DAY: Final = ((2, "accept"), (10, "deliver"), (16, "deliver"), (22, "bid"))
"""What vendors do, and at which hours."""

PROTECTIONS_AFTER: Final = (
    "no-blinding",
    "unpadded",
    "one-connection",
    "asks-for-own",
    "one-salt",
    "names-itself",
    "reads-at-need",
    "gives-up",
    "at-once",
)
"""Each names what a wallet, or its owner, is that lacks one protection; see `vrm.demo.careless`."""


def fill_after(folder: Path, plan: Plan) -> World:
    """Play the days.

    Raises:
        MarketError: some players gave up.
    """
    home = market_in(folder / "market", plan, tokens=TOKENS, messages=MESSAGES, ratings=RATINGS)
    world = World(plan, *home)
    asyncio.run(_fill(folder, world))
    return world


def is_failed(pseudonym: str) -> bool:
    """Whether the operator fails what a pseudonym says after its assignment."""
    return hashlib.sha256(pseudonym.encode()).digest()[0] < FAILED


@dataclass
class _Cast:
    market: Market
    world: World
    clock: Clock
    crowd: Process
    sellers: Process

    async def come_to(self, at: int) -> None:
        await come_to(self.market, self.world, self.clock, at, _all_that_is_due)

    async def sell(self, what: str) -> None:
        await tell(self.sellers, do=what, now=self.clock.now)


async def _fill(folder: Path, world: World) -> None:
    clock = Clock(FIRST_DAY)
    app = create_app(world.settings, world.identity, clock=clock)
    tap = Tap(app.asgi_handler, clock, _fails)
    app.asgi_handler = tap
    market = Market.open(world.settings, world.identity, clock=clock)
    shops = folder / "shops"
    shops.mkdir()
    try:
        with overheard(world.lines), taking(any_challenge=False):
            await _all_that_is_due(market, world)
            words = ("--home", str(shops), "--count", str(SELLERS), "--seed", str(world.plan.seed))
            async with (
                served(app) as url,
                crowd_of(url, folder, world.plan, "--apart", "1") as crowd,
                playing("vrm.demo.sellers", "--market", url, *words) as sellers,
            ):
                cast = _Cast(market, world, clock, crowd, sellers)
                world.members = await tell(crowd, do="join")
                await cast.sell("register")
                for day in range(world.plan.days + LATER):
                    await _play(cast, day)
                world.opened = await tell(sellers, do="tell", now=clock.now)
    finally:
        await market.db.dispose()
    world.calls = tap.calls


async def _play(cast: _Cast, day: int) -> None:
    plan, midnight = cast.world.plan, FIRST_DAY + day * DAY
    dice = random.Random(f"{plan.seed} {day}")  # noqa: S311 - a play, not a secret
    await cast.come_to(midnight)
    happens: list[tuple[int, Callable[[], Awaitable[None]]]] = [
        *(
            (midnight + batch * BATCH + ROUND, partial(_round, cast, dice))
            for batch in range(1, DAY // BATCH)
        ),
        *((midnight + hour * HOUR, partial(cast.sell, what)) for hour, what in VENDORS_DAY),
    ]
    posted = 0
    while day < plan.days and posted < plan.requests // plan.days:
        wishes = dice.choice((1, 2))
        at = midnight + MORNING * HOUR + dice.randrange(LAST_POST * HOUR - MORNING * HOUR)
        happens.append((at, partial(_post, cast, dice.randrange(plan.members), wishes)))
        posted += wishes
    for at, what in sorted(happens, key=lambda one: one[0]):
        await cast.come_to(at)
        await what()


async def _post(cast: _Cast, member: int, wishes: int) -> None:
    digests = await tell(cast.crowd, do="post", wishes=[[member, "books"]] * wishes)
    cast.world.authors |= dict.fromkeys(digests, member)


async def _round(cast: _Cast, dice: random.Random) -> None:
    everybody = list(range(cast.world.plan.members))
    dice.shuffle(everybody)
    for number, paths in await tell(cast.crowd, do="go_on", members=everybody):
        member = cast.world.members[number]
        cast.world.rounds.append(Reading(member, cast.clock.now // BATCH, frozenset(paths)))


async def _all_that_is_due(market: Market, world: World) -> None:
    await step(market, world)
    await deadlines.settle(market)
    await ratings.reveal(market)
    await mail.publish(market)
    await stamps.settle(market)


def _fails(path: str, body: bytes) -> bool:
    return path in WORDS and is_failed(msgspec.json.decode(body)["pseudonym"])
