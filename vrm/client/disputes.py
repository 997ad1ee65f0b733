"""A vendor's disputes with its customers."""

import secrets
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec

import crypto
from vrm.client.conversations import ConversationsClient
from vrm.client.vendor_answers import OwnAssignment
from vrm.documents import (
    Assignment,
    Dispute,
    PersonalRequest,
    Ruling,
    Shown,
    Signed,
    VendorDispute,
    sign,
)
from vrm.errors import MarketMisbehaved


class _Entry(msgspec.Struct, frozen=True):
    digest: str
    assignment: msgspec.Raw
    request: msgspec.Raw
    state: Literal["open", "decided"]
    opened_at: str
    customer: msgspec.Raw
    vendor_says: msgspec.Raw
    ruling: msgspec.Raw


class DisputeStored(msgspec.Struct, frozen=True):
    """The market's answer to a vendor's side of a dispute, whose digest ``dispute`` is."""

    dispute: str
    assignment: str


@dataclass(frozen=True)
class VendorCase:
    """A dispute about one of this vendor's assignments: what each side says, and what was decided."""

    assignment: Signed[Assignment]
    request: Signed[PersonalRequest]
    state: Literal["open", "decided"]
    opened_at: str
    customer: Signed[Dispute] | None
    own: Signed[VendorDispute] | None
    ruling: Signed[Ruling] | None


class DisputesClient(ConversationsClient):
    """A vendor that reads and answers disputes."""

    async def disputes(self) -> AsyncIterator[VendorCase]:
        """List the disputes about this vendor's assignments, oldest first.

        Raises:
            MarketMisbehaved: the market mixes up assignments, or hands out what nobody signed.
        """
        await self.descriptor()
        async for entry in self.each("/vendors/self/disputes", _Entry, signed=True):
            yield self._case(entry)

    async def dispute(
        self, given: OwnAssignment, text: str, shown: Sequence[Shown] = ()
    ) -> DisputeStored:
        """Say this vendor's side about an assignment, and show messages to the operator: once, and for good.

        Raises:
            InvalidDocument: the text is empty or too long, or too many messages are shown.
            MarketRefused: among others ``already-disputed``, ``dispute-too-late``, ``message-not-sent``.
        """
        body = VendorDispute(
            market=(await self.descriptor()).market,
            vendor=self.did,
            request=given.assignment.request,
            assignment=given.digest,
            salt=crypto.base64url_encode(secrets.token_bytes(16)),
            text=text,
            messages=tuple(shown),
        )
        return await self.post("/vendor-disputes", sign(body, self._signer), DisputeStored)

    def _case(self, entry: _Entry) -> VendorCase:
        assignment = self.own(self.by_market(bytes(entry.assignment), Assignment), entry.digest)
        request = self.verified(bytes(entry.request), PersonalRequest)
        if assignment.body.request != request.digest:
            raise MarketMisbehaved("A dispute came with another request than it is about.")
        customer = own = ruling = None
        if bytes(entry.customer) != b"null":
            customer = self.verified(bytes(entry.customer), Dispute)
            self.about(customer, entry)
        if bytes(entry.vendor_says) != b"null":
            own = self.own(self.verified(bytes(entry.vendor_says), VendorDispute))
        if bytes(entry.ruling) != b"null":
            ruling = self.by_market(bytes(entry.ruling), Ruling)
        for said in (own, ruling):
            if said is not None and said.body.assignment != assignment.digest:
                raise MarketMisbehaved("A dispute came with another assignment's documents.")
        return VendorCase(assignment, request, entry.state, entry.opened_at, customer, own, ruling)
