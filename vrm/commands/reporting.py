"""Command about reports."""

from typing import Annotated

import typer

from vrm import console
from vrm.client import reporting
from vrm.commands.common import PAUSE, HomeFolder, Pause, client_of, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents.customer import ReportReason


def report(
    document: Annotated[str, typer.Argument(help="The document's digest, whole.")],
    *,
    reason: Annotated[ReportReason, typer.Option(help="What is wrong with it.")],
    text: Annotated[
        str | None, typer.Option(help="What else the operator should know.", show_default=False)
    ] = None,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Report a document to the market's operator, under a fresh key: nobody learns that it was you.

    vrm report Q8dLm... --reason personal-data --text "It names my neighbour."
    """
    wallet = open_wallet(home, passphrase_file)

    async def post() -> str:
        async with client_of(wallet, pause) as client:
            return await reporting.report(client, document, reason, text)

    digest = console.run(post())
    if json:
        console.print_json({"report": digest, "document": document})
    else:
        console.say("Reported. What the operator decides stands under /moderation of the market.")
