"""Being a member: under the profile's key, never under a pseudonym.

The chain of keys is kept before it is sent, so that an answer that is lost on the way never leaves the wallet
behind the market. Several devices under one phrase are one member; each goes on from what the market holds.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import UNSET

from crypto import CryptoError, SigningKey, rotation
from vrm.client.member import Departed, Joined, MemberClient
from vrm.documents import (
    Departure,
    Membership,
    Signed,
    Sponsorship,
    accept,
    sign,
)
from vrm.documents.membership import Tier
from vrm.documents.scalars import parse_instant
from vrm.errors import MarketMisbehaved, MarketRefused, UsageError, WalletError
from vrm.wallet import devices
from vrm.wallet.devices import Device
from vrm.wallet.state import OwnMembership, State
from vrm.wallet.wallet import Wallet

AHEAD: Final = 16
"""How many rotations a wallet that does not know its own looks ahead."""


QUIET_SECONDS: Final = 3600
"""For how long after a call by name a wallet makes no anonymous one of its own accord: who calls in the same
minutes is easy to guess."""


def heard_lately(state: State, now: datetime) -> bool:
    """Tell whether the market has heard from the owner by name within `QUIET_SECONDS`."""
    own = state.membership
    return own is not None and now.timestamp() < own.heard_at + QUIET_SECONDS


@dataclass(frozen=True)
class Found:
    """A member as the market holds it, and when it told."""

    registration: Signed[Membership]
    tier: Tier
    at: int

    def devices(self, key: bytes) -> list[Device]:
        """The devices that share the phrase; `key` decrypts their list."""
        sealed = self.registration.body.devices
        return [] if sealed is UNSET else devices.unseal(sealed, key)


async def look_up(
    identity: Callable[[int], SigningKey],
    client: MemberClient,
    generations: Iterable[int] = range(AHEAD),
) -> Found | None:
    """Find the owner of a phrase among the members, by the key that signs now; none if it is no member.

    Args:
        identity: the owner's key after so many rotations.
        generations: how many rotations there may have been, the likeliest first.
    """
    at = int(parse_instant((await client.clock()).now).timestamp())
    for generation in generations:
        try:
            return Found(*await client.own_membership(identity(generation), at), at)
        except MarketRefused as refusal:
            if refusal.code != "unknown-member":
                raise
    return None


async def refresh(wallet: Wallet, client: MemberClient) -> OwnMembership:
    """Bring the membership up to date: another device may have changed it, the market the tier.

    Raises:
        WalletError: the owner is no member.
        MarketMisbehaved: the market shows a registration that is not the owner's.
    """
    own = _member(wallet.read())
    at = int(parse_instant((await client.clock()).now).timestamp())
    with wallet.editing() as state:  # before it is called: it has heard it even where it refuses
        _member(state).heard_at = max(own.heard_at, at)
    found = await look_up(wallet.identity, client, _likely(own))
    if found is None:
        raise WalletError("The market does not know you as a member; join with: vrm join")
    return adopt(wallet, found)


def adopt(wallet: Wallet, found: Found) -> OwnMembership:
    """Go on from what the market holds, unless the wallet knows something newer; errors as `refresh`."""
    body = found.registration.body
    try:
        chain = rotation.follow(body.keys)
    except CryptoError as error:
        raise MarketMisbehaved(f"The market shows a chain of keys that breaks: {error}") from error
    if wallet.profile_did != chain.subject or body.key != chain.key:
        raise MarketMisbehaved("The market shows another member's registration.")
    shown = {
        name: value for name, value in body.profile["credentialSubject"].items() if name != "id"
    }
    with wallet.editing() as state:
        if state.membership is None:
            state.membership = OwnMembership(chain=[])
            state.facets |= shown
        own = state.membership
        if body.seq >= own.seq:
            own.chain, own.seq, own.shows = list(body.keys), body.seq, sorted(shown)
            own.devices = found.devices(wallet.devices_key) or [Device(wallet.device, 0)]
        own.tier = found.tier
        own.heard_at = max(own.heard_at, found.at)
    return own


async def join(
    wallet: Wallet,
    client: MemberClient,
    now: datetime,
    *,
    shows: Sequence[str] | None = None,
    invitation: str | None = None,
    sponsorship: dict[str, Any] | None = None,
) -> Joined:
    """Join the wallet's market, or register anew there, and list this device among the owner's.

    A device that is not the first shares the owner's tokens from the next epoch on.

    Args:
        shows: names of the facets that this market is shown; those of before if left out, at first none.
        sponsorship: a signed Sponsorship, where a member speaks for the owner.

    Raises:
        UsageError: the profile has no such facet.
        MarketRefused: the market does not admit the owner.
    """
    known = wallet.read().membership
    if known is not None and known.tier is not None:
        found = await look_up(wallet.identity, client, _likely(known))
        if found is not None:
            adopt(wallet, found)
    rules = (await client.descriptor()).tokens
    at = int(parse_instant((await client.clock()).now).timestamp())
    running = rules.epoch_at(at)
    with wallet.editing() as state:
        own = _begun(wallet, state)
        own.heard_at = at
        if all(one.branch != wallet.device for one in own.devices):
            # The tokens of the epoch that runs are drawn perhaps, without this device.
            own.devices.append(Device(wallet.device, running + rules.epoch_days))
        own.shows = sorted(own.shows if shows is None else shows)
        if missing := set(own.shows) - state.facets.keys():
            raise UsageError(f"The profile says nothing of {', '.join(sorted(missing))}.")
    return await _register(wallet, client, now, invitation, sponsorship)


async def _register(
    wallet: Wallet,
    client: MemberClient,
    now: datetime,
    invitation: str | None = None,
    sponsorship: dict[str, Any] | None = None,
) -> Joined:
    """Send the membership as the wallet has it, under the next number."""
    market = (await client.descriptor()).market
    with wallet.editing() as state:
        own = _member(state)
        own.seq += 1
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
        devices=devices.seal(own.devices, wallet.devices_key),
    )
    joined = await client.join(sign(registration, key), invitation)
    with wallet.editing() as state:
        _member(state).tier = joined.tier
    return joined


async def rotate(wallet: Wallet, client: MemberClient, now: datetime) -> Joined:
    """Make the next key the member's key; the membership stays. The key after it is committed to already."""
    await refresh(wallet, client)
    with wallet.editing() as state:
        own = _member(state)
        following = wallet.identity(own.generation + 1)
        after = wallet.identity(own.generation + 2)
        chain = rotation.follow(own.chain)
        own.chain.append(dict(rotation.rotate(chain, following, after.did)))
    return await _register(wallet, client, now)


async def leave(wallet: Wallet, client: MemberClient) -> Departed:
    """Leave the market; tokens that were drawn stay good."""
    await refresh(wallet, client)
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
    own = await refresh(wallet, client)
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


def _likely(own: OwnMembership) -> list[int]:
    """How often the key was rotated: as this device knows; once less, if the market did not hear of it; or more
    often, by another device."""
    known = max(0, own.generation)
    return [known, *range(max(0, known - 1), known), *range(known + 1, known + AHEAD)]


def _begun(wallet: Wallet, state: State) -> OwnMembership:
    if state.membership is None:
        chain = dict(rotation.incept(wallet.identity(0), wallet.identity(1).did))
        state.membership = OwnMembership(chain=[chain], devices=[Device(wallet.device, 0)])
    return state.membership


def _member(state: State) -> OwnMembership:
    if state.membership is None:
        raise WalletError("The wallet is no member of its market yet; join with: vrm join")
    return state.membership
