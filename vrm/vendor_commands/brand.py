"""Commands of a brand: item add, item list, item remove, item orders; report."""

from typing import Annotated

import typer

from vrm import console, keyfile
from vrm.client.brand import BrandClient, BrandReport, Served
from vrm.console import Json, PassphraseFile
from vrm.documents.scalars import DeliveryWay
from vrm.money import format_amount
from vrm.vendor_commands.account import WAYS
from vrm.vendor_commands.common import SHORT, HomeFolder, home_at

HELP = """Your items, if you are a brand: at a fixed price, sold by shops near the customer.

What none of them takes is yours to ship.

    vendor item add duo --title "Twin stroller Duo 2" --category baby --price 249.00 --delivery ship

    vendor item list

    vendor item remove duo

    vendor item orders
"""

app = console.application(HELP)

ItemId = Annotated[str, typer.Argument(help="The item's id, such as duo-2.", show_default=False)]


def brand_of(folder: HomeFolder, passphrase_file: PassphraseFile) -> BrandClient:
    """Unlock the brand's key and make the client of its market; enter it with ``async with``."""
    home = home_at(folder)
    market = home.market()
    return BrandClient(market.url, home.key(keyfile.passphrase(passphrase_file)), market=market.did)


@app.command()
def add(
    item: ItemId,
    *,
    title: Annotated[str, typer.Option(help="What it is.", show_default=False)],
    category: Annotated[str, typer.Option(help="One of the market's.", show_default=False)],
    price: Annotated[str, typer.Option(help="All in, for one, as 249.00.", show_default=False)],
    delivery: Annotated[
        list[str], typer.Option(help="ship, pickup or on-site; repeat it.", show_default=False)
    ],
    terms: Annotated[
        list[str] | None,
        typer.Option(
            help="The customers' privacy agreements that you accept; repeat it (default: all)."
        ),
    ] = None,
    seller: Annotated[
        list[str] | None,
        typer.Option(
            help="The did:key of a vendor that may sell it; repeat it (default: all may)."
        ),
    ] = None,
    no_seller: Annotated[
        bool, typer.Option("--no-seller", help="Nobody but you; you ship every one.")
    ] = False,
    text: Annotated[str | None, typer.Option(help="What customers should know.")] = None,
    gtin: Annotated[str | None, typer.Option(help="The number under the bar code.")] = None,
    brand: Annotated[str | None, typer.Option(help="The maker.")] = None,
    model: Annotated[str | None, typer.Option(help="The maker's name for it.")] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Put an item on the list, or replace it by a newer version.

    Requests that customers have posted keep the price that they name.

        vendor item add duo --title "Twin stroller Duo 2" --category baby --price 249.00 --delivery ship
    """
    if seller and no_seller:
        console.fail("Name sellers, or say --no-seller, not both.")
    ways: list[DeliveryWay] = []
    for way in delivery:
        if way not in WAYS:
            console.fail(f"--delivery {way} is unknown; known are {', '.join(sorted(WAYS))}.")
        ways.append(WAYS[way])

    async def put() -> None:
        async with brand_of(home, passphrase_file) as client:
            roster = [agreement.id for agreement in (await client.descriptor()).terms]
            answer = await client.list_item(
                item,
                title=title,
                category=category,
                price=price,
                delivery=ways,
                terms=terms or roster,
                sellers=[] if no_seller else seller,
                text=text,
                gtin=gtin,
                brand=brand,
                model=model,
            )
        if json:
            console.print_json(answer)
        else:
            console.say(console.plain(f"On the list: {answer.principal}/{answer.id}"))

    console.run(put())


@app.command("list")
def list_own(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """List your items as they count now, those off the list too."""

    async def show() -> None:
        async with brand_of(home, passphrase_file) as client:
            currency = (await client.descriptor()).currency
            found = [own.item.body async for own in client.my_items()]
        if json:
            console.print_json(found)
            return
        rows = [
            (
                own.id,
                own.title,
                format_amount(own.amount, currency),
                ", ".join(own.delivery),
                "all" if not isinstance(own.authorised, tuple) else len(own.authorised),
                "yes" if own.listed else "no",
            )
            for own in found
        ]
        headings = ("id", "item", "price", "delivery", "sellers", "listed")
        console.out.print(console.table(headings, rows))

    console.run(show())


@app.command()
def remove(
    item: ItemId,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Take an item off the list. Until bids close, that also takes back your word to ship it.

    Vendors still serve the requests that are on the board.
    """

    async def take_off() -> None:
        async with brand_of(home, passphrase_file) as client:
            answer = await client.take_off(item)
        if json:
            console.print_json(answer)
        else:
            console.say(console.plain(f"Off the list: {answer.principal}/{answer.id}"))

    console.run(take_off())


@app.command()
def orders(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what you are to ship: the requests for your items that nobody nearby took, oldest first."""

    async def show() -> None:
        async with brand_of(home, passphrase_file) as client:
            currency = (await client.descriptor()).currency
            found = [own async for own in client.my_fallbacks()]
        if json:
            console.print_json([{"fallback": o.fallback, "request": o.request} for o in found])
            return
        rows = [
            (
                own.fallback.day,
                own.fallback.request[:SHORT],
                own.fallback.item,
                own.request.need.quantity,
                format_amount(own.fallback.amount, currency),
                ", ".join(own.request.delivery),
            )
            for own in found
        ]
        headings = ("day", "request", "item", "qty", "price", "delivery")
        console.out.print(console.table(headings, rows))

    console.run(show())


def report(
    day: Annotated[
        str | None, typer.Argument(help="The market day; the newest one if left out.")
    ] = None,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show, if you are a brand, how your items were served on a day, and what was left for you to ship.

    vendor report 2026-11-21
    """

    async def show() -> BrandReport:
        async with brand_of(home, passphrase_file) as client:
            return await client.report(day)

    found = console.run(show())
    if json:
        console.print_json(found)
        return
    rows = [_row(item.title, item.figures) for item in found.items]
    headings = (found.day, "requests", "served nearby", "median km", "shipped", "unfilled")
    console.out.print(console.table(headings, [*rows, _row("all items", found.total)]))
    sellers = [
        (item.title, seller.name, seller.served, _km(seller.median_distance_m))
        for item in found.items
        for seller in item.sellers
    ]
    if sellers:
        console.out.print(console.table(("item", "served by", "requests", "median km"), sellers))


def _row(title: str, figures: Served) -> tuple[object, ...]:
    return (
        title,
        figures.requests,
        figures.served,
        _km(figures.median_distance_m),
        figures.shipped,
        figures.unfilled,
    )


def _km(metres: int | None) -> str:
    return "" if metres is None else f"{metres / 1000:.1f}"
