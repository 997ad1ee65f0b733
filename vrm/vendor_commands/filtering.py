"""Commands about saved filters of the board."""

from typing import Annotated

import typer
from msgspec import UNSET, UnsetType

from vrm import console
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketCurrency, Nearness, SavedFilter
from vrm.documents.scalars import DeliveryWay
from vrm.errors import UsageError
from vrm.money import format_amount, parse_amount
from vrm.places import locate
from vrm.vendor_commands.common import HomeFolder, client_of, home_at

app = typer.Typer(
    no_args_is_help=True,
    help="Be told of requests that pass a filter of yours: see vendor events, vendor webhook.",
)

Id = Annotated[str, typer.Argument(help="The filter's own name: lower case and dashes.")]


@app.command()
def add(
    name: Id,
    *,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    near: Annotated[
        str | None, typer.Option(help='A US postal code, "lat,lng" in degrees, or a town.')
    ] = None,
    within_km: Annotated[float | None, typer.Option(min=0.001, help="Only this near.")] = None,
    min_price: Annotated[str | None, typer.Option(help="Only from this price, as 20.00.")] = None,
    max_price: Annotated[str | None, typer.Option(help="Only up to this price.")] = None,
    delivery: Annotated[DeliveryWay | None, typer.Option(help="Only with this way.")] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Save a filter, or replace the one with its name.

    vendor filter add prams --category baby --near 60614 --within-km 20
    """
    if (near is None) != (within_km is None):
        console.fail("--near and --within-km go together.")

    async def save() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            currency = (await client.descriptor()).currency
            one = SavedFilter(
                id=name,
                category=category or UNSET,
                near=_near(near, within_km),
                min_price=_price(min_price, currency),
                max_price=_price(max_price, currency),
                delivery=delivery or UNSET,
            )
            kept = [known for known in await client.saved_filters() if known.id != name]
            answer = await client.save_filters([*kept, one])
        if json:
            console.print_json(answer)
        else:
            console.say(f"Saved: {console.plain(name)}")

    console.run(save())


@app.command("list")
def show(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show your saved filters."""

    async def read() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            currency = (await client.descriptor()).currency
            found = await client.saved_filters()
        if json:
            console.print_json(found)
            return
        heads = ("filter", "category", "within km", "of", "from", "up to", "delivery")
        console.out.print(console.table(heads, [_row(one, currency) for one in found]))

    console.run(read())


@app.command()
def remove(
    name: Id,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Forget a filter."""

    async def forget() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            known = await client.saved_filters()
            kept = [one for one in known if one.id != name]
            if len(kept) == len(known):
                raise UsageError(f"You have no filter {name}.")
            answer = await client.save_filters(kept)
        if json:
            console.print_json(answer)
        else:
            console.say(f"Removed: {console.plain(name)}")

    console.run(forget())


def _near(text: str | None, within_km: float | None) -> Nearness | UnsetType:
    if text is None or within_km is None:
        return UNSET
    at = locate(text).at
    return Nearness(lat_e6=at.lat_e6, lng_e6=at.lng_e6, within_m=round(within_km * 1000))


def _price(text: str | None, currency: MarketCurrency) -> int | UnsetType:
    if text is None:
        return UNSET
    try:
        return parse_amount(text, currency.digits)
    except ValueError as error:
        raise UsageError(f"A price: {error}.") from None


def _row(one: SavedFilter, currency: MarketCurrency) -> tuple[object, ...]:
    near = one.near
    return (
        one.id,
        one.category or "",
        f"{near.within_m / 1000:g}" if near else "",
        f"{near.lat_e6 / 1e6:.4f},{near.lng_e6 / 1e6:.4f}" if near else "",
        "" if one.min_price is UNSET else format_amount(one.min_price, currency),
        "" if one.max_price is UNSET else format_amount(one.max_price, currency),
        one.delivery or "",
    )
