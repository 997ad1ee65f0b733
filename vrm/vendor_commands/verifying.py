"""Command that checks a day again."""

from pathlib import Path
from typing import Annotated

import typer

from vrm import console
from vrm.console import Json, PassphraseFile
from vrm.vendor.verifying import Verification, verify_day
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at

SHOWN = 20
"""How many faults are listed for people; ``--json`` lists more."""


def verify(
    day: Annotated[str, typer.Argument(help="The market day.")],
    *,
    keep: Annotated[
        Path | None, typer.Option(help="Leave the day's bundle here.", show_default=False)
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Check a whole day again, with your receipts; tell why you got each request or not.

    vendor verify 2026-11-21

    Downloads the day's bundle and does what `market verify` does with it:
    signatures, log, bands, bids, and the matching bit by bit. The exit code is 1
    if anything is not as it should be, or a bid that you hold a receipt for is
    missing.
    """
    place = home_at(home)

    async def check() -> tuple[Verification, int]:
        async with client_of(place, passphrase_file) as client:
            with place.ledger() as ledger:
                return await verify_day(client, ledger, day, keep)

    found, receipts = console.run(check())
    if json:
        console.print_json({"receipts": receipts, **_plain(found)})
    else:
        _tell(found, receipts)
    if not found.verified:
        raise typer.Exit(console.REFUSED)


def _plain(found: Verification) -> dict[str, object]:
    return {name: getattr(found, name) for name in found.__struct_fields__}


def _tell(found: Verification, receipts: int) -> None:
    if found.bids:
        rows = [
            (bid.request[:SHORT], bid.outcome, bid.why, ", ".join(bid.ticks)) for bid in found.bids
        ]
        console.out.print(console.table(("request", "outcome", "why", "ticks"), rows))
    missing = sum(fault.step == "receipts" for fault in found.faults)
    console.say(
        f"{receipts + missing} receipts for bids of the day; {receipts} of them are in its bundle."
    )
    for fault in found.faults[:SHOWN]:
        console.say(console.plain(f"FAULT in {fault.step}: {fault.subject}: {fault.detail}"))
    if found.fault_count > SHOWN:
        console.say(f"... and {found.fault_count - SHOWN} faults more")
    plural = "" if found.fault_count == 1 else "s"
    console.say(
        "verified" if found.verified else f"NOT verified: {found.fault_count} fault{plural}"
    )
