"""Command about reports of documents."""

from typing import Annotated

import typer

from vrm import console
from vrm.client import reporting
from vrm.client.public import PublicClient
from vrm.console import Json
from vrm.documents.customer import ReportReason
from vrm.vendor_commands.common import HomeFolder, home_at


def report_document(
    document: Annotated[str, typer.Argument(help="The document's digest, whole.")],
    *,
    reason: Annotated[ReportReason, typer.Option(help="What is wrong with it.")],
    text: Annotated[
        str | None, typer.Option(help="What else the operator should know.", show_default=False)
    ] = None,
    home: HomeFolder = None,
    json: Json = False,
) -> None:
    """Report a request, question, bid or item to the market's operator; a fresh key signs, not yours.

    vendor report-document 7pQx2... --reason spam
    """
    market = home_at(home).market()

    async def post() -> str:
        async with PublicClient(market.url, market=market.did) as client:
            return await reporting.report(client, document, reason, text)

    digest = console.run(post())
    if json:
        console.print_json({"report": digest, "document": document})
    else:
        console.say("Reported. What the operator decides stands under /moderation of the market.")
