"""Disputing with the vendor that accepted: the owner speaks once, and shows some of what was written."""

import secrets
from collections.abc import Iterable, Sequence
from functools import partial

import msgspec

import crypto
from vrm.client.customer import CustomerClient
from vrm.documents import (
    Dispute,
    Message,
    Ruling,
    Shown,
    Signed,
    VendorDispute,
    VendorMessage,
    recall,
    sign,
)
from vrm.errors import MarketRefused, UsageError, WalletError
from vrm.wallet.conversing import is_of_vendor
from vrm.wallet.own import OwnPreference, OwnRequest
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet

_IN_VAIN = frozenset(
    ("already-disputed", "dispute-too-late", "unknown-message", "message-not-sent")
)
"""Refusals of what would be refused again."""


async def dispute(
    wallet: Wallet,
    client: CustomerClient,
    entry: OwnRequest,
    text: str,
    *,
    mine: Sequence[int] = (),
    theirs: Sequence[int] = (),
) -> OwnRequest:
    """Say the owner's side, keep that, post it, and keep the market's promise.

    Args:
        mine, theirs: the numbers of the owner's and the vendor's messages to show to the operator.

    Raises:
        WalletError: no vendor has accepted, the owner has spoken, or the wallet has no such message.
        InvalidDocument: the text is empty or too long, or too many messages are shown.
        MarketRefused: the market does not take it; where it never will, the wallet forgets it.
        MarketUnreachable: no answer; it stays in the wallet, and `send_due` sends it again.
    """
    if entry.assignment_digest is None or entry.acceptance is None:
        raise WalletError("No vendor has accepted this request yet; see: vrm requests")
    if entry.disputes:
        raise WalletError("You have said your side, and that is final.")
    shown = [*_shown(_own(entry), mine, "you"), *_shown(_heard(entry), theirs, "the vendor")]
    if not text:
        raise UsageError("Say what is wrong.")
    market = (await client.descriptor()).market
    key = wallet.pseudonym(entry.epoch, entry.index)
    body = Dispute(
        market=market,
        pseudonym=key.did,
        request=entry.digest,
        assignment=entry.assignment_digest,
        salt=crypto.base64url_encode(secrets.token_bytes(16)),
        text=text,
        messages=tuple(shown),
    )
    signed = sign(body, key)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        kept.disputes.append(OwnPreference(digest=signed.digest, wire=signed.wire))
    return await _send(wallet, client, entry.digest, signed)


async def send_due(wallet: Wallet, client: CustomerClient) -> None:
    """Send again what the market has not confirmed; errors as with `dispute`, once each one's turn has come."""
    await in_turn(
        [
            partial(
                _send,
                wallet,
                client,
                entry.digest,
                Signed(recall(own.wire, Dispute), own.digest, own.wire),
            )
            for entry in wallet.read().requests
            for own in entry.disputes
            if not own.has_arrived
        ]
    )


def vendor_says(entry: OwnRequest) -> VendorDispute | None:
    """What the vendor that accepted says in a dispute, as far as the mail has brought it."""
    given = entry.assigned
    for wire in entry.vendor_disputes.values():
        body = recall(wire, VendorDispute)
        if given and (body.vendor, body.assignment) == (given.vendor, entry.assignment_digest):
            return body
    return None


def decision(entry: OwnRequest) -> Ruling | None:
    """What the market decided of a dispute, as far as the mail has brought it."""
    for wire in entry.rulings.values():
        body = recall(wire, Ruling)
        if body.assignment == entry.assignment_digest:
            return body
    return None


def in_words(entry: OwnRequest) -> list[str]:
    """Say how a dispute about a request stands; nothing where there is none."""
    ruling, theirs = decision(entry), vendor_says(entry)
    if ruling is not None:
        return [f"The market has decided your dispute for {ruling.finds_for}: {ruling.reason}"]
    if entry.disputes and theirs:
        return ["You and the vendor are in dispute; the market will decide."]
    if entry.disputes:
        return ["You have opened a dispute; the vendor has said nothing yet."]
    if theirs:
        return ["The vendor has opened a dispute. Say your side: vrm dispute"]
    return []


def _own(entry: OwnRequest) -> Iterable[tuple[int, str, bytes | None]]:
    for own in entry.messages:
        yield recall(own.wire, Message).number, own.digest, own.inside


def _heard(entry: OwnRequest) -> Iterable[tuple[int, str, bytes | None]]:
    for digest, heard in entry.heard.items():
        body = recall(heard.wire, VendorMessage)
        if is_of_vendor(entry, body):
            yield body.number, digest, heard.inside


def _shown(
    known: Iterable[tuple[int, str, bytes | None]], wanted: Sequence[int], by: str
) -> list[Shown]:
    found = {number: (digest, inside) for number, digest, inside in known if inside is not None}
    for number in wanted:
        if number not in found:
            raise WalletError(f"There is no message {number} by {by} here; see: vrm messages")
    return [
        Shown(document=found[number][0], inside=msgspec.json.decode(found[number][1]))
        for number in wanted
    ]


async def _send(
    wallet: Wallet, client: CustomerClient, request: str, signed: Signed[Dispute]
) -> OwnRequest:
    try:
        promise = await client.dispute(signed)
    except MarketRefused as error:
        if error.code in _IN_VAIN:
            with wallet.editing() as state:
                kept = state.request(request)
                kept.disputes = [own for own in kept.disputes if own.digest != signed.digest]
        raise
    with wallet.editing() as state:
        entry = state.request(request)
        for own in entry.disputes:
            if own.digest == signed.digest:
                own.promise = promise.wire
    return entry
