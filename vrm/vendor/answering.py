"""Answering assignments: what was won is accepted as soon as the stock has it, if the rules say so.

A tick of the cascade may give the vendor a request whose bid had lost: the next in line is asked when the
first one fails. So this looks at all assignments that wait, not at the runs, and corrects the ledger by them.
It never declines: what the stock does not have is told, and a person decides.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import AnswerResult, OwnAssignment
from vrm.vendor.bidder import Commitment, Desk
from vrm.vendor.ledger import Entry, Ledger, State
from vrm.vendor.stock import StockItem

ASSIGNMENTS: Final = "assignments"
"""The mark that holds the cursor before the first assignment that waits."""


@dataclass(frozen=True)
class Unanswered:
    """An assignment that the program leaves to a person, and why."""

    assignment: str
    title: str
    answer_by: str
    because: str


@dataclass
class Answered:
    """What a look at the assignments came to."""

    accepted: int = 0
    refused: int = 0
    left: Sequence[Unanswered] = ()


async def answer(client: VendorClient, ledger: Ledger, desk: Desk) -> Answered:
    """Go over the vendor's assignments, accept what waits and is there, and bring the ledger up to date."""
    result = Answered()
    left: list[Unanswered] = []
    cursor = ledger.mark(ASSIGNMENTS) or None
    settled, more = True, True
    while more:
        page, cursor, more = await client.assignments_page(cursor)
        note(ledger, page)
        waiting = [given for given in page if given.state == "waiting"]
        ready = []
        for given in waiting:
            because = _obstacle(ledger, desk, given)
            if because is None:
                ready.append(given.digest)
            else:
                left.append(
                    Unanswered(given.digest, given.request.need.title, given.answer_by, because)
                )
        answers = await client.accept(ready) if ready else []
        result.accepted += sum(one.status == "accepted" for one in answers)
        result.refused += sum(one.status == "refused" for one in answers)
        settled = settled and len(ready) == len(waiting)
        if settled:
            ledger.prepare([], **{ASSIGNMENTS: cursor or ""})
    result.left = left
    return result


def note(ledger: Ledger, assignments: Sequence[OwnAssignment]) -> None:
    """Bring the ledger's bids up to date with what became of their assignments."""
    now = datetime.now(UTC)
    entries = {
        entry.digest: entry
        for entry in ledger.holding(given.assignment.bid for given in assignments)
    }
    changed: list[tuple[str, State, str]] = []
    for given in assignments:
        entry = entries.get(given.assignment.bid)
        holds = given.state in {"waiting", "accepted"}
        state: State = "won" if holds else "lost"
        if entry is not None and entry.state != state:
            changed.append((entry.digest, state, "" if holds else given.state))
    ledger.settle(changed, now)


def note_declined(ledger: Ledger, assignments: Sequence[OwnAssignment]) -> None:
    """Let go of the bids whose assignments the vendor has declined."""
    now = datetime.now(UTC)
    ledger.settle([(given.assignment.bid, "lost", "declined") for given in assignments], now)


def failures(results: Sequence[AnswerResult]) -> list[str]:
    """Why answers were refused, one sentence each."""
    return [
        f"{one.assignment}: {one.problem.detail if one.problem else 'refused'}"
        for one in results
        if one.status == "refused"
    ]


def _obstacle(ledger: Ledger, desk: Desk, given: OwnAssignment) -> str | None:
    need = given.request.need
    if desk.rules.for_category(need.category).accept != "automatic":
        return "your rules leave it to you"
    (entry,) = ledger.holding([given.assignment.bid]) or (None,)
    item = None if entry is None else _article(desk, entry)
    if entry is None or item is None:
        return "the stock has no such article"
    # Its own units are among those won.
    won = ledger.committed(desk.stock.as_of).get(item.key, Commitment()).won
    if won > item.quantity:
        return f"{won} of {item.title} are promised, and {item.quantity} in stock"
    return None


def _article(desk: Desk, entry: Entry) -> StockItem | None:
    return next((item for item in desk.stock.items if item.key == entry.stock), None)
