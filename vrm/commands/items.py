"""Commands about brands' items: items; and how `request` lets its owner choose one."""

from collections.abc import Sequence
from typing import Annotated

import typer

from vrm import console
from vrm.client.public import Item
from vrm.commands.common import HomeFolder, client_of, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketCurrency
from vrm.errors import UsageError
from vrm.money import format_amount
from vrm.wallet import Wallet
from vrm.wallet import items as catalogue


def items(
    words: Annotated[
        list[str] | None,
        typer.Argument(help="Words of the title, the brand or the model.", show_default=False),
    ] = None,
    *,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """List what brands offer at a fixed price: shops nearby compete to serve it, else the brand ships.

    The catalogue is downloaded whole, so the market does not learn what you look for.

        vrm items twin stroller

        vrm request --item "twin stroller"
    """
    wallet = open_wallet(home, passphrase_file)
    found = catalogue.find(console.run(listed(wallet)), " ".join(words or []))
    found = [one for one in found if category in {None, one.item.body.category}]
    if json:
        console.print_json(
            [
                {"name": catalogue.name_of(one.item.body), "brand": one.name, "item": one.item.body}
                for one in found
            ]
        )
        return
    if not found:
        console.note("The catalogue has nothing like it.")
        return
    rows = [(*_row(one, wallet), catalogue.name_of(one.item.body)) for one in found]
    console.out.print(console.table(("item", "brand", "price", "delivery", "name"), rows))


async def listed(wallet: Wallet) -> list[Item]:
    """Download the items that are on the list, all of them."""
    async with client_of(wallet) as client:
        return [one async for one in client.catalogue(listed=True)]


def choose(wallet: Wallet, wanted: str, *, asks: bool) -> Item:
    """Find the one item that is meant; if several could be, ask which.

    Args:
        asks: whether somebody is there to answer.

    Raises:
        UsageError: no item fits, or several do and nobody is there.
    """
    found = catalogue.find(console.run(listed(wallet)), wanted)
    if not found:
        raise UsageError(f"The catalogue has no item {wanted}; look with: vrm items")
    if len(found) == 1:
        return found[0]
    if not asks:
        names = ", ".join(catalogue.name_of(one.item.body) for one in found[:5])
        raise UsageError(f"{len(found)} items are like {wanted}; name one: {names}")
    return found[_ask(found, wallet)]


def _ask(found: Sequence[Item], wallet: Wallet) -> int:
    rows = [(number, *_row(one, wallet)) for number, one in enumerate(found, 1)]
    console.err.print(console.table(("", "item", "brand", "price", "delivery"), rows))
    while True:
        number = typer.prompt("Which one", type=int, err=True)
        if 1 <= number <= len(found):
            return int(number) - 1


def _row(one: Item, wallet: Wallet) -> tuple[str, str, str, str]:
    item, currency = one.item.body, _currency(wallet)
    return item.title, one.name, format_amount(item.amount, currency), ", ".join(item.delivery)


def _currency(wallet: Wallet) -> MarketCurrency:
    return wallet.read().rules.currency
