"""Commands about what you deliver: deliveries, ship, cancel."""

from typing import Annotated

import typer

from vrm import console
from vrm.client.deliveries import Delivery, ShipmentStored, VendorCancellationStored
from vrm.console import Json, PassphraseFile
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at, one_of

Named = Annotated[str, typer.Argument(help="The assignment, by its digest or the beginning of it.")]


def deliveries(
    *,
    running: Annotated[
        bool, typer.Option("--running", help="Only what has not ended yet.")
    ] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what has become of what you accepted, oldest first, and by when to ship.

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
            f"{one.ship_by}{' (overdue)' if one.overdue else ''}" if one.ship_by else "",
            one.shipped_at or "",
            one.ended_at or "",
        )
        for one in found
    ]
    heads = ("assignment", "day", "state", "accepted", "disclosed", "ship by", "shipped", "ended")
    console.out.print(console.table(heads, rows))


def ship(
    assignment: Named,
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


def cancel(
    assignment: Named,
    *,
    reason: Annotated[str, typer.Option(help="A word to the customer; it is public.")] = "",
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Take an acceptance back: you will not deliver. It counts against you, and uses the unit of the date up.

    Not once it is on its way.

        vendor cancel 3fJk2 --reason "It broke in the shop."
    """

    async def send() -> VendorCancellationStored:
        async with client_of(home_at(home), passphrase_file) as client:
            known = {given.digest: given async for given in client.my_assignments()}
            given = known[one_of(assignment, list(known), "assignment")]
            return await client.cancel(given, reason or None)

    stored = console.run(send())
    if json:
        console.print_json(stored)
    else:
        console.say(f"cancelled: {stored.assignment}")
