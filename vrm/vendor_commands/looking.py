"""Commands that look: board, inbox."""

from typing import Annotated, Literal

import typer

from vrm import console
from vrm.client.vendor_answers import BoardItem, Wanted
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketCurrency
from vrm.documents.scalars import DeliveryWay
from vrm.errors import UsageError
from vrm.money import format_amount, parse_amount
from vrm.places import locate
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at


def board(
    *,
    category: Annotated[str | None, typer.Option(help="Only this category.")] = None,
    near: Annotated[
        str | None, typer.Option(help='A US postal code, "lat,lng" in degrees, or a town.')
    ] = None,
    within_km: Annotated[float | None, typer.Option(min=0, help="Only this near.")] = None,
    min_price: Annotated[str | None, typer.Option(help="Only from this price, as 20.00.")] = None,
    max_price: Annotated[str | None, typer.Option(help="Only up to this price.")] = None,
    delivery: Annotated[DeliveryWay | None, typer.Option(help="Only with this way.")] = None,
    state: Annotated[
        Literal["open", "closed", "all"], typer.Option(help="In which state.")
    ] = "open",
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 100,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the requests on the board, oldest first.

    vendor board --category toys --near 60614 --within-km 20

    vendor board --json | jq -r '.[].request.need.title'
    """

    async def show() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            currency = (await client.descriptor()).currency
            wanted = _wanted(currency, category, near, within_km, (min_price, max_price))
            wanted["state"] = state
            if delivery:
                wanted["delivery"] = delivery
            found: list[BoardItem] = []
            async for item in client.board(**wanted):
                found.append(item)
                if len(found) == limit:
                    break
        if json:
            console.print_json(found)
            return
        console.out.print(
            console.table(
                ("request", "need", "qty", "price", "by", "delivery", "km", "asked"),
                [_row(item, currency) for item in found],
            )
        )

    console.run(show())


def inbox(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what you are to fulfil: what you accepted or can accept, each with what the customer needs.

    Oldest first; `vendor assignments` shows all that you were given, and what
    became of it. Each assignment's signature by the market is checked, and the
    request's own.
    """

    async def show() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            currency = (await client.descriptor()).currency
            found = [
                item
                async for item in client.my_assignments()
                if item.state in {"waiting", "accepted"}
            ]
        if json:
            console.print_json(
                [
                    {"state": i.state, "assignment": i.assignment, "request": i.request}
                    for i in found
                ]
            )
            return
        console.out.print(
            console.table(
                ("day", "request", "need", "qty", "price", "place", "delivery", "km", "state"),
                [
                    (
                        item.assignment.day,
                        item.assignment.request[:SHORT],
                        item.request.need.title,
                        item.request.need.quantity,
                        format_amount(item.assignment.amount, currency),
                        item.assignment.place,
                        item.assignment.delivery,
                        round(item.assignment.distance_m / 1000, 1),
                        item.state,
                    )
                    for item in found
                ],
            )
        )

    console.run(show())


def _wanted(
    currency: MarketCurrency,
    category: str | None,
    near: str | None,
    within_km: float | None,
    prices: tuple[str | None, str | None],
) -> Wanted:
    wanted = Wanted()
    if category:
        wanted["category"] = category
    if near:
        wanted["near"] = locate(near).at
    if within_km is not None:
        wanted["within_km"] = within_km
    low, high = prices
    try:
        if low:
            wanted["min_price"] = parse_amount(low, currency.digits)
        if high:
            wanted["max_price"] = parse_amount(high, currency.digits)
    except ValueError as error:
        raise UsageError(f"A price: {error}.") from None
    return wanted


def _row(item: BoardItem, currency: MarketCurrency) -> tuple[object, ...]:
    request = item.request
    at_most = "up to " if request.price.kind == "ceiling" else ""
    return (
        item.digest[:SHORT],
        request.need.title,
        request.need.quantity,
        at_most + format_amount(request.price.amount, currency),
        request.needed_by or "",
        ", ".join(request.delivery),
        "" if item.distance_m is None else f"{item.distance_m / 1000:.1f}",
        "; ".join(f"{one.text} - {one.answer or '?'}" for one in item.questions),
    )
