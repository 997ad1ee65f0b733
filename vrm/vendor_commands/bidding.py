"""Commands about your own bids: bid, bids, withdraw."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec
import typer

from vrm import console
from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import BidResult, Problem
from vrm.console import Json, PassphraseFile
from vrm.documents import Alternative, PersonalRequest, VendorProfile
from vrm.documents.scalars import DeliveryWay
from vrm.errors import UsageError
from vrm.money import decimal_text, format_amount
from vrm.vendor.by_hand import BidLine, place_bids, read_lines
from vrm.vendor.home import Home
from vrm.vendor_commands.common import DIGEST, SHORT, HomeFolder, client_of, home_at, one_of


class _Wish(NamedTuple):
    """One bid as the flags give it; what is empty follows from request and profile."""

    request: str
    price: str
    place: str
    delivery: DeliveryWay | None
    lead_time: int
    text: str
    alternative: str


def bid(
    request: Annotated[
        str | None, typer.Argument(help="The request's digest, or its beginning.")
    ] = None,
    *,
    price: Annotated[str, typer.Option(help="All in, for the whole quantity, as 249.00.")] = "",
    place: Annotated[
        str, typer.Option(help="The place that serves; needless with one place.")
    ] = "",
    delivery: Annotated[
        DeliveryWay | None, typer.Option(help="One of the ways that the customer takes.")
    ] = None,
    lead_time: Annotated[int, typer.Option(min=0, help="Hours from assignment to delivery.")] = 24,
    text: Annotated[str, typer.Option(help="A word to the customer.")] = "",
    alternative: Annotated[
        str, typer.Option(help="What you offer instead of what was asked for, in a few words.")
    ] = "",
    file: Annotated[
        Path | None, typer.Option(help="Many bids instead: a JSON object on each line.")
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Bid on a request by hand, or on thousands from a file.

    A bid is firm, and accepts the customer's terms.

        vendor bid 3fJk2 --price 249.00 --delivery pickup --lead-time 24

        vendor bid --file bids.jsonl

    An --alternative can win only if the customer puts your bid into an order of their own.

        vendor bid 3fJk2 --price 199.00 --alternative "Single stroller with a buggy board"

    A line of the file has the members request, price, place, delivery,
    lead_time_hours and, if you like, text and alternative:

        {"request": "3fJk2...", "price": "249.00", "place": "shop", ...}

    A new bid replaces the earlier one on its request; the same line again
    changes nothing. The exit code is 1 if any bid was refused.
    """
    if (request is None) == (file is None):
        console.fail("Name a request, or give a --file.")
    folder = home_at(home)
    connection = client_of(folder, passphrase_file)
    if file is not None:
        results = console.run(_send(connection, folder, read_lines(file)))
    else:
        wish = _Wish(request or "", price, place, delivery, lead_time, text, alternative)
        results = console.run(_send_one(connection, folder, wish))
    counts = Counter(result.status for result in results)
    told = {status: counts[status] for status in ("accepted", "known", "refused")}
    if json:
        console.print_json({**told, "results": results})
    else:
        for result in results:
            if result.problem:
                _tell_problem(result.request, result.problem)
        console.say(", ".join(f"{count} {status}" for status, count in told.items()))
    if counts["refused"]:
        raise typer.Exit(console.REFUSED)


def bids(
    *,
    day: Annotated[str | None, typer.Option(help="Only those decided on this market day.")] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """List your own bids as the market sees them: live, superseded, withdrawn, won or lost."""

    async def show() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            currency = (await client.descriptor()).currency
            found = [own async for own in client.my_bids(day)]
        if json:
            console.print_json(found)
            return
        console.out.print(
            console.table(
                ("bid", "request", "price", "place", "state", "day"),
                [
                    (
                        own.digest[:SHORT],
                        own.bid.request[:SHORT],
                        format_amount(own.bid.price.amount, currency),
                        own.bid.place,
                        own.state,
                        own.day or "",
                    )
                    for own in found
                ],
            )
        )

    console.run(show())


def withdraw(
    bid: Annotated[str, typer.Argument(help="The bid's digest, or its beginning.")],
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Take a bid back. Possible until the bids close; the bidding program will not bid there again."""
    folder = home_at(home)

    async def take_back() -> None:
        async with client_of(folder, passphrase_file) as client:
            whole = bid
            if len(bid) < DIGEST:
                whole = one_of(bid, [own.digest async for own in client.my_bids()], "bid")
            answer, receipt = await client.withdraw(whole)
        with folder.ledger() as ledger:
            ledger.settle([(answer.bid, "withdrawn", "")], datetime.now(UTC))
            ledger.receipts.keep([receipt])
        if json:
            console.print_json(answer)
        else:
            console.say(console.plain(f"Withdrawn: {answer.bid}"))

    console.run(take_back())


def ask(
    request: Annotated[str, typer.Argument(help="The request's digest, or its beginning.")],
    text: Annotated[str, typer.Argument(help="All vendors read it, and the customer's answer.")],
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Ask the customer about a request: one question, which stands on the board with its answer.

    vendor ask 3fJk2 "Does it have to fit through a door of 75 cm?"
    """

    async def put() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            whole = request
            if len(request) < DIGEST:
                whole = one_of(request, [item.digest async for item in client.board()], "request")
            answer = await client.ask(whole, text)
        if json:
            console.print_json(answer)
        else:
            console.say(console.plain(f"Asked: {answer.question}"))
            console.note("The customer finds it in the mail; look for the answer on the board.")

    console.run(put())


async def _send(client: VendorClient, home: Home, lines: list[BidLine]) -> list[BidResult]:
    async with client:
        with home.ledger() as ledger:
            return await place_bids(client, ledger, lines)


async def _send_one(
    client: VendorClient,
    home: Home,
    wish: _Wish,
) -> list[BidResult]:
    async with client:
        request = wish.request
        if len(request) < DIGEST:
            request = one_of(request, [item.digest async for item in client.board()], "request")
        item = await client.request(request)
        profile = await client.profile()
        digits = (await client.descriptor()).currency.digits
        line = BidLine(
            request=request,
            price=wish.price or _fixed_price(item.request, digits),
            place=wish.place or _only_place(profile),
            delivery=wish.delivery or _common_way(item.request, profile),
            lead_time_hours=wish.lead_time,
            text=wish.text,
            alternative=_alternative(wish.alternative),
        )
        with home.ledger() as ledger:
            return await place_bids(client, ledger, [line])


def _alternative(title: str) -> Alternative | None:
    if not title:
        return None
    try:
        return msgspec.convert({"title": title}, Alternative)
    except msgspec.ValidationError as error:
        raise UsageError(f"--alternative: {error}.") from None


def _fixed_price(request: PersonalRequest, digits: int) -> str:
    if request.price.kind != "fixed":
        raise UsageError("The customer names a ceiling; say your --price.")
    return decimal_text(request.price.amount, digits)


def _only_place(profile: VendorProfile) -> str:
    if len(profile.places) > 1:
        names = ", ".join(place.id for place in profile.places)
        raise UsageError(f"Say which --place serves: {names}.")
    return profile.places[0].id


def _common_way(request: PersonalRequest, profile: VendorProfile) -> DeliveryWay:
    for way in profile.delivery:
        if way in request.delivery:
            return way
    asked = ", ".join(request.delivery)
    raise UsageError(f"The customer takes {asked} only, which your profile does not offer.")


def _tell_problem(request: str | None, problem: Problem) -> None:
    what = problem.detail or problem.title
    line = f"{(request or '?')[:SHORT]} refused: {what} ({problem.code})"
    console.say(console.plain(line))
