"""The commands about bundles: making one, and verifying one with nothing but this package."""

from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from crypto.checkpoint import Checkpoint
from crypto.errors import LogError
from marketplace.bundle.source import opened, save
from marketplace.errors import MarketError
from marketplace.unlocking import Home, unlocked, with_market
from marketplace.verify.checking import Verified
from marketplace.verify.checking import verify as check
from marketplace.verify.own import Expected, missing, own_bids
from marketplace.verify.parallel import processes_for
from vrm import console

SHOWN = 20
"""How many faults are listed for people; ``--json`` lists more."""
EVERY = 100_000
"""After how many lines progress is told."""


def bundle(
    day: Annotated[str, typer.Argument(help="The market day.")],
    home: Home,
    out: Annotated[Path, typer.Option(help="The file to write.")],
    since: Annotated[
        int | None,
        typer.Option(help="Also prove that the log grew since it had so many leaves.", min=1),
    ] = None,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Write a day into one file: all that it was decided from and decided, with the log's proofs.

    Anybody can download the same: /runs/DAY/bundle
    """
    settings, identity = unlocked(home, passphrase_file)
    console.run(with_market(settings, identity, lambda market: save(market, day, out, since)))
    size = out.stat().st_size
    if as_json:
        console.print_json({"day": day, "file": str(out), "bytes": size})
    else:
        console.say(f"{out}: {size:,} bytes.")


def verify(
    source: Annotated[
        str,
        typer.Argument(help="A bundle's file or address, or a day of the market in --home."),
    ],
    home: Home,
    since: Annotated[
        Path | None,
        typer.Option(help="A checkpoint that you kept: the log must have grown out of it."),
    ] = None,
    keep: Annotated[
        Path | None, typer.Option(help="Write the newest checkpoint here, once all is verified.")
    ] = None,
    market: Annotated[
        str, typer.Option(help="The did:key that the market must have.", show_default=False)
    ] = "",
    vendor: Annotated[
        str, typer.Option(help="Also tell what became of this vendor's bids.", show_default=False)
    ] = "",
    expect: Annotated[
        Path | None,
        typer.Option(help="A JSON list of {bid, request}: bids that the day must have."),
    ] = None,
    earlier: Annotated[
        list[Path] | None,
        typer.Option(
            help="A bundle of an earlier day, or a folder of them: is the evidence right?"
        ),
    ] = None,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Check a day again, offline: signatures, log, bands, bids, and the matching bit by bit.

    Exits 1 unless all of it is as it should be.

    Example: market verify https://market.example/runs/2026-11-21/bundle --keep head.txt
    """
    note = since.read_text() if since is not None else ""
    wanted = _expected(expect)
    with opened(source, home, passphrase_file, _size(note)) as file, ExitStack() as others:
        length = file.seek(0, 2)
        file.seek(0)
        found = check(
            file,
            processes=processes_for(length),
            progress=_progress(),
            since=note,
            market=market,
            earlier=[others.enter_context(path.open("rb")) for path in _files(earlier or [])],
        )
    gone = missing(found, wanted)
    for one in gone:
        found.day.findings.add("receipts", f"Bid {one.bid}", "the day does not have it")
    verified = not found.day.findings.count
    if keep is not None and verified:
        keep.write_text(found.day.header.head)
    if as_json:
        answer = _answer(found)
        if vendor:
            answer["bids"] = own_bids(found, vendor)
        console.print_json(answer)
    else:
        _tell(found, vendor)
    if not verified:
        raise typer.Exit(console.REFUSED)


def _files(named: list[Path]) -> list[Path]:
    """Files, and what is in folders."""
    return [
        file for path in named for file in (sorted(path.iterdir()) if path.is_dir() else [path])
    ]


def _expected(file: Path | None) -> list[Expected]:
    if file is None:
        return []
    try:
        return msgspec.json.decode(file.read_bytes(), type=list[Expected])
    except msgspec.DecodeError as error:
        raise MarketError(f"{file}: {error}") from None


def _size(note: str) -> int | None:
    """The size of a checkpoint; its signature is looked at later."""
    if not note:
        return None
    try:
        return Checkpoint.parse(note.partition("\n\n")[0] + "\n").size
    except LogError as error:
        raise MarketError(f"The checkpoint that was kept: {error}") from None


def _progress() -> Any:
    """Tells about large days on standard error."""
    told = 0

    def tell(what: str, lines: int) -> None:
        nonlocal told
        if lines >= told + EVERY:
            told = lines
            console.note(f"{lines:,} lines read")
        elif told and not lines:
            console.note(f"checking: {what}")

    return tell


def _answer(found: Verified) -> dict[str, Any]:
    findings, report = found.day.findings, found.day.report
    return {
        "day": report.day,
        "market": found.day.header.market,
        "cutoff": report.cutoff,
        "verified": not findings.count,
        "requests": len(found.frozen.requests),
        "bids": len(found.frozen.bids),
        "assigned": report.assigned,
        "ticks": len(found.day.waves) - 1,
        "checked": dict(findings.checked),
        "on_the_market_s_word": dict(findings.on_word),
        "fault_count": findings.count,
        "faults": findings.faults,
        "head": found.day.header.head,
    }


def _tell(found: Verified, vendor: str) -> None:
    findings = found.day.findings
    title = f"Market day {found.day.header.day} of {found.day.header.market}"
    rows = [*findings.checked.items()]
    rows += [(f"on the market's word: {what}", count) for what, count in findings.on_word.items()]
    console.out.print(console.table(("checked", ""), rows, title=title))
    if vendor:
        own = own_bids(found, vendor)
        lines = [(bid.request[:10], bid.outcome, bid.why, ", ".join(bid.ticks)) for bid in own]
        console.out.print(console.table(("request", "outcome", "why", "ticks"), lines))
    for fault in findings.faults[:SHOWN]:
        console.say(console.plain(f"FAULT in {fault.step}: {fault.subject}: {fault.detail}"))
    if findings.count > SHOWN:
        console.say(f"... and {findings.count - SHOWN} faults more")
    plural = "" if findings.count == 1 else "s"
    console.say(f"NOT verified: {findings.count} fault{plural}" if findings.count else "verified")
