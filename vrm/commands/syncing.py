"""Commands that keep the wallet up to date: sync, watch, calendar."""

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import typer

from vrm import console, notices
from vrm.commands import asking
from vrm.commands.common import SHORT, HomeFolder, Pause, client_of, now, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents.scalars import format_instant, parse_instant
from vrm.keyfile import write_private
from vrm.notices import Notify
from vrm.wallet import Wallet, deadlines, disclosing, icalendar, mail, membership, rounds
from vrm.wallet.deadlines import Deadline
from vrm.wallet.rounds import Round

SOON: Final = timedelta(hours=24)
"""How near a deadline is that a round names."""


def sync(
    *,
    again: Annotated[
        bool, typer.Option("--again", help="Read all mail anew that the market keeps.")
    ] = False,
    pause: Pause = 30,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Do all that is due: read mail and public lists, draw tokens, post what was put off; and say what is new.

    Run it now and then, or from cron: nothing is done twice. What the wallet downloads is the same whatever you
    have asked for. On a terminal it asks, once for each way of delivery, whom vendors that accept are to
    deliver to, and tells them so from then on. Exits 1 where the market refused something or did wrong.

        vrm sync

        vrm sync --again
    """
    wallet = open_wallet(home, passphrase_file)
    if again:
        mail.read_again(wallet)
    done = console.run(_round(wallet, pause))
    if json:
        console.print_json(_as_json(done))
    else:
        _tell(done)
        if not done.changes:
            console.note("Nothing is new.")
    if not json and sys.stdin.isatty() and asking.settle_contacts(wallet):
        console.run(_tell_vendors(wallet, pause))
    if done.troubles:
        raise typer.Exit(1)


def watch(
    *,
    notify: Annotated[
        bool, typer.Option("--notify", help="Show what is new on the desktop, too.")
    ] = False,
    pause: Pause = 30,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Do a round after each of the market's batch instants, at random moments, until interrupted.

    With --json, each round is one line.

        vrm watch --notify
    """
    wallet = open_wallet(home, passphrase_file)
    show = notices.notifier() if notify else None
    console.run(
        rounds.watch(
            wallet,
            lambda: client_of(wallet, pause),
            lambda done: _report(done, show, json),
            lambda error: console.note(console.describe(error)),
        )
    )


def calendar(
    file: Annotated[Path, typer.Argument(help="Where to write it, such as deadlines.ics.")],
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Write the deadlines that the wallet knows as an iCalendar file, in place of the one of before.

    The titles of your needs stand in it, and nothing that leads to a request. Nothing is sent.

        vrm calendar deadlines.ics
    """
    wallet = open_wallet(home, passphrase_file)
    found = deadlines.ahead(wallet.read(), now())
    write_private(file, icalendar.render(found, now(), wallet.alias), replace=True)
    if json:
        console.print_json({"file": str(file), "deadlines": [_deadline(one) for one in found]})
    else:
        console.say(f"{len(found)} deadlines are in {file}")


async def _round(wallet: Wallet, pause: float) -> Round:
    async with client_of(wallet, pause) as client:
        return await rounds.go(wallet, client)


async def _tell_vendors(wallet: Wallet, pause: float) -> None:
    async with client_of(wallet, pause) as client:
        at = parse_instant((await client.clock()).now)
        if membership.heard_lately(wallet.read(), at):
            console.note("The next round tells it: the market has just heard from you by name.")
            return
        await disclosing.send_due(wallet, client, at)
    console.say("The vendor has it with the next batch.")


def _report(done: Round, notify: Notify | None, as_json: bool) -> None:
    if as_json:
        console.print_json(_as_json(done))
    else:
        _tell(done)
    if notify is not None:
        for change in done.changes:
            notify("vrm", change.words)


def _tell(done: Round) -> None:
    for change in done.changes:
        name = f"{change.request[:SHORT]}  " if change.request else ""
        console.say(f"{name}{console.plain(change.words)}")
    for deadline in _soon(done.deadlines):
        console.say(f"by {format_instant(deadline.at)}  {console.plain(deadline.words)}")
    for trouble in done.troubles:
        console.note(console.plain(trouble))


def _soon(found: list[Deadline]) -> list[Deadline]:
    until = now() + SOON
    return [one for one in found if one.at <= until]


def _as_json(done: Round) -> dict[str, Any]:
    return {
        "changes": [{"request": one.request, "text": one.words} for one in done.changes],
        "deadlines": [_deadline(one) for one in done.deadlines],
        "troubles": done.troubles,
    }


def _deadline(one: Deadline) -> dict[str, Any]:
    return {
        "request": one.request,
        "kind": one.kind,
        "at": format_instant(one.at),
        "text": one.words,
    }
