"""Stamps: what became of the wallet's tokens, counted for its owner without telling which tokens they were.

For a token that was not used, or whose request was withdrawn, found nobody, was not received by its owner's
word, or was cancelled by its vendor, its pseudonym draws one R-stamp; for a request that was received, one
F-stamp. It does so alone on a connection and after a random while, under a key that is checked as those of
tokens are. In a later epoch the wallet deposits what it has under the member's name, all at once. The stamp's
nonce and blind derive from the phrase, and the market repeats its answer to the same claim.
"""

import hashlib
import random
from datetime import datetime
from functools import partial
from typing import Final, cast

from crypto import issuance
from crypto.encoding import base64url_encode
from crypto.errors import TokenError
from crypto.tokens import IssuerPublicKey, Token
from vrm.client.customer import CustomerClient
from vrm.client.member import Deposited
from vrm.documents import (
    Confirmation,
    IssuerKey,
    StampClaim,
    StampDeposit,
    recall,
    sign,
)
from vrm.documents.permits import stamp_challenge
from vrm.documents.scalars import parse_instant
from vrm.documents.standing import DEPOSIT_EPOCHS, MOST_STAMPS, Stamp
from vrm.errors import MarketMisbehaved, MarketRefused
from vrm.wallet import membership, tokens
from vrm.wallet.own import OwnRequest
from vrm.wallet.state import OwnEpoch, OwnStamp, State
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet

MOST_CLAIMS: Final = 6
"""Claims of one round, so that a round does not take long, and tokens that are over together do not show
together."""

NO_STAMP: Final = frozenset(("no-stamp", "stamp-given", "token-expired", "token-invalid"))
"""Codes with which the market says that a token is worth no stamp, now or ever."""

NO_GOOD: Final = frozenset(("stamp-invalid", "stamp-spent"))
"""Codes with which it says so of a deposit."""


async def collect(wallet: Wallet, client: CustomerClient) -> int:
    """Draw some of the stamps that the wallet's tokens are worth by now; answers how many it got.

    None where the market has heard from the owner by name just now. Else the keys of both kinds are read first,
    once in an epoch and also for nothing: whoever read them at need would tell that they have stamps to claim.

    Raises:
        MarketRefused, MarketUnreachable: once each one's turn has come; what failed is left for the next round.
        MarketMisbehaved: a check of the key, or a proof, does not hold.
    """
    now = parse_instant((await client.clock()).now)
    with wallet.editing() as state:
        tokens.part_from_old(state, now)
        oldest = _oldest(state, now)
        state.over = [own for own in state.over if own.epoch >= oldest]
    worth = _worth(state)
    if membership.heard_lately(state, now):
        return 0
    keys = await _keys(wallet, client, now)
    some = random.SystemRandom().sample(worth, min(len(worth), MOST_CLAIMS))
    got = await in_turn(
        [partial(_collect_one, wallet, client, keys[kind], own, index) for own, index, kind in some]
    )
    return sum(got)


async def _keys(wallet: Wallet, client: CustomerClient, now: datetime) -> dict[Stamp, IssuerKey]:
    """The keys of this epoch's stamps."""
    running = (await client.descriptor()).tokens.epoch_at(int(now.timestamp()))
    state = wallet.read()
    keys = [recall(wire, IssuerKey) for wire in state.stamp_keys]
    if not keys or any(key.epoch != running for key in keys):
        found = await tokens.stamp_keys(client, now, state)
        with wallet.editing() as kept:
            kept.stamp_keys = [one.wire for one in found]
        keys = [one.body for one in found]
    return {cast(Stamp, key.tier): key for key in keys}


async def _collect_one(
    wallet: Wallet, client: CustomerClient, issuer: IssuerKey, own: OwnEpoch, index: int
) -> bool:
    stamp = await _claim(wallet, client, issuer, own, index)
    with wallet.editing() as kept:
        for one in kept.epochs + kept.over:
            if one.epoch == own.epoch:
                one.stamped.append(index)
        if stamp is not None:
            kept.stamps.append(OwnStamp(issuer.epoch, stamp.encode()))
            if issuer.tier == "stamp-f" and kept.fulfilled is not None:
                kept.fulfilled += 1
    return stamp is not None


async def deposit(wallet: Wallet, client: CustomerClient) -> Deposited | None:
    """Deposit the stamps of earlier epochs, unless that is done in this one; none if there are none.

    Where another device of the owner's has deposited in this epoch, they wait for the next one.

    Raises:
        WalletError: the owner is no member.
        MarketRefused: among others that the stamps are no good; the wallet forgets them.
    """
    rules = (await client.descriptor()).tokens
    now = parse_instant((await client.clock()).now)
    running = rules.epoch_at(int(now.timestamp()))
    oldest = _oldest(wallet.read(), now)
    with wallet.editing() as state:
        state.stamps = [stamp for stamp in state.stamps if stamp.epoch >= oldest]
    ripe = sorted(stamp.token for stamp in state.stamps if stamp.epoch < running)[:MOST_STAMPS]
    if not ripe or state.deposited == running:
        return None
    own = await membership.refresh(wallet, client)
    key = wallet.identity(own.generation)
    body = StampDeposit(
        market=state.rules.market,
        member=wallet.profile_did,
        key=key.did,
        epoch=running,
        stamps=tuple(base64url_encode(token) for token in ripe),
    )
    try:
        deposited = await client.deposit(sign(body, key))
    except MarketRefused as refusal:
        if refusal.code in NO_GOOD:
            _spent(wallet, ripe, None)
        if refusal.code != "already-deposited":
            raise
        _spent(wallet, [], running)
        return None
    _spent(wallet, ripe, running)
    return deposited


def _worth(state: State) -> list[tuple[OwnEpoch, int, Stamp]]:
    """The places of tokens that are worth a stamp and have had none, and which."""
    found: list[tuple[OwnEpoch, int, Stamp]] = [
        (own, index, "stamp-r") for own in state.over for index in state.unused(own)
    ]
    ended = {(entry.epoch, entry.index): _stamp_for(entry) for entry in state.requests}
    found += [
        (own, index, kind)
        for own in state.epochs + state.over
        for index in range(len(own.tokens))
        if (kind := ended.get((own.epoch, index))) is not None
    ]
    return [(own, index, kind) for own, index, kind in found if index not in own.stamped]


def _stamp_for(entry: OwnRequest) -> Stamp | None:
    """What a request has made of its token; the owner's word counts once the market's copy of it came back."""
    if entry.confirmations and entry.confirmations[-1].came_back:
        said = recall(entry.confirmations[-1].wire, Confirmation)
        return "stamp-f" if said.received else "stamp-r"
    if entry.handover and entry.handover.came_back:
        return "stamp-f"
    if entry.vendor_cancellation or any(own.came_back for own in entry.cancellations):
        return (
            "stamp-r"  # cancelled by the owner only where its vendor was overdue: the market knows
        )
    return "stamp-r" if entry.withdrawn_at or (entry.reason and entry.day) else None


async def _claim(
    wallet: Wallet,
    client: CustomerClient,
    body: IssuerKey,
    own: OwnEpoch,
    index: int,
) -> Token | None:
    """The stamp for one token, of the key's kind; none if the market says that it is worth none."""
    kind = cast(Stamp, body.tier)
    key = IssuerPublicKey.parse(tokens.public_key(body))
    pseudonym, seed = wallet.pseudonym(own.epoch, index), wallet.blind_seed(own.epoch, index)
    nonce = hashlib.blake2b(key=seed, person=b"vrm stamp", digest_size=32).digest()
    blind = issuance.derive_blind(seed, key, nonce)
    draw = issuance.Draw(key, stamp_challenge(body.market, kind), (nonce,), (blind,))
    claim = StampClaim(
        market=body.market,
        pseudonym=pseudonym.did,
        stamp=kind,
        issuer_key=base64url_encode(key.key_id),
        blinded=base64url_encode(draw.blinded),
    )
    try:
        answer = await client.claim_stamp(sign(claim, pseudonym), Token.parse(own.tokens[index]))
    except MarketRefused as refusal:
        if refusal.code in NO_STAMP:
            return None
        raise
    try:
        return draw.finish(answer)
    except TokenError as error:
        raise MarketMisbehaved(
            f"The market gave a stamp under another key than it shows to all: {error}"
        ) from error


def _spent(wallet: Wallet, ripe: list[bytes], epoch: int | None) -> None:
    with wallet.editing() as state:
        state.stamps = [stamp for stamp in state.stamps if stamp.token not in ripe]
        state.deposited = epoch or state.deposited


def _oldest(state: State, now: datetime) -> int:
    """The oldest epoch whose stamps can be deposited, and for whose tokens there can be one."""
    rules = state.rules.tokens
    return rules.epoch_at(int(now.timestamp())) - DEPOSIT_EPOCHS * rules.epoch_days
