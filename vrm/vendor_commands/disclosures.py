"""Commands about deliveries: disclosures, confirmations."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vrm import console
from vrm.client.disclosures import Confirmed, Disclosed
from vrm.console import Json, PassphraseFile
from vrm.keyfile import write_private
from vrm.vendor.contracts import keep_new
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at


def disclosures(
    *,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write what both sides signed, with the agreements' texts, to this file.",
            show_default=False,
        ),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show whom to deliver to, as the customers of what you accepted told you alone.

    What is new is kept in your folder with what both sides signed, since the market forgets it after a while.
    Use it under the terms of your bid, and for nothing else.

        vendor disclosures

        vendor disclosures --export contracts.json
    """
    place = home_at(home)

    async def show() -> tuple[list[Disclosed], list[msgspec.Raw]]:
        async with client_of(place, passphrase_file) as client:
            with place.ledger() as ledger:
                found = await keep_new(client, ledger.contracts)
                return found, ledger.contracts.all()

    found, kept = console.run(show())
    if export is not None:
        write_private(export, msgspec.json.encode(kept), replace=True)
    if json:
        console.print_json([_as_json(one) for one in found])
        return
    rows = [
        (
            one.assignment.digest[:SHORT],
            one.request.body.need.title,
            one.assignment.body.delivery,
            one.request.body.terms.id,
            one.told.contact.in_words() if one.told else "not readable",
        )
        for one in found
    ]
    heads = ("assignment", "need", "delivery", "terms", "to")
    console.out.print(console.table(heads, rows))
    for one in found:
        if one.told is None:
            name = one.assignment.digest[:SHORT]
            console.note(
                f"What the customer of {name} sealed is no contact: {console.plain(one.fault)}"
            )
    if export is not None:
        console.note(f"{len(kept)} contracts are in {export}")


def confirmations(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what your customers said: whether what you were given to deliver came.

    vendor confirmations
    """

    async def show() -> list[Confirmed]:
        async with client_of(home_at(home), passphrase_file) as client:
            return [one async for one in client.confirmations()]

    found = console.run(show())
    if json:
        console.print_json(
            [
                {
                    "assignment": one.assignment.digest,
                    "request": one.request.digest,
                    "received": one.confirmation.body.received,
                    "document": msgspec.Raw(one.confirmation.wire),
                }
                for one in found
            ]
        )
        return
    rows = [
        (
            one.assignment.digest[:SHORT],
            one.request.body.need.title,
            "received" if one.confirmation.body.received else "not received",
        )
        for one in found
    ]
    console.out.print(console.table(("assignment", "need", "customer says"), rows))


def _as_json(one: Disclosed) -> dict[str, object]:
    return {
        "assignment": one.assignment.digest,
        "request": one.request.digest,
        "told": one.told,
        "fault": one.fault or None,
        "document": msgspec.Raw(one.disclosure.wire),
    }
