"""How the demo's vendors stand from day to day, and what that changes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import httpx

from marketplace.demo.lists import every, run_path

Standings = Mapping[str, "Standing"]


@dataclass(frozen=True)
class Standing:
    """A vendor's reputation, as the market explains it."""

    name: str
    band: int
    pieces: int
    sentence: str


def standings(url: str) -> dict[str, Standing]:
    """All vendors' reputations now, by did:key."""
    with httpx.Client(base_url=url) as client:
        return {
            row["vendor"]: Standing(
                row["name"],
                row["band"],
                row["evidence"]["good"] + row["evidence"]["bad"],
                row["reputation"],
            )
            for row in every(client, "/vendors")
            if not row["suspended"]
        }


def changes(before: Standings, after: Standings) -> str:
    """How many vendors rose and fell in band, in a sentence."""
    both = before.keys() & after.keys()
    rose = sum(after[did].band > before[did].band for did in both)
    fell = sum(after[did].band < before[did].band for did in both)
    heard = sum(after[did].pieces > before[did].pieces for did in both)
    return f"There is new evidence about {heard} vendors: {rose} rose in band, {fell} fell."


def fallen(before: Standings, after: Standings) -> dict[str, Standing]:
    """The vendors that fell, as they stood before."""
    both = before.keys() & after.keys()
    return {did: before[did] for did in sorted(both) if after[did].band < before[did].band}


def passed_over(url: str, day: str, fell: Mapping[str, Standing]) -> list[list[str]]:
    """The story of a request with a nearer bid of a vendor that fell on the day before, if there is one."""
    with httpx.Client(base_url=url) as client:
        return list(islice(_lost_nearby(client, run_path(day), fell), 1))


def _lost_nearby(
    client: httpx.Client, run: str, fell: Mapping[str, Standing]
) -> Iterator[list[str]]:
    titles = {
        row["request"]: row["document"]["need"]["title"] for row in every(client, f"{run}/requests")
    }
    for given in every(client, f"{run}/assignments"):
        if not given["reserve"]:
            continue
        path = f"{run}/requests/{given['request']}"
        answer = client.get(path).raise_for_status().json()
        for one in answer["candidates"]:
            if one["vendor"] in fell and _would_have_won(one, given, fell[one["vendor"]]):
                yield [
                    titles[given["request"]],
                    f"{one['name']} is nearer ({one['distance_m'] / 1000:.1f} km) and fell from band "
                    f"{fell[one['vendor']].band} to {one['band']} since the day before.",
                    *answer["sentences"][:3],
                ]


def _would_have_won(
    candidate: Mapping[str, Any], given: Mapping[str, Any], before: Standing
) -> bool:
    """Whether a nearer bid is behind the one that won because of its vendor's band, and was not before."""
    is_behind = candidate["rank"] is not None and candidate["rank"] > given["rank"]
    is_nearer = candidate["distance_m"] < given["distance_m"] - 1000
    return is_behind and is_nearer and candidate["band"] < given["band"] <= before.band
