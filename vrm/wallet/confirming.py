"""The owner's signed word on whether what was assigned came: for the vendor, and for a stamp."""

import secrets
from functools import partial

import crypto
from vrm.client.customer import CustomerClient
from vrm.documents import Confirmation, Signed, recall, sign
from vrm.errors import WalletError
from vrm.wallet.endings import noting_the_end
from vrm.wallet.own import OwnPreference, OwnRequest
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet


async def confirm(
    wallet: Wallet, client: CustomerClient, entry: OwnRequest, *, received: bool
) -> OwnRequest:
    """Say whether it came, keep that, post it, and keep the market's promise.

    Raises:
        WalletError: its vendor was not told whom to deliver to, or it was received before.
        MarketRefused: the market does not take it.
        MarketUnreachable: no answer; it stays in the wallet, and `send_due` sends it again.
    """
    if entry.assignment_digest is None or not entry.disclosures:
        raise WalletError("Its vendor does not know whom to deliver to; see: vrm disclose")
    if entry.confirmations and _said(entry.confirmations[-1]).received:
        raise WalletError("You have said that you received it, and that is final.")
    market = (await client.descriptor()).market
    key = wallet.pseudonym(entry.epoch, entry.index)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
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
    with noting_the_end(wallet, request):
        promise = await client.confirm(signed)
    with wallet.editing() as state:
        entry = state.request(request)
        for own in entry.confirmations:
            if own.digest == signed.digest:
                own.promise = promise.wire
    return entry


def _said(own: OwnPreference) -> Confirmation:
    return recall(own.wire, Confirmation)
