"""Command about receipts."""

from typing import Any

import typer

from vrm import console
from vrm.console import Json, PassphraseFile
from vrm.documents.scalars import parse_instant
from vrm.vendor.receipts import Fault, check
from vrm.vendor_commands.common import HomeFolder, client_of, home_at


def receipts(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Hold the market's receipts against its log; exits 1 where the market broke its word.

    `vendor run` does the same by itself in every round.
    """
    place = home_at(home)

    async def hold() -> tuple[tuple[int, int], list[Fault]]:
        async with client_of(place, passphrase_file) as client:
            with place.ledger() as ledger:
                now = parse_instant((await client.clock()).now)
                faults = await check(client, ledger.receipts, now)
                return ledger.receipts.counts(), faults

    (kept, found), faults = console.run(hold())
    if json:
        answer: dict[str, Any] = {"receipts": kept, "logged": found, "faults": faults}
        console.print_json(answer)
    else:
        console.say(f"{kept} receipts, {found} of their documents found in the log.")
        for fault in faults:
            console.say(f"ALARM: {fault.code}: {console.plain(fault.detail)}")
    if faults:
        raise typer.Exit(1)
