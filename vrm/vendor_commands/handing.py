"""The command at the counter: handover."""

from typing import Annotated, Final

import typer

from vrm import console, keyfile
from vrm.console import Json, PassphraseFile
from vrm.errors import MarketRefused, MarketUnreachable
from vrm.vendor import handing
from vrm.vendor.home import Home
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at

COME_BACK: Final = frozenset((429, 503))
"""Refusals that say nothing of the document: the market has too much to do."""


def handover(
    assignment: Annotated[
        str | None,
        typer.Argument(
            help="The assignment, by the beginning of its digest; without it, send what waits.",
            show_default=False,
        ),
    ] = None,
    *,
    signed: Annotated[
        str | None,
        typer.Option(help="What the customer's wallet answered.", show_default=False),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Have the customer sign at the counter that it has its order.

    Show the code, as text or in a QR code; the customer's `vrm handover CODE` gives an answer. Check
    that before you hand anything over: it needs no network. It is as final as a receipt, and goes to
    the market now, or with the next `vendor handover` if the market cannot be reached.

        vendor handover 3fJk2

        vendor handover 3fJk2 --signed z4Hq...
    """
    place = home_at(home)
    if assignment is None:
        _tell_sent(_send(place, passphrase_file), json)
        return
    key = place.key(keyfile.passphrase(passphrase_file))
    with place.ledger() as ledger:
        pickup = handing.find(ledger, assignment)
        if signed is None:
            shown = handing.code(key, pickup)
            if json:
                console.print_json({"assignment": pickup.assignment, "code": shown})
            else:
                console.say(shown)
            return
        handing.keep(ledger, handing.check(key, pickup, signed))
    console.note(f"It is the customer's word: hand over {pickup.assignment[:SHORT]}.")
    try:
        _tell_sent(_send(place, passphrase_file), json)
    except MarketUnreachable:
        console.note("The market cannot be reached; send it later with: vendor handover")


def _send(place: Home, passphrase_file: PassphraseFile) -> list[str]:
    """Send what waits; answers the assignments whose handovers the market has now."""

    async def send() -> list[str]:
        done: list[str] = []
        async with client_of(place, passphrase_file) as client:
            with place.ledger() as ledger:
                for one in handing.kept(ledger):
                    try:
                        await client.hand_over(one)
                        done.append(one.body.assignment)
                    except MarketRefused as refused:
                        console.note(f"vendor: {one.body.assignment[:SHORT]}: {refused}")
                        if refused.status in COME_BACK:
                            continue
                    handing.forget(ledger, one)
        return done

    return console.run(send())


def _tell_sent(done: list[str], as_json: bool) -> None:
    if as_json:
        console.print_json(done)
        return
    for one in done:
        console.say(f"handed over: {one}")
