"""Reading what market days decided, a day again and again until all its vendors have answered.

What is asked for follows from the day's public lists alone, never from the owner's requests, so that two
wallets that are equally old ask for the same:

1. of a day that is new, its run's lists, once: assignments, fallbacks, unfilled requests, Preferences;
2. of each tick that is new, in their order, its lists, once: displaced, assignments, unfilled requests;
3. fallbacks and roll-overs again when a new tick's signed report counts some;
4. the acceptances, as long as there are fewer than assignments that hold.

A day whose assignments are all accepted or displaced is settled, and not read any more. Whole lists come down;
only what is about the owner's requests is kept.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from vrm.client.cascade import Accepted, Displaced, RollOver, Unfilled
from vrm.client.public import PublicClient, Run
from vrm.documents import Assignment, Fallback, RunReport, Signed, TickReport
from vrm.errors import MarketMisbehaved
from vrm.wallet.state import Followed

T = TypeVar("T")


@dataclass(frozen=True)
class Decided:
    """What a run, or a tick, decided of the owner's requests, each by its digest."""

    assignments: Mapping[str, Signed[Assignment]] = field(default_factory=dict)
    unfilled: Mapping[str, Unfilled] = field(default_factory=dict)
    preferences: Mapping[str, str] = field(default_factory=dict)
    """The orders of the bids by which a run decided."""
    displaced: Mapping[str, Displaced] = field(default_factory=dict)
    """What a tick found not to hold."""
    tick: int = 0
    instant: str = ""
    """When a tick took place."""


@dataclass(frozen=True)
class News:
    """What is new of a day for the owner's requests."""

    day: str
    cutoff: str
    seed: str
    """By which the run drew its lots, and its ticks."""
    since: Followed | None
    """How far the day was known; None if it was not."""
    followed: Followed
    """How far it is known now."""
    is_settled: bool
    decided: list[Decided]
    """By the run if the day was not known, and by the new ticks, in their order."""
    fallbacks: Mapping[str, Signed[Fallback]]
    rolled: Mapping[str, RollOver]
    accepted: list[Accepted]


async def read(
    client: PublicClient, run: Run, report: RunReport, since: Followed | None, own: Collection[str]
) -> News:
    """Read what is new of a day.

    Args:
        report: the run's.
        since: how far the day is known, None if it is not.
        own: the digests of the owner's requests.

    Raises:
        MarketMisbehaved: a list does not hold what the market's signed reports count, or what its documents'
            signatures say.
    """
    day = run.day
    ticks = await _ticks(client, day, 0 if since is None else since.tick)
    decided: list[Decided] = []
    holding = 0 if since is None else since.holding
    if since is None:
        first, holding = await _run(client, report, own)
        decided.append(first)
    for tick in ticks:
        then, more = await _tick(client, tick, own)
        decided.append(then)
        holding += more
    ships = any(tick.fallback for tick in ticks) or (since is None and report.fallback > 0)
    leaves = any(tick.unfilled for tick in ticks) or (
        since is None and sum(report.unfilled.values()) > 0
    )
    followed = Followed(day, ticks[-1].tick if ticks else since.tick if since else 0, holding)
    accepted, counted = await _acceptances(client, followed, own)
    return News(
        day=day,
        cutoff=run.cutoff,
        seed=report.seed,
        since=since,
        followed=followed,
        is_settled=counted >= holding,
        decided=decided,
        fallbacks=await _own(client.fallbacks(day), _fallback_of, own) if ships else {},
        rolled=await _own(client.roll_overs(day), lambda one: one.request, own) if leaves else {},
        accepted=accepted,
    )


async def _ticks(client: PublicClient, day: str, known: int) -> list[TickReport]:
    """The reports of the ticks that are new, up to the first one that is not published."""
    reports: list[TickReport] = []
    async for tick in client.ticks(day):
        if tick.report is None:
            break
        reports.append(tick.report.body)
        if tick.tick != len(reports):
            raise MarketMisbehaved(f"The ticks of {day} are not numbered one after the other.")
    if len(reports) < known:
        raise MarketMisbehaved(f"The day {day} had {known} ticks, and now has {len(reports)}.")
    return reports[known:]


async def _run(
    client: PublicClient, report: RunReport, own: Collection[str]
) -> tuple[Decided, int]:
    day = report.day
    assignments, count = await _counted(client.assignments(day), _assignment_of, own)
    _expect(f"assignments of {day}", count, report.assigned)
    preferences = await _own(client.run_preferences(day), lambda one: one.body.request, own)
    decided = Decided(
        assignments=assignments,
        unfilled=await _own(client.unfilled(day), lambda one: one.request, own),
        preferences={request: one.digest for request, one in preferences.items()},
    )
    return decided, count


async def _tick(
    client: PublicClient, report: TickReport, own: Collection[str]
) -> tuple[Decided, int]:
    """What a tick decided, and how many assignments more hold after it, fewer if negative."""
    day, tick = report.day, report.tick
    name = f"of tick {tick} of {day}"
    displaced, lost = await _counted(client.displaced(day, tick), lambda one: one.request, own)
    _expect(f"displaced requests {name}", lost, report.declined + report.timed_out)
    assignments, given = await _counted(client.tick_assignments(day, tick), _assignment_of, own)
    _expect(f"assignments {name}", given, report.assigned)
    decided = Decided(
        assignments=assignments,
        unfilled=await _own(client.tick_unfilled(day, tick), lambda one: one.request, own),
        displaced=displaced,
        tick=tick,
        instant=report.instant,
    )
    return decided, given - lost


async def _acceptances(
    client: PublicClient, followed: Followed, own: Collection[str]
) -> tuple[list[Accepted], int]:
    """The acceptances of the owner's requests, and how many there are of the ticks that were read."""
    accepted: list[Accepted] = []
    counted = 0
    if followed.holding:
        async for entry in client.listed_acceptances(followed.day):
            counted += entry.tick <= followed.tick
            if entry.request in own:
                accepted.append(client.accepted(entry))
    return accepted, counted


async def _own(
    listed: AsyncIterator[T], request_of: Callable[[T], str], own: Collection[str]
) -> dict[str, T]:
    return (await _counted(listed, request_of, own))[0]


async def _counted(
    listed: AsyncIterator[T], request_of: Callable[[T], str], own: Collection[str]
) -> tuple[dict[str, T], int]:
    """What of a list is about the owner's requests, and how long it is."""
    found: dict[str, T] = {}
    count = 0
    async for one in listed:
        count += 1
        if request_of(one) in own:
            found[request_of(one)] = one
    return found, count


def _expect(what: str, listed: int, counted: int) -> None:
    if listed != counted:
        raise MarketMisbehaved(
            f"The market's report counts {counted} {what}, and it lists {listed}."
        )


def _assignment_of(one: Signed[Assignment]) -> str:
    return one.body.request


def _fallback_of(one: Signed[Fallback]) -> str:
    return one.body.request
