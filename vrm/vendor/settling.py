"""Settling: what the market's runs made of the bids that were open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from vrm.client.public import Run
from vrm.client.vendor import VendorClient
from vrm.documents.scalars import parse_instant
from vrm.vendor.ledger import Entry, Ledger, State

RUN: Final = "run"
DAY: Final = "day"


@dataclass
class Settled:
    """What the runs since the last look came to."""

    runs: int = 0
    won: int = 0
    lost: int = 0


async def settle(client: VendorClient, ledger: Ledger) -> Settled:
    """Learn the outcomes of all runs since the last one settled, oldest first."""
    result = Settled()
    day = (await client.clock()).day
    if day == ledger.mark(DAY):
        return result  # the day that closes next is the same, so nothing has closed
    last = ledger.mark(RUN)
    runs: list[Run] = []
    all_published = True
    async for run in client.runs():
        if run.day == last:
            break
        if run.report is None:
            all_published = False
            continue
        runs.append(run)
    for run in reversed(runs):
        outcomes = await _outcomes(client, run, ledger.in_state("sent"))
        ledger.settle(outcomes, datetime.now(UTC))
        ledger.prepare([], **{RUN: run.day})
        result.runs += 1
        result.won += sum(state == "won" for _, state, _ in outcomes)
        result.lost += sum(state == "lost" for _, state, _ in outcomes)
    if all_published:
        ledger.prepare([], **{DAY: day})
    return result


async def _outcomes(
    client: VendorClient, run: Run, opened: Sequence[Entry]
) -> list[tuple[str, State, str]]:
    """Tell what a run made of open bids."""
    left = {entry.digest: entry for entry in opened}
    outcomes: list[tuple[str, State, str]] = []
    if not left:
        return outcomes
    async for own in client.my_bids(run.day):
        if own.digest not in left:
            continue
        del left[own.digest]
        match own.state:
            case "live":  # it has rolled over to a later day
                continue
            case "declined" | "timed-out":
                outcomes.append((own.digest, "lost", own.state))
            case _:
                outcomes.append((own.digest, "won" if own.state == "won" else "lost", ""))
    # A bid whose time has come and that no run decided stood on a request that was withdrawn.
    due = parse_instant(run.cutoff)
    outcomes += [
        (entry.digest, "lost", "request-withdrawn")
        for entry in left.values()
        if parse_instant(entry.decided_at) <= due
    ]
    return outcomes
