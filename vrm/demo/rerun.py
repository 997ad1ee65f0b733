"""A day decided again, slowly and in the open, from what its run published.

Nothing here is shared with the market's own resolver. The rules:

* a bid is eligible if terms and currency are the request's, the price is right, the way of delivery was asked
  for, the distance is within the request's radius (pickup) or the place's reach (otherwise), the vendor is not
  suspended, and the item that the request names, if any, authorises it; and if the customer's Preference has
  not struck it out, and lists it where only listed bids may win or where it offers something else than was
  asked for;
* a request puts the bids that its Preference lists first, in that order, then those that lead and then the
  others, by its policy, and at the last by SHA-256(seed || request || vendor);
* a newcomer's bid leads, where the customer allows it and the first eight bytes of SHA-256(seed || request) are
  below the market's share of 2^64, on as many requests as its vendor may still lead on: of those where its bid
  is eligible whatever the Preference says, and no alternative, the ones with the smallest hashes of the vendor;
* a place orders requests by distance, and at the last by the same hash;
* the matching is deferred acceptance, one request at a time (McVitie and Wilson 1971): a request proposes down
  its list, a place keeps its best as far as its units go, and whoever is turned away goes on at once. Who
  starts makes no difference to the outcome;
* what nobody gets goes to the principal of its item, if that is on the list and the principal not suspended.
"""

import hashlib
import math
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from msgspec import UNSET

import crypto
from vrm.client.public import RunBid, RunPlace
from vrm.documents import CatalogueItem, PersonalRequest, Preference, Signed
from vrm.documents.place import EARTH_RADIUS_M, Point, centre_of
from vrm.documents.scalars import Policy, UnfilledReason

Key = tuple[int, ...]

UNLISTED: Final = 1 << 16

POLICIES: Final[Mapping[Policy, Callable[["Candidate"], Key]]] = {
    "best-nearby": lambda bid: (-bid.band, bid.distance_m // 1000, bid.amount),
    "best-value": lambda bid: (-bid.band, bid.amount, bid.distance_m),
    "nearest": lambda bid: (bid.distance_m, -bid.band, bid.amount),
    "lowest-price": lambda bid: (bid.amount, -bid.band, bid.distance_m),
}


@dataclass(frozen=True)
class Candidate:
    """An eligible bid with the figures that are compared."""

    bid: str
    request: str
    vendor: str
    place: str
    amount: int
    delivery: str
    distance_m: int
    band: int
    draw: int
    listed: int
    """Its position in the customer's own order, `UNLISTED` behind all of them."""
    leads: bool
    """It goes first of those, as a newcomer's."""

    @property
    def door(self) -> tuple[str, str]:
        """The place that it comes from."""
        return self.vendor, self.place


@dataclass(frozen=True)
class Verdict:
    """What a day gives one request: the ranked eligible bids, and which of them it gets (from 0).

    If none, the item whose principal ships it, or the reason why it stays unfilled.
    """

    ranked: tuple[Candidate, ...]
    rank: int | None
    ships: CatalogueItem | None
    reason: UnfilledReason | None


@dataclass(frozen=True)
class Named:
    """The item that a request names, in the version that counts, and whether its principal is suspended."""

    item: CatalogueItem
    suspended: bool

    def ships(self) -> bool:
        """Whether the principal ships what nobody gets."""
        return self.item.listed and not self.suspended


class Day:
    """The published inputs of a day, or of a tick with the bids that did not hold; `verdicts` decides them."""

    def __init__(
        self,
        requests: Iterable[Signed[PersonalRequest]],
        bids: Iterable[RunBid],
        places: Iterable[RunPlace],
        items: Mapping[str, Named],
        seed: str,
        preferences: Iterable[Signed[Preference]] = (),
        burnt: Collection[str] = (),
        newcomer_share: int = 0,
    ) -> None:
        self._newcomer_share = newcomer_share
        self._burnt = frozenset(burnt)
        self.preferences = {one.body.request: one.body for one in preferences}
        self.requests = {request.digest: request.body for request in requests}
        self.places = {(place.vendor, place.place): place for place in places}
        self.bids: dict[str, list[RunBid]] = defaultdict(list)
        for held in bids:
            self.bids[held.bid.body.request].append(held)
        self.items = items
        self._seed = crypto.base64url_decode(seed)

    @cached_property
    def orders(self) -> dict[str, tuple[Candidate, ...]]:
        """Each request's eligible bids, best first."""
        return {digest: self._order(digest) for digest in self.requests}

    @cached_property
    def leading(self) -> frozenset[str]:
        """The bids that lead, but for what their customers prefer."""
        may_lead: dict[str, list[RunBid]] = defaultdict(list)
        for digest, request in self.requests.items():
            if request.try_newcomers and self._is_drawn(digest):
                for held in self.bids[digest]:
                    if not held.bid.body.alternative and not self._ineligible(held):
                        may_lead[held.bid.body.vendor].append(held)
        leads = {place.vendor: place.leads for place in self.places.values()}
        return frozenset(
            held.bid.digest
            for vendor, those in may_lead.items()
            for held in sorted(those, key=lambda one: self._draw(one.bid.body.request, vendor))[
                : leads[vendor]
            ]
        )

    def verdicts(self) -> dict[str, Verdict]:
        """Decide every request."""
        ranks = self._match()
        return {
            digest: self._verdict(digest, order, ranks.get(digest))
            for digest, order in self.orders.items()
        }

    def refusal(self, held: RunBid) -> str | None:
        """Say why a bid is not eligible; None where it is."""
        unwanted = (why for why, holds in self._unwanted(held).items() if holds)
        return self._ineligible(held) or next(unwanted, None)

    def _ineligible(self, held: RunBid) -> str | None:
        """Say why a bid is not eligible, whatever the customer prefers."""
        bid = held.bid.body
        request, place = self.requests[bid.request], self.places.get((bid.vendor, bid.place))
        if place is None:
            return "comes from a place that the run does not list"
        limit = request.area.radius_m if bid.delivery == "pickup" else place.reach_m
        asked = request.price
        named = self.items.get(bid.request)
        refusals = {
            "is by a vendor that the item does not authorise": (
                named is not None
                and named.item.authorised is not UNSET
                and bid.vendor not in (named.item.authorised or ())
            ),
            "did not hold": held.bid.digest in self._burnt,
            "is by a suspended vendor": place.suspended,
            "accepts other terms": bid.terms != request.terms,
            "is in another currency": bid.price.currency != asked.currency,
            "is off the fixed price": asked.kind == "fixed" and bid.price.amount != asked.amount,
            "is over the ceiling": bid.price.amount > asked.amount,
            "delivers in another way": bid.delivery not in request.delivery,
            "is too far away": held.distance_m > limit,
        }
        return next((why for why, holds in refusals.items() if holds), None)

    def _unwanted(self, held: RunBid) -> dict[str, bool]:
        bid, preference = held.bid.body, self.preferences.get(held.bid.body.request)
        struck_out = preference.struck_out if preference else ()
        is_listed = preference is not None and held.bid.digest in preference.listed
        return {
            "is struck out": held.bid.digest in struck_out,
            "is not listed": preference is not None and preference.only_listed and not is_listed,
            "offers something else, unlisted": bool(bid.alternative) and not is_listed,
        }

    def _order(self, digest: str) -> tuple[Candidate, ...]:
        policy = POLICIES[self.requests[digest].policy]
        candidates = [self._candidate(held) for held in self.bids[digest] if not self.refusal(held)]
        return tuple(sorted(candidates, key=lambda bid: self._key(bid, policy(bid))))

    @staticmethod
    def _key(bid: Candidate, figures: Key) -> Key:
        return bid.listed, not bid.leads, *figures, bid.draw

    def _candidate(self, held: RunBid) -> Candidate:
        bid, listed = held.bid.body, self._position(held)
        return Candidate(
            bid=held.bid.digest,
            request=bid.request,
            vendor=bid.vendor,
            place=bid.place,
            amount=bid.price.amount,
            delivery=bid.delivery,
            distance_m=held.distance_m,
            band=self.places[bid.vendor, bid.place].band,
            draw=self._draw(bid.request, bid.vendor),
            listed=listed,
            leads=listed == UNLISTED and held.bid.digest in self.leading,
        )

    def _position(self, held: RunBid) -> int:
        preference = self.preferences.get(held.bid.body.request)
        if preference is None or held.bid.digest not in preference.listed:
            return UNLISTED
        return preference.listed.index(held.bid.digest)

    def _is_drawn(self, request: str) -> bool:
        raw = self._seed + crypto.base64url_decode(request)
        drawn = int.from_bytes(hashlib.sha256(raw).digest()[:8], "big")
        return drawn * 1000 < self._newcomer_share << 64

    def _draw(self, request: str, vendor: str) -> int:
        raw = self._seed + crypto.base64url_decode(request) + vendor.encode()
        return int.from_bytes(hashlib.sha256(raw).digest(), "big")

    def _match(self) -> dict[str, int]:
        kept: dict[tuple[str, str], list[Candidate]] = defaultdict(list)
        proposals = dict.fromkeys(self.orders, 0)
        for starter in self.orders:
            proposer: str | None = starter
            while proposer is not None and proposals[proposer] < len(self.orders[proposer]):
                bid = self.orders[proposer][proposals[proposer]]
                proposals[proposer] += 1
                proposer = self._knock(kept[bid.door], bid)
        ranks = {}
        for bids in kept.values():
            for bid in bids:
                ranks[bid.request] = self.orders[bid.request].index(bid)
        return ranks

    def _knock(self, kept: list[Candidate], bid: Candidate) -> str | None:
        """Let a place choose again with one bid more; returns the request that it turns away, if any."""
        kept.append(bid)
        if len(kept) <= self.places[bid.door].units:
            return None
        worst = max(kept, key=lambda other: (other.distance_m, other.draw))
        kept.remove(worst)
        return worst.request

    def _verdict(self, digest: str, order: tuple[Candidate, ...], rank: int | None) -> Verdict:
        named = self.items.get(digest)
        if rank is not None:
            return Verdict(order, rank, None, None)
        if named is not None and named.ships():
            return Verdict(order, None, named.item, None)
        if not self.bids[digest]:
            return Verdict(order, None, None, "no-bids")
        return Verdict(order, None, None, "capacity" if order else "none-eligible")


def metres_between(cell: str, where: Point) -> float:
    """Measure the great circle from a cell's centre by vectors (not by the haversine that intake uses)."""
    a, b = _unit(centre_of(cell)), _unit(where)
    cross = math.hypot(
        a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]
    )
    dot = sum(x * y for x, y in zip(a, b, strict=True))
    return EARTH_RADIUS_M * math.atan2(cross, dot)


def _unit(where: Point) -> tuple[float, float, float]:
    lat, lng = math.radians(where.lat_e6 / 1e6), math.radians(where.lng_e6 / 1e6)
    return math.cos(lat) * math.cos(lng), math.cos(lat) * math.sin(lng), math.sin(lat)
