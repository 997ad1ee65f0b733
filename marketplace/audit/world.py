"""Fills a market over HTTP with the released wallet, day by day, and keeps the truth beside it.

The market is the real application on SQLite, served on loopback, with a clock that this module moves; its
customers are `vrm.demo.crowd`, a process of its own. They draw their tokens at night and post by day, some of
them two requests in one sitting.
"""

import asyncio
import random
from asyncio.subprocess import Process
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from crypto.vault import Cost
from marketplace.app import create_app
from marketplace.audit.stage import Clock, overheard, playing, served, taking, tell
from marketplace.audit.tap import Call, Tap
from marketplace.descriptor import service as descriptor
from marketplace.identity import Identity
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.new_market import write_home
from marketplace.requests import service as requests
from marketplace.runs import service as runs
from marketplace.settings import Settings, TokenSettings
from marketplace.tokens import service as tokens
from marketplace.unlocking import unlocked
from vrm import keyfile

FIRST_DAY: Final = int(datetime(2026, 3, 2, tzinfo=UTC).timestamp())
HOUR: Final = 3600
DAY: Final = 24 * HOUR
BATCH: Final = 6 * HOUR
NIGHT: Final = 5
"""Hours in which wallets draw, before anybody posts."""
CUTOFF: Final = 23
CATEGORIES: Final = ("books", "tools", "toys")
PARTICULAR: Final = 20
"""How many send an order over the bids on their requests before the cutoff."""
LOOKERS: Final = 40
"""How many look each evening what became of their requests."""

LATE_DRAW: Final = "late-draw"
NO_BATCHES: Final = "no-batches"
PLAYED_HERE: Final = (LATE_DRAW, NO_BATCHES)
"""What this module does without a protection."""
PROTECTIONS: Final = (
    "one-reply-key",
    "profile-reply-key",
    "no-blinding",
    "any-challenge",
    "unpadded",
    "one-connection",
    "exact-place",
    "tells-all",
    "asks-for-own",
    *PLAYED_HERE,
)
"""Each names what a market or a wallet is that lacks one protection; see `vrm.demo.careless`."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is played."""

    members: int
    requests: int
    days: int
    seed: int
    careless: str = ""
    """The protection that is switched off; one of `PROTECTIONS`."""


@dataclass(frozen=True)
class Reading:
    """What one round of a wallet read, beside what it says under pseudonyms or by name."""

    member: str
    batch: int
    paths: frozenset[str]


@dataclass
class World:
    """A filled market: what its operator has, and the truth."""

    plan: Plan
    settings: Settings
    identity: Identity
    members: list[str] = field(default_factory=list)
    """Dids, by number."""
    authors: dict[str, int] = field(default_factory=dict)
    """Who posted each request: the truth."""
    calls: list[Call] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    """What was logged."""
    waiting: list[list[str]] = field(default_factory=list)
    """The pending table as it lay before each publication."""
    rounds: list[Reading] = field(default_factory=list)
    """What each round of a wallet read."""
    opened: dict[str, str] = field(default_factory=dict)
    """What an accomplice of the operator's, a vendor, was told about requests, by their digests."""


Doing = Callable[[Market, World], Awaitable[None]]


def fill(folder: Path, plan: Plan) -> World:
    """Play the days.

    Raises:
        MarketError: the crowd gave up.
    """
    world = World(plan, *market_in(folder / "market", plan))
    asyncio.run(_fill(folder, world))
    return world


async def _fill(folder: Path, world: World) -> None:
    plan, settings, identity = world.plan, world.settings, world.identity
    clock = Clock(FIRST_DAY)
    app = create_app(settings, identity, clock=clock)
    tap = Tap(app.asgi_handler, clock)
    app.asgi_handler = tap
    market = Market.open(settings, identity, clock=clock)
    try:
        with overheard(world.lines), taking(any_challenge=plan.careless == "any-challenge"):
            await step(market, world)
            async with served(app) as url, crowd_of(url, folder, plan) as crowd:
                world.members = await tell(crowd, do="join")
                for day in range(plan.days):
                    await _play(market, world, clock, crowd, day)
                clock.now += DAY
                await step(market, world)
    finally:
        await market.db.dispose()
    world.calls = tap.calls


async def _play(market: Market, world: World, clock: Clock, crowd: Process, day: int) -> None:
    plan, midnight = world.plan, FIRST_DAY + day * DAY
    dice = random.Random(f"{plan.seed} {day}")  # noqa: S311 - a play, not a secret
    clock.now = midnight
    await step(market, world)
    if plan.careless != LATE_DRAW:
        everybody = dice.sample(range(plan.members), plan.members)
        for hour in range(NIGHT):
            clock.now = midnight + hour * HOUR + 60
            await tell(crowd, do="draw", members=everybody[hour::NIGHT])
    posted = 0
    aim = plan.requests // plan.days
    sittings = []
    while posted < aim:
        wishes = dice.choice((1, 2))
        at = midnight + NIGHT * HOUR + dice.randrange((CUTOFF - 1 - NIGHT) * HOUR)
        sittings.append((at, dice.randrange(plan.members), wishes))
        posted += wishes
    for at, member, wishes in sorted(sittings):
        await come_to(market, world, clock, at)
        wanted = [[member, dice.choice(CATEGORIES)] for _ in range(wishes)]
        digests = await tell(crowd, do="post", wishes=wanted)
        world.authors |= dict.fromkeys(digests, member)
        if plan.careless == NO_BATCHES:
            clock.now += 1
            await step(market, world)
    posters = sorted({member for _, member, _ in sittings})
    await come_to(market, world, clock, midnight + CUTOFF * HOUR - 1800)
    await tell(crowd, do="prefer", members=dice.sample(posters, min(PARTICULAR, len(posters))))
    await come_to(market, world, clock, midnight + DAY)
    looking = dice.sample(range(plan.members), min(LOOKERS, plan.members))
    await tell(crowd, do="look", members=looking)


async def come_to(
    market: Market, world: World, clock: Clock, at: int, doing: Doing | None = None
) -> None:
    """Move on, over the instants at which the market has something to do.

    Args:
        doing: does that, `step` unless it is given.
    """
    while (instant := _next_instant(clock.now)) <= at:
        clock.now = instant
        await (doing or step)(market, world)
    clock.now = max(clock.now, at)


def _next_instant(now: int) -> int:
    batch = now - now % BATCH + BATCH
    cutoff = now - now % DAY + CUTOFF * HOUR
    return batch if cutoff <= now else min(batch, cutoff)


async def step(market: Market, world: World) -> None:
    """Do what the scheduler would find due."""
    await descriptor.announce(market)
    await tokens.keep_keys(market)
    async with market.db.snapshot() as connection:
        rows = await connection.exec_driver_sql("SELECT digest FROM pending")
        world.waiting.append([row.digest for row in rows])
    await requests.publish_batch(market)
    await runs.close_days(market)
    await log.grow(market)


def market_in(home: Path, plan: Plan, **other: BaseModel) -> tuple[Settings, Identity]:
    """A market's home, and settings of which some may be others."""
    home.mkdir(parents=True, mode=0o700)
    passphrase = home / "passphrase"
    keyfile.write_private(passphrase, b"an audit")
    write_home(
        home,
        b"an audit",
        cost=Cost.MINIMUM,
        name="Audited market",
        time_zone="UTC",
        cutoffs=[f"{CUTOFF}:00"],
        currency="USD",
        admission="open",
        bids_close_minutes=0,
        minimum_open_minutes=0,
        batch_seconds=1 if plan.careless == NO_BATCHES else BATCH,
        batch_minimum=1 if plan.careless == NO_BATCHES else 5,
    )
    settings, identity = unlocked(home, passphrase)
    rules = TokenSettings(epoch_days=1, grace_days=1, allotment={"new": 8})
    finest = 9 if plan.careless == "exact-place" else settings.finest_cell
    return settings.model_copy(update={"tokens": rules, "finest_cell": finest, **other}), identity


def crowd_of(
    url: str, folder: Path, plan: Plan, *more: str
) -> AbstractAsyncContextManager[Process]:
    """The customers of a play."""
    words = ["--market", url, "--home", str(folder / "crowd"), "--members", str(plan.members)]
    words += ["--seed", str(plan.seed), *more]
    if plan.careless and plan.careless not in PLAYED_HERE:
        words += ["--careless", plan.careless]
    return playing("vrm.demo.crowd", *words)
