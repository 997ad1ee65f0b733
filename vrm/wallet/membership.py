"""Being a member: under the profile's key, never under a pseudonym.

The chain of keys is kept before it is sent, so that an answer that is lost on the way never leaves the wallet
behind the market.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from crypto import rotation
from vrm.client.member import Departed, Joined, MemberClient
from vrm.documents import (
    Departure,
    Membership,
    Signed,
    Sponsorship,
    accept,
    sign,
)
from vrm.documents.scalars import parse_instant
from vrm.errors import UsageError, WalletError
from vrm.wallet.state import OwnMembership, State
from vrm.wallet.wallet import Wallet


async def join(
    wallet: Wallet,
    client: MemberClient,
    now: datetime,
    *,
    shows: Sequence[str] | None = None,
    invitation: str | None = None,
    sponsorship: dict[str, Any] | None = None,
) -> Joined:
    """Join the wallet's market, or register anew there.

    Args:
        shows: names of the facets that this market is shown; those of before if left out, at first none.
        sponsorship: a signed Sponsorship, where a member speaks for the owner.

    Raises:
        UsageError: the profile has no such facet.
        MarketRefused: the market does not admit the owner.
    """
    market = (await client.descriptor()).market
    with wallet.editing() as state:
        own = _begun(wallet, state)
        own.seq += 1
        own.shows = sorted(own.shows if shows is None else shows)
        if missing := set(own.shows) - state.facets.keys():
            raise UsageError(f"The profile says nothing of {', '.join(sorted(missing))}.")
    key = wallet.identity(own.generation)
    profile = wallet.profile(now, own.shows)
    registration = Membership(
        market=market,
        member=wallet.profile_did,
        key=key.did,
        seq=own.seq,
        keys=tuple(own.chain),
        profile=msgspec.json.decode(profile.wire),
        sponsorship=sponsorship or UNSET,
    )
    joined = await client.join(sign(registration, key), invitation)
    with wallet.editing() as state:
        _member(state).tier = joined.tier
    return joined


async def rotate(wallet: Wallet, client: MemberClient, now: datetime) -> Joined:
    """Make the next key the member's key; the membership stays. The key after it is committed to already."""
    with wallet.editing() as state:
        own = _member(state)
        following = wallet.identity(own.generation + 1)
        after = wallet.identity(own.generation + 2)
        chain = rotation.follow(own.chain)
        own.chain.append(dict(rotation.rotate(chain, following, after.did)))
    return await join(wallet, client, now)


async def leave(wallet: Wallet, client: MemberClient) -> Departed:
    """Leave the market; tokens that were drawn stay good."""
    market = (await client.descriptor()).market
    with wallet.editing() as state:
        own = _member(state)
        own.seq += 1
    key = wallet.identity(own.generation)
    body = Departure(market=market, member=wallet.profile_did, key=key.did, seq=own.seq)
    departed = await client.leave(sign(body, key))
    with wallet.editing() as state:
        _member(state).tier = None
    return departed


async def sponsor(wallet: Wallet, client: MemberClient, candidate: str) -> Signed[Sponsorship]:
    """Speak for somebody, named by their profile key, in this epoch; the market is not told."""
    rules = await client.descriptor()
    now = parse_instant((await client.clock()).now)
    own = _member(wallet.read())
    key = wallet.identity(own.generation)
    body = Sponsorship(
        market=rules.market,
        sponsor=wallet.profile_did,
        key=key.did,
        candidate=candidate,
        epoch=rules.tokens.epoch_at(int(now.timestamp())),
    )
    return sign(body, key)


def read_sponsorship(wallet: Wallet, raw: bytes) -> dict[str, Any]:
    """Read what a sponsor handed over.

    Raises:
        crypto.CryptoError, InvalidDocument: it is no Sponsorship.
        UsageError: it is for somebody else, or another market.
    """
    try:
        document = msgspec.json.decode(raw, type=dict[str, Any])
    except msgspec.DecodeError:
        raise UsageError("The file holds no sponsorship.") from None
    body = accept(document, Sponsorship).body
    if (body.candidate, body.market) != (wallet.profile_did, wallet.read().rules.market):
        raise UsageError("The sponsorship is for somebody else, or for another market.")
    return document


def _begun(wallet: Wallet, state: State) -> OwnMembership:
    if state.membership is None:
        chain = dict(rotation.incept(wallet.identity(0), wallet.identity(1).did))
        state.membership = OwnMembership(chain=[chain])
    return state.membership


def _member(state: State) -> OwnMembership:
    if state.membership is None:
        raise WalletError("The wallet is no member of its market yet; join with: vrm join")
    return state.membership
