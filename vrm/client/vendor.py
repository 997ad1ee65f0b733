"""A vendor's side of a market's API, typed and checked.

    async with VendorClient("https://market.example", key) as market:
        async for need in market.board(category="toys"):
            await market.bid(need, place="shop", price="249.00", delivery="pickup", lead_time_hours=24)

Everything that the market passes on is verified here: a request by its pseudonym's proof, an assignment by the
market's. Everything sent is signed with the vendor's key; the one exception is an invitation code.
"""

import secrets
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any, Final, TypeVar

import httpx
import msgspec

import crypto
from vrm.client.batches import in_batches
from vrm.client.board import BoardClient
from vrm.client.deliveries import DeliveriesClient
from vrm.client.disputes import DisputesClient
from vrm.client.events import (
    EventsClient,
    FiltersEntry,
    FiltersStored,
    OwnWebhook,
    WebhookEntry,
    WebhookStored,
)
from vrm.client.vendor_answers import (
    BatchAnswer,
    BidResult,
    BidTaken,
    BoardItem,
    CapacitySet,
    OwnBid,
    OwnBidEntry,
    QuestionAsked,
    Registered,
    VendorEntry,
)
from vrm.client.vendor_ratings import VendorRatingsClient
from vrm.documents import (
    Alternative,
    Bid,
    BidPrice,
    BidWithdrawal,
    Capacity,
    Document,
    PersonalRequest,
    Place,
    Question,
    Receipt,
    SavedFilter,
    SavedFilters,
    Signed,
    VendorProfile,
    Webhook,
    sign,
)
from vrm.documents.place import point
from vrm.documents.scalars import DeliveryWay
from vrm.errors import MarketMisbehaved, UsageError
from vrm.money import parse_amount

INVITATION: Final = "Vrm-Invitation"

D = TypeVar("D", bound=Document)


def place(slug: str, name: str, *, lat: float, lng: float, reach_km: float, capacity: int) -> Place:
    """Describe a place: degrees, how far it reaches, and the requests a day that it takes by default."""
    at = point(lat, lng)
    return Place(
        id=slug,
        name=name,
        lat_e6=at.lat_e6,
        lng_e6=at.lng_e6,
        reach_m=round(reach_km * 1000),
        capacity=capacity,
    )


class VendorClient(
    DisputesClient, DeliveriesClient, VendorRatingsClient, BoardClient, EventsClient
):
    """One vendor at one market; use it with ``async with``.

    Args:
        url: the market's address.
        key: the vendor's key; its did:key is the vendor's identity everywhere.
        market: the did:key that the market had before; a market with another is refused.
        transport, timeout, attempts: see `vrm.client.base.MarketClient`.
    """

    def __init__(
        self,
        url: str,
        key: crypto.SigningKey,
        *,
        market: str | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 20.0,
        attempts: int = 4,
        clock: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(
            url,
            market=market,
            key=key,
            transport=transport,
            timeout=timeout,
            attempts=attempts,
            clock=clock,
        )
        self._signer = key
        self._last_seq = 0

    def next_seq(self) -> int:
        """Draw a sequence number above all earlier ones: the milliseconds since 1970, made to grow."""
        self._last_seq = max(self._last_seq + 1, time.time_ns() // 1_000_000)
        return self._last_seq

    # --- who the vendor is ---

    async def register(
        self,
        name: str,
        *,
        places: Sequence[Place],
        categories: Sequence[str],
        delivery: Sequence[DeliveryWay],
        terms: Sequence[str],
        text: str | None = None,
        url: str | None = None,
        invitation: str | None = None,
    ) -> Registered:
        """Publish the vendor's profile, the first or a newer one.

        ``terms`` are the customers' privacy agreements that the vendor is ready to accept; read them with
        `terms`. ``invitation`` is the code that an operator gives out where admission is by invitation.

        Raises:
            UsageError, InvalidDocument: a value that the protocol does not allow.
            MarketRefused: among others ``invitation-required``, ``unknown-category``, ``stale-sequence``.
        """
        market = (await self.descriptor()).market
        profile = _stated(
            VendorProfile,
            market=market,
            vendor=self.did,
            seq=self.next_seq(),
            name=name,
            places=tuple(places),
            categories=tuple(categories),
            delivery=tuple(delivery),
            terms=tuple(terms),
            text=text or msgspec.UNSET,
            url=url or msgspec.UNSET,
        )
        return await self.send_profile(sign(profile, self._signer), invitation=invitation)

    async def send_profile(
        self, profile: Signed[VendorProfile], *, invitation: str | None = None
    ) -> Registered:
        """Send a profile that is signed already."""
        headers = {INVITATION: invitation} if invitation else None
        return await self.post("/vendors", profile, Registered, headers=headers)

    async def profile(self) -> VendorProfile:
        """Fetch the vendor's own profile as the market shows it to all.

        Raises:
            MarketRefused: ``unknown-vendor`` before the first registration.
        """
        shown = await self.get(f"/vendors/{self.did}", VendorEntry)
        profile = self.verified(bytes(shown.profile), VendorProfile).body
        if profile.vendor != self.did:
            raise MarketMisbehaved("The market shows another vendor's profile in place of yours.")
        return profile

    async def set_capacity(self, place: str, units: int, *, date: str | None = None) -> CapacitySet:
        """Say how many requests a place takes on a date, by default that of the day that closes next."""
        market = (await self.descriptor()).market
        capacity = _stated(
            Capacity,
            market=market,
            vendor=self.did,
            place=place,
            date=date or (await self.clock()).day.partition("#")[0],
            units=units,
            seq=self.next_seq(),
        )
        return await self.post("/capacities", sign(capacity, self._signer), CapacitySet)

    # --- where events go ---

    async def set_webhook(self, url: str, *, generation: int = 0) -> WebhookStored:
        """Have the market send the vendor's events to an address, the first of them at once: ``webhook.set``.

        Setting the same one again tries it out. ``generation``, raised, gives new keys; see `webhook`.

        Raises:
            UsageError, InvalidDocument: it is no URL.
            MarketRefused: among others ``webhook-address``.
        """
        return await self._send_webhook(url=url, generation=generation)

    async def remove_webhook(self) -> WebhookStored:
        """Have the market send no more events; the feed goes on."""
        return await self._send_webhook()

    async def _send_webhook(self, **facts: Any) -> WebhookStored:
        market = (await self.descriptor()).market
        body = _stated(Webhook, market=market, vendor=self.did, seq=self.next_seq(), **facts)
        return await self.post("/webhooks", sign(body, self._signer), WebhookStored)

    async def webhook(self) -> OwnWebhook:
        """Show the vendor's webhook, the keys that a receiver checks its calls by, and how it goes.

        Raises:
            MarketRefused: ``no-webhook`` where none is set.
        """
        shown = await self.get("/vendors/self/webhook", WebhookEntry, signed=True)
        signed = self.own(self.verified(bytes(shown.document), Webhook))
        return OwnWebhook(
            signed.digest,
            signed.body,
            shown.state,
            shown.secret,
            shown.public_key,
            shown.waiting,
            shown.delivered_at,
            shown.failures,
            shown.failure,
            shown.next_attempt,
        )

    async def save_filters(self, filters: Sequence[SavedFilter]) -> FiltersStored:
        """Have the market tell of each request that passes one of these, in place of all saved before."""
        market = (await self.descriptor()).market
        body = _stated(
            SavedFilters,
            market=market,
            vendor=self.did,
            seq=self.next_seq(),
            filters=tuple(filters),
        )
        return await self.post("/filters", sign(body, self._signer), FiltersStored)

    async def saved_filters(self) -> tuple[SavedFilter, ...]:
        """The vendor's own filters as the market has them."""
        shown = await self.get("/vendors/self/filters", FiltersEntry, signed=True)
        if bytes(shown.document) == b"null":
            return ()
        signed = self.own(self.verified(bytes(shown.document), SavedFilters))
        return tuple(signed.body.filters)

    # --- questions and bids ---

    async def ask(self, request: str, text: str) -> QuestionAsked:
        """Ask the one question that this vendor may ask about a request, by its digest.

        All vendors read it on the board, and the owner's answer too.

        Raises:
            InvalidDocument: the text is no question's.
            MarketRefused: among others ``already-asked``, ``bids-closed``.
        """
        market = (await self.descriptor()).market
        question = Question(market=market, vendor=self.did, request=request, text=text)
        return await self.post("/questions", sign(question, self._signer), QuestionAsked)

    async def bid(
        self,
        item: BoardItem,
        *,
        place: str,
        price: str | BidPrice,
        delivery: DeliveryWay,
        lead_time_hours: int,
        text: str | None = None,
        alternative: Alternative | None = None,
    ) -> BidTaken:
        """Make a firm bid, or replace the vendor's earlier one on the same request.

        ``price`` is the all-in total for the whole quantity, as decimal text in the market's currency. The bid
        accepts the customer's terms as the request names them. An ``alternative`` offers something else than
        was asked for, and can win only if the customer lists the bid.

        Raises:
            UsageError: the price is no amount, or the terms are not those of the market's roster.
            MarketRefused: see the codes in docs/vendors.md.
        """
        bid = await self.make_bid(
            item.digest,
            item.request,
            place=place,
            price=price,
            delivery=delivery,
            lead_time_hours=lead_time_hours,
            text=text,
            alternative=alternative,
        )
        return await self.send_bid(bid)

    async def make_bid(
        self,
        digest: str,
        request: PersonalRequest,
        *,
        place: str,
        price: str | BidPrice,
        delivery: DeliveryWay,
        lead_time_hours: int,
        text: str | None = None,
        alternative: Alternative | None = None,
        valid_until: str | None = None,
        seq: int | None = None,
    ) -> Signed[Bid]:
        """Sign a bid without sending it.

        With ``valid_until``, an instant, it holds for later days too that the request rolls over to. Keep it
        until it is sent: it carries a random salt, and only the very same bid is known again.
        """
        market = await self.descriptor()
        if request.terms.digest != {t.id: t.digest for t in market.terms}.get(request.terms.id):
            raise UsageError(f"The text of {request.terms.id} is not that of the market's roster.")
        if isinstance(price, str):
            try:
                amount = parse_amount(price, market.currency.digits)
            except ValueError as error:
                raise UsageError(f"Price '{price}': {error}.") from None
            price = BidPrice(amount=amount, currency=market.currency.code)
        bid = Bid(
            market=market.market,
            request=digest,
            vendor=self.did,
            place=place,
            price=price,
            delivery=delivery,
            lead_time_hours=lead_time_hours,
            terms=request.terms,
            seq=self.next_seq() if seq is None else seq,
            salt=crypto.base64url_encode(secrets.token_bytes(16)),
            text=text or msgspec.UNSET,
            alternative=alternative or msgspec.UNSET,
            valid_until=valid_until or msgspec.UNSET,
        )
        return sign(bid, self._signer)

    async def send_bid(self, bid: Signed[Bid]) -> BidTaken:
        """Send a signed bid; the same one again gives the same answer. See `receipt_of` for its receipt."""
        taken = await self.post("/bids", bid, BidTaken)
        self.receipt_of(taken.receipt, bid.digest)
        return taken

    def receipt_of(self, raw: msgspec.Raw | msgspec.UnsetType, document: str) -> Signed[Receipt]:
        """Read the receipt that came with an answer.

        Args:
            document: the digest of what was sent.

        Raises:
            MarketMisbehaved: there is none, it is for something else, or the market did not sign it.
        """
        if raw is msgspec.UNSET:
            raise MarketMisbehaved(f"The market took {document} and gave no receipt.")
        receipt = self.by_market(bytes(raw), Receipt)
        if receipt.body.document != document:
            raise MarketMisbehaved("A receipt is for another document than the one sent.")
        return receipt

    async def send_bids(self, bids: Iterable[bytes]) -> list[BidResult]:
        """Send any number of signed bids (their wire form) in batches, and tell what became of each, in order.

        Raises:
            MarketMisbehaved: the market answers with another number of results than bids.
        """
        results: list[BidResult] = []
        for batch in in_batches(bids):
            body = b'{"bids":[' + b",".join(batch) + b"]}"
            answer = await self.post("/bids/batch", body, BatchAnswer)
            if len(answer.results) != len(batch):
                raise MarketMisbehaved("The market's results are not one for each bid.")
            results += answer.results
        return results

    async def withdraw(self, bid: str) -> tuple[BidTaken, Signed[Receipt]]:
        """Take a bid back, by its digest; possible until the bids close. The receipt is the withdrawal's."""
        market = (await self.descriptor()).market
        withdrawal = BidWithdrawal(market=market, vendor=self.did, bid=bid)
        signed = sign(withdrawal, self._signer)
        taken = await self.post("/bid-withdrawals", signed, BidTaken)
        return taken, self.receipt_of(taken.receipt, signed.digest)

    async def my_bids(self, day: str | None = None) -> AsyncIterator[OwnBid]:
        """List the vendor's own bids, of the newest day first, or of one day."""
        asked: dict[str, str | int] = {"day": day} if day else {}
        async for entry in self.each("/vendors/self/bids", OwnBidEntry, asked, signed=True):
            signed = self.own(self.verified(bytes(entry.document), Bid), entry.bid)
            yield OwnBid(signed.digest, signed.body, entry.state, entry.day, signed.wire)


def _stated(kind: type[D], **facts: Any) -> D:
    """Make a document of what a person stated; its own rules are told as the person's mistake."""
    try:
        return kind(**facts)
    except ValueError as error:
        raise UsageError(f"{kind.__name__}: {error}.") from None
