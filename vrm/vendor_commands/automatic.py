"""The command that bids by itself: run."""

import asyncio
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from vrm import console, keyfile
from vrm.client.vendor import VendorClient
from vrm.console import Json, PassphraseFile
from vrm.vendor.home import Home
from vrm.vendor.program import Files, Round, Verdict, bid_round, follow, rehearse
from vrm.vendor_commands.common import SHORT, HomeFolder, home_at

WORDS = {"accepted": "bid", "would-bid": "would bid", "refused": "REFUSED", "passed": "no bid"}


def run(
    *,
    stock: Annotated[Path, typer.Option(help="The stock: CSV with a header.", show_default=False)],
    rules: Annotated[Path, typer.Option(help="How to bid: TOML.", show_default=False)],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what it would do; send and store nothing.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Go over the board once and end.")] = False,
    every: Annotated[float, typer.Option(min=1, help="Seconds between two looks.")] = 30,
    quiet: Annotated[bool, typer.Option("--quiet", help="Do not tell why not to bid.")] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Follow the board and bid by itself: "I have it" is a look-up in the stock.

    Every decision is told with its reason. What was bid is remembered in the
    vendor's folder: it can be stopped (Ctrl-C, SIGTERM) and started at any
    time, and neither bids twice nor forgets. Both files may be changed while
    it runs. With --json it prints one object for each look at the board.

        vendor run --stock stock.csv --rules rules.toml --dry-run

        vendor run --stock stock.csv --rules rules.toml --every 60
    """
    place = home_at(home)
    market = place.market()
    key = place.key(keyfile.passphrase(passphrase_file))
    files = Files(stock, rules)

    def connect() -> VendorClient:
        return VendorClient(market.url, key, market=market.did)

    show = _Show(json=json, quiet=quiet)
    if dry_run:
        console.run(_rehearse(connect(), place, files, show))
        return
    with place.running():
        if once:
            console.run(_once(connect(), place, files, show))
        else:
            console.run(_follow(connect, place, files, every, show))


class _Show:
    """Tells verdicts and rounds, to people as they come or to programs a round at a time."""

    def __init__(self, *, json: bool, quiet: bool) -> None:
        self._json = json
        self._quiet = quiet

    def verdict(self, verdict: Verdict) -> None:
        if self._json or (self._quiet and verdict.outcome == "passed"):
            return
        console.say(
            console.plain(
                f"{WORDS[verdict.outcome]}: {verdict.title} [{verdict.request[:SHORT]}] "
                f"- {verdict.because}"
            )
        )

    def round(self, result: Round) -> None:
        for left in () if self._json else result.unanswered:
            title, why = console.plain(left.title), console.plain(left.because)
            console.note(
                f"vendor: answer by {left.answer_by}: {title} [{left.assignment[:SHORT]}] - {why}"
            )
        for fault in result.faults:
            console.note(f"vendor: ALARM: {fault.code}: {console.plain(fault.detail)}")
        if self._json:
            console.print_json(result)
        elif any((result.read, result.resent, result.won, result.lost, result.accepted)):
            passed = ", ".join(f"{count} {why}" for why, count in sorted(result.passed.items()))
            console.note(
                f"{result.read} read, {result.bids} bids, {result.refused} refused, "
                f"{result.resent} sent again, {result.won} won, {result.lost} lost, "
                f"{result.accepted} accepted" + (f"; no bid: {passed}" if passed else "")
            )

    def complaint(self, error: Exception) -> None:
        console.note(f"vendor: {console.describe(error)} (trying again)")


async def _rehearse(connection: VendorClient, place: Home, files: Files, show: _Show) -> None:
    async with connection as client:
        with place.ledger() as ledger:
            show.round(await rehearse(client, ledger, files, show.verdict))


async def _once(connection: VendorClient, place: Home, files: Files, show: _Show) -> None:
    async with connection as client:
        with place.ledger() as ledger:
            show.round(await bid_round(client, ledger, files, show.verdict))


async def _follow(
    connect: Callable[[], VendorClient], place: Home, files: Files, every: float, show: _Show
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    with place.ledger() as ledger:
        await follow(
            connect,
            ledger,
            files,
            every=every,
            stop=stop,
            tell=show.verdict,
            report=show.round,
            complain=show.complaint,
        )
