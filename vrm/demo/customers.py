"""Play the customers of a market day: ``python -m vrm.demo.customers --market URL --home DIR --count 300``.

With ``--phase prefer``, once bids are in the mail, some of them put the bids on their requests into an order of
their own, as a person would who would rather not go far. ``tell`` and ``receive`` follow some to the end
(`receiving`).

Each customer is a real wallet in a folder of its own, at the centroid of a real postal code, with one need. The
wallets' passphrases lie beside them, so that anybody can open one afterwards; their vaults cost nothing to
guess, since there is nothing in them to guard.
"""

import asyncio
import os
import random
import secrets
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn

import msgspec
import typer
from rich.progress import Progress

from crypto.vault import Cost
from vrm import console, keyfile
from vrm.client.base import Clock
from vrm.client.customer import CustomerClient
from vrm.console import Json
from vrm.demo import receiving
from vrm.demo.catalogue import BY_SKU, ITEMS, SHOPS, Item, towns
from vrm.demo.past import Behind, Meeting
from vrm.demo.receiving import PASSPHRASE_FILE
from vrm.documents import CatalogueItem, MarketDescriptor
from vrm.documents.scalars import parse_instant
from vrm.errors import MarketRefused, UsageError
from vrm.money import decimal_text
from vrm.places import Town
from vrm.wallet import Wallet, mail, membership, offers, outcomes, tokens
from vrm.wallet import requests as own
from vrm.wallet.cloaking import choose_cell
from vrm.wallet.items import taken
from vrm.wallet.state import NamedPlace
from vrm.wallet.wishes import Wish

AT_ONCE: Final = 16
"""Customers that post at the same time."""

EACH_RARE: Final = 3
"""How many want each thing that nobody carries, and each that only a shop that will be suspended carries."""

NAMED: Final = 0.6
"""Share of those who want a brand's article and ask for it by the brand's own offer."""

WITHDRAWN: Final = 0.03
"""Share of the customers that take their request back."""

CURIOUS: Final = 0.3
"""Share of those without a brand's offer who let newcomers go first where the day's lot says so."""

PARTICULAR: Final = 12
"""How many look at their bids, and give them an order of their own where there are several."""


@dataclass(frozen=True)
class Customer:
    """Someone with a need, at home in a town."""

    home: Path
    town: Town
    wish: Wish
    changes_mind: bool


@dataclass(frozen=True)
class Posted:
    """What became of a customer's post."""

    customer: Customer
    request: str | None
    refusal: str | None
    withdrawn: bool


def cast(
    market: MarketDescriptor,
    clock: Clock,
    items: Mapping[str, CatalogueItem],
    *,
    folder: Path,
    centre: str,
    count: int,
    seed: int,
    day: int = 1,
) -> list[Customer]:
    """Think up customers; the same seed gives the same ones.

    Args:
        items: the brands' items, by GTIN.
        day: on which of the demo's days they come.

    Raises:
        UsageError: ``centre`` is no US postal code that this installation knows.
    """
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    around = towns(centre)
    cutoff = parse_instant(clock.cutoff)
    return [
        Customer(
            home=folder / f"{_prefix(day)}{number:04}",
            town=dice.choice(around),
            wish=_wish(item, market, items, cutoff, dice),
            changes_mind=dice.random() < WITHDRAWN,
        )
        for number, item in enumerate(_items(count, dice), 1)
    ]


async def brands_items(client: CustomerClient) -> dict[str, CatalogueItem]:
    """The items on the catalogue's list, by GTIN."""
    listed = [one.item.body async for one in client.catalogue(listed=True)]
    return {str(item.gtin): item for item in listed if item.gtin}


async def play(meeting: Meeting, customers: list[Customer], progress: Progress) -> list[Posted]:
    """Let all customers post, a few at a time; each over connections of their own."""
    task = progress.add_task("customers post", total=len(customers))
    turn = asyncio.Semaphore(AT_ONCE)

    async def take_turn(customer: Customer) -> Posted:
        async with turn:
            posted = await _post(meeting, customer)
        progress.advance(task)
        return posted

    async with asyncio.TaskGroup() as group:
        running = [group.create_task(take_turn(customer)) for customer in customers]
    return [done.result() for done in running]


async def prefer(meeting: Meeting, chosen: list[Path]) -> dict[str, int]:
    """Let customers order the bids on their requests: the nearest first, the farthest not at all."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(home: Path) -> bool:
        async with turn:
            return await _prefer(meeting, home)

    done = await asyncio.gather(*(one(home) for home in chosen))
    return {"looked": len(chosen), "preferred": sum(done)}


def _prefix(day: int) -> str:
    return f"customer-{day}-"


def particular(folder: Path, seed: int, day: int = 1) -> list[Path]:
    """Draw the wallets of those who look at their bids."""
    homes = sorted(home for home in folder.glob(f"{_prefix(day)}*") if Wallet.exists(home))
    dice = random.Random(seed)  # noqa: S311 - a play, not a secret
    return dice.sample(homes, min(PARTICULAR, len(homes)))


async def _prefer(meeting: Meeting, home: Path) -> bool:
    passphrase = keyfile.passphrase(home / PASSPHRASE_FILE)
    wallet = await asyncio.to_thread(Wallet.open, home, passphrase)
    async with meeting.customer() as client:
        await outcomes.sync(wallet, client)
        [entry] = (await mail.fetch(wallet, client)).state.requests
        found = (await offers.judge(client, [entry]))[entry.digest].good
        if len(found) < 2 or entry.withdrawn_at is not None:
            return False
        near = sorted(found, key=lambda offer: offer.distance_m)
        await offers.prefer(
            wallet,
            client,
            entry,
            listed=[offer.digest for offer in near[:-1]],
            struck_out=[near[-1].digest],
        )
    return True


async def _post(meeting: Meeting, customer: Customer) -> Posted:
    async with meeting.customer() as client:
        market = await client.descriptor()
        wallet = await asyncio.to_thread(_make_wallet, meeting, market, customer)
        await membership.join(wallet, client, meeting.now())
        await tokens.draw_due(wallet, client)
        entry = await asyncio.to_thread(own.prepare, wallet, customer.wish, market)
        try:
            entry = await own.send(wallet, client, entry)
        except MarketRefused as refusal:
            return Posted(customer, None, refusal.code, withdrawn=False)
        if customer.changes_mind:
            await own.withdraw(wallet, client, entry)
    return Posted(customer, entry.digest, None, withdrawn=customer.changes_mind)


def _make_wallet(meeting: Meeting, market: MarketDescriptor, customer: Customer) -> Wallet:
    passphrase = secrets.token_urlsafe(12)
    town = customer.town
    wallet = Wallet.create(
        customer.home,
        passphrase.encode(),
        url=meeting.url,
        rules=market,
        now=meeting.now(),
        places=[NamedPlace("home", f"{town.code} {town.name}", choose_cell(town.at, market))],
        cost=Cost.MINIMUM,
    )
    file = os.open(customer.home / PASSPHRASE_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w") as opened:
        opened.write(passphrase + "\n")
    return wallet


def _items(count: int, dice: random.Random) -> list[Item]:
    """Draw what is wanted: first what makes each way of staying unfilled occur, then by demand."""
    carried = {sku for shop in SHOPS if not shop.to_suspend for sku in shop.carries}
    rare = [item for item in ITEMS if item.sku not in carried]
    wanted = (rare * EACH_RARE)[:count]
    common = [BY_SKU[sku] for sku in sorted(carried)]
    weights = [item.demand for item in common]
    wanted += dice.choices(common, weights, k=count - len(wanted))
    dice.shuffle(wanted)
    return wanted


def _wish(
    item: Item,
    market: MarketDescriptor,
    items: Mapping[str, CatalogueItem],
    cutoff: datetime,
    dice: random.Random,
) -> Wish:
    if item.gtin in items and dice.random() < NAMED:
        wish = Wish(within=f"{dice.choice((8, 15, 25))}km", needed_by=_needed_by(cutoff, dice))
        return taken(wish, items[item.gtin], market)
    quantity = 2 if item.usual < 8000 and item.category != "repair" and dice.random() < 0.1 else 1
    is_fixed = dice.random() < 0.35
    generosity = dice.uniform(0.95, 1.12) if is_fixed else dice.uniform(0.98, 1.35)
    amount = _amount(round(item.usual * quantity * generosity), market)
    named = dice.random()  # half name the very article, a quarter its model, the rest describe it
    exact = bool(item.gtin) and named < 0.5
    by_model = bool(item.model) and named < 0.75
    listed = {category.id for category in market.categories}
    return Wish(
        title=item.wanted_as,
        category=item.category if item.category in listed else "other",
        fixed=amount if is_fixed else None,
        at_most=None if is_fixed else amount,
        within=f"{dice.choice((8, 10, 12, 15, 20, 25, 30))}km",
        delivery=_ways(item, dice),
        needed_by=_needed_by(cutoff, dice),
        terms=dice.choice(market.terms).id if dice.random() < 0.2 else None,
        policy=dice.choice(market.policies) if dice.random() < 0.3 else None,
        newcomers=dice.random() < CURIOUS,
        quantity=quantity,
        condition="new" if item.gtin else "any",
        gtin=item.gtin if exact else None,
        brand=item.brand if by_model else None,
        model=item.model if by_model else None,
    )


def _amount(hundredths: int, market: MarketDescriptor) -> str:
    """Write an amount of the catalogue in the market's currency, to a half unit as people do."""
    digits = market.currency.digits
    minor = max(1, (hundredths + 25) // 50 * 50 * 10**digits // 100)
    return decimal_text(minor, digits)


def _ways(item: Item, dice: random.Random) -> tuple[str, ...]:
    if item.category == "repair":
        return ("on-site", "pickup") if item.sku == "brake-service" else ("on-site",)
    return dice.choice((("ship", "pickup"), ("ship", "pickup"), ("pickup",), ("ship",)))


def _needed_by(cutoff: datetime, dice: random.Random) -> str | None:
    if dice.random() < 0.6:
        return None
    return (cutoff + timedelta(days=dice.randint(2, 14))).strftime("%Y-%m-%dT%H:%M:%SZ")


def _wallets(folder: Path, day: int) -> dict[str, Path]:
    """The wallets that posted on a day, by their requests' digests."""
    try:
        names = msgspec.json.decode((folder / f"day-{day}.json").read_bytes(), type=dict[str, str])
    except FileNotFoundError:
        raise UsageError(f"Nobody has posted in {folder} on day {day}.") from None
    return {request: folder / name for request, name in names.items()}


def _summary(posted: list[Posted], folder: Path, seconds: float) -> dict[str, object]:
    good = [post for post in posted if post.request]
    example = next((post.customer.home for post in good if not post.withdrawn), None)
    return {
        "customers": len(posted),
        "requests": len(good),
        "withdrawn": sum(post.withdrawn for post in posted),
        "refused": dict(Counter(post.refusal for post in posted if post.refusal)),
        "home": str(folder),
        "example": None
        if example is None
        else {
            "home": str(example),
            "passphrase_file": str(example / PASSPHRASE_FILE),
        },
        "seconds": round(seconds, 2),
    }


def customers(
    *,
    market: Annotated[str, typer.Option(help="The market's address.", show_default=False)],
    home: Annotated[
        Path, typer.Option(help="The folder that holds the wallets.", show_default=False)
    ],
    count: Annotated[int, typer.Option(min=1, max=9999, help="How many.")] = 300,
    seed: Annotated[int, typer.Option(help="Draws the needs and the towns.")] = 1,
    centre: Annotated[str, typer.Option(help="The US postal code in their midst.")] = "60601",
    phase: Annotated[
        Literal["post", "prefer", "tell", "receive"], typer.Option(help="What to do now.")
    ] = "post",
    day: Annotated[int, typer.Option(min=1, help="On which of the days they come.")] = 1,
    behind: Behind = 0,
    json: Json = False,
) -> None:
    """Make wallets all over one metropolitan area and let each post a need, or some order their bids."""
    meeting = Meeting(market, behind)
    if phase == "prefer":
        told = console.run(prefer(meeting, particular(home, seed, day)))
        console.print_json(told) if json else console.say(str(told))
        return
    if phase in {"tell", "receive"}:
        follow = receiving.tell if phase == "tell" else receiving.receive
        console.print_json(console.run(follow(meeting, _wallets(home, day))))
        return
    started = time.monotonic()

    async def all_of_it() -> list[Posted]:
        async with meeting.customer() as client:
            rules, clock = await client.descriptor(), await client.clock()
            items = await brands_items(client)
        players = cast(
            rules, clock, items, folder=home, centre=centre, count=count, seed=seed, day=day
        )
        with Progress(console=console.err, transient=True) as progress:
            return await play(meeting, players, progress)

    posted = console.run(all_of_it())
    wallets = {post.request: post.customer.home.name for post in posted if post.request}
    keyfile.write_private(home / f"day-{day}.json", msgspec.json.encode(wallets))
    summary = _summary(posted, home, time.monotonic() - started)
    if json:
        console.print_json(summary)
        return
    for line in _lines(summary):
        console.say(console.plain(line))


def _lines(summary: dict[str, object]) -> Iterator[str]:
    yield f"{summary['customers']} customers posted {summary['requests']} requests"
    yield f"{summary['withdrawn']} took theirs back; refused: {summary['refused'] or 'none'}"
    yield f"The wallets are in {summary['home']}"


def main() -> NoReturn:
    """Run the command line."""
    app = console.application(str(customers.__doc__))
    app.command()(customers)
    console.main(app, "customers")


if __name__ == "__main__":
    main()
