"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime

from vrm.documents.scalars import parse_instant

START = "2026-11-20T08:00:10Z"
"""A Friday morning; ten seconds after a batch instant, so that nothing is due at the start."""


class SetClock:
    """Seconds since the epoch, as `marketplace.db.Clock` gives them. Threads may share it."""

    def __init__(self, at: str = START) -> None:
        self.now = seconds(at)

    def __call__(self) -> float:
        return float(self.now)

    def set(self, instant: int | str) -> None:
        """Move to an instant, also backwards."""
        self.now = seconds(instant) if isinstance(instant, str) else instant

    def advance(self, by: int) -> None:
        """Move on by some seconds."""
        self.now += by

    def __repr__(self) -> str:
        return f"SetClock({datetime.fromtimestamp(self.now, UTC).isoformat()})"


def seconds(instant: str) -> int:
    """Read an `Instant` as seconds since the epoch."""
    return int(parse_instant(instant).timestamp())
