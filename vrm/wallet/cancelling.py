"""The owner's signed word that it wants no delivery any more."""

import secrets
from functools import partial

import crypto
from vrm.client.customer import CustomerClient
from vrm.documents import Cancellation, Signed, recall, sign
from vrm.errors import MarketRefused, WalletError
from vrm.wallet.own import OwnPreference, OwnRequest
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet


async def cancel(wallet: Wallet, client: CustomerClient, entry: OwnRequest) -> OwnRequest:
    """Say that what a vendor has accepted is wanted no more, keep that, post it, and keep the market's promise.

    It counts unless the vendor ships before it does.

    Raises:
        WalletError: no vendor has accepted it, or it was cancelled before.
        MarketRefused: the market does not take it: the vendor has shipped it, or it has ended; nothing is kept.
        MarketUnreachable: no answer; it stays in the wallet, and `send_due` sends it again.
    """
    if entry.assignment_digest is None or entry.acceptance is None:
        raise WalletError("No vendor has accepted it; before that: vrm withdraw")
    if entry.cancellations:
        raise WalletError("You have cancelled it before.")
    key = wallet.pseudonym(entry.epoch, entry.index)
    body = Cancellation(
        market=(await client.descriptor()).market,
        pseudonym=key.did,
        request=entry.digest,
        assignment=entry.assignment_digest,
        salt=crypto.base64url_encode(secrets.token_bytes(16)),
    )
    signed = sign(body, key)
    with wallet.editing() as state:
        own = OwnPreference(digest=signed.digest, wire=signed.wire)
        state.request(entry.digest).cancellations.append(own)
    return await _send(wallet, client, entry.digest, signed)


async def send_due(wallet: Wallet, client: CustomerClient) -> None:
    """Send again what the market has not confirmed; errors as with `cancel`, once each one's turn has come."""
    await in_turn(
        [
            partial(_send, wallet, client, entry.digest, _signed(own))
            for entry in wallet.read().requests
            for own in entry.cancellations
            if not own.has_arrived
        ]
    )


async def _send(
    wallet: Wallet, client: CustomerClient, request: str, signed: Signed[Cancellation]
) -> OwnRequest:
    try:
        promise = await client.cancel(signed)
    except MarketRefused:
        with wallet.editing() as state:
            entry = state.request(request)
            entry.cancellations = [
                own for own in entry.cancellations if own.digest != signed.digest
            ]
        raise
    with wallet.editing() as state:
        entry = state.request(request)
        for own in entry.cancellations:
            if own.digest == signed.digest:
                own.promise = promise.wire
    return entry


def _signed(own: OwnPreference) -> Signed[Cancellation]:
    return Signed(recall(own.wire, Cancellation), own.digest, own.wire)
