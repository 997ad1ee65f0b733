"""The customer's commands about bids and questions: bids, prefer, questions, answer."""

from typing import Annotated, Any

import msgspec
import typer

from vrm import console
from vrm.commands.common import PAUSE, SHORT, HomeFolder, Pause, client_of, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketDescriptor, Preference
from vrm.money import format_amount
from vrm.wallet import Wallet, mail, offers, outcomes
from vrm.wallet import questions as own
from vrm.wallet.offers import Offer, Offers
from vrm.wallet.own import OwnRequest


def bids(
    request: Annotated[
        str | None,
        typer.Argument(help="One request, by the beginning of its digest.", show_default=False),
    ] = None,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the bids on your open requests, as they came by mail.

    The wallet downloads whole buckets of mail and opens what is sealed to its keys. It checks every signature,
    measures distances itself, and leaves out what cannot win.

        vrm bids

        vrm bids 7pQx2 --json
    """
    wallet = open_wallet(home, passphrase_file)

    async def look() -> tuple[mail.Read, dict[str, Offers]]:
        async with client_of(wallet) as client:
            await outcomes.sync(wallet, client)
            found = await mail.fetch(wallet, client)
            return found, await offers.judge(client, _chosen(wallet, request))

    read, judged = console.run(look())
    entries = [entry for entry in read.state.requests if entry.digest in judged]
    market = read.state.rules
    if json:
        console.print_json([_as_json(entry, judged[entry.digest], market) for entry in entries])
        return
    for entry in entries:
        _show(entry, judged[entry.digest], market)
    if any(judged[entry.digest].good for entry in entries):
        console.note("Put them into your own order: vrm prefer REQUEST BID...")
    else:
        console.note(
            "No bid has come. Mail is published with each batch; bids close before the cutoff."
        )
    for finding in read.findings:
        console.note(console.plain(mail.in_words(finding)))


def prefer(
    request: Annotated[str, typer.Argument(help="The request, by the beginning of its digest.")],
    listed: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[BID]...", help="Bids by the beginnings of their digests, best first."
        ),
    ] = None,
    *,
    strike: Annotated[
        list[str] | None, typer.Option(help="A bid that must not win; repeat it.")
    ] = None,
    only_listed: Annotated[
        bool, typer.Option("--only-listed", help="No other bid than those named may win.")
    ] = False,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Put the bids on a request into your own order, until its cutoff; the newest order counts.

    Bids that you do not name follow by the request's policy. An offer of something else than you asked for can
    win only if you name it. Nobody reads your order before the market day is published.

        vrm prefer 7pQx2 Ab3 Kf9

        vrm prefer 7pQx2 Ab3 --strike Zz1 --only-listed
    """
    wallet = open_wallet(home, passphrase_file)

    async def order() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            await outcomes.sync(wallet, client)
            state = (await mail.fetch(wallet, client)).state
            return await offers.prefer(
                wallet,
                client,
                state.request(request),
                listed=listed or (),
                struck_out=strike or (),
                only_listed=only_listed,
            )

    entry = console.run(order())
    sent = entry.preferences[-1]
    if json:
        console.print_json(
            {
                "request": entry.digest,
                "preference": sent.digest,
                "promise": msgspec.Raw(sent.promise or b"null"),
                "document": msgspec.Raw(sent.wire),
            }
        )
        return
    console.say(f"Your order of the bids on {entry.digest[:SHORT]} is with the market.")
    console.note("It counts at the cutoff; a new order takes its place until then.")


def questions(
    request: Annotated[
        str | None,
        typer.Argument(help="One request, by the beginning of its digest.", show_default=False),
    ] = None,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what vendors asked about your requests, as it came by mail, and what you answered.

    vrm questions
    """
    wallet = open_wallet(home, passphrase_file)

    async def look() -> list[own.Asked]:
        async with client_of(wallet) as client:
            await mail.fetch(wallet, client)
        return own.asked(_chosen(wallet, request))

    found = console.run(look())
    if json:
        console.print_json(
            [
                {
                    "question": one.digest,
                    "request": one.request,
                    "vendor": one.question.vendor,
                    "text": one.question.text,
                    "answer": one.answer,
                    "confirmed": one.is_confirmed,
                }
                for one in found
            ]
        )
        return
    rows = [
        (one.digest[:SHORT], one.request[:SHORT], one.question.text, one.answer or "")
        for one in found
    ]
    console.out.print(console.table(("question", "request", "asks", "your answer"), rows))


def answer(
    question: Annotated[str, typer.Argument(help="The question, by the beginning of its digest.")],
    text: Annotated[str, typer.Argument(help="All vendors will read it.")],
    *,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Answer a vendor's question. All vendors read question and answer on the board, from the next batch on.

    vrm answer Q8d "Yes, the door is 75 cm wide."
    """
    wallet = open_wallet(home, passphrase_file)

    async def reply() -> own.Asked:
        async with client_of(wallet, pause) as client:
            await mail.fetch(wallet, client)
            return await own.answer(wallet, client, question, text)

    one = console.run(reply())
    if json:
        console.print_json({"question": one.digest, "request": one.request, "answer": one.answer})
        return
    console.say(f"Your answer to {one.digest[:SHORT]} will be on the board with the next batch.")


def _chosen(wallet: Wallet, request: str | None) -> list[OwnRequest]:
    state = wallet.read()
    if request is not None:
        return [state.request(request)]
    return [entry for entry in state.requests if entry.is_open()]


def _show(entry: OwnRequest, judged: Offers, market: MarketDescriptor) -> None:
    if not judged.good:
        return
    rows = [
        (
            offer.digest[:SHORT],
            offer.name,
            format_amount(offer.amount, market.currency),
            offer.bid.delivery,
            f"{offer.distance_m / 1000:.1f}",
            offer.band,
            f"{offer.bid.lead_time_hours} h",
            _remark(offer, entry.preference),
        )
        for offer in judged.good
    ]
    columns = ("bid", "vendor", "price", "delivery", "km", "band", "within", "")
    title = f"{entry.body.need.title} (request {entry.digest[:SHORT]})"
    console.out.print(console.table(columns, rows, title=console.plain(title)))
    if judged.ineligible:
        console.note(f"{judged.ineligible} more cannot win by the rules of your request.")


def _remark(offer: Offer, preference: Preference | None) -> str:
    words = []
    if offer.listed is not None:
        words.append(f"your number {offer.listed}")
    elif offer.is_struck_out:
        words.append("struck out")
    elif preference is not None and preference.only_listed:
        words.append("not listed")
    if offer.bid.alternative:
        words.append(f"instead: {offer.bid.alternative.title}")
    if offer.bid.text:
        words.append(offer.bid.text)
    return "; ".join(words)


def _as_json(entry: OwnRequest, judged: Offers, market: MarketDescriptor) -> dict[str, Any]:
    return {
        "request": entry.digest,
        "title": entry.body.need.title,
        "digits": market.currency.digits,
        "ineligible": judged.ineligible,
        "bids": [
            {
                "bid": offer.digest,
                "vendor": offer.bid.vendor,
                "name": offer.name,
                "band": offer.band,
                "distance_m": offer.distance_m,
                "listed": offer.listed,
                "struck_out": offer.is_struck_out,
                "document": offer.bid,
            }
            for offer in judged.good
        ],
    }
