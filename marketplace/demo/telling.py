"""Telling about the demo's day: figures, decisions in words, and what to try next."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import httpx
from rich.text import Text

from marketplace.demo.lists import every, run_path
from marketplace.demo.standing import Standings
from vrm import console

LONGEST_STORY = 5
"""Sentences."""


def stories(url: str, day: str) -> list[list[str]]:
    """Decisions in words, each a title and sentences.

    With competition for capacity, without, by a customer's own order, by a brand, and by a tick of the cascade.
    """
    with httpx.Client(base_url=url) as client:
        run = run_path(day)
        assignments = every(client, f"{run}/assignments")
        own = {
            one["request"]: one["document"]["listed"] for one in every(client, f"{run}/preferences")
        }
        chosen = [
            next((a for a in assignments if a["rank"] > 1 and a["reserve"]), None),
            next((a for a in assignments if a["rank"] == 1 and len(a["reserve"]) > 1), None),
            next((a for a in assignments if a["bid"] in own.get(a["request"], [])), None),
            next(iter(every(client, f"{run}/fallbacks")), None),
            next(_placed_again(client, run), None),
        ]
        board = {row["request"]: row["document"] for row in every(client, f"{run}/requests")}
        return [
            [board[decision["request"]]["need"]["title"], *_story(client, run, decision)]
            for decision in {one["request"]: one for one in filter(None, chosen)}.values()
        ]


def _placed_again(client: httpx.Client, run: str) -> Iterator[dict[str, Any]]:
    for tick in every(client, f"{run}/ticks"):
        yield from every(client, f"{run}/ticks/{tick['tick']}/assignments")


def _story(client: httpx.Client, run: str, decision: dict[str, Any]) -> list[str]:
    answer = client.get(f"{run}/requests/{decision['request']}").raise_for_status().json()
    told: list[str] = answer["sentences"]
    if decision["tick"]:
        told = told[:1]
        for tick in answer["ticks"]:
            told += tick["sentences"][:2]
    return told[:LONGEST_STORY]


class Day(Protocol):
    """What is told of a day; see `day.Played`."""

    @property
    def day(self) -> str: ...
    @property
    def summary(self) -> dict[str, Any]: ...
    @property
    def verdict(self) -> dict[str, Any]: ...
    @property
    def told(self) -> list[list[str]]: ...
    @property
    def after(self) -> Standings: ...
    @property
    def posted(self) -> dict[str, Any]: ...


def tell(home: Path, url: str, days: Sequence[Day], seconds: float) -> None:
    """Print it all for a person."""
    columns = [_figures(day.summary, day.verdict) for day in days]
    rows = [[name, *(column.get(name, "0") for column in columns)] for name in columns[0]]
    heads = ["Market day", *(day.day for day in days)]
    console.out.print(console.table(heads, rows))
    for day in days:
        for title, *sentences in day.told:
            _print_story(f"{title} ({day.day})", sentences)
    for title, *sentences in _reputations([day.after for day in days]):
        _print_story(title, sentences)
    console.out.print(Text(f"\n{seconds} seconds. What to try next", style="bold"))
    for line in _next_steps(home, url, days[-1].summary, days[-1].posted):
        console.out.print(Text(f"  {line}"), soft_wrap=True)


def _print_story(title: str, sentences: Sequence[str]) -> None:
    console.out.print(Text(f"\n{title}", style="bold"))
    for sentence in sentences:
        console.out.print(Text(f"  {sentence}"))


def _reputations(days: Sequence[Standings]) -> Iterator[list[str]]:
    """How the vendor that stands best in the end got there, and the one that stands worst."""
    last = days[-1]
    heard = [did for did in last if last[did].pieces]
    ends = [
        max(heard, key=lambda did: (last[did].band, last[did].pieces), default=None),
        min(heard, key=lambda did: (last[did].band, -last[did].pieces), default=None),
    ]
    for did in dict.fromkeys(filter(None, ends)):
        path = ", ".join(str(day[did].band) for day in days)
        yield [f"{last[did].name}: band {path} after each day", last[did].sentence]


def _figures(summary: dict[str, Any], verdict: dict[str, Any]) -> dict[str, str]:
    rows = [
        ("requests", summary["requests"]),
        ("bids", summary["bids"]),
        ("assigned", summary["assigned"]),
        ("brands' items, served nearby", summary["items_served_nearby"]),
        ("brands' items, shipped by the brand", summary["fallback"]),
        *((f"unfilled: {reason}", count) for reason, count in summary["unfilled"].items()),
        ("assigned by the customer's own order", str(verdict.get("by_own_order", 0))),
        ("first choices that were full", f"{verdict.get('first_choices_full', 0):.0%}"),
        ("median distance", "" if summary["median_km"] is None else f"{summary['median_km']} km"),
        ("accepted by their vendors", str(summary["accepted"])),
        ("declined, and not answered in time", _pair(summary, "declined", "timed_out")),
        ("of these placed again, and shipped by brands", _pair(summary, "placed_again", "shipped")),
        (
            "told where to deliver, shipped, received",
            _pair(summary, "disclosed", "delivered", "received"),
        ),
        ("messages, ratings", _pair(summary, "messages", "ratings")),
        ("checked again by the referee", "yes" if verdict["verified"] else "NO"),
        ("verified from its bundle alone", "yes" if summary["verified"] else "NO"),
        ("seconds", summary["seconds"]),
    ]
    return {name: str(value) for name, value in rows}


def _pair(summary: dict[str, Any], *names: str) -> str:
    return ", ".join(str(summary[name]) for name in names)


def _next_steps(home: Path, url: str, summary: dict[str, Any], posted: dict[str, Any]) -> list[str]:
    bin_folder = Path(sys.executable).parent
    market = f"--home {home}/market --passphrase-file {home}/passphrase"
    steps = [
        f"{bin_folder}/market verify {summary['bundle']}",
        f"{bin_folder}/market whatif {summary['bundle']}",
        f"{bin_folder}/market status {market}",
        f"{bin_folder}/market serve {market} --port {url.rpartition(':')[2]}",
        f"    and, while it serves, open {url}/docs or ask a wallet:",
    ]
    brand = f"--home {home}/vendors/brand-1 --passphrase-file {home}/vendors/brand-1/passphrase"
    steps.append(f"{bin_folder}/vendor report {brand}")
    example = posted["example"]
    if example is not None:
        secret = f"--passphrase-file {example['passphrase_file']}"
        steps.append(f"{bin_folder}/vrm requests --home {example['home']} {secret}")
    return steps
