"""The bids on a request, judged by what the wallet knows, and the owner's order over them.

The market's word for a bid's distance or eligibility is not asked for: the wallet measures and decides by the
request itself and the vendors' public list.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import crypto
from vrm.client.customer import CustomerClient
from vrm.client.public import Vendor
from vrm.documents import (
    Bid,
    BidWithdrawal,
    PersonalRequest,
    Place,
    Preference,
    Signed,
    recall,
    sign,
)
from vrm.documents.place import Point, centre_of, distance_m
from vrm.documents.scalars import Policy
from vrm.errors import UsageError, WalletError
from vrm.wallet.own import OwnPreference, OwnRequest
from vrm.wallet.wallet import Wallet

ORDERS: Final[Mapping[Policy, Callable[["Offer"], tuple[int, ...]]]] = {
    "best-nearby": lambda offer: (-offer.band, offer.distance_m // 1000, offer.amount),
    "best-value": lambda offer: (-offer.band, offer.amount, offer.distance_m),
    "nearest": lambda offer: (offer.distance_m, -offer.band, offer.amount),
    "lowest-price": lambda offer: (offer.amount, -offer.band, offer.distance_m),
}
"""What each policy compares, smaller first; between equals the day's draw decides."""


@dataclass(frozen=True)
class Offer:
    """A bid that could win, with the figures that count; distances in metres, amounts in minor units."""

    digest: str
    bid: Bid
    name: str
    band: int
    distance_m: int
    listed: int | None
    """Its place in the owner's own order, 1 is the best."""
    is_struck_out: bool

    @property
    def amount(self) -> int:
        return self.bid.price.amount


@dataclass(frozen=True)
class Offers:
    """The bids on one request: what could win, best first, and how many could not."""

    good: list[Offer]
    ineligible: int


async def judge(client: CustomerClient, entries: Iterable[OwnRequest]) -> dict[str, Offers]:
    """Judge the bids on requests, by the requests' digests."""
    vendors = {vendor.vendor: vendor async for vendor in client.vendors()}
    return {entry.digest: offers_on(entry, vendors) for entry in entries}


def offers_on(entry: OwnRequest, vendors: Mapping[str, Vendor]) -> Offers:
    """Judge the bids on a request; those that cannot win are left out."""
    request, preference = entry.body, entry.preference
    bids = standing(entry)
    good: list[Offer] = []
    for bid in bids:
        vendor = vendors.get(bid.body.vendor)
        place = None if vendor is None else _place(vendor, bid.body.place)
        if vendor is None or place is None or vendor.suspended:
            continue
        away = distance_m(Point(place.lat_e6, place.lng_e6), centre_of(request.area.cell))
        if is_eligible(bid.body, request, away, place):
            listed = preference.listed if preference else ()
            good.append(
                Offer(
                    digest=bid.digest,
                    bid=bid.body,
                    name=vendor.name,
                    band=vendor.band,
                    distance_m=away,
                    listed=listed.index(bid.digest) + 1 if bid.digest in listed else None,
                    is_struck_out=preference is not None and bid.digest in preference.struck_out,
                )
            )
    order = ORDERS[request.policy]
    good.sort(key=lambda offer: (offer.is_struck_out, offer.listed or 1 << 16, *order(offer)))
    return Offers(good, len(bids) - len(good))


def standing(entry: OwnRequest) -> list[Signed[Bid]]:
    """The newest bid of each vendor that the mail brought, without those that their vendors took back."""
    withdrawn = {
        (body.vendor, body.bid)
        for body in (recall(wire, BidWithdrawal) for wire in entry.bid_withdrawals.values())
    }
    newest: dict[str, Signed[Bid]] = {}
    for digest, wire in entry.bids.items():
        bid = Signed(recall(wire, Bid), digest, wire)
        held = newest.get(bid.body.vendor)
        if held is None or bid.body.seq > held.body.seq:
            newest[bid.body.vendor] = bid
    return [bid for bid in newest.values() if (bid.body.vendor, bid.digest) not in withdrawn]


def is_eligible(bid: Bid, request: PersonalRequest, away: int, place: Place) -> bool:
    """Whether a bid could win by the resolver's rules, so far as they concern bid and request."""
    asked = request.price
    return (
        bid.terms == request.terms
        and bid.price.currency == asked.currency
        and (
            bid.price.amount == asked.amount
            if asked.kind == "fixed"
            else bid.price.amount <= asked.amount
        )
        and bid.delivery in request.delivery
        and away <= (request.area.radius_m if bid.delivery == "pickup" else place.reach_m)
    )


async def prefer(
    wallet: Wallet,
    client: CustomerClient,
    entry: OwnRequest,
    *,
    listed: Sequence[str],
    struck_out: Sequence[str] = (),
    only_listed: bool = False,
) -> OwnRequest:
    """Sign the owner's order over the bids on a request, keep it, send it, and keep the market's promise.

    Bids are named by their digests or the beginnings of them. A later order replaces an earlier one.

    Raises:
        WalletError: the request is not open for it, or no bid, or several, begin so.
        UsageError: a bid is named twice.
        MarketRefused: the market does not take it, say because the cutoff has passed.
        MarketUnreachable: no answer; the market may have it or not, and a new order settles that.
    """
    if entry.published_at is None or not entry.is_open() or entry.withdrawn_at is not None:
        raise WalletError("Bids can be ordered on a request that is public and not decided yet.")
    market = (await client.descriptor()).market
    key = wallet.pseudonym(entry.epoch, entry.index)
    known = [bid.digest for bid in standing(entry)]
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        try:
            body = Preference(
                market=market,
                pseudonym=key.did,
                request=entry.digest,
                seq=1
                + max((recall(own.wire, Preference).seq for own in kept.preferences), default=0),
                salt=crypto.base64url_encode(secrets.token_bytes(16)),
                listed=tuple(_one_of(name, known) for name in listed),
                struck_out=tuple(_one_of(name, known) for name in struck_out),
                only_listed=only_listed,
            )
        except ValueError as error:
            raise UsageError(f"The order: {error}.") from None
        signed = sign(body, key)
        kept.preferences.append(OwnPreference(digest=signed.digest, wire=signed.wire))
    promise = await client.prefer(signed)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        for own in kept.preferences:
            if own.digest == signed.digest:
                own.promise = promise.wire
    return kept


def _place(vendor: Vendor, name: str) -> Place | None:
    return next((place for place in vendor.profile.body.places if place.id == name), None)


def _one_of(name: str, digests: Sequence[str]) -> str:
    found = [digest for digest in digests if digest.startswith(name)]
    if len(found) == 1:
        return found[0]
    trouble = "Several bids begin" if found else "No bid on the request begins"
    raise WalletError(f"{trouble} with {name}; list them with: vrm bids")
