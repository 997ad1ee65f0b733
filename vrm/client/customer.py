"""The customer's side of a market's API: anonymous writes, and public lists read whole.

A pseudonym never makes a signed read, and nothing that it sends travels beside anything else: each write opens
a connection of its own after a random while, padded, under one plain User-Agent, without cookies, and closes
it again.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta

from crypto import CryptoError, base64url_decode
from crypto.token_http import authorization
from crypto.tokens import Token
from vrm.client.anonymous import post_alone
from vrm.client.member import MemberClient
from vrm.documents import (
    Answer,
    Cancellation,
    Confirmation,
    Disclosure,
    Dispute,
    Message,
    PersonalRequest,
    Preference,
    Promise,
    Rating,
    RequestWithdrawal,
    Signed,
    StampClaim,
    VendorRatingAnswer,
)
from vrm.errors import MarketMisbehaved, UsageError

Count = Annotated[int, Meta(ge=0)]


class Crowds(msgspec.Struct, frozen=True, kw_only=True):
    """How many requests of late show the same H3 cell, category or facet (``name=value``), as the market says.

    What too few show is left out.
    """

    days: Count
    """The dates (UTC) that are counted."""
    requests: Count
    """All that were published on those dates."""
    cells: dict[str, Count] = {}
    categories: dict[str, Count] = {}
    facets: dict[str, Count] = {}


class _Given(msgspec.Struct, frozen=True):
    response: str


class CustomerClient(MemberClient):
    """One customer at one market; use it with ``async with``. Arguments: see `MarketClient`, without a key."""

    async def submit(self, request: Signed[PersonalRequest], token: Token) -> Signed[Promise]:
        """Post a request and return the market's promise of when it will be public.

        The same request again gets the same promise.

        Args:
            token: certifies the request's pseudonym, and is spent.

        Raises:
            UsageError: the document is for another market.
            MarketRefused: among others ``too-fine``, ``unknown-category``, ``pseudonym-reused``.
            MarketMisbehaved: the promise is for another document, or by another key than the market's.
        """
        spending = {"authorization": authorization(token)}
        return await self._promised("/requests", request, spending)

    async def crowds(self) -> Crowds:
        """Read how many requests look alike, over a connection of its own: one answer for everybody."""
        async with self.connection() as alone:
            return self.decode(await self.send("GET", "/crowds", over=alone), Crowds)

    async def withdraw(self, withdrawal: Signed[RequestWithdrawal]) -> Signed[Promise]:
        """Post a withdrawal and return the market's promise; errors as with `submit`."""
        return await self._promised("/request-withdrawals", withdrawal)

    async def prefer(self, preference: Signed[Preference]) -> Signed[Promise]:
        """Post an order over the bids on a request; the promise names the cutoff at which it counts."""
        return await self._promised("/preferences", preference)

    async def answer(self, answer: Signed[Answer]) -> Signed[Promise]:
        """Post an answer to a vendor's question and return the market's promise; errors as with `submit`."""
        return await self._promised("/answers", answer)

    async def disclose(self, disclosure: Signed[Disclosure]) -> Signed[Promise]:
        """Post sealed contact details; the promise names the instant by which their vendor has them."""
        return await self._promised("/disclosures", disclosure)

    async def confirm(self, confirmation: Signed[Confirmation]) -> Signed[Promise]:
        """Post whether what was assigned came; the promise names the instant from which on it counts."""
        return await self._promised("/confirmations", confirmation)

    async def send_message(self, message: Signed[Message]) -> Signed[Promise]:
        """Post a sealed message; the promise names the instant by which the vendor has it."""
        return await self._promised("/messages", message)

    async def rate(self, said: Signed[Rating | VendorRatingAnswer]) -> Signed[Promise]:
        """Post a rating, or an answer to a vendor's; the promise names the instant from which on it counts."""
        path = "/ratings" if isinstance(said.body, Rating) else "/vendor-rating-answers"
        return await self._promised(path, said)

    async def dispute(self, dispute: Signed[Dispute]) -> Signed[Promise]:
        """Post the owner's side of a dispute; the promise names the instant from which on it counts."""
        return await self._promised("/disputes", dispute)

    async def cancel(self, cancellation: Signed[Cancellation]) -> Signed[Promise]:
        """Post that a delivery is wanted no more; the promise names the instant from which on it counts."""
        return await self._promised("/cancellations", cancellation)

    async def claim_stamp(self, claim: Signed[StampClaim], token: Token) -> bytes:
        """Draw the stamp that a pseudonym's token is worth; answers a TokenResponse (RFC 9578, section 5.2).

        Raises:
            MarketRefused: among others ``no-stamp``, ``stamp-given``, ``token-expired``.
            MarketMisbehaved: the answer is no response.
        """
        raw = await post_alone(self, "/stamps", claim, {"authorization": authorization(token)})
        try:
            return base64url_decode(self.decode(raw, _Given).response)
        except CryptoError as error:
            raise MarketMisbehaved(f"The market's stamp: {error}") from error

    async def _promised(
        self,
        path: str,
        document: Signed[
            PersonalRequest
            | RequestWithdrawal
            | Preference
            | Answer
            | Disclosure
            | Confirmation
            | Cancellation
            | Message
            | Rating
            | VendorRatingAnswer
            | Dispute
        ],
        headers: Mapping[str, str] | None = None,
    ) -> Signed[Promise]:
        market = (await self.descriptor()).market
        if document.body.market != market:
            raise UsageError(f"The document is for another market than {market}.")
        raw = await post_alone(self, path, document, headers)
        promise = self.by_market(raw, Promise)
        if (promise.body.document, promise.body.document_type) != (
            document.digest,
            document.body.type,
        ):
            raise MarketMisbehaved("The market's promise is for another document.")
        return promise
