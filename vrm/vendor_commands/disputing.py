"""Commands about disputes: dispute, disputes."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vrm import console
from vrm.client.disputes import DisputeStored, VendorCase
from vrm.console import Json, PassphraseFile
from vrm.documents import Dispute, VendorDispute
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at, one_of


def dispute(
    assignment: Annotated[
        str, typer.Argument(help="The assignment, by the beginning of its digest.")
    ],
    text: Annotated[
        str | None, typer.Argument(help="What is wrong; without it, it comes from the input.")
    ] = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", help="Say what is in this file.", show_default=False)
    ] = None,
    mine: Annotated[
        list[int] | None,
        typer.Option(help="Show this message of yours, by its number in `vendor messages --json`."),
    ] = None,
    theirs: Annotated[
        list[int] | None, typer.Option(help="Show this message of the customer's.")
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Say your side about an assignment to the market's operator, who decides: once, and for good.

    The operator and the customer read what you say here and the messages that you show, up to eight. The
    operator reads nothing else of what you two wrote.

        vendor dispute 3fJk2 "It was never picked up." --theirs 1
    """
    place = home_at(home)
    words = console.words(text, file)

    async def send() -> DisputeStored:
        async with client_of(place, passphrase_file) as client:
            given = {one.digest: one async for one in client.my_assignments()}
            chosen = given[one_of(assignment, list(given), "assignment")]
            with place.ledger() as ledger:
                kept = ledger.conversation
                shown = kept.shown(chosen.digest, mine or (), mine=True)
                shown += kept.shown(chosen.digest, theirs or (), mine=False)
            return await client.dispute(chosen, words, shown)

    sent = console.run(send())
    if json:
        console.print_json(sent)
        return
    console.say(f"Your side of {console.plain(sent.assignment[:SHORT])} is before the operator.")


def disputes(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the disputes about your assignments: what each side says and shows, and what was decided.

    vendor disputes
    """

    async def look() -> list[VendorCase]:
        async with client_of(home_at(home), passphrase_file) as client:
            return [one async for one in client.disputes()]

    found = console.run(look())
    if json:
        console.print_json([_as_json(one) for one in found])
        return
    for one in found:
        title = one.request.body.need.title
        console.say(console.plain(f"{one.assignment.digest[:SHORT]}, {one.state}: {title}"))
        for who, said in (("The customer", one.customer), ("You", one.own)):
            if said is not None:
                _tell(who, said.body)
        if one.ruling is not None:
            ruling = one.ruling.body
            console.say(console.plain(f"  Decided for {ruling.finds_for}: {ruling.reason}"))
    if not found:
        console.note("There is no dispute.")


def _tell(who: str, body: Dispute | VendorDispute) -> None:
    console.say(console.plain(f"  {who}: {body.text}"))
    for shown in body.messages:
        content = shown.inside.get("content")
        text = content.get("text") if isinstance(content, dict) else ""
        console.say(console.plain(f"    shows: {text}"))


def _as_json(one: VendorCase) -> dict[str, object]:
    def wire(said: object) -> msgspec.Raw:
        return msgspec.Raw(getattr(said, "wire", b"null"))

    return {
        "assignment": one.assignment.digest,
        "state": one.state,
        "opened_at": one.opened_at,
        "customer": wire(one.customer),
        "own": wire(one.own),
        "ruling": wire(one.ruling),
    }
