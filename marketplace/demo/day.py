"""One of the demo's market days, from the first post to the file that anybody can verify."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from marketplace.bundle.source import save
from marketplace.demo.clock import await_batch, hold_next_tick
from marketplace.demo.lists import (
    await_announcements,
    await_publication,
    await_ratings,
    published,
    rated,
)
from marketplace.demo.stage import Stage
from marketplace.demo.standing import Standings, changes, fallen, passed_over, standings
from marketplace.demo.telling import stories
from marketplace.runs import operation
from marketplace.vendors import service as vendors
from marketplace.verify.checking import verify
from vrm import console

RUN_PATIENCE = 600.0
"""Seconds."""


@dataclass(frozen=True)
class Played:
    """A day that was played: what came of it, what it looked like, and what was found wrong with it."""

    day: str
    summary: dict[str, Any]
    verdict: dict[str, Any]
    told: list[list[str]]
    after: Standings
    """The vendors' reputations when all of its evidence was in."""
    posted: dict[str, Any]
    faults: list[str]


FOLLOWED = ("accepted", "declined", "timed_out", "placed_again", "shipped")
"""What became of the assignments, as the referee counts it."""


def play_day(
    stage: Stage, number: int, requests: int, seed: int, history: Sequence[Standings]
) -> Played:
    """Play a day, close it, let its vendors answer, and have it judged.

    Args:
        number: which of the demo's days, from 1.
        requests: how many customers post, who are new.
        history: the vendors' reputations before the first day and after each day since.

    Raises:
        MarketError: a player failed.
    """
    started = time.monotonic()
    words = ("--count", requests, "--seed", seed + number - 1, "--day", number)
    before = published(stage.url)
    posted = stage.play("customers", *words)
    await_publication(stage.url, before[0] + posted["requests"], before[1] + posted["withdrawn"])
    say(f"{posted['requests']} requests are on the board, {posted['withdrawn']} taken back.")
    bidding = stage.play("vendors", "--phase", "bid")
    await_batch(stage)
    chosen = stage.play("customers", "--phase", "prefer", *words)
    say(
        f"{bidding['bids']} bids are in, and {chosen['preferred']} customers have put theirs into an order of "
        "their own. The operator closes the day."
    )
    asyncio.run(_suspend(stage, bidding["to_suspend"]))
    report = asyncio.run(operation.resolve_now(stage.market, RUN_PATIENCE))
    day = report["day"]
    _play_cascade(stage, day)
    followed = _follow(stage, number)
    verdict = stage.judge("referee", "--market", stage.url, "--day", day, "--json")
    bundle = stage.home / f"{day}.bundle"
    asyncio.run(_save(stage, day, bundle))
    faults = [*verdict["faults"], *_faults_of(bundle)]
    summary = {
        "requests": report["requests"],
        "bids": report["bids"],
        "assigned": report["assigned"],
        "fallback": report["fallback"],
        "items_served_nearby": verdict.get("items_served_nearby"),
        "unfilled": report["unfilled"],
        **{name: verdict.get(name) for name in FOLLOWED},
        **followed,
        "median_km": verdict.get("median_km"),
        "bundle": str(bundle),
        "verified": not faults,
        "seconds": round(time.monotonic() - started, 1),
    }
    after = standings(stage.url)
    say(changes(history[-1], after))
    told = stories(stage.url, day)
    if number > 1:
        told = passed_over(stage.url, day, fallen(*history[-2:]))
    return Played(day, summary, verdict, told, after, posted, faults)


def _follow(stage: Stage, number: int) -> dict[str, int]:
    """Let some assignments go on to their end: told where to, written about, shipped, received, rated."""
    day = ("--day", number)
    before = rated(stage.url)
    told = stage.play("customers", "--phase", "tell", *day)
    await_batch(stage)
    shipped = stage.play("vendors", "--phase", "deliver")
    await_batch(stage)
    received = stage.play("customers", "--phase", "receive", *day)
    praised = stage.play("vendors", "--phase", "rate")
    await_batch(stage)
    await_ratings(stage.url, before + received["rated"])
    say(
        f"{told['told']} customers tell their vendors where to deliver; {shipped['shipped']} orders are "
        f"shipped, {received['received']} received. {received['rated']} customers rate their vendors, and "
        f"{praised['rated']} are rated by them."
    )
    return {
        "disclosed": told["told"],
        "messages": told["wrote"] + shipped["wrote"],
        "delivered": shipped["shipped"],
        "received": received["received"],
        "ratings": received["rated"] + praised["rated"],
    }


def say(line: str) -> None:
    """Tell whoever watches how far the play is."""
    console.note(line)


def _play_cascade(stage: Stage, day: str) -> None:
    """Let vendors answer, and hold tick after tick of the day, until nothing waits for an answer."""
    held = -1
    while True:
        ticks = await_announcements(stage.url, day)
        if ticks > held:
            said = stage.play("vendors", "--phase", "answer")
            say(f"Vendors accept {said['accepted']} assignments and decline {said['declined']}.")
            held = ticks
        instant = hold_next_tick(stage)
        if instant is None:
            return
        say(f"The clock goes on to {instant}.")


async def _suspend(stage: Stage, dids: list[str]) -> None:
    """Let the operator suspend vendors that have bid, so that some requests have no eligible bid."""
    market = stage.market()
    try:
        for did in dids:
            await vendors.suspend(market, did, "Goods that do not exist (part of the demo)")
    finally:
        await market.db.dispose()


async def _save(stage: Stage, day: str, bundle: Path) -> None:
    market = stage.market()
    try:
        await save(market, day, bundle)
    finally:
        await market.db.dispose()


def _faults_of(bundle: Path) -> list[str]:
    """Verify the day from its bundle alone."""
    with bundle.open("rb") as file:
        found = verify(file, processes=1, progress=lambda *_: None).day.findings
    return [f"{fault.step}: {fault.subject}: {fault.detail}" for fault in found.faults]
