"""Commands about what the market tells a vendor."""

import asyncio
import time
from typing import Annotated, Final

import typer

from vrm import console
from vrm.client.events import Event, OwnWebhook
from vrm.client.vendor import VendorClient
from vrm.console import Json, PassphraseFile
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at

LOOK_SECONDS: Final = 0.5
"""Between two looks at whether a webhook was called."""

Wait = Annotated[
    float, typer.Option(min=0, help="For how many seconds to wait for the first call.")
]

webhook = typer.Typer(
    no_args_is_help=True,
    help="Have events sent to a server of yours, signed by the Standard Webhooks specification.",
)


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


@webhook.command("set")
def set_webhook(
    url: Annotated[str, typer.Argument(help="Of your server, with https://.")],
    *,
    generation: Annotated[
        int, typer.Option(min=0, help="Raise it to have new keys; the old ones sign, too.")
    ] = 0,
    wait: Wait = 20,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Have your events sent to an address, in place of any earlier one, and try it out.

    Show your receiver one of the two keys that this prints: the secret (whsec_)
    where its library knows only that, else the public key (whpk_).

        vendor webhook set https://shop.example/vrm-events
    """

    async def send() -> OwnWebhook:
        async with client_of(home_at(home), passphrase_file) as client:
            await client.set_webhook(url, generation=generation)
            return await _called(client, wait)

    _tell(console.run(send()), json)


@webhook.command("test")
def try_out(
    *,
    wait: Wait = 20,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Have the webhook called with an event of type webhook.set; a disabled one goes on from there."""

    async def send() -> OwnWebhook:
        async with client_of(home_at(home), passphrase_file) as client:
            known = (await client.webhook()).document
            await client.set_webhook(str(known.url), generation=known.generation)
            return await _called(client, wait)

    _tell(console.run(send()), json)


@webhook.command()
def show(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the webhook, its keys, and how it goes. Exits 1 if the last call failed."""

    async def look() -> OwnWebhook:
        async with client_of(home_at(home), passphrase_file) as client:
            await client.descriptor()
            return await client.webhook()

    _tell(console.run(look()), json)


@webhook.command()
def remove(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Have no more events sent; `vendor events` shows them as before."""

    async def send() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            answer = await client.remove_webhook()
        if json:
            console.print_json(answer)
        else:
            console.say("Removed.")

    console.run(send())


async def _called(client: VendorClient, wait: float) -> OwnWebhook:
    """Look at the webhook until it has taken all there was or failed, at most for a while."""
    ends = time.monotonic() + wait
    shown = await client.webhook()
    while shown.waiting and not shown.failures and time.monotonic() < ends:
        await asyncio.sleep(LOOK_SECONDS)
        shown = await client.webhook()
    return shown


def _tell(shown: OwnWebhook, as_json: bool) -> None:
    if as_json:
        console.print_json(shown)
    else:
        facts = (
            ("to", shown.document.url or ""),
            ("state", shown.state),
            ("secret (v1)", shown.secret),
            ("public key (v1a)", shown.public_key),
            ("waiting", shown.waiting),
            ("last taken", shown.delivered_at or ""),
            ("next attempt", shown.next_attempt or ""),
        )
        console.out.print(console.table(("", ""), facts))
    if shown.failure is not None:
        console.note(f"vendor: {console.plain(shown.failure)}; tried {shown.failures} times")
        raise typer.Exit(console.REFUSED)
