"""A brand's side of a market's API: a vendor that lists items and ships what nobody nearby takes."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import msgspec

from vrm.client.public import Item
from vrm.client.vendor import VendorClient
from vrm.documents import CatalogueItem, Fallback, PersonalRequest, sign
from vrm.documents.scalars import DeliveryWay
from vrm.errors import MarketMisbehaved, UsageError
from vrm.money import parse_amount


class ItemListed(msgspec.Struct, frozen=True):
    """The market's answer to an item; ``item`` is the version's digest."""

    principal: str
    id: str
    item: str
    seq: int


class Seller(msgspec.Struct, frozen=True):
    """A vendor that served requests for an item; the median of its distances in metres."""

    vendor: str
    name: str
    served: int
    median_distance_m: int


class Served(msgspec.Struct, frozen=True):
    """What became of requests."""

    requests: int
    served: int
    shipped: int
    unfilled: int
    median_distance_m: int | None = None


class ItemReport(msgspec.Struct, frozen=True):
    """What became of the requests for one item."""

    id: str
    title: str
    figures: Served
    sellers: tuple[Seller, ...]


class BrandReport(msgspec.Struct, frozen=True):
    """A brand's day: what was served nearby and what it had to ship."""

    day: str
    principal: str
    total: Served
    items: tuple[ItemReport, ...]


@dataclass(frozen=True)
class OwnFallback:
    """A request that this brand is to ship."""

    fallback: Fallback
    request: PersonalRequest


class _Entry(msgspec.Struct, frozen=True):
    fallback: msgspec.Raw
    request: msgspec.Raw


class BrandClient(VendorClient):
    """One brand at one market; use it with ``async with``. Arguments: see `VendorClient`."""

    async def list_item(
        self,
        item: str,
        *,
        title: str,
        category: str,
        price: str,
        delivery: Sequence[DeliveryWay],
        terms: Sequence[str],
        sellers: Sequence[str] | None = None,
        text: str | None = None,
        gtin: str | None = None,
        brand: str | None = None,
        model: str | None = None,
    ) -> ItemListed:
        """Put an item on the list, or replace it by a newer version.

        ``price`` is the all-in price of one, as decimal text in the market's currency. ``sellers`` are the
        did:keys of the vendors that may sell it; None: all may.

        Raises:
            UsageError: a value that the protocol does not allow.
            MarketRefused: among others ``unknown-vendor`` before the first registration.
        """
        market = await self.descriptor()
        try:
            made = CatalogueItem(
                market=market.market,
                principal=self.did,
                id=item,
                seq=self.next_seq(),
                title=title,
                category=category,
                amount=parse_amount(price, market.currency.digits),
                currency=market.currency.code,
                delivery=tuple(delivery),
                terms=tuple(terms),
                text=text or msgspec.UNSET,
                gtin=gtin or msgspec.UNSET,
                brand=brand or msgspec.UNSET,
                model=model or msgspec.UNSET,
                authorised=msgspec.UNSET if sellers is None else tuple(sellers),
            )
        except ValueError as error:
            raise UsageError(f"The item: {error}.") from None
        return await self._send(made)

    async def take_off(self, item: str) -> ItemListed:
        """Take an item off the list; requests that are in it already are served, and shipped until bids close.

        Raises:
            UsageError: this brand has no such item.
        """
        async for own in self.my_items():
            if own.item.body.id == item:
                newer = {"seq": self.next_seq(), "listed": False}
                return await self._send(msgspec.structs.replace(own.item.body, **newer))
        raise UsageError(f"You have no item {item}.")

    async def my_items(self) -> AsyncIterator[Item]:
        """Walk the brand's own items as they count now, those off the list too."""
        async for own in self.catalogue(principal=self.did):
            if own.item.body.principal != self.did:
                raise MarketMisbehaved("The market hands out another brand's item as yours.")
            yield own

    async def my_fallbacks(self) -> AsyncIterator[OwnFallback]:
        """Walk what the brand is to ship, oldest first.

        Raises:
            MarketMisbehaved: a fallback that the market did not sign, of another brand or another request.
        """
        await self.descriptor()
        async for entry in self.each("/vendors/self/fallbacks", _Entry, signed=True):
            fallback = self.by_market(bytes(entry.fallback), Fallback).body
            request = self.verified(bytes(entry.request), PersonalRequest)
            if (fallback.principal, fallback.request) != (self.did, request.digest):
                raise MarketMisbehaved("The market hands out another's fallback as yours.")
            yield OwnFallback(fallback, request.body)

    async def report(self, day: str | None = None) -> BrandReport:
        """Read how the brand's items were served on a day, by default the newest published one."""
        asked: dict[str, str | int] = {"day": day} if day else {}
        return await self.get("/vendors/self/report", BrandReport, asked, signed=True)

    async def _send(self, item: CatalogueItem) -> ItemListed:
        return await self.post("/catalogue", sign(item, self._signer), ItemListed)
