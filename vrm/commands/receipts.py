"""Command about receipts."""

from typing import Any

import msgspec
import typer

from vrm import console
from vrm.commands.common import SHORT, HomeFolder, client_of, now, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.wallet import outcomes
from vrm.wallet.state import State


def receipts(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Hold the market's promises and batches against its log; exits 1 where the market broke its word.

    The wallet reads every batch out of the log's public files, so the market does not learn which requests
    are yours. `vrm requests` does the same by itself.

        vrm receipts

        vrm receipts --json > evidence.json
    """
    wallet = open_wallet(home, passphrase_file)

    async def hold() -> State:
        async with client_of(wallet) as client:
            return await outcomes.sync(wallet, client)

    state = console.run(hold())
    broken = [entry for entry in state.requests if entry.status(now()) == "promise-broken"]
    logged = [entry for entry in state.requests if entry.leaf is not None]
    if json:
        answer: dict[str, Any] = {
            "head": state.log_head,
            "logged": {entry.digest: entry.leaf for entry in logged},
            "broken": {
                entry.digest: [msgspec.Raw(wire) for wire in entry.promises] for entry in broken
            },
            "findings": state.log_findings,
        }
        console.print_json(answer)
    else:
        console.say(f"{len(logged)} of {len(state.requests)} requests found in the log.")
        for entry in broken:
            console.say(f"ALARM: the promise for {entry.digest[:SHORT]} is broken.")
        for finding in state.log_findings:
            console.say(f"ALARM: {finding.code}: {console.plain(finding.detail)}")
    if broken or state.log_findings:
        raise typer.Exit(1)
