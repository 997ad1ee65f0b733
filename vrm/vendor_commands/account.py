"""Commands about the vendor itself: init, register, capacity."""

from pathlib import Path
from typing import Annotated, Final, get_args

import typer

from vrm import console, keyfile
from vrm.client.base import MarketClient
from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import Registered
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketDescriptor
from vrm.documents.scalars import DeliveryWay
from vrm.errors import MarketRefused
from vrm.vendor.description import Description, PlaceDescription, read_description
from vrm.vendor.hints import hint
from vrm.vendor.home import Home, Market
from vrm.vendor_commands.common import HomeFolder, client_of, home_at

WAYS: Final[dict[str, DeliveryWay]] = {way: way for way in get_args(DeliveryWay)}


def init(
    *,
    market: Annotated[str, typer.Option(help="The market's address.", show_default=False)],
    market_did: Annotated[
        str | None,
        typer.Option(help="The did:key that the market must have.", show_default=False),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Make a vendor: a fresh key, kept encrypted, for one market.

    The market's identity is learnt now and held to from here on. Back up the
    folder: the key is the vendor.

        vendor init --market https://market.example
    """
    place = home_at(home)
    if place.exists:
        console.fail(f"{place.folder} holds a vendor already.")
    descriptor = console.run(_meet(market, market_did))
    secret = keyfile.passphrase(passphrase_file, confirm=True)
    did = place.create(Market(market, descriptor.market), secret)
    if json:
        console.print_json({"vendor": did, "market": descriptor.market, "home": str(place.folder)})
        return
    console.say(f"A new vendor at {console.plain(descriptor.name)}:\n  {did}\nin {place.folder}")
    console.note("Next: vendor register --help")


async def _meet(url: str, did: str | None) -> MarketDescriptor:
    async with MarketClient(url, market=did) as client:
        return await client.descriptor()


def register(
    *,
    file: Annotated[
        Path | None,
        typer.Option(help="A TOML file that describes the vendor and all its places."),
    ] = None,
    name: Annotated[str, typer.Option(help="The vendor's name.")] = "",
    at: Annotated[
        str, typer.Option(help='Its place: a US postal code, "lat,lng" in degrees, or a town.')
    ] = "",
    reach_km: Annotated[float, typer.Option(min=0, help="How far it ships or drives.")] = 25,
    capacity: Annotated[int, typer.Option(min=0, help="Requests a day that it takes.")] = 10,
    category: Annotated[list[str] | None, typer.Option(help="A category; repeat it.")] = None,
    delivery: Annotated[
        list[str] | None, typer.Option(help="ship, pickup or on-site; repeat it.")
    ] = None,
    terms: Annotated[
        list[str] | None,
        typer.Option(help="A privacy agreement of the market's roster that it accepts; repeat it."),
    ] = None,
    invitation_file: Annotated[
        Path | None,
        typer.Option(help="A file with the invitation code; without it a prompt asks if need be."),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Publish the vendor's profile, or a newer one in its place.

    From flags with one place, or from a file with several (see docs/vendors.md):

        vendor register --name "Corner Toys" --at 60614 \\
            --category toys --delivery pickup --terms PDC-INTENT

        vendor register --file vendor.toml
    """
    if file is not None:
        description = read_description(file)
    else:
        shop = PlaceDescription(id="shop", at=at, reach_km=reach_km, capacity=capacity)
        description = _from_flags(name, shop, category, delivery, terms)
    place = home_at(home)
    code = invitation_file.read_text(encoding="utf-8").strip() if invitation_file else None
    answer = console.run(_register(client_of(place, passphrase_file), place, description, code))
    if json:
        console.print_json(answer)
        return
    console.say(f"{description.name} is registered as\n  {console.plain(answer.vendor)}")
    console.note("Next: vendor board, or vendor run --help")


def _from_flags(
    name: str,
    shop: PlaceDescription,
    categories: list[str] | None,
    delivery: list[str] | None,
    terms: list[str] | None,
) -> Description:
    for value, flag in (
        (name, "--name"),
        (shop.at, "--at"),
        (categories, "--category"),
        (delivery, "--delivery"),
        (terms, "--terms"),
    ):
        if not value:
            console.fail(f"Give {flag}, or describe the vendor in a file (--file).")
    strange = [way for way in delivery or () if way not in WAYS]
    if strange:
        console.fail(f"--delivery {strange[0]} is unknown; {hint(strange[0], WAYS)}")
    return Description(
        name=name,
        categories=tuple(categories or ()),
        delivery=tuple(WAYS[way] for way in delivery or ()),
        terms=tuple(terms or ()),
        place=(shop,),
    )


async def _register(
    vendor: VendorClient, home: Home, description: Description, invitation: str | None
) -> Registered:
    async with vendor as client:
        roster = {agreement.id: agreement.digest for agreement in (await client.descriptor()).terms}
        places = [place.placed() for place in description.place]

        async def send(code: str | None) -> Registered:
            answer = await client.register(
                description.name,
                places=places,
                categories=description.categories,
                delivery=description.delivery,
                terms=description.terms,
                text=description.text,
                url=description.url,
                invitation=code,
            )
            with home.ledger() as ledger:
                ledger.agree({name: roster[name] for name in description.terms if name in roster})
            return answer

        try:
            return await send(invitation)
        except MarketRefused as refusal:
            if refusal.code != "invitation-required" or not console.err.is_terminal:
                raise
        return await send(typer.prompt("Invitation code", hide_input=True, err=True))


def capacity(
    place: Annotated[str, typer.Argument(help="The place's id, as in the profile.")],
    units: Annotated[int, typer.Argument(min=0, help="Requests that it takes on that date.")],
    *,
    date: Annotated[
        str | None,
        typer.Option(
            help="As 2026-11-21, in the market's zone; the day that closes next if left out."
        ),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Say how many requests a place takes on one date; the latest word counts.

    Never lower it under what you have promised already: bids are firm. Example, closed on a holiday:

        vendor capacity shop 0 --date 2026-12-25
    """

    async def set_it() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            answer = await client.set_capacity(place, units, date=date)
        if json:
            console.print_json(answer)
        else:
            console.say(console.plain(f"{answer.place}: {answer.units} on {answer.date}"))

    console.run(set_it())
