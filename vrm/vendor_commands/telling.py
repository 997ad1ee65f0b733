"""Commands about what the market tells a vendor."""

from typing import Annotated

import typer

from vrm import console
from vrm.client.events import Event
from vrm.console import Json, PassphraseFile
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at


def events(
    *,
    after: Annotated[
        str | None,
        typer.Option(help="Only what follows a cursor that was told before.", show_default=False),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what the market told you in the last 30 days, oldest first.

    An event names what to look at, and no more. To follow, keep the cursor:

        vendor events --json | jq -r .cursor
    """

    async def show() -> None:
        found: list[Event] = []
        cursor, more = after, True
        async with client_of(home_at(home), passphrase_file) as client:
            while more:
                page = await client.events_page(cursor)
                found += page.events
                cursor, more = page.cursor, page.more
        if json:
            console.print_json({"events": found, "cursor": cursor})
            return
        rows = [(one.timestamp, one.type, _about(one)) for one in found]
        console.out.print(console.table(("when", "what", "about"), rows))
        if cursor is not None:
            console.note(f"Later events: vendor events --after {console.plain(cursor)}")

    console.run(show())


def _about(event: Event) -> str:
    named = event.data.assignment or event.data.request or ""
    return named[:SHORT]
