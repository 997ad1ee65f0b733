"""Writing with the vendor that accepted: what the owner says, what came by mail, and what is still to be sent.

The wallet keeps the signed messages of both sides, so that its owner can show later what was said: the market
forgets them, and could never read them.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

import msgspec

import crypto
from crypto.canonical import canonical
from vrm.client.customer import CustomerClient
from vrm.documents import Acceptance, Message, Signed, VendorMessage, conversation, recall, sign
from vrm.documents.scalars import format_instant
from vrm.errors import MarketRefused, UsageError, WalletError
from vrm.wallet.own import OwnMessage, OwnRequest
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet

_IN_VAIN = frozenset(("out-of-turn", "messages-used-up", "conversation-over"))
"""Refusals of a message that would be refused again."""


@dataclass(frozen=True)
class Line:
    """A message of either side."""

    digest: str
    by: str
    """``you`` or ``vendor``."""
    number: int
    text: str | None
    """None where the wallet that wrote it was lost, or at a fault."""
    at: str | None
    """When it was signed, or came."""
    arrived: bool
    """Whether the market has said that it has it."""
    fault: str = ""
    """What is wrong with a vendor's message that is none."""


async def say(
    wallet: Wallet, client: CustomerClient, entry: OwnRequest, text: str, now: datetime
) -> OwnMessage:
    """Seal a message to the vendor, keep it, and post it behind those that the market has not confirmed yet.

    Raises:
        WalletError: no vendor has accepted the request.
        UsageError: the text is empty, too long, or not clean.
        MarketRefused: the market does not take it; where it never will, the wallet forgets it.
        MarketUnreachable: no answer; it stays in the wallet, and `send_due` sends it again.
    """
    if entry.assignment_digest is None or entry.acceptance is None:
        raise WalletError("No vendor has accepted this request yet; see: vrm requests")
    market = (await client.descriptor()).market
    key = wallet.pseudonym(entry.epoch, entry.index)
    to = crypto.ReplyPublicKey.from_text(recall(entry.acceptance, Acceptance).message_key)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        number = 1 + max((recall(own.wire, Message).number for own in kept.messages), default=0)
        try:
            written = conversation.write(
                text,
                number,
                entry.assignment_digest,
                request=entry.digest,
                sender=key,
                recipient=to,
            )
        except ValueError as error:
            raise UsageError(f"The message: {error}") from None
        signed = sign(
            Message(
                market=market,
                pseudonym=key.did,
                request=entry.digest,
                assignment=entry.assignment_digest,
                number=number,
                commitment=written.commitment,
                sealed=written.sealed,
            ),
            key,
        )
        own = OwnMessage(
            digest=signed.digest,
            wire=signed.wire,
            inside=canonical(written.inside),
            at=format_instant(now),
        )
        kept.messages.append(own)
    await _send_unsent(wallet, client, entry.digest)
    return next(
        one for one in wallet.read().request(entry.digest).messages if one.digest == own.digest
    )


async def send_due(wallet: Wallet, client: CustomerClient) -> None:
    """Send again what the market has not confirmed; errors as with `say`, once each request's turn has come."""
    await in_turn(
        [
            partial(_send_unsent, wallet, client, entry.digest)
            for entry in wallet.read().requests
            if any(not own.has_arrived for own in entry.messages)
        ]
    )


def lines(entry: OwnRequest) -> list[Line]:
    """What was said about a request, in order of time, as far as the wallet knows."""
    mine = [
        Line(
            own.digest,
            "you",
            recall(own.wire, Message).number,
            None if own.inside is None else text_in(own.inside),
            own.at,
            own.has_arrived,
        )
        for own in entry.messages
    ]
    theirs = [
        Line(
            *(digest, "vendor", body.number),
            None if heard.inside is None else text_in(heard.inside),
            *(heard.at, True, heard.fault),
        )
        for digest, heard in entry.heard.items()
        if is_of_vendor(entry, body := recall(heard.wire, VendorMessage))
    ]
    return sorted([*mine, *theirs], key=lambda line: (line.at or "", line.by, line.number))


def missing(entry: OwnRequest) -> list[int]:
    """The numbers of the vendor's messages that must have been sent and did not come."""
    come = {line.number for line in lines(entry) if line.by == "vendor"}
    return sorted(set(range(1, max(come, default=0))) - come)


def is_of_vendor(entry: OwnRequest, body: VendorMessage) -> bool:
    """Whether a message is by the vendor that has accepted, about that assignment."""
    given = entry.assigned
    return given is not None and (body.vendor, body.assignment) == (
        given.vendor,
        entry.assignment_digest,
    )


def text_in(inside: bytes) -> str:
    """What a signed message says."""
    return msgspec.convert(msgspec.json.decode(inside)["content"], conversation.Said).text


async def _send_unsent(wallet: Wallet, client: CustomerClient, request: str) -> None:
    """Post what the market has not confirmed, in order: it takes no message before the one it follows."""
    unsent = [own for own in wallet.read().request(request).messages if not own.has_arrived]
    for own in unsent:
        signed = Signed(recall(own.wire, Message), own.digest, own.wire)
        try:
            promise = await client.send_message(signed)
        except MarketRefused as error:
            if error.code in _IN_VAIN:
                _forget_from(wallet, request, signed.body.number)
            raise
        with wallet.editing() as state:
            for one in state.request(request).messages:
                if one.digest == own.digest:
                    one.promise = promise.wire


def _forget_from(wallet: Wallet, request: str, number: int) -> None:
    with wallet.editing() as state:
        entry = state.request(request)
        entry.messages = [
            own
            for own in entry.messages
            if own.has_arrived or recall(own.wire, Message).number < number
        ]
