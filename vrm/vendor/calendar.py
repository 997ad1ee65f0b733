"""When a request is decided: the first cutoff far enough from its publication."""

from datetime import UTC, datetime, time, timedelta
from itertools import count
from zoneinfo import ZoneInfo

from vrm.documents import Schedule


def decided_at(schedule: Schedule, published: datetime) -> datetime:
    """Tell the instant (UTC) of the first cutoff at least the minimum open time after a publication.

    Cutoffs are local times: where clocks go forward over one it falls that much later, where they go back
    the first of the two counts (PEP 495, fold 0).
    """
    zone = ZoneInfo(schedule.time_zone)
    earliest = published + timedelta(minutes=schedule.minimum_open_minutes)
    times = sorted(time.fromisoformat(text) for text in schedule.cutoffs)
    first_date = earliest.astimezone(zone).date()
    cutoffs = (
        datetime.combine(first_date + timedelta(days=days), at, tzinfo=zone).astimezone(UTC)
        for days in count()
        for at in times
    )
    return next(cutoff for cutoff in cutoffs if cutoff >= earliest)
