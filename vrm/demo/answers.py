"""The demonstration's vendors answer what they were given: accept, decline, or say nothing.

Most leave it to their bidding program, which accepts what the stock has; what it has not, the shopkeeper
declines. A few have sold something at the counter meanwhile and decline it. The vendor that was given most says
nothing at all, so that its time runs out.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from vrm.client.public import PublicClient
from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import OwnAssignment
from vrm.demo.past import Meeting
from vrm.vendor.answering import answer, note_declined
from vrm.vendor.ledger import Ledger
from vrm.vendor.program import Files, read_desk

DECLINING: Final = 4
"""How many vendors decline something that they could supply."""


@dataclass
class Answers:
    """What vendors said to what the run, or the newest tick, had given them."""

    accepted: int = 0
    declined: int = 0


@dataclass(frozen=True)
class Asked:
    """Who is to answer now, by did:key, and which of them have sold something meanwhile."""

    vendors: Collection[str]
    have_sold: Collection[str]


async def asked(meeting: Meeting) -> Asked:
    """Find out who is to answer, from what the newest run and its newest tick have published."""
    async with PublicClient(meeting.url) as client:
        published = [run.day async for run in client.runs() if run.report is not None]
        day = published[0]
        given = Counter([one.body.vendor async for one in client.assignments(day)])
        ticks = [tick.tick async for tick in client.ticks(day) if tick.report is not None]
        ranking = sorted(given, key=lambda vendor: (-given[vendor], vendor))
        if not ticks:
            return Asked(set(ranking[1:]), set(ranking[1 : 1 + DECLINING]))
        now = {one.body.vendor async for one in client.tick_assignments(day, ticks[-1])}
        return Asked(now - set(ranking[:1]), ())


async def answer_all(
    client: VendorClient, ledger: Ledger, files: Files, *, has_sold: bool
) -> Answers:
    """Let one vendor answer all that waits."""
    said = Answers()
    if has_sold:
        waiting = [one async for one in client.my_assignments() if one.state == "waiting"]
        said.declined += await _decline(client, ledger, waiting[:1], "Sold at the counter.")
    answered = await answer(client, ledger, await read_desk(client, ledger, files))
    said.accepted = answered.accepted
    missing = {left.assignment for left in answered.left}
    if missing:
        left = [one async for one in client.my_assignments() if one.digest in missing]
        said.declined += await _decline(client, ledger, left, "More were won than there are.")
    return said


async def _decline(
    client: VendorClient, ledger: Ledger, given: Sequence[OwnAssignment], why: str
) -> int:
    await client.decline([one.digest for one in given], why)
    note_declined(ledger, given)
    return len(given)
