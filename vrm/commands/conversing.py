"""The customer's commands for writing with the vendor that accepted: message, messages."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vrm import console
from vrm.commands.common import PAUSE, SHORT, HomeFolder, Pause, client_of, now, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.wallet import conversing, mail, outcomes
from vrm.wallet.own import OwnMessage, OwnRequest

Words = Annotated[
    str | None, typer.Argument(help="What to write; without it, it comes from the input.")
]
File = Annotated[
    Path | None, typer.Option("--file", help="Write what is in this file.", show_default=False)
]


def message(
    request: Annotated[str, typer.Argument(help="The request, by the beginning of its digest.")],
    text: Words = None,
    *,
    file: File = None,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Write to the vendor that accepted your request; nobody else can read it, nor the market.

    All messages have one length: about 1300 letters go into one. Your wallet keeps what both of you write,
    and with it you can show later what was said.

        vrm message 7pQx2 "Is there a ramp at the door?"

        vrm message 7pQx2 --file letter.txt
    """
    wallet = open_wallet(home, passphrase_file)
    words = console.words(text, file)

    async def send() -> tuple[OwnRequest, OwnMessage]:
        async with client_of(wallet, pause) as client:
            entry = (await outcomes.sync(wallet, client)).request(request)
            return entry, await conversing.say(wallet, client, entry, words, now())

    entry, sent = console.run(send())
    if json:
        console.print_json(
            {
                "request": entry.digest,
                "message": sent.digest,
                "promise": msgspec.Raw(sent.promise or b"null"),
                "document": msgspec.Raw(sent.wire),
            }
        )
        return
    console.say(f"The vendor of {entry.digest[:SHORT]} has it with the next batch.")


def messages(
    request: Annotated[
        str | None,
        typer.Argument(help="A request, by the beginning of its digest.", show_default=False),
    ] = None,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what you and your vendors wrote to each other, after a look into the mail.

    vrm messages

    vrm messages 7pQx2
    """
    wallet = open_wallet(home, passphrase_file)

    async def look() -> list[OwnRequest]:
        async with client_of(wallet) as client:
            await mail.fetch(wallet, client)
            state = await outcomes.sync(wallet, client)
            return [state.request(request)] if request else state.requests

    found = [(entry, conversing.lines(entry)) for entry in console.run(look())]
    if json:
        console.print_json(
            [
                {"request": entry.digest, "messages": lines, "missing": conversing.missing(entry)}
                for entry, lines in found
                if lines
            ]
        )
        return
    rows = [
        (
            line.at or "",
            entry.digest[:SHORT],
            entry.body.need.title,
            line.by,
            _shown(line),
        )
        for entry, lines in found
        for line in lines
    ]
    console.out.print(console.table(("when", "request", "need", "by", "text"), rows))
    for entry, _ in found:
        for number in conversing.missing(entry):
            console.note(f"Message {number} of the vendor of {entry.digest[:SHORT]} did not come.")
    for entry, lines in found:
        for line in (line for line in lines if line.fault):
            console.note(
                f"What the vendor of {entry.digest[:SHORT]} sealed as its message {line.number} is none: "
                f"{console.plain(line.fault)} Ask it to write again."
            )
    for finding in wallet.read().mail_findings:
        console.note(console.plain(mail.in_words(finding)))


def _shown(line: conversing.Line) -> str:
    none = "not readable" if line.fault else "not known here any more"
    text = none if line.text is None else line.text
    return text if line.arrived else f"(not sent yet) {text}"
