"""The market's calendar, on ordinary days and in the nights when the clocks change."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clock import seconds
from vrm.documents import Schedule
from vrm.documents.calendar import Calendar, day_name

ZONES = ["UTC", "Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Pacific/Kiritimati"]


def calendar(**changes: Any) -> Calendar:
    facts: dict[str, Any] = {
        "time_zone": "Europe/Vienna",
        "cutoffs": ("18:00",),
        "bids_close_minutes": 60,
        "minimum_open_minutes": 720,
        "batch_seconds": 3600,
        "batch_minimum": 1,
        "acknowledge_minutes": 1440,
        "tick_minutes": 15,
        "roll_over_days": 7,
    }
    return Calendar(Schedule(**(facts | changes)))


local_times = st.times().map(lambda at: at.strftime("%H:%M"))
calendars = st.builds(
    calendar,
    time_zone=st.sampled_from(ZONES),
    cutoffs=st.lists(local_times, min_size=1, max_size=4, unique=True).map(
        lambda times: tuple(sorted(times))
    ),
    bids_close_minutes=st.integers(0, 1440),
    minimum_open_minutes=st.integers(0, 3 * 1440),
    batch_seconds=st.sampled_from([1, 60, 900, 3600, 86_400]),
)
instants = st.one_of(
    st.integers(seconds("2026-01-01T00:00:00Z"), seconds("2028-01-01T00:00:00Z")),
    # Around the nights when the clocks change in Vienna and in New York.
    *(
        st.integers(seconds(f"{day}T00:00:00Z"), seconds(f"{day}T23:59:59Z"))
        for day in ("2026-03-08", "2026-03-29", "2026-10-25", "2026-11-01")
    ),
)


@settings(max_examples=300, deadline=None)
@given(calendars, instants)
def test_the_next_cutoff_is_the_first_that_is_not_earlier(one: Calendar, instant: int) -> None:
    cutoff = one.cutoff_at_or_after(instant)
    assert instant <= cutoff <= instant + 25 * 3600
    assert one.cutoff_at_or_after(cutoff) == cutoff
    if cutoff > instant:
        assert one.cutoff_at_or_after(cutoff - 1) == cutoff


@settings(max_examples=200, deadline=None)
@given(calendars, instants)
def test_every_local_date_has_each_cutoff_once(one: Calendar, instant: int) -> None:
    day = one.local_date(instant)
    start = int(datetime.combine(day, datetime.min.time(), one.zone).timestamp())
    end = int(datetime.combine(day + timedelta(days=1), datetime.min.time(), one.zone).timestamp())
    found, at = [], start
    while (at := one.cutoff_at_or_after(at)) < end:
        found.append(at)
        at += 1
    # Where the clocks jump over a cutoff it may meet the next one.
    jumped = end - start != 86_400
    assert len(found) == len(one.schedule.cutoffs) or (jumped and found)
    if not jumped:
        written = [datetime.fromtimestamp(at, one.zone).strftime("%H:%M") for at in found]
        assert written == list(one.schedule.cutoffs)


@settings(max_examples=300, deadline=None)
@given(calendars, instants)
def test_what_is_published_can_be_bid_on(one: Calendar, instant: int) -> None:
    cutoff = one.joins(instant)
    assert cutoff - instant >= one.schedule.minimum_open_minutes * 60
    assert one.bids_close(cutoff) > instant
    earlier = one.cutoff_at_or_after(instant)
    while earlier < cutoff:
        too_early = earlier - instant < one.schedule.minimum_open_minutes * 60
        assert too_early or one.bids_close(earlier) <= instant
        earlier = one.cutoff_at_or_after(earlier + 1)


@settings(max_examples=300, deadline=None)
@given(calendars, instants, st.integers(0, 86_400))
def test_a_promise_names_a_batch_instant_to_come(one: Calendar, arrival: int, later: int) -> None:
    promised = one.publish_by(arrival)
    assert promised > arrival
    assert promised % one.schedule.batch_seconds == 0
    cutoff = one.cutoff_at_or_after(arrival + one.schedule.batch_seconds)
    assert promised <= cutoff
    # The same for all that arrives until then, so that it tells no time of arrival.
    if arrival + later + one.schedule.batch_seconds <= cutoff:
        assert one.publish_by(arrival + later) == promised


NIGHTS = [
    # 02:30 does not exist: the cutoff falls an hour later by the clock, 01:30 in UTC.
    ("Europe/Vienna", "02:30", "2026-03-29", "2026-03-29T01:30:00Z"),
    ("America/New_York", "02:30", "2026-03-08", "2026-03-08T07:30:00Z"),
    # 02:30 (01:30) occurs twice: the first counts.
    ("Europe/Vienna", "02:30", "2026-10-25", "2026-10-25T00:30:00Z"),
    ("America/New_York", "01:30", "2026-11-01", "2026-11-01T05:30:00Z"),
    # The evenings before and after keep their local time.
    ("Europe/Vienna", "18:00", "2026-03-28", "2026-03-28T17:00:00Z"),
    ("Europe/Vienna", "18:00", "2026-03-29", "2026-03-29T16:00:00Z"),
    ("America/New_York", "18:00", "2026-10-31", "2026-10-31T22:00:00Z"),
    ("America/New_York", "18:00", "2026-11-01", "2026-11-01T23:00:00Z"),
]


@pytest.mark.parametrize(("zone", "cutoff", "day", "instant"), NIGHTS)
def test_nights_when_the_clocks_change(zone: str, cutoff: str, day: str, instant: str) -> None:
    one = calendar(time_zone=zone, cutoffs=(cutoff,))
    start = datetime.combine(date.fromisoformat(day), datetime.min.time(), ZoneInfo(zone))
    assert one.cutoff_at_or_after(int(start.astimezone(UTC).timestamp())) == seconds(instant)


def test_days_are_named_by_their_date_and_number() -> None:
    named = [day_name(date(2026, 11, 21), nth) for nth in (1, 2, 12)]
    assert named == ["2026-11-21", "2026-11-21#2", "2026-11-21#12"]
