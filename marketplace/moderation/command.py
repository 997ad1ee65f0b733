"""The operator's commands about reports and hidden documents."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from marketplace.market import Market
from marketplace.moderation import service
from marketplace.unlocking import Home, unlocked, with_market
from vrm import console

Digest = Annotated[str, typer.Argument(help="The document's digest, whole.")]
Reason = Annotated[str, typer.Option(help="Why, for all to read: the log keeps it.")]


def reports(
    home: Home, passphrase_file: console.PassphraseFile = None, as_json: console.Json = False
) -> None:
    """List what was reported, with what it says, and whether it is hidden.

    market reports --json
    """
    settings, identity = unlocked(home, passphrase_file)
    found = console.run(with_market(settings, identity, service.all_reports))
    if as_json:
        console.print_json(found)
        return
    for view in found:
        report: dict[str, Any] = msgspec.json.decode(view.report)
        state = "hidden" if view.hidden else "shown"
        told = f"{view.type} {report['document']} ({state}): {report['reason']}"
        console.say(console.plain(f"{told}: {report['text']}" if "text" in report else told))
    if not found:
        console.note("Nothing was reported.")


def hide(
    document: Digest,
    home: Home,
    reason: Reason,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Hide the words of a request, bid, question, answer, catalogue item or rating, by a signed decision.

    An open request joins no run then. What was frozen before keeps its figures, and the day still verifies.

    market hide 7pQx... --reason "Names a private person."
    """
    _decide(document, home, reason, passphrase_file, as_json, hidden=True)


def unhide(
    document: Digest,
    home: Home,
    reason: Reason,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Show a hidden document again, by a signed decision.

    market unhide 7pQx... --reason "The person agreed."
    """
    _decide(document, home, reason, passphrase_file, as_json, hidden=False)


def _decide(
    document: str,
    home: Path,
    reason: str,
    passphrase_file: Path | None,
    as_json: bool,
    *,
    hidden: bool,
) -> None:
    settings, identity = unlocked(home, passphrase_file)

    async def decide(market: Market) -> bytes:
        return await service.decide(market, document, reason, hidden=hidden)

    wire = console.run(with_market(settings, identity, decide))
    if as_json:
        console.print_json(msgspec.Raw(wire))
    else:
        console.say(f"{document} is {'hidden' if hidden else 'shown'}.")
