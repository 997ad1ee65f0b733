"""All that a run published, downloaded and with every signature verified: what the referee judges."""

from dataclasses import dataclass

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
)
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

    @property
    def report(self) -> RunReport:
        """The run's report; `download` has seen to it that there is one."""
        if self.run.report is None:
            raise UsageError(f"The run of {self.run.day} is not published yet.")
        return self.run.report.body


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
    )
