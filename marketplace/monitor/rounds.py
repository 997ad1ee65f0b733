"""One round of a monitor, top to bottom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from marketplace.monitor import days, log
from marketplace.monitor.state import Alarm, Raised, Watched
from vrm.client.log import Head
from vrm.client.public import PublicClient
from vrm.documents import Receipt, Signed
from vrm.documents.scalars import format_instant

GRACE: Final = timedelta(minutes=10)
"""How long after its time a freeze checkpoint, or the document of a receipt, may still come."""


@dataclass(frozen=True)
class Round:
    """What one look at the market came to."""

    head: Head | None
    """The log's head; None where there is none, or it is at fault."""
    alarms: list[Alarm]


async def first_look(client: PublicClient) -> Watched:
    """Begin to watch a market: its descriptor's key of the log and anchor of seeds hold from now on."""
    market = await client.descriptor()
    return Watched(market=market.market, log=market.log, anchor=market.seed_anchor)


async def look(
    client: PublicClient,
    watched: Watched,
    now: datetime,
    *,
    receipts: Sequence[Signed[Receipt]] = (),
    others: Sequence[str] = (),
    grace: timedelta = GRACE,
) -> Round:
    """Hold the market against what is remembered of it, and remember what is new.

    Args:
        now: the monitor's own time.
        receipts: to be found in the log once their time has come.
        others: heads that other monitors were shown.

    Raises:
        MarketError: a head in `others` is none of this log.
        MarketUnreachable: no answer; what was known stays.
    """
    market = await client.descriptor()
    runs = [run async for run in client.runs()]
    head, alarms = await log.newest_head(client, watched)  # later, so that it holds their freezes
    alarms += days.late(runs, market, now, grace)
    alarms += days.check_seeds(watched, runs)
    if head is not None:
        for note in others:
            alarms += await log.compare(client, head, note)
        alarms += await log.check_files(client, watched, head)
        alarms += await log.check_receipts(client, watched, head, receipts, now, grace)
        alarms += await days.check_freezes(client, runs, head)
        alarms += await days.check_days(client, watched, runs, head, now - grace)
        watched.head = head.note
    known = {(raised.alarm.code, raised.alarm.subject) for raised in watched.history}
    watched.history += [
        Raised(at=format_instant(now.replace(microsecond=0)), alarm=alarm)
        for alarm in alarms
        if (alarm.code, alarm.subject) not in known
    ]
    return Round(head, alarms)
