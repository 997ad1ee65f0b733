"""The operator's commands about disputes."""

from typing import Annotated, Any, Literal, get_args

import msgspec
import typer

from marketplace.disputes import service
from marketplace.disputes.schemas import DisputeView
from marketplace.market import Market
from marketplace.unlocking import Home, unlocked, with_market
from vrm import console
from vrm.documents.dispute import Finding

Assignment = Annotated[
    str, typer.Argument(help="The disputed assignment, by its digest, whole.", metavar="DIGEST")
]


def disputes(
    home: Home, passphrase_file: console.PassphraseFile = None, as_json: console.Json = False
) -> None:
    """List the disputes that wait for your decision, oldest first.

    market disputes --json
    """
    settings, identity = unlocked(home, passphrase_file)
    found = console.run(with_market(settings, identity, service.list_open))
    if as_json:
        console.print_json(found)
        return
    rows = [
        (
            view.opened_at,
            view.digest,
            " and ".join(
                side
                for side, said in (("customer", view.customer), ("vendor", view.vendor_says))
                if said is not None
            ),
        )
        for view in found
    ]
    console.out.print(console.table(("since", "assignment", "has spoken"), rows))
    if not found:
        console.note("No dispute waits.")


def dispute(
    assignment: Assignment,
    home: Home,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Show what both sides of a dispute said, and what each has shown of their conversation.

    Each message was held against what its author committed to. That its receiver could read it is certain only
    where the receiver shows it. Nothing else of what the two wrote can be read here.

    market dispute 7pQx...
    """
    settings, identity = unlocked(home, passphrase_file)

    async def show(market: Market) -> DisputeView:
        return await service.show(market, assignment)

    view = console.run(with_market(settings, identity, show))
    if as_json:
        console.print_json(view)
        return
    request, given = msgspec.json.decode(view.request), msgspec.json.decode(view.assignment)
    need, price = request["need"]["title"], f"{given['amount']} {given['currency']}"
    console.say(console.plain(f"{view.digest}, {view.state}: {need}, {price} (minor units)"))
    for side, raw in (("customer", view.customer), ("vendor", view.vendor_says)):
        if raw is None:
            console.say(f"The {side} says nothing.")
        else:
            _tell(side, msgspec.json.decode(raw), given["vendor"])
    if view.ruling is not None:
        ruling = msgspec.json.decode(view.ruling)
        console.say(console.plain(f"Decided for {ruling['finds_for']}: {ruling['reason']}"))


def rule(
    assignment: Assignment,
    home: Home,
    finds_for: Annotated[str, typer.Option("--for", help="customer, vendor or neither.")],
    reason: Annotated[str, typer.Option(help="Why, for all to read: the log keeps it.")],
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Decide a dispute by a signed document, for good.

    A rating by the side that lost is shown and weighs nothing; name nobody in the reason.

    market rule 7pQx... --for customer --reason "It was agreed for Friday, and came on Monday."
    """
    if finds_for not in get_args(Finding):
        console.fail(f"--for is one of {', '.join(get_args(Finding))}.")
    found: Literal["customer", "vendor", "neither"] = finds_for  # type: ignore[assignment]
    settings, identity = unlocked(home, passphrase_file)

    async def decide(market: Market) -> bytes:
        return await service.rule(market, assignment, found, reason)

    wire = console.run(with_market(settings, identity, decide))
    if as_json:
        console.print_json(msgspec.Raw(wire))
    else:
        console.say(f"{assignment} is decided for {finds_for}.")


def _tell(side: str, document: dict[str, Any], vendor: str) -> None:
    console.say(console.plain(f"The {side} says: {document['text']}"))
    for shown in document.get("messages", ()):
        inside = shown["inside"]
        by = "vendor" if inside["sender"] == vendor else "customer"
        said = inside["content"]
        own = (
            " (by its author's word: nobody can tell that the other side could read it)"
            if by == side
            else ""
        )
        console.say(console.plain(f"  message {said['number']} of the {by}{own}: {said['text']}"))
