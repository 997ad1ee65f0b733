"""Several calls in turn, of which one that fails keeps none of the others back.

Nor does one that gets no answer: a market that fails the calls of one pseudonym would else see which others
fall silent, and know that they are the same person's.
"""

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

from vrm.errors import VrmError

T = TypeVar("T")


async def in_turn(calls: Iterable[Callable[[], Awaitable[T]]]) -> list[T]:
    """Make calls one after the other; answers what those gave that did not fail.

    Raises:
        VrmError: the first failure, once all calls are made.
    """
    done: list[T] = []
    troubles: list[VrmError] = []
    for call in calls:
        try:
            done.append(await call())
        except VrmError as error:
            troubles.append(error)
    if troubles:
        raise troubles[0]
    return done
