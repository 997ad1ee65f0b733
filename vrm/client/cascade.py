"""What anybody may read of a day's cascade: what vendors accepted, what did not hold, and where it went."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Literal
from urllib.parse import quote

import msgspec

from vrm.client.base import MarketClient
from vrm.documents import Acceptance, Assignment, Decline, Signed, TickReport
from vrm.documents.scalars import Instant, UnfilledReason
from vrm.errors import MarketMisbehaved

Lost = Literal["declined", "timed-out"]


class Unfilled(msgspec.Struct, frozen=True):
    """A request that a run or tick gave to nobody, and why."""

    request: str
    reason: UnfilledReason


class TickPlace(msgspec.Struct, frozen=True):
    """What a place could still take at a tick."""

    vendor: str
    place: str
    units: int
    leads: int
    """On how many requests its vendor could still lead, as a newcomer."""


class RollOver(msgspec.Struct, frozen=True):
    """A request that a day left unfilled and that joined a later cutoff."""

    request: str
    tick: int
    cutoff: Instant


@dataclass(frozen=True)
class Tick:
    """One tick of a day's cascade; the report comes with its publication."""

    tick: int
    instant: str
    stage: str
    report: Signed[TickReport] | None


@dataclass(frozen=True)
class Displaced:
    """A request whose assignment of the tick `assigned_at` (0: the run) did not hold."""

    request: str
    assigned_at: int
    bid: str
    vendor: str
    reason: Lost
    decline: Signed[Decline] | None


@dataclass(frozen=True)
class Accepted:
    """A vendor's acceptance of an assignment of a run (tick 0) or of a later tick."""

    request: str
    tick: int
    disclose_by: Instant
    """Until when its customer must say whom to deliver to."""
    acceptance: Signed[Acceptance]


class _TickEntry(msgspec.Struct, frozen=True):
    tick: int
    instant: Instant
    stage: str
    report: msgspec.Raw


class _DisplacedEntry(msgspec.Struct, frozen=True):
    request: str
    assigned_at: int
    bid: str
    vendor: str
    reason: Lost
    decline: msgspec.Raw


class Listed(msgspec.Struct, frozen=True):
    """An acceptance as it is listed, its signature not verified yet."""

    request: str
    tick: int
    disclose_by: Instant
    document: msgspec.Raw


class CascadeClient(MarketClient):
    """A reader of what followed on a run."""

    async def ticks(self, day: str) -> AsyncIterator[Tick]:
        """Walk the ticks of a day at which something was displaced, oldest first."""
        await self.descriptor()
        async for entry in self.each(run_path(day, "ticks"), _TickEntry):
            raw = bytes(entry.report)
            report = None if raw == b"null" else self.by_market(raw, TickReport)
            if report is not None and (report.body.day, report.body.tick) != (day, entry.tick):
                raise MarketMisbehaved("A tick's report is of another tick.")
            yield Tick(entry.tick, entry.instant, entry.stage, report)

    async def displaced(self, day: str, tick: int) -> AsyncIterator[Displaced]:
        """Walk what a tick displaced, by request; each Decline is signed by the vendor."""
        async for entry in self.each(tick_path(day, tick, "displaced"), _DisplacedEntry):
            raw = bytes(entry.decline)
            decline = None if raw == b"null" else self.verified(raw, Decline)
            if (decline is not None) != (entry.reason == "declined") or (
                decline is not None and decline.body.vendor != entry.vendor
            ):
                raise MarketMisbehaved("A vendor is said to have declined without its word.")
            yield Displaced(
                entry.request, entry.assigned_at, entry.bid, entry.vendor, entry.reason, decline
            )

    def tick_places(self, day: str, tick: int) -> AsyncIterator[TickPlace]:
        """Walk what places could still take at a tick."""
        return self.each(tick_path(day, tick, "places"), TickPlace)

    async def tick_assignments(self, day: str, tick: int) -> AsyncIterator[Signed[Assignment]]:
        """Walk a tick's assignments by request, each signed by the market."""
        await self.descriptor()
        async for raw in self.each(tick_path(day, tick, "assignments"), msgspec.Raw):
            assignment = self.by_market(bytes(raw), Assignment)
            if (assignment.body.day, assignment.body.tick) != (day, tick):
                raise MarketMisbehaved("An assignment is of another tick.")
            yield assignment

    def tick_unfilled(self, day: str, tick: int) -> AsyncIterator[Unfilled]:
        """Walk the requests that a tick gave to nobody."""
        return self.each(tick_path(day, tick, "unfilled"), Unfilled)

    async def acceptances(self, day: str) -> AsyncIterator[Accepted]:
        """Walk the acceptances of a day's assignments, by request, each signed by whom it names."""
        async for entry in self.listed_acceptances(day):
            yield self.accepted(entry)

    def listed_acceptances(self, day: str) -> AsyncIterator[Listed]:
        """Walk the same list for those who look for a few of them: `accepted` verifies one."""
        return self.each(run_path(day, "acceptances"), Listed)

    def accepted(self, entry: Listed) -> Accepted:
        """Verify one listed acceptance.

        Raises:
            MarketMisbehaved: it is none, or its proof does not hold.
        """
        acceptance = self.verified(bytes(entry.document), Acceptance)
        return Accepted(entry.request, entry.tick, entry.disclose_by, acceptance)

    def roll_overs(self, day: str) -> AsyncIterator[RollOver]:
        """Walk the requests of a day that joined a later cutoff."""
        return self.each(run_path(day, "roll-overs"), RollOver)


def run_path(day: str, part: str = "") -> str:
    """The address of a run, or of a part of it."""
    path = f"/runs/{quote(day, safe='')}"
    return f"{path}/{part}" if part else path


def tick_path(day: str, tick: int, part: str) -> str:
    """The address of a part of a tick."""
    return run_path(day, f"ticks/{tick}/{part}")
