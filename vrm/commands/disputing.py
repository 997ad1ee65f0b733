"""The customer's commands about disputes: dispute, disputes."""

from typing import Annotated

import msgspec
import typer

from vrm import console
from vrm.commands.common import PAUSE, SHORT, HomeFolder, Pause, client_of, open_wallet
from vrm.commands.conversing import File
from vrm.console import Json, PassphraseFile
from vrm.documents import Dispute, Shown, VendorDispute, recall
from vrm.wallet import disputing, mail, outcomes
from vrm.wallet.own import OwnRequest

Numbers = list[int] | None


def dispute(
    request: Annotated[str, typer.Argument(help="The request, by the beginning of its digest.")],
    text: Annotated[
        str | None, typer.Argument(help="What is wrong; without it, it comes from the input.")
    ] = None,
    *,
    file: File = None,
    mine: Annotated[
        Numbers,
        typer.Option(help="Show this message of yours, by its number in `vrm messages --json`."),
    ] = None,
    theirs: Annotated[Numbers, typer.Option(help="Show this message of the vendor's.")] = None,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Say your side to the market's operator, who decides: once, and for good.

    The operator and the vendor read what you say here and the messages that you show, up to eight, and nothing
    else of what you and the vendor wrote. While the dispute is open, neither can lose the time to rate.

        vrm dispute 7pQx2 "It came broken." --mine 2 --theirs 1
    """
    wallet = open_wallet(home, passphrase_file)
    words = console.words(text, file)

    async def send() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            entry = (await outcomes.sync(wallet, client)).request(request)
            return await disputing.dispute(
                wallet, client, entry, words, mine=mine or (), theirs=theirs or ()
            )

    entry = console.run(send())
    own = entry.disputes[-1]
    if json:
        console.print_json(
            {
                "request": entry.digest,
                "dispute": own.digest,
                "promise": msgspec.Raw(own.promise or b"null"),
                "document": msgspec.Raw(own.wire),
            }
        )
        return
    console.say(f"Your side of {entry.digest[:SHORT]} counts from the next batch on.")


def disputes(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show your disputes: what you and the vendor say and show, and what was decided.

    vrm disputes
    """
    wallet = open_wallet(home, passphrase_file)

    async def look() -> list[OwnRequest]:
        async with client_of(wallet) as client:
            await mail.fetch(wallet, client)
            return (await outcomes.sync(wallet, client)).requests

    found = [entry for entry in console.run(look()) if disputing.in_words(entry)]
    if json:
        console.print_json([_as_json(entry) for entry in found])
        return
    for entry in found:
        console.say(console.plain(f"{entry.digest[:SHORT]}: {entry.body.need.title}"))
        if entry.disputes:
            _tell("You", recall(entry.disputes[-1].wire, Dispute))
        if (theirs := disputing.vendor_says(entry)) is not None:
            _tell("The vendor", theirs)
        for line in disputing.in_words(entry):
            console.say(console.plain(f"  {line}"))
    if not found:
        console.note("There is no dispute.")


def _tell(who: str, body: Dispute | VendorDispute) -> None:
    console.say(console.plain(f"  {who}: {body.text}"))
    for shown in body.messages:
        console.say(console.plain(f"    shows: {_text(shown)}"))


def _text(shown: Shown) -> str:
    content = shown.inside.get("content")
    return str(content.get("text")) if isinstance(content, dict) else ""


def _as_json(entry: OwnRequest) -> dict[str, object]:
    return {
        "request": entry.digest,
        "customer": msgspec.Raw(entry.disputes[-1].wire if entry.disputes else b"null"),
        "vendor": disputing.vendor_says(entry),
        "ruling": disputing.decision(entry),
    }
