"""What anybody may read of a market: batches, vendors, and whole runs with every input and outcome.

These reads are plain: no signature, no cookie, no conditional header. Lists are walked whole, since to ask for
one item is to say which one matters.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from vrm.client.cascade import Unfilled, run_path
from vrm.client.ratings import RatingsClient
from vrm.documents import (
    Assignment,
    Bid,
    CatalogueItem,
    Fallback,
    Moderation,
    PersonalRequest,
    Preference,
    RunReport,
    Signed,
    Suspension,
    VendorProfile,
)
from vrm.documents.place import Point
from vrm.documents.scalars import Digest, Instant, MarketDay, UnfilledReason
from vrm.errors import MarketMisbehaved


class Batch(msgspec.Struct, frozen=True):
    """What became public at one batch instant: digests of requests, and of withdrawn requests.

    Its documents stand side by side in the log, ``leaves`` of them from ``first_leaf`` on: the requests,
    withdrawals, Preferences and answers to questions. Both are None in batches from before that was so.
    """

    instant: Instant
    requests: tuple[Digest, ...]
    withdrawals: tuple[Digest, ...]
    first_leaf: Annotated[int, Meta(ge=0)] | None
    leaves: Annotated[int, Meta(ge=1)] | None


class RunPlace(msgspec.Struct, frozen=True):
    """A vendor's place as a run froze it: ``units`` a day, reach in metres, the vendor's reputation band."""

    vendor: str
    place: str
    lat_e6: int
    lng_e6: int
    reach_m: int
    units: int
    band: int
    suspended: bool
    leads: int
    """On how many requests its vendor could lead, as a newcomer; 0 for others."""
    profile: str

    @property
    def at(self) -> Point:
        """Where the place is."""
        return Point(self.lat_e6, self.lng_e6)


class RunItem(msgspec.Struct, frozen=True):
    """A request that names a catalogue item: the digest of the version that counted for it."""

    request: str
    item: str
    suspended: bool
    """Whether the item's principal was suspended, and so ships nothing."""


class Candidate(msgspec.Struct, frozen=True):
    """One bid on a request, and why it stands where it stands; ``rank`` 1 is the best."""

    bid: str
    vendor: str
    place: str
    band: int
    distance_m: int
    amount: int
    eligible: bool
    why: str
    rank: int | None = None
    listed: int | None = None
    """Its place in the customer's own order."""
    newcomer: bool = False
    """It goes first as a newcomer's."""


class Explanation(msgspec.Struct, frozen=True):
    """What a run decided for one request, in sentences and in figures."""

    request: str
    outcome: Literal["assigned", "fallback", "unfilled"]
    sentences: tuple[str, ...]
    candidates: tuple[Candidate, ...]
    reason: UnfilledReason | None = None
    principal: str | None = None


@dataclass(frozen=True)
class Run:
    """The one resolution of a cutoff; the report comes with its publication."""

    day: str
    cutoff: str
    stage: str
    checkpoint: str | None
    """The signed checkpoint of the log at the run's freeze, as the market shows it."""
    report: Signed[RunReport] | None


@dataclass(frozen=True)
class RunBid:
    """A bid that was live at the close, and its distance as the market measured it."""

    bid: Signed[Bid]
    distance_m: int


class Evidence(msgspec.Struct, frozen=True):
    """What a vendor's band rests on, by the rules in the market's descriptor.

    ``good`` and ``bad`` count documents; what they weigh today is in thousandths of one full observation; the
    score is in ten thousandths, and lies between ``low`` and ``high`` nine times in ten.
    """

    good: int
    bad: int
    good_weight: int
    bad_weight: int
    score: int
    low: int
    high: int


@dataclass(frozen=True)
class Vendor:
    """A vendor as the market shows it to all; ``reputation`` is a sentence about the evidence."""

    vendor: str
    name: str
    suspended: bool
    band: int
    reputation: str
    evidence: Evidence
    profile: Signed[VendorProfile]
    suspension: Signed[Suspension] | None
    """The decision that counts, with its reason, if there ever was one."""


@dataclass(frozen=True)
class Item:
    """A version of a brand's catalogue item; ``name`` is the brand's."""

    name: str
    item: Signed[CatalogueItem]


class _ItemEntry(msgspec.Struct, frozen=True):
    principal: str
    name: str
    id: str
    item: str
    document: msgspec.Raw


class _RunEntry(msgspec.Struct, frozen=True):
    day: MarketDay
    cutoff: Instant
    stage: str
    checkpoint: str | None
    report: msgspec.Raw


class _RequestEntry(msgspec.Struct, frozen=True):
    request: str
    document: msgspec.Raw
    hidden: msgspec.Raw


class _BidEntry(msgspec.Struct, frozen=True):
    bid: str
    request: str
    distance_m: int
    document: msgspec.Raw
    hidden: msgspec.Raw


class _ModerationEntry(msgspec.Struct, frozen=True):
    document: str
    hidden: bool
    decision: msgspec.Raw


class _PreferenceEntry(msgspec.Struct, frozen=True):
    request: str
    preference: str
    document: msgspec.Raw


class _VendorEntry(msgspec.Struct, frozen=True):
    vendor: str
    name: str
    suspended: bool
    band: int
    reputation: str
    evidence: Evidence
    profile: msgspec.Raw
    suspension: msgspec.Raw


class PublicClient(RatingsClient):
    """A reader of what a market publishes; use it with ``async with``.

    Every signed document is verified as it is read, and must be the one that it is filed as; what is not
    raises `MarketMisbehaved`.
    """

    def batches(self) -> AsyncIterator[Batch]:
        """Walk what became public, oldest batch first."""
        return self.each("/batches", Batch)

    async def vendors(self) -> AsyncIterator[Vendor]:
        """Walk the admitted vendors."""
        async for entry in self.each("/vendors", _VendorEntry):
            yield await self._vendor(entry)

    async def vendor(self, did: str) -> Vendor:
        """Read one vendor. A wallet never asks so: it walks them all."""
        found = await self._vendor(await self.get(f"/vendors/{did}", _VendorEntry))
        self._check(found.vendor == did, "The market shows another vendor than was asked for.")
        return found

    async def _vendor(self, entry: _VendorEntry) -> Vendor:
        profile = self.verified(bytes(entry.profile), VendorProfile)
        self._check(profile.body.vendor == entry.vendor, "A vendor's profile is another's.")
        return Vendor(
            entry.vendor,
            entry.name,
            entry.suspended,
            entry.band,
            entry.reputation,
            entry.evidence,
            profile,
            await self._suspension(entry),
        )

    async def _suspension(self, entry: _VendorEntry) -> Signed[Suspension] | None:
        """The decision that an entry shows; a suspension without one is no suspension."""
        if bytes(entry.suspension) == b"null":
            self._check(not entry.suspended, "A vendor is suspended without a decision.")
            return None
        decision = self.verified(bytes(entry.suspension), Suspension)
        market = (await self.descriptor()).market
        said = (decision.body.vendor, decision.body.market, decision.body.suspended)
        self._check(
            said == (entry.vendor, market, entry.suspended), "A suspension says something else."
        )
        return decision

    async def catalogue(
        self,
        *,
        principal: str | None = None,
        category: str | None = None,
        listed: bool | None = None,
    ) -> AsyncIterator[Item]:
        """Walk the catalogue, all of it or what the filters leave, by principal and id."""
        asked: dict[str, str | int] = {}
        if principal is not None:
            asked["principal"] = principal
        if category is not None:
            asked["category"] = category
        if listed is not None:
            asked["listed"] = "true" if listed else "false"
        await self.descriptor()
        async for entry in self.each("/catalogue", _ItemEntry, asked):
            yield self._item(entry)

    async def item(self, principal: str, item: str) -> Signed[CatalogueItem]:
        """Read an item as it counts now. A wallet never asks so: it walks the whole catalogue."""
        await self.descriptor()
        found = self._item(await self.get(f"/catalogue/{principal}/{item}", _ItemEntry)).item
        named = (found.body.principal, found.body.id) == (principal, item)
        self._check(named, "The market hands out another item than was asked for.")
        return found

    async def item_version(self, digest: str) -> Signed[CatalogueItem]:
        """Read one version of an item, by its digest."""
        await self.descriptor()
        found = self._item(await self.get(f"/catalogue/{digest}", _ItemEntry)).item
        self._check(found.digest == digest, "The market hands out another item than was asked for.")
        return found

    async def runs(self) -> AsyncIterator[Run]:
        """Walk the runs, newest first."""
        await self.descriptor()
        async for entry in self.each("/runs", _RunEntry):
            yield self._run(entry)

    async def run(self, day: str) -> Run:
        """Read one run by the name of its market day."""
        await self.descriptor()
        return self._run(await self.get(run_path(day), _RunEntry))

    async def run_requests(self, day: str) -> AsyncIterator[Signed[PersonalRequest]]:
        """Walk the requests that a run decided, by digest, but for those that the operator has hidden."""
        await self.descriptor()
        async for entry in self.each(run_path(day, "requests"), _RequestEntry):
            if self._is_hidden(entry.request, entry.hidden):
                continue
            request = self.verified(bytes(entry.document), PersonalRequest)
            self._check(request.digest == entry.request, "A request is filed as another one.")
            yield request

    async def run_bids(self, day: str) -> AsyncIterator[RunBid]:
        """Walk all bids that were live at a run's close, by request and bid, but for those that the operator
        has hidden."""
        await self.descriptor()
        async for entry in self.each(run_path(day, "bids"), _BidEntry):
            if self._is_hidden(entry.bid, entry.hidden):
                continue
            bid = self.verified(bytes(entry.document), Bid)
            filed = bid.digest == entry.bid and bid.body.request == entry.request
            self._check(filed, "A bid is filed as another one.")
            yield RunBid(bid, entry.distance_m)

    def run_places(self, day: str) -> AsyncIterator[RunPlace]:
        """Walk the vendors' places as a run froze them."""
        return self.each(run_path(day, "places"), RunPlace)

    async def run_preferences(self, day: str) -> AsyncIterator[Signed[Preference]]:
        """Walk the customers' own orders that a run decided by, by request."""
        async for entry in self.each(run_path(day, "preferences"), _PreferenceEntry):
            preference = self.verified(bytes(entry.document), Preference)
            filed = (
                preference.digest == entry.preference and preference.body.request == entry.request
            )
            self._check(filed, "A preference is filed as another one.")
            yield preference

    async def assignments(self, day: str) -> AsyncIterator[Signed[Assignment]]:
        """Walk a run's assignments by request, each signed by the market."""
        await self.descriptor()
        async for raw in self.each(run_path(day, "assignments"), msgspec.Raw):
            assignment = self.by_market(bytes(raw), Assignment)
            self._check(assignment.body.day == day, "An assignment is of another day.")
            yield assignment

    def run_items(self, day: str) -> AsyncIterator[RunItem]:
        """Walk the requests of a run that name catalogue items, by digest."""
        return self.each(run_path(day, "items"), RunItem)

    async def fallbacks(self, day: str) -> AsyncIterator[Signed[Fallback]]:
        """Walk what a day sent to the principals of items, by request, each signed by the market."""
        await self.descriptor()
        async for raw in self.each(run_path(day, "fallbacks"), msgspec.Raw):
            fallback = self.by_market(bytes(raw), Fallback)
            self._check(fallback.body.day == day, "A fallback is of another day.")
            yield fallback

    def unfilled(self, day: str) -> AsyncIterator[Unfilled]:
        """Walk the requests that a run gave to nobody."""
        return self.each(run_path(day, "unfilled"), Unfilled)

    async def explanation(self, day: str, request: str) -> Explanation:
        """Ask the market to explain one decision.

        The question tells the market which request the asker cares about, so a wallet never asks it about its
        own; it explains from the lists (`vrm.wallet.outcomes`).
        """
        return await self.get(f"{run_path(day, 'requests')}/{request}", Explanation)

    def _item(self, entry: _ItemEntry) -> Item:
        item = self.verified(bytes(entry.document), CatalogueItem)
        filed = (entry.principal, entry.id, entry.item, self.market)
        stated = (item.body.principal, item.body.id, item.digest, item.body.market)
        self._check(filed == stated, "A catalogue item is filed as another one.")
        return Item(entry.name, item)

    def _run(self, entry: _RunEntry) -> Run:
        raw = bytes(entry.report)
        report = None if raw == b"null" else self.by_market(raw, RunReport)
        self._check(report is None or report.body.day == entry.day, "A report is of another day.")
        return Run(entry.day, entry.cutoff, entry.stage, entry.checkpoint, report)

    async def moderation(self) -> dict[str, Signed[Moderation]]:
        """The operator's decisions that count, all of them, by document: hidden, or shown again."""
        await self.descriptor()
        decisions: dict[str, Signed[Moderation]] = {}
        async for entry in self.each("/moderation", _ModerationEntry):
            decision = self.by_market(bytes(entry.decision), Moderation)
            filed = (decision.body.document, decision.body.hidden)
            self._check(filed == (entry.document, entry.hidden), "A decision says something else.")
            decisions[entry.document] = decision
        return decisions

    def _is_hidden(self, digest: str, decision: msgspec.Raw) -> bool:
        """Tell whether a document is hidden; without the market's signed decision about it none is."""
        if bytes(decision) == b"null":
            return False
        body = self.by_market(bytes(decision), Moderation).body
        about_it = body.document == digest and body.hidden
        self._check(about_it, "A document is hidden by a decision about another one.")
        return True

    @staticmethod
    def _check(holds: bool, otherwise: str) -> None:
        if not holds:
            raise MarketMisbehaved(otherwise)
