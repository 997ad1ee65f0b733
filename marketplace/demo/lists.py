"""What the demo reads of the market's public lists, as anybody could."""

import time
from typing import Any
from urllib.parse import quote

import httpx

from marketplace.errors import MarketError

PATIENCE_SECONDS = 60.0


def await_publication(url: str, requests: int, withdrawn: int) -> None:
    """Wait until the batches hold what the customers posted, as a wallet would."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if published(url) == (requests, withdrawn):
            return
        time.sleep(0.2)
    raise MarketError("The market did not publish what it promised.")


def published(url: str) -> tuple[int, int]:
    """How many requests, and how many withdrawals, the batches hold so far."""
    with httpx.Client(base_url=url) as client:
        batches = every(client, "/batches")
    return (
        sum(len(batch["requests"]) for batch in batches),
        sum(len(batch["withdrawals"]) for batch in batches),
    )


def await_announcements(url: str, day: str) -> int:
    """Wait until the day's assignments are out, its ticks' too; answers how many ticks there are."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    run = run_path(day)
    with httpx.Client(base_url=url) as client:
        while time.monotonic() < deadline:
            ticks = every(client, f"{run}/ticks")
            stages = [client.get(run).json()["stage"], *(tick["stage"] for tick in ticks)]
            if set(stages) == {"announced"}:
                return len(ticks)
            time.sleep(0.1)
    raise MarketError("The market did not announce what it had decided.")


def await_ratings(url: str, ratings: int) -> None:
    """Wait until so many assignments have ratings that anybody can read."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if rated(url) >= ratings:
            return
        time.sleep(0.5)
    raise MarketError("The market did not open the ratings that are in.")


def rated(url: str) -> int:
    """How many assignments have ratings that anybody can read."""
    with httpx.Client(base_url=url) as client:
        vendors = [row["vendor"] for row in every(client, "/vendors")]
        return sum(len(every(client, f"/vendors/{did}/ratings")) for did in vendors)


def every(client: httpx.Client, path: str) -> list[Any]:
    """Read a list to its end."""
    items: list[Any] = []
    cursor: str | None = None
    while True:
        query = {"limit": 1000} | ({"cursor": cursor} if cursor else {})
        page = client.get(path, params=query).raise_for_status().json()
        items += page["items"]
        cursor = page["next"]
        if cursor is None:
            return items


def run_path(day: str) -> str:
    """The address of a run."""
    return f"/runs/{quote(day, safe='')}"
