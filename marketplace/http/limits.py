"""How many anonymous calls a process takes: so many a second of each route, from all callers together.

Nobody is remembered, since a limit for each caller would be a list of callers. Who is one too many is told the
same as everybody: when to come back, and nothing of how full it is. Each route has a limit of its own, so that
a flood of requests keeps nobody from withdrawing one before the cutoff.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from marketplace.errors import Refused

COME_BACK_AFTER: Final = 4
"""Seconds that a refused caller is told to wait; wallets wait a random while longer."""

BURST_SECONDS: Final = 2
"""A bucket holds the calls of so many seconds."""


@dataclass
class Limits:
    """A token bucket for each route; ``rate`` is in calls a second."""

    rate: int
    clock: Callable[[], float] = time.monotonic
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def admits(self, route: str) -> bool:
        """Take a call on a route, if there is room for it."""
        now, full = self.clock(), float(self.rate * BURST_SECONDS)
        since, level = self._levels.get(route, (now, full))
        level = min(full, level + (now - since) * self.rate)
        admitted = level >= 1
        self._levels[route] = now, level - admitted
        return admitted


def admit_anonymous(
    connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler
) -> None:
    """Litestar's guard of all handlers: refuse an anonymous call that is one too many.

    Raises:
        Refused: there were too many, of whomever.
    """
    limits: Limits = connection.app.state.limits
    if handler.opt.get("anonymous") and not limits.admits(str(handler)):
        raise Refused(
            "too-many",
            "More anonymous calls come than this market takes.",
            headers={"Retry-After": str(COME_BACK_AFTER)},
        )
