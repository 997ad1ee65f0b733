"""Commands about what you were given: assignments, accept, decline."""

from collections.abc import Sequence
from typing import Annotated, Final

import typer

from vrm import console
from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import AnswerResult, OwnAssignment
from vrm.console import Json, PassphraseFile
from vrm.money import format_amount
from vrm.vendor.answering import failures, note, note_declined
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at, one_of

Digests = Annotated[
    list[str] | None,
    typer.Argument(help="Assignments, by their digests or the beginnings of them."),
]
NOTHING: Final = "Nothing waits for your answer."


def assignments(
    *,
    waiting: Annotated[bool, typer.Option("--waiting", help="Only what you must answer.")] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what you were given, oldest first, by when to answer, and what became of it.

    Each is waiting, accepted, declined or timed-out. A tick above 0 tells that another vendor had the request
    before you and did not take it.

        vendor assignments --waiting
    """

    async def show() -> None:
        async with client_of(home_at(home), passphrase_file) as client:
            currency = (await client.descriptor()).currency
            found = [
                given
                async for given in client.my_assignments()
                if not waiting or given.state == "waiting"
            ]
        if json:
            console.print_json([_as_json(given) for given in found])
            return
        rows = [
            (
                given.digest[:SHORT],
                given.assignment.day,
                given.assignment.tick,
                given.request.need.title,
                given.request.need.quantity,
                format_amount(given.assignment.amount, currency),
                given.answer_by,
                given.state,
            )
            for given in found
        ]
        heads = ("assignment", "day", "tick", "need", "qty", "price", "answer by", "state")
        console.out.print(console.table(heads, rows))

    console.run(show())


def accept(
    digests: Digests = None,
    *,
    everything: Annotated[
        bool, typer.Option("--all", help="Accept everything that waits for your answer.")
    ] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Accept assignments: you will fulfil them, and nothing takes them from you again.

    Each acceptance carries a fresh key, to which the customer seals what only you may read.

        vendor accept 3fJk2

        vendor accept --all
    """
    _check(digests, everything)
    place = home_at(home)

    async def send() -> list[AnswerResult]:
        async with client_of(place, passphrase_file) as client:
            chosen = await _chosen(client, digests)
            results = await client.accept([given.digest for given in chosen])
            with place.ledger() as ledger:
                note(ledger, chosen)
            return results

    _tell(console.run(send()), "accepted", json)


def decline(
    digests: Digests = None,
    *,
    reason: Annotated[str, typer.Option(help="A word to the market; it is public.")] = "",
    everything: Annotated[
        bool, typer.Option("--all", help="Decline everything that waits for your answer.")
    ] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Decline assignments: each goes to the next in line, and counts against you.

    The unit of capacity is used up for that date all the same. Not to answer
    counts as much, and keeps the customer waiting.

        vendor decline 3fJk2 --reason "Sold at the counter."
    """
    _check(digests, everything)
    place = home_at(home)

    async def send() -> list[AnswerResult]:
        async with client_of(place, passphrase_file) as client:
            chosen = await _chosen(client, digests)
            results = await client.decline([given.digest for given in chosen], reason or None)
            taken = {one.assignment for one in results if one.status != "refused"}
            with place.ledger() as ledger:
                note_declined(ledger, [given for given in chosen if given.digest in taken])
            return results

    _tell(console.run(send()), "declined", json)


def _check(digests: Sequence[str] | None, everything: bool) -> None:
    if bool(digests) == everything:
        console.fail("Name assignments, or give --all.")


async def _chosen(client: VendorClient, digests: Sequence[str] | None) -> list[OwnAssignment]:
    """The assignments that were named; all that wait if none was."""
    given = {one.digest: one async for one in client.my_assignments()}
    if digests is None:
        return [one for one in given.values() if one.state == "waiting"]
    return [given[one_of(digest, list(given), "assignment")] for digest in digests]


def _tell(results: list[AnswerResult], what: str, as_json: bool) -> None:
    if as_json:
        console.print_json(results)
    else:
        for one in results:
            if one.status != "refused":
                console.say(f"{what}: {console.plain(one.assignment or '')}")
        if not results:
            console.note(NOTHING)
    for why in failures(results):
        console.note(f"vendor: {console.plain(why)}")
    if any(one.status == "refused" for one in results):
        raise typer.Exit(console.REFUSED)


def _as_json(given: OwnAssignment) -> dict[str, object]:
    return {
        "digest": given.digest,
        "state": given.state,
        "answer_by": given.answer_by,
        "assignment": given.assignment,
        "request": given.request,
    }
