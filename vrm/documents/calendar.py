"""The market's calendar: pure rules over the descriptor's schedule; instants are seconds since the epoch.

A cutoff is a local time. Where the clocks go forward and that time does not exist, the cutoff falls as much
later as the clocks jumped (02:30 becomes 03:30); where they go back and it occurs twice, the first counts.
That is PEP 495's ``fold=0``, and each local date has each cutoff exactly once.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from vrm.documents import Schedule

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class Calendar:
    """Turns a schedule into instants."""

    schedule: Schedule

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.schedule.time_zone)

    def cutoff_at_or_after(self, instant: int) -> int:
        """The first cutoff that is not earlier than an instant."""
        first = self.local_date(instant) - timedelta(days=1)
        cutoffs = sorted({cutoff for day in _days(first, 4) for cutoff in self._cutoffs_of(day)})
        return cutoffs[bisect_left(cutoffs, instant)]

    def joins(self, published_at: int) -> int:
        """The cutoff at which a request published at an instant is resolved."""
        opens_for = max(
            self.schedule.minimum_open_minutes * 60,
            # Nothing is published with its bids closed already.
            self.schedule.bids_close_minutes * 60 + 1,
        )
        return self.cutoff_at_or_after(published_at + opens_for)

    def bids_close(self, cutoff: int) -> int:
        """When bidding ends on what a cutoff resolves."""
        return cutoff - self.schedule.bids_close_minutes * 60

    def batch_at_or_before(self, instant: int) -> int:
        """The last batch instant that is not later than an instant."""
        return instant - instant % self.schedule.batch_seconds

    def publish_by(self, arrival: int) -> int:
        """The last batch instant of the day in which something arrives: what a promise names.

        It is the same for all that arrives between two cutoffs, so it tells no time of arrival.
        """
        cutoff = self.cutoff_at_or_after(arrival + self.schedule.batch_seconds)
        return self.batch_at_or_before(cutoff)

    def tick_at_or_before(self, instant: int) -> int:
        """The last tick instant that is not later than an instant."""
        return instant - instant % self._tick_seconds

    def tick_at_or_after(self, instant: int) -> int:
        """The first tick instant that is not earlier than an instant."""
        return self.tick_at_or_before(instant + self._tick_seconds - 1)

    def tick_after(self, instant: int) -> int:
        """The first tick instant that is later than an instant."""
        return self.tick_at_or_before(instant) + self._tick_seconds

    def rolls_until(self, first_cutoff: int) -> int:
        """The latest cutoff that a request may roll over to, whose first cutoff this is."""
        local = datetime.fromtimestamp(first_cutoff, self.zone)
        # Wall time moves with the date: a cutoff on the last day counts, whatever the clocks did.
        last = local + timedelta(days=self.schedule.roll_over_days)
        return int(last.astimezone(UTC).timestamp())

    def local_date(self, instant: int) -> date:
        """The date in the market's zone."""
        return datetime.fromtimestamp(instant, self.zone).date()

    @property
    def _tick_seconds(self) -> int:
        return self.schedule.tick_minutes * 60

    def _cutoffs_of(self, day: date) -> Iterator[int]:
        for text in self.schedule.cutoffs:
            local = datetime.combine(day, time.fromisoformat(text), self.zone)
            yield int(local.astimezone(UTC).timestamp())


def day_name(local_date: date, nth: int) -> str:
    """Name a market day: the local date of its close, with ``#2`` and so on for the later ones of a date."""
    return local_date.isoformat() + (f"#{nth}" if nth > 1 else "")


def _days(first: date, count: int) -> Iterator[date]:
    return (first + timedelta(days=i) for i in range(count))
