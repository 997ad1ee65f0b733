"""The demonstration's vendors, played by one process over HTTP.

    python -m vrm.demo.vendors --market URL --home DIR --count 60 --centre 60614 --phase register --json
    python -m vrm.demo.vendors --market URL --home DIR --phase bid --json
    python -m vrm.demo.vendors --market URL --home DIR --phase answer --json
    python -m vrm.demo.vendors --market URL --home DIR --phase deliver --json
    python -m vrm.demo.vendors --market URL --home DIR --phase rate --json

``register`` makes the vendors: a folder each with key, passphrase, stock and rules, a profile at the market,
and today's capacities; then the brands, which list items and name the vendors that may sell them. ``bid`` lets
the real bidding program of each vendor go over the board once, and names those that the catalogue wants out:
whoever plays the operator suspends them before the close, so that their bids stand and are not eligible. (A
vendor cannot get out of a firm bid itself.) ``answer`` lets those whom the newest run, or its newest tick, gave
something say whether they stand by it (`answers`). ``deliver`` lets them ship what they know where to, and
``rate`` lets them rate those customers (`delivering`).

Every folder is a vendor's home as `vendor` knows it, and can be tried afterwards:

    vendor inbox --home DIR/vendor-01 --passphrase-file DIR/vendor-01/passphrase
"""

import asyncio
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, NoReturn, TypeVar

import msgspec
import typer
from rich.progress import Progress

from crypto.vault import Cost
from vrm import console, keyfile
from vrm.client.brand import BrandClient
from vrm.client.public import PublicClient
from vrm.client.vendor import VendorClient
from vrm.console import Json
from vrm.demo import brands
from vrm.demo.answers import Answers, answer_all, asked
from vrm.demo.catalogue import BRANDS
from vrm.demo.delivering import CARELESS, Delivered, deliver, rate
from vrm.demo.past import Behind, Meeting
from vrm.demo.shops import Vendor, draw_vendors, write_files
from vrm.documents import MarketDescriptor
from vrm.errors import MarketRefused, UsageError
from vrm.vendor.home import Home, Market
from vrm.vendor.program import Files, Round, bid_round

AT_ONCE: Final = 8
"""Vendors that work at the same time."""

CAST: Final = "vendors.json"
PASSPHRASE: Final = "passphrase"  # noqa: S105 - a file's name

C = TypeVar("C", bound=VendorClient)

Phase = Literal["register", "bid", "answer", "deliver", "rate"]


class Part(msgspec.Struct, frozen=True):
    """What the second phase must know of a vendor."""

    folder: str
    name: str
    vendor: str
    to_suspend: bool


@dataclass
class Registered:
    """What the first phase came to."""

    vendors: int = 0
    brands: int = 0
    places: int = 0
    units: int = 0
    seconds: float = 0.0


@dataclass
class Bidden:
    """What the second phase came to.

    ``passed`` counts why no bid was made; ``to_suspend`` are the did:keys that the operator is to suspend.
    """

    read: int
    bids: int
    refused: int
    passed: dict[str, int]
    to_suspend: list[str]
    seconds: float


def play(
    *,
    market: Annotated[str, typer.Option(help="The market's address.", show_default=False)],
    home: Annotated[Path, typer.Option(help="The vendors' folders go here.", show_default=False)],
    count: Annotated[int, typer.Option(min=1, help="How many vendors.")] = 60,
    seed: Annotated[int, typer.Option(help="Draws the same shops each time.")] = 1,
    centre: Annotated[str, typer.Option(help="The postal code that they live around.")] = "60614",
    phase: Annotated[Phase, typer.Option(help="What to do now.")] = "register",
    behind: Behind = 0,
    json: Json = False,
) -> None:
    """Play the vendors of a demonstration."""
    result: Registered | Bidden | Answers | Delivered
    meeting = Meeting(market, behind)
    match phase:
        case "register":
            shops = draw_vendors(seed, count, centre)
            result = console.run(register(meeting, home, shops, centre))
        case "bid":
            result = console.run(bid(meeting, home))
        case "answer":
            result = console.run(answer(meeting, home))
        case "deliver" | "rate":
            result = console.run(follow(meeting, home, phase))
    if json:
        console.print_json(result)
    else:
        console.say(f"{phase}: {msgspec.to_builtins(result)}")


async def register(meeting: Meeting, home: Path, cast: Sequence[Vendor], centre: str) -> Registered:
    """Make the vendors and introduce them to the market, and the brands that some of them sell."""
    started = time.monotonic()
    async with meeting.visitor() as client:
        market = await client.descriptor()
    parts: list[Part] = []
    by_kind: dict[str, list[str]] = defaultdict(list)

    def enter(number: int, vendor: Vendor) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            folder = f"vendor-{number:02}"
            did = await _enter(meeting, market, home / folder, vendor)
            parts.append(Part(folder, vendor.name, did, vendor.shop.to_suspend))
            by_kind[vendor.shop.kind].append(did)

        return one

    await _all("Vendors register", [enter(*pair) for pair in enumerate(cast, 1)])
    for number, brand in enumerate(BRANDS, 1):
        folder = home / f"brand-{number}"
        _make_home(meeting.url, market, folder)
        async with _client(BrandClient, meeting, folder) as client:
            sellers = by_kind[brand.sold_by] if brand.sold_by else None
            await brands.enter(client, brand, market, sellers, centre)
    parts.sort(key=lambda part: part.folder)
    keyfile.write_private(home / CAST, msgspec.json.encode(parts))
    return Registered(
        vendors=len(cast),
        brands=len(BRANDS),
        places=sum(len(vendor.places) for vendor in cast),
        units=sum(sum(vendor.units) for vendor in cast),
        seconds=round(time.monotonic() - started, 2),
    )


async def bid(meeting: Meeting, home: Path) -> Bidden:
    """Let every vendor's bidding program go over the board, and name those that are to go.

    Raises:
        UsageError: the first phase has not taken place.
    """
    started = time.monotonic()
    parts = _cast(home)
    rounds: list[Round] = []

    def work(part: Part) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            try:
                rounds.append(await _work(meeting, home / part.folder))
            except MarketRefused as refusal:
                if refusal.code != "suspended":  # on an earlier day
                    raise

        return one

    await _all("Vendors bid", [work(part) for part in parts])
    passed: Counter[str] = sum((result.passed for result in rounds), Counter())
    return Bidden(
        read=max((result.read for result in rounds), default=0),
        bids=sum(result.bids for result in rounds),
        refused=sum(result.refused for result in rounds),
        passed=dict(sorted(passed.items())),
        to_suspend=[part.vendor for part in parts if part.to_suspend],
        seconds=round(time.monotonic() - started, 2),
    )


async def answer(meeting: Meeting, home: Path) -> Answers:
    """Let the vendors that were given something last say whether they stand by it.

    Raises:
        UsageError: the first phase has not taken place.
    """
    parts = _cast(home)
    turn = await asked(meeting)
    said: list[Answers] = []

    def work(part: Part) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            folder = home / part.folder
            async with _client(VendorClient, meeting, folder) as client:
                with Home(folder).ledger() as ledger:
                    has_sold = part.vendor in turn.have_sold
                    said.append(await answer_all(client, ledger, _files(folder), has_sold=has_sold))

        return one

    await _all("Vendors answer", [work(part) for part in parts if part.vendor in turn.vendors])
    return Answers(sum(one.accepted for one in said), sum(one.declined for one in said))


async def follow(meeting: Meeting, home: Path, phase: Literal["deliver", "rate"]) -> Delivered:
    """Let the newest day's vendors deliver what they know where to, or rate whom they have served.

    Raises:
        UsageError: the first phase has not taken place.
    """
    did: list[Delivered] = []
    async with PublicClient(meeting.url) as public:
        newest, *_ = [run.day async for run in public.runs() if run.report is not None]
        serving = {one.acceptance.body.vendor async for one in public.acceptances(newest)}

    def work(number: int, part: Part) -> Callable[[], Awaitable[None]]:
        async def one() -> None:
            folder = home / part.folder
            async with _client(VendorClient, meeting, folder) as client:
                if phase == "rate":
                    did.append(await rate(client, newest))
                    return
                careless = number % CARELESS == 0
                with Home(folder).ledger() as ledger:
                    did.append(await deliver(client, ledger, meeting, careless=careless))

        return one

    cast = [pair for pair in enumerate(_cast(home), 1) if pair[1].vendor in serving]
    await _all("Vendors deliver", [work(*pair) for pair in cast])
    return sum(did, Delivered())


def _cast(home: Path) -> list[Part]:
    try:
        return msgspec.json.decode((home / CAST).read_bytes(), type=list[Part])
    except FileNotFoundError:
        raise UsageError(f"No vendors in {home}; play --phase register first.") from None


async def _enter(meeting: Meeting, market: MarketDescriptor, folder: Path, vendor: Vendor) -> str:
    _make_home(meeting.url, market, folder)
    terms = [agreement.id for agreement in market.terms]
    write_files(folder, vendor, market.currency.digits, terms)
    async with _client(VendorClient, meeting, folder) as client:
        await client.register(
            vendor.name,
            places=vendor.places,
            categories=vendor.shop.categories,
            delivery=vendor.shop.delivery,
            terms=terms,
        )
        for at, units in zip(vendor.places, vendor.units, strict=True):
            await client.set_capacity(at.id, units)
        return client.did


async def _work(meeting: Meeting, folder: Path) -> Round:
    async with _client(VendorClient, meeting, folder) as client:
        with Home(folder).ledger() as ledger:
            return await bid_round(client, ledger, _files(folder), tell=lambda _: None)


def _files(folder: Path) -> Files:
    return Files(folder / "stock.csv", folder / "rules.toml")


def _make_home(url: str, market: MarketDescriptor, folder: Path) -> None:
    secret = secrets.token_urlsafe(12)
    keyfile.write_private(folder / PASSPHRASE, f"{secret}\n".encode())
    Home(folder).create(Market(url, market.market), secret.encode(), cost=Cost.MINIMUM)


def _client(kind: type[C], meeting: Meeting, folder: Path) -> C:
    place = Home(folder)
    key = place.key(keyfile.passphrase(folder / PASSPHRASE))
    return meeting.vendor(kind, key, place.market().did)


async def _all(what: str, works: Sequence[Callable[[], Awaitable[None]]]) -> None:
    """Do all of it, a few at a time, with a bar on standard error."""
    places = asyncio.Semaphore(AT_ONCE)
    with Progress(console=console.err, transient=True) as progress:
        task = progress.add_task(what, total=len(works))

        async def one(work: Callable[[], Awaitable[None]]) -> None:
            async with places:
                await work()
            progress.advance(task)

        async with asyncio.TaskGroup() as group:
            for work in works:
                group.create_task(one(work))


def main() -> NoReturn:
    """Run the command line."""
    app = console.application("Play the vendors of a demonstration day.")
    app.command()(play)
    console.main(app, "vrm.demo.vendors")


if __name__ == "__main__":
    main()
