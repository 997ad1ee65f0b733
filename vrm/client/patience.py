"""How a client takes bad answers: which to believe, which to ask again for, and how long to wait."""

import random
from typing import Final

import httpx
import msgspec

from vrm.errors import MarketRefused, MarketUnreachable

LONGEST_PAUSE: Final = 10.0
"""Seconds that a market may ask this client to wait before it tries again."""

BUSY: Final = frozenset((429, 502, 503, 504))
"""Statuses that say: later. A call that meets one is worth making again."""


PROBLEM: Final = "application/problem+json"


class _Problem(msgspec.Struct, frozen=True):
    code: str
    title: str = ""
    detail: str = ""
    field: str | None = None


def problem_of(answer: httpx.Response, *, again: bool) -> MarketRefused | MarketUnreachable:
    """Read what is not a good answer: a refusal with its code (RFC 9457), or no market's answer at all.

    A proxy on the way may refuse in JSON too; only a problem document with a code is the market's own word.
    ``again`` says that the call was tried before, and `MarketRefused.unsure` keeps it.
    """
    status = answer.status_code
    media_type = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        if media_type != PROBLEM:
            raise msgspec.DecodeError(media_type)
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return MarketUnreachable(f"{answer.url.host} answered {status}, not as a market would.")
    if status >= 500 and status not in BUSY:
        return MarketUnreachable(f"The market failed ({status}): {problem.detail or problem.title}")
    refusal = MarketRefused(problem.code, problem.title, problem.detail, status, problem.field)
    refusal.unsure = again
    return refusal


def pause_after(attempt: int) -> float:
    """Seconds before the next attempt: doubling, and uneven so that clients do not march in step."""
    return 0.1 * 2.0**attempt * (0.5 + random.random())  # noqa: S311 - nothing secret hangs on it


def wished_pause(answer: httpx.Response) -> float:
    """Seconds that the market asks for (RFC 9110, section 10.2.3), and at random up to as many again, or all
    whom it told the same would come back at once; a date is taken as no wish."""
    wish: str = answer.headers.get("retry-after", "")
    seconds = float(wish) if wish.isascii() and wish.isdigit() else 0.0
    return seconds * (1 + random.random())  # noqa: S311 - nothing secret hangs on it
