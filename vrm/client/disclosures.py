"""What customers told a vendor, opened and checked."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

import msgspec

import crypto
from crypto import CryptoError, messages
from vrm.client.assignments import AssignmentsClient
from vrm.documents import (
    Assignment,
    Cancellation,
    Confirmation,
    Disclosure,
    Dispute,
    Message,
    PersonalRequest,
    Signed,
    Told,
)
from vrm.documents.disclosure import PURPOSE
from vrm.errors import MarketMisbehaved


class About(Protocol):
    """A customer's word as it is listed, with what it is about."""

    @property
    def assignment(self) -> msgspec.Raw: ...

    @property
    def request(self) -> msgspec.Raw: ...


class _Entry(msgspec.Struct, frozen=True):
    digest: str
    disclosure: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw


@dataclass(frozen=True)
class Disclosed:
    """Whom to deliver to, as the customer of an accepted assignment said it to this vendor alone."""

    disclosure: Signed[Disclosure]
    assignment: Signed[Assignment]
    request: Signed[PersonalRequest]
    told: Told | None
    """None where what was sealed is not what it should be: only its author can put that right."""
    fault: str = ""
    """Why there is nothing to be read."""


class _ConfirmedEntry(msgspec.Struct, frozen=True):
    confirmation: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw


@dataclass(frozen=True)
class Confirmed:
    """A customer's signed word on whether this vendor's delivery came."""

    confirmation: Signed[Confirmation]
    assignment: Signed[Assignment]
    request: Signed[PersonalRequest]


class _CancelledEntry(msgspec.Struct, frozen=True):
    cancellation: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw


@dataclass(frozen=True)
class Cancelled:
    """A customer's signed word that it wants this vendor's delivery no more."""

    cancellation: Signed[Cancellation]
    assignment: Signed[Assignment]
    request: Signed[PersonalRequest]


class DisclosuresClient(AssignmentsClient):
    """A vendor that reads what customers told it."""

    async def disclosures(self) -> AsyncIterator[Disclosed]:
        """List what customers told this vendor, oldest first; one that counts no more is not there.

        Raises:
            MarketMisbehaved: the market mixes up requests, or hands out what it or the customer did not sign.
        """
        await self.descriptor()
        async for entry in self.each("/vendors/self/disclosures", _Entry, signed=True):
            yield self._opened(entry)

    async def confirmations(self) -> AsyncIterator[Confirmed]:
        """List what customers said of this vendor's deliveries, oldest first; errors as with `disclosures`."""
        await self.descriptor()
        path = "/vendors/self/confirmations"
        async for entry in self.each(path, _ConfirmedEntry, signed=True):
            confirmation = self.verified(bytes(entry.confirmation), Confirmation)
            yield Confirmed(confirmation, *self.about(confirmation, entry))

    async def cancellations(self) -> AsyncIterator[Cancelled]:
        """List what this vendor's customers want no more, oldest first; errors as with `disclosures`."""
        await self.descriptor()
        path = "/vendors/self/cancellations"
        async for entry in self.each(path, _CancelledEntry, signed=True):
            cancellation = self.verified(bytes(entry.cancellation), Cancellation)
            yield Cancelled(cancellation, *self.about(cancellation, entry))

    def about(
        self,
        word: Signed[Disclosure | Confirmation | Cancellation | Message | Dispute],
        entry: About,
    ) -> tuple[Signed[Assignment], Signed[PersonalRequest]]:
        """The assignment and the request that a customer's word came with.

        Raises:
            MarketMisbehaved: it is not about them, or the market or the customer did not sign them.
        """
        assignment = self.own(self.by_market(bytes(entry.assignment), Assignment))
        request = self.verified(bytes(entry.request), PersonalRequest)
        said = word.body
        names = (said.assignment, said.request, said.pseudonym, assignment.body.request)
        if names != (assignment.digest, request.digest, request.body.pseudonym, request.digest):
            raise MarketMisbehaved(f"A {said.type} came with another request than it is about.")
        return assignment, request

    def _opened(self, entry: _Entry) -> Disclosed:
        disclosure = self.verified(bytes(entry.disclosure), Disclosure)
        assignment, request = self.about(disclosure, entry)
        try:
            told = self._told(disclosure, assignment, request)
        except (CryptoError, msgspec.ValidationError) as error:
            return Disclosed(disclosure, assignment, request, None, str(error))
        return Disclosed(disclosure, assignment, request, told)

    def _told(
        self,
        disclosure: Signed[Disclosure],
        assignment: Signed[Assignment],
        request: Signed[PersonalRequest],
    ) -> Told:
        message = messages.unseal(
            crypto.base64url_decode(disclosure.body.sealed),
            self.message_key(assignment.digest),
            sender=request.body.pseudonym,
            request=request.digest,
            purpose=PURPOSE,
        )
        told = msgspec.convert(message.content, Told)
        given = assignment.body
        if (told.assignment, told.bid, told.terms, told.delivery) != (
            assignment.digest,
            given.bid,
            request.body.terms,
            given.delivery,
        ):
            raise msgspec.ValidationError("It is about another delivery, or under other terms.")
        return told
