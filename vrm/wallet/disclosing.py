"""Telling the vendor that accepted whom to deliver to, and the record of who was told what.

The details are sealed to the key of the vendor's Acceptance, for one assignment, and under the terms that the
request asks for and the vendor's bid repeats. The wallet keeps what it told, the documents that both sides
signed, and the agreement's text: `contracts` puts them together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

import msgspec

import crypto
from crypto import messages
from crypto.errors import SealError
from vrm.client.customer import CustomerClient
from vrm.documents import (
    Acceptance,
    Assignment,
    Bid,
    Contact,
    Disclosure,
    Signed,
    Told,
    recall,
    sign,
)
from vrm.documents.disclosure import BOX_BYTES, MOST_WORDS, PURPOSE
from vrm.documents.scalars import format_instant
from vrm.errors import UsageError, WalletError
from vrm.wallet.endings import noting_the_end
from vrm.wallet.own import OwnDisclosure, OwnRequest
from vrm.wallet.state import State
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet


@dataclass(frozen=True)
class Agreed:
    """An accepted assignment with what both sides signed for it."""

    assignment: Assignment
    digest: str
    bid: Bid
    acceptance: Acceptance


def agreed(entry: OwnRequest) -> Agreed:
    """What a request has come to, once its vendor has accepted.

    Raises:
        WalletError: no vendor has accepted it, or the bid that won has not come by mail.
    """
    assignment, digest = entry.assigned, entry.assignment_digest
    if assignment is None or digest is None or entry.acceptance is None:
        raise WalletError("No vendor has accepted this request yet; see: vrm requests")
    if assignment.bid not in entry.bids:
        raise WalletError(
            "The bid that won has not come by mail, so the vendor's word on your terms is missing; "
            "look again with: vrm sync"
        )
    bid = recall(entry.bids[assignment.bid], Bid)
    if bid.vendor != assignment.vendor or bid.terms != entry.body.terms:
        raise WalletError(
            "The bid that won is not under the terms of your request: tell it nothing."
        )
    return Agreed(assignment, digest, bid, recall(entry.acceptance, Acceptance))


async def disclose(
    wallet: Wallet, client: CustomerClient, entry: OwnRequest, contact: Contact, now: datetime
) -> OwnDisclosure:
    """Seal contact details for one delivery, keep what is told, post it, and keep the market's promise.

    A later one takes the place of an earlier one.

    Raises:
        WalletError: see `agreed`; or it was told as often as the market takes it.
        UsageError: the details are not what this delivery needs, or too long.
        MarketRefused: the market does not take it.
        MarketUnreachable: no answer; it stays in the wallet, and `send_due` sends it again.
    """
    given = agreed(entry)
    market = (await client.descriptor()).market
    key = wallet.pseudonym(entry.epoch, entry.index)
    told = _told(given, contact)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        if len(kept.disclosures) >= MOST_WORDS:
            raise WalletError(f"You have told it {MOST_WORDS} times; the market takes no more.")
        body = Disclosure(
            market=market,
            pseudonym=key.did,
            request=entry.digest,
            assignment=given.digest,
            seq=1 + max((recall(own.wire, Disclosure).seq for own in kept.disclosures), default=0),
            sealed=_sealed(told, key, given.acceptance, entry.digest),
        )
        signed = sign(body, key)
        kept.disclosures.append(
            OwnDisclosure(
                digest=signed.digest,
                wire=signed.wire,
                vendor=given.assignment.vendor,
                told=told,
                at=format_instant(now),
            )
        )
    return await _send(wallet, client, entry.digest, signed)


def undisclosed(state: State) -> list[OwnRequest]:
    """The accepted requests whose vendors were told nothing yet."""
    return [
        entry
        for entry in state.requests
        if entry.acceptance and not (entry.disclosures or entry.cancellations or entry.is_over)
    ]


async def send_due(wallet: Wallet, client: CustomerClient, now: datetime) -> None:
    """Tell vendors that accepted what the owner has settled for their way of delivery, and send again what
    the market has not confirmed; errors as with `disclose`, once each vendor's turn has come."""
    state = wallet.read()
    new = [
        partial(disclose, wallet, client, entry, contact, now)
        for entry in undisclosed(state)
        if entry.assigned and (contact := state.contacts.get(entry.assigned.delivery))
    ]
    again = [
        partial(_send, wallet, client, entry.digest, _signed(own))
        for entry in state.requests
        for own in entry.disclosures[-1:]
        if not (own.has_arrived or entry.is_over)
    ]
    await in_turn([*new, *again])


def _signed(own: OwnDisclosure) -> Signed[Disclosure]:
    return Signed(recall(own.wire, Disclosure), own.digest, own.wire)


def unsettled(state: State) -> list[OwnRequest]:
    """A request for each way of delivery in which a vendor waits to be told, and nothing is settled."""
    waiting = {
        entry.assigned.delivery: entry for entry in undisclosed(state) if entry.assigned is not None
    }
    settled = {*state.contacts, *state.by_hand}
    return [entry for way, entry in waiting.items() if way not in settled]


def leave_to_hand(wallet: Wallet, entry: OwnRequest) -> None:
    """Tell vendors that deliver in this request's way nothing but what the owner tells each."""
    way = agreed(entry).bid.delivery
    with wallet.editing() as state:
        state.by_hand.append(way)


def settle(wallet: Wallet, entry: OwnRequest, contact: Contact) -> None:
    """Keep details as what vendors are told from now on where they deliver in this request's way."""
    given = agreed(entry)
    _told(given, contact)
    with wallet.editing() as state:
        state.contacts[given.bid.delivery] = contact


def contracts(state: State, entries: Iterable[OwnRequest]) -> list[dict[str, Any]]:
    """What both sides signed where something was told: who, what, when, and under which terms."""
    return [
        {
            "request": msgspec.Raw(entry.wire),
            "bid": msgspec.Raw(entry.bids[entry.assigned.bid]),
            "assignment": msgspec.Raw(entry.assignment or b"null"),
            "acceptance": msgspec.Raw(entry.acceptance or b"null"),
            "terms": {
                "id": entry.body.terms.id,
                "digest": entry.body.terms.digest,
                "text": state.agreements.get(entry.body.terms.digest),
            },
            "disclosures": [
                {"at": own.at, "told": own.told, "document": msgspec.Raw(own.wire)}
                for own in entry.disclosures
            ],
        }
        for entry in entries
        if entry.disclosures and entry.assigned and entry.assigned.bid in entry.bids
    ]


async def _send(
    wallet: Wallet, client: CustomerClient, request: str, signed: Signed[Disclosure]
) -> OwnDisclosure:
    with noting_the_end(wallet, request):
        promise = await client.disclose(signed)
    with wallet.editing() as state:
        [own] = [one for one in state.request(request).disclosures if one.digest == signed.digest]
        own.promise = promise.wire
    return own


def _told(given: Agreed, contact: Contact) -> Told:
    try:
        return Told(
            assignment=given.digest,
            bid=given.assignment.bid,
            terms=given.bid.terms,
            delivery=given.bid.delivery,
            contact=contact,
        )
    except ValueError as error:
        raise UsageError(f"The contact: {error}.") from None


def _sealed(told: Told, key: crypto.SigningKey, acceptance: Acceptance, request: str) -> str:
    try:
        box = messages.seal(
            msgspec.to_builtins(told),
            sender=key,
            recipient=crypto.ReplyPublicKey.from_text(acceptance.message_key),
            request=request,
            purpose=PURPOSE,
        )
    except SealError as error:
        raise UsageError(f"The contact: {error}") from None
    if len(box) != BOX_BYTES:
        raise UsageError("The contact is too long to look like all others; write less.")
    return crypto.base64url_encode(box)
