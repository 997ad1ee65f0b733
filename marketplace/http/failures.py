"""Failures while an anonymous call is answered: logged a random while later, since a line has its own time.

Whoever reads the log, or the service manager that stamps it, would otherwise learn when a call came.
"""

import asyncio
import random
from typing import Any

import structlog

log = structlog.get_logger()


class Failures:
    """Failures that wait to be logged; ``longest`` is the most seconds that one waits."""

    def __init__(self, longest: float) -> None:
        self._longest = longest
        self._waiting: dict[asyncio.TimerHandle, dict[str, Any]] = {}

    def log_later(self, told: dict[str, Any]) -> None:
        """Log a failure after a random while; call it in an event loop."""
        loop, pause = asyncio.get_running_loop(), random.SystemRandom().uniform(0, self._longest)

        def log_now() -> None:
            log.error("internal_error", **self._waiting.pop(handle))

        handle = loop.call_later(pause, log_now)
        self._waiting[handle] = told

    def flush(self) -> None:
        """Log what waits, in no order of time: the process ends."""
        for handle in self._waiting:
            handle.cancel()
        for told in sorted(self._waiting.values(), key=repr):
            log.error("internal_error", **told)
        self._waiting.clear()
