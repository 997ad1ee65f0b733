"""What customers wrote to a vendor, opened and checked, and what it writes to them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import msgspec

import crypto
from crypto import CryptoError
from vrm.client.disclosures import DisclosuresClient
from vrm.client.vendor_answers import OwnAssignment
from vrm.documents import (
    Assignment,
    Message,
    PersonalRequest,
    Signed,
    VendorMessage,
    conversation,
    sign,
)
from vrm.errors import InvalidDocument, UsageError


class _MessageEntry(msgspec.Struct, frozen=True):
    message: msgspec.Raw
    assignment: msgspec.Raw
    request: msgspec.Raw


class MessageStored(msgspec.Struct, frozen=True):
    """The market's answer to a vendor's message, whose digest ``message`` is."""

    message: str
    assignment: str


@dataclass(frozen=True)
class HeardMessage:
    """What the customer of an accepted assignment wrote to this vendor alone."""

    message: Signed[Message]
    assignment: Signed[Assignment]
    request: Signed[PersonalRequest]
    said: conversation.Said | None
    """None where what was sealed is not what it should be: then it was never said."""
    inside: dict[str, Any] | None
    """The signed message that was sealed, to keep: with it the vendor can show what was said."""
    fault: str = ""


class ConversationsClient(DisclosuresClient):
    """A vendor that writes with its customers."""

    async def messages(self, after: str | None = None) -> AsyncIterator[HeardMessage]:
        """List what customers wrote, oldest first, from a cursor of `messages_page` if given."""
        more = True
        while more:
            found, after, more = await self.messages_page(after)
            for item in found:
                yield item

    async def messages_page(
        self, cursor: str | None = None
    ) -> tuple[tuple[HeardMessage, ...], str | None, bool]:
        """Read one page of what customers wrote: the items, the cursor to go on from, whether more are there.

        Raises:
            MarketMisbehaved: the market mixes up requests, or hands out what it or the customer did not sign.
        """
        await self.descriptor()
        path = "/vendors/self/messages"
        page = await self.page(path, _MessageEntry, cursor=cursor, signed=True)
        items = tuple(self._heard(entry) for entry in page.items)
        return items, page.next or page.resume or cursor, page.next is not None

    async def make_message(
        self, given: OwnAssignment, number: int, text: str
    ) -> tuple[Signed[VendorMessage], dict[str, Any]]:
        """Seal a message to the customer of an assignment; answers it, and the signed message in it to keep.

        Args:
            number: how many this vendor wrote about the assignment, with this one.

        Raises:
            UsageError: the text is empty, too long, or not clean.
        """
        market = (await self.descriptor()).market
        request = given.assignment.request
        try:
            written = conversation.write(
                text,
                number,
                given.digest,
                request=request,
                sender=self._signer,
                recipient=crypto.ReplyPublicKey.from_text(given.request.reply_key),
            )
        except ValueError as error:
            raise UsageError(f"The message: {error}") from None
        body = VendorMessage(
            market=market,
            vendor=self.did,
            request=request,
            assignment=given.digest,
            number=number,
            commitment=written.commitment,
            sealed=written.sealed,
        )
        return sign(body, self._signer), written.inside

    async def send_message(self, message: Signed[VendorMessage]) -> MessageStored:
        """Post a message; the customer has it with the next batch of mail. The same again changes nothing."""
        return await self.post("/vendor-messages", message, MessageStored)

    def _heard(self, entry: _MessageEntry) -> HeardMessage:
        message = self.verified(bytes(entry.message), Message)
        about = self.about(message, entry)
        try:
            said, inside = conversation.unseal(message.body, self.message_key(about[0].digest))
        except (CryptoError, InvalidDocument) as error:
            return HeardMessage(message, *about, None, None, str(error))
        return HeardMessage(message, *about, said, inside)
