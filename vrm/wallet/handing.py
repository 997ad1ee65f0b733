"""At the counter: the owner signs that it has what was assigned. Nothing is asked or sent."""

import crypto
from vrm.documents import Handover, Signed, sign
from vrm.documents.handover import read_code
from vrm.errors import UsageError, WalletError
from vrm.wallet.own import OwnPreference, OwnRequest
from vrm.wallet.wallet import Wallet


def hand_over(wallet: Wallet, code: str) -> tuple[OwnRequest, Signed[Handover]]:
    """Sign what a vendor shows, and keep that; the same code again gives the same answer.

    It counts once the vendor has brought it to the market, and its copy has come back by mail.

    Raises:
        UsageError: it is no code.
        WalletError: it is about none of the owner's pickups that a vendor has accepted.
    """
    try:
        beginning, challenge = read_code(code)
    except ValueError as error:
        raise UsageError(f"The code: {error}.") from None
    with wallet.editing() as state:
        entry = _meant(state.requests, beginning)
        key = wallet.pseudonym(entry.epoch, entry.index)
        body = Handover(
            market=state.rules.market,
            pseudonym=key.did,
            request=entry.digest,
            assignment=str(entry.assignment_digest),
            challenge=challenge,
        )
        signed = sign(body, key)
        if entry.handover is None or entry.handover.digest != signed.digest:
            entry.handover = OwnPreference(digest=signed.digest, wire=signed.wire)
    return entry, signed


def _meant(requests: list[OwnRequest], beginning: bytes) -> OwnRequest:
    """The pickup whose assignment's digest begins so."""
    for entry in requests:
        given = entry.assigned
        if given is None or entry.assignment_digest is None or entry.acceptance is None:
            continue
        raw = crypto.base64url_decode(entry.assignment_digest)
        if raw.startswith(beginning) and given.delivery == "pickup":
            return entry
    raise WalletError("The code is about none of your pickups that a vendor has accepted.")
