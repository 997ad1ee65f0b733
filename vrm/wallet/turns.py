"""Several calls in turn, of which one that fails keeps none of the others back."""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from vrm.errors import MarketUnreachable, VrmError

T = TypeVar("T")


async def in_turn(calls: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Make calls one after the other; answers what those gave that did not fail.

    Raises:
        MarketUnreachable: nobody answers; the rest is left.
        VrmError: the first failure of another kind, once all calls are made.
    """
    done: list[T] = []
    troubles: list[VrmError] = []
    for call in calls:
        try:
            done.append(await call())
        except MarketUnreachable:
            raise
        except VrmError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return done
