"""Commands for writing with customers: message, messages."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vrm import console
from vrm.console import Json, PassphraseFile
from vrm.vendor import conversing
from vrm.vendor.conversation import Line
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at, one_of


def message(
    assignment: Annotated[
        str, typer.Argument(help="The assignment, by the beginning of its digest.")
    ],
    text: Annotated[
        str | None, typer.Argument(help="What to write; without it, it comes from the input.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="Write what is in this file.", show_default=False)
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Write to the customer of an assignment that you accepted; nobody else can read it, nor the market.

    The customer has it with the next batch of mail. About 1300 letters go into one message.

        vendor message 3fJk2 "It is ready from ten on. Please pay by https://pay.example/77"
    """
    place = home_at(home)
    words = console.words(text, file)

    async def send() -> Line:
        async with client_of(place, passphrase_file) as client:
            given = {one.digest: one async for one in client.my_assignments()}
            chosen = given[one_of(assignment, list(given), "assignment")]
            with place.ledger() as ledger:
                return await conversing.say(client, ledger, chosen, words, datetime.now(UTC))

    sent = console.run(send())
    if json:
        console.print_json(
            {
                "assignment": sent.assignment,
                "message": sent.digest,
                "document": msgspec.Raw(sent.document),
            }
        )
        return
    console.say(f"The customer of {sent.assignment[:SHORT]} has it with the next batch.")


def messages(
    assignment: Annotated[
        str | None,
        typer.Argument(help="An assignment, by the beginning of its digest.", show_default=False),
    ] = None,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what you and your customers wrote to each other, with what is new.

    Your folder keeps it, since the market forgets it after a while.

        vendor messages

        vendor messages 3fJk2
    """
    place = home_at(home)

    async def look() -> list[Line]:
        async with client_of(place, passphrase_file) as client:
            with place.ledger() as ledger:
                await conversing.hear(client, ledger, datetime.now(UTC))
                return ledger.conversation.all()

    lines = console.run(look())
    if assignment is not None:
        known = sorted({line.assignment for line in lines})
        chosen = one_of(assignment, known, "assignment with messages")
        lines = [line for line in lines if line.assignment == chosen]
    if json:
        console.print_json([_as_json(line) for line in lines])
        return
    rows = [
        (line.at, line.assignment[:SHORT], "you" if line.mine else "customer", _shown(line))
        for line in lines
    ]
    console.out.print(console.table(("when", "assignment", "by", "text"), rows))
    for line in lines:
        if line.fault:
            name = line.assignment[:SHORT]
            console.note(
                f"What the customer of {name} sealed is no message: {console.plain(line.fault)}"
            )


def _shown(line: Line) -> str:
    text = line.text or "not readable"
    return text if line.sent else f"(not sent yet) {text}"


def _as_json(line: Line) -> dict[str, object]:
    return {
        "message": line.digest,
        "assignment": line.assignment,
        "number": line.number,
        "by": "vendor" if line.mine else "customer",
        "text": line.text,
        "at": line.at,
        "sent": line.sent,
        "fault": line.fault or None,
        "document": msgspec.Raw(line.document),
    }
