"""The owner's signed word on whether what was assigned came: for the vendor, and for a stamp."""

import secrets
from datetime import datetime, timedelta
from functools import partial

import crypto
from vrm.client.customer import CustomerClient
from vrm.documents import Bid, Confirmation, Signed, recall, sign
from vrm.documents.disclosure import MOST_WORDS
from vrm.documents.scalars import parse_instant
from vrm.errors import MarketRefused, WalletError
from vrm.wallet.endings import noting_the_end
from vrm.wallet.own import OwnPreference, OwnRequest
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet


async def confirm(
    wallet: Wallet, client: CustomerClient, entry: OwnRequest, now: datetime, *, received: bool
) -> OwnRequest:
    """Say whether it came, keep that, post it, and keep the market's promise.

    Raises:
        WalletError: its vendor was not told whom to deliver to; it was received before; or it should be missing
            while its vendor has not shipped it and has time to do so still; or too often.
        MarketRefused: the market does not take it.
        MarketUnreachable: no answer; it stays in the wallet, and `send_due` sends it again.
    """
    if entry.assignment_digest is None or not entry.disclosures:
        raise WalletError("Its vendor does not know whom to deliver to; see: vrm disclose")
    if entry.confirmations and _said(entry.confirmations[-1]).received:
        raise WalletError("You have said that you received it, and that is final.")
    market = (await client.descriptor()).market
    time_is_up = _ship_by(entry)
    if not received and entry.shipment is None and time_is_up is not None and now <= time_is_up:
        until = f"{time_is_up:%Y-%m-%d %H:%M} UTC"
        raise WalletError(
            f"Its vendor has not said that it shipped it, and has time at least until {until}; "
            "after that say that it is missing. If you want it no more: vrm cancel"
        )
    key = wallet.pseudonym(entry.epoch, entry.index)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        if not received and len(kept.confirmations) >= MOST_WORDS:
            raise WalletError(f"You have said so {MOST_WORDS} times; the market takes no more.")
        body = Confirmation(
            market=market,
            pseudonym=key.did,
            request=entry.digest,
            assignment=entry.assignment_digest,
            seq=1 + max((_said(own).seq for own in kept.confirmations), default=0),
            salt=crypto.base64url_encode(secrets.token_bytes(16)),
            received=received,
        )
        signed = sign(body, key)
        kept.confirmations.append(OwnPreference(digest=signed.digest, wire=signed.wire))
    return await _send(wallet, client, entry.digest, signed)


async def send_due(wallet: Wallet, client: CustomerClient) -> None:
    """Send again what the market has not confirmed; errors as with `confirm`, once each one's turn has come."""
    await in_turn(
        [
            partial(_send, wallet, client, entry.digest, Signed(_said(own), own.digest, own.wire))
            for entry in wallet.read().requests
            for own in entry.confirmations[-1:]
            if not (own.has_arrived or entry.is_over)
        ]
    )


async def _send(
    wallet: Wallet, client: CustomerClient, request: str, signed: Signed[Confirmation]
) -> OwnRequest:
    try:
        with noting_the_end(wallet, request):
            promise = await client.confirm(signed)
    except MarketRefused as refused:
        if refused.code == "not-missing-yet":
            with wallet.editing() as state:
                entry = state.request(request)
                kept = [own for own in entry.confirmations if own.digest != signed.digest]
                entry.confirmations = kept
        raise
    with wallet.editing() as state:
        entry = state.request(request)
        for own in entry.confirmations:
            if own.digest == signed.digest:
                own.promise = promise.wire
    return entry


def _ship_by(entry: OwnRequest) -> datetime | None:
    """Until when the vendor has time to ship at least; none where the wallet does not know.

    The market knows exactly: from which batch instant on the vendor was told, which no promise tells.
    """
    bid = None if entry.assigned is None else entry.bids.get(entry.assigned.bid)
    signed_at = entry.disclosures[0].at
    if bid is None or signed_at is None:
        return None
    return parse_instant(signed_at) + timedelta(hours=recall(bid, Bid).lead_time_hours)


def _said(own: OwnPreference) -> Confirmation:
    return recall(own.wire, Confirmation)
