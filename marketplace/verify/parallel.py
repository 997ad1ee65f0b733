"""Verifying batches of documents in several processes, in order and in bounded memory."""

import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Final

from marketplace.bundle.lines import RatingLine, kind_of
from marketplace.errors import MarketError
from marketplace.verify import rating_rows
from marketplace.verify.documents import CHECKS, Checked
from marketplace.verify.reading import Batch

AHEAD = 4
"""How many batches for each process are under way."""
SMALL = 4 << 20
"""Bytes of a bundle for which starting processes takes longer than they save."""


_CHECKS: Final[dict[str, Callable[[Batch, str], Checked]]] = CHECKS | {
    kind_of(RatingLine): rating_rows.check_rows
}


def check(batch: Batch, market: str) -> Checked:
    """Verify the documents of a batch of lines that a day has many of.

    Raises:
        BundleFault: a line is not of its kind's form.
    """
    return _CHECKS[batch.kind](batch, market)


def processes_for(size: int) -> int:
    """How many processes should verify a bundle of so many bytes."""
    return 1 if size < SMALL else len(os.sched_getaffinity(0))


def checked(
    batches: Iterator[Batch], market: str, processes: int
) -> Iterator[tuple[Batch, Checked | None]]:
    """The batches in their order, those of kinds that a day has many of with what came of verifying them.

    Raises:
        BundleFault: a line is malformed.
        MarketError: a process died.
    """
    if processes == 1:
        for batch in batches:
            yield batch, check(batch, market) if batch.kind in _CHECKS else None
        return
    under_way: deque[tuple[Batch, Future[Checked] | None]] = deque()
    # Started afresh: what a thread of this process holds at a fork would be held there for ever.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as pool:
        try:
            for batch in batches:
                future = pool.submit(check, batch, market) if batch.kind in _CHECKS else None
                under_way.append((batch, future))
                while len(under_way) > AHEAD * processes:
                    yield _result(*under_way.popleft())
            while under_way:
                yield _result(*under_way.popleft())
        except BrokenProcessPool:
            raise MarketError("A process that verified signatures died.") from None
        finally:
            pool.shutdown(cancel_futures=True)


def _result(batch: Batch, future: "Future[Checked] | None") -> tuple[Batch, Checked | None]:
    return batch, None if future is None else future.result()
