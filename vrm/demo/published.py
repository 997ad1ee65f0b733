"""All that a run published, downloaded and with every signature verified: what the referee judges."""

from dataclasses import dataclass
from datetime import UTC, datetime

from vrm.client.cascade import Accepted, Displaced, RollOver, TickPlace
from vrm.client.public import Batch, PublicClient, Run, RunBid, RunItem, RunPlace, Vendor
from vrm.documents import (
    Assignment,
    CatalogueItem,
    Fallback,
    MarketDescriptor,
    PersonalRequest,
    Preference,
    RunReport,
    Signed,
    TickReport,
)
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import UsageError


@dataclass
class Published:
    """All that a run published, with what it rests on."""

    market: MarketDescriptor
    run: Run
    seed_before: str
    batches: list[Batch]
    requests: list[Signed[PersonalRequest]]
    bids: list[RunBid]
    places: list[RunPlace]
    preferences: list[Signed[Preference]]
    items: list[RunItem]
    versions: dict[str, CatalogueItem]
    """The versions of `items`, by their digests."""
    assignments: list[Signed[Assignment]]
    fallbacks: list[Signed[Fallback]]
    unfilled: dict[str, str]
    vendors: dict[str, Vendor]
    acceptances: list[Accepted]
    roll_overs: list[RollOver]
    ticks: list["PublishedTick"]
    others_of_date: bool
    """Whether the date has other runs, whose awards take of the same units."""
    tick: int = 0
    decided_at: str = ""
    """When it was decided, where that is not the cutoff but a tick's instant."""

    @property
    def report(self) -> RunReport:
        """The run's report; `download` has seen to it that there is one."""
        if self.run.report is None:
            raise UsageError(f"The run of {self.run.day} is not published yet.")
        return self.run.report.body

    def due(self, request: str) -> str:
        """By when the vendor that is given a request must answer.

        From the first tick instant that is not before the decision: the market's time to acknowledge, or half
        of the time that is left until the need, cut to whole ticks, one at the least.
        """
        schedule = self.market.schedule
        tick = schedule.tick_minutes * 60
        decided = parse_instant(self.decided_at or self.report.cutoff).timestamp()
        start = -(-int(decided) // tick) * tick
        seconds = schedule.acknowledge_minutes * 60
        need = next(one.body.needed_by for one in self.requests if one.digest == request)
        if need:
            left = int(parse_instant(need).timestamp()) - start
            seconds = min(seconds, max(left, 0) // 2)
        window = max(seconds // tick, 1) * tick
        return format_instant(datetime.fromtimestamp(start + window, UTC))


@dataclass
class PublishedTick:
    """All that one tick published."""

    report: TickReport
    displaced: list[Displaced]
    places: list[TickPlace]
    assignments: list[Signed[Assignment]]
    fallbacks: list[Signed[Fallback]]
    unfilled: dict[str, str]


async def download(client: PublicClient, day: str | None) -> Published:
    """Read a run, by default the newest published one, and verify every signature on the way.

    Raises:
        UsageError: no such run, or it is not published yet.
        MarketMisbehaved: a document is not what it is filed as, or not by whom it should be.
    """
    market = await client.descriptor()
    runs = [run async for run in client.runs()]
    at = next((i for i, run in enumerate(runs) if day in {None, run.day} and run.report), None)
    if at is None:
        raise UsageError(f"The market has not published a run of {day}." if day else "No run yet.")
    run = runs[at]
    items = [named async for named in client.run_items(run.day)]
    before = next((older.report for older in runs[at + 1 :] if older.report is not None), None)
    return Published(
        market=market,
        run=run,
        seed_before=before.body.seed if before is not None else market.seed_anchor,
        batches=[batch async for batch in client.batches()],
        requests=[request async for request in client.run_requests(run.day)],
        bids=[held async for held in client.run_bids(run.day)],
        places=[place async for place in client.run_places(run.day)],
        preferences=[preference async for preference in client.run_preferences(run.day)],
        items=items,
        versions={
            digest: (await client.item_version(digest)).body
            for digest in sorted({named.item for named in items})
        },
        assignments=[assignment async for assignment in client.assignments(run.day)],
        fallbacks=[
            fallback async for fallback in client.fallbacks(run.day) if not fallback.body.tick
        ],
        unfilled={left.request: left.reason async for left in client.unfilled(run.day)},
        vendors={vendor.vendor: vendor async for vendor in client.vendors()},
        acceptances=[accepted async for accepted in client.acceptances(run.day)],
        roll_overs=[rolled async for rolled in client.roll_overs(run.day)],
        ticks=[
            await _tick(client, run.day, tick.report.body)
            async for tick in client.ticks(run.day)
            if tick.report is not None
        ],
        others_of_date=sum(_date(other.day) == _date(run.day) for other in runs) > 1,
    )


async def _tick(client: PublicClient, day: str, report: TickReport) -> PublishedTick:
    number = report.tick
    return PublishedTick(
        report=report,
        displaced=[lost async for lost in client.displaced(day, number)],
        places=[place async for place in client.tick_places(day, number)],
        assignments=[one async for one in client.tick_assignments(day, number)],
        fallbacks=[one async for one in client.fallbacks(day) if one.body.tick == number],
        unfilled={left.request: left.reason async for left in client.tick_unfilled(day, number)},
    )


def _date(day: str) -> str:
    return day.partition("#")[0]
