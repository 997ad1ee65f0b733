"""Commands about what you deliver: deliveries, ship."""

from typing import Annotated

import typer

from vrm import console
from vrm.client.deliveries import Delivery, ShipmentStored
from vrm.console import Json, PassphraseFile
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at, one_of


def deliveries(
    *,
    running: Annotated[
        bool, typer.Option("--running", help="Only what has not ended yet.")
    ] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what has become of what you accepted, oldest first.

    vendor deliveries --running
    """

    async def show() -> list[Delivery]:
        async with client_of(home_at(home), passphrase_file) as client:
            return [one async for one in client.deliveries() if not (running and one.ended_at)]

    found = console.run(show())
    if json:
        console.print_json(found)
        return
    rows = [
        (
            one.assignment[:SHORT],
            one.day,
            one.state,
            one.accepted_at,
            one.disclosed_at or "",
            one.shipped_at or "",
            one.ended_at or "",
        )
        for one in found
    ]
    heads = ("assignment", "day", "state", "accepted", "disclosed", "shipped", "ended")
    console.out.print(console.table(heads, rows))


def ship(
    assignment: Annotated[
        str, typer.Argument(help="The assignment, by its digest or the beginning of it.")
    ],
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Tell your customer that an order is on its way, or ready if it is to be picked up.

    The customer has it with the market's next mail.

        vendor ship 3fJk2
    """

    async def send() -> ShipmentStored:
        async with client_of(home_at(home), passphrase_file) as client:
            known = {given.digest: given async for given in client.my_assignments()}
            return await client.ship(known[one_of(assignment, list(known), "assignment")])

    stored = console.run(send())
    if json:
        console.print_json(stored)
    else:
        console.say(f"shipped: {stored.assignment}")
