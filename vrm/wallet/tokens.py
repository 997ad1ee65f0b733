"""Posting tokens: drawn once in each epoch, all of the allotment, and checked before and after.

Before it says who it is, over connections that carry no signature, the wallet reads the issuer keys, the issuer
directory and the head of the log, grown out of the head that it kept. Then the market tells its tier, and:

1. exactly one signed IssuerKey was listed for the tier and the epoch that runs, by the epoch's own times;
2. the issuer directory held that very key;
3. the log of that head holds that IssuerKey.

So nobody can be given a key of their own in silence, nor be shown other keys once it is known who looks. The
challenge in each token is what the wallet computes from the market's did:key, its nonce the public key of the
pseudonym that will spend it, its blind derived from the phrase: the same draw is the same request byte for
byte, and the market repeats its answer. After it, one proof shows that all tokens were issued under the key
that everybody sees.

Where several devices share the phrase, each makes the same draw for all of them, and keeps its share
(`vrm.wallet.devices`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, cast

from crypto import issuance
from crypto.encoding import base64url_decode
from crypto.errors import TokenError
from crypto.issuer_directory import Directory
from crypto.ristretto import Scalar
from crypto.tokens import IssuerPublicKey, Token
from vrm.client.log import Head, LogReader
from vrm.client.member import MemberClient
from vrm.documents import IssuerKey, Signed, TokenRules, recall
from vrm.documents.membership import TIERS, Tier
from vrm.documents.permits import challenge_of
from vrm.documents.scalars import parse_instant
from vrm.documents.standing import STAMPS, Stamp
from vrm.errors import MarketMisbehaved, MarketRefused, WalletError
from vrm.wallet import devices, membership
from vrm.wallet.state import OwnEpoch, State
from vrm.wallet.wallet import Wallet

NOT_DRAWN: Final = frozenset(("already-drawn", "token-request-invalid"))
"""Codes with which the market says that this draw was not made before, and cannot be made now."""


async def draw_due(wallet: Wallet, client: MemberClient) -> State:
    """Draw the allotment of the epoch that runs, unless that is done; answers the wallet's state.

    A device whose share begins with the next epoch draws nothing, and calls nobody by name.

    Raises:
        WalletError: the wallet is no member.
        MarketRefused: the market does not issue to it, say since another device has drawn.
        MarketMisbehaved: a check does not hold; nothing was drawn, or what was drawn is thrown away.
    """
    rules = (await client.descriptor()).tokens
    state = wallet.read()
    now = parse_instant((await client.clock()).now)
    if any(_runs(recall(one.issuer, IssuerKey), now) for one in state.epochs):
        return state
    running = rules.epoch_at(int(now.timestamp()))
    known = state.membership.devices if state.membership else []
    if any(one.branch == wallet.device and one.since > running for one in known):
        return state
    shown = await _look(client, state)
    own = await membership.refresh(wallet, client)
    _check_tier(wallet.read(), own.tier, rules)
    return await _draw_under(wallet, client, shown, _issuer(shown.keys, own.tier, rules, now), now)


async def restore(wallet: Wallet, client: MemberClient) -> State:
    """Get back the tokens that were drawn before the wallet lost its state, and draw what is due.

    A repeated draw is the same request, byte for byte, and the market repeats its answer while the tokens can
    be spent. Which of them are spent, the market is not asked. Errors as with `draw_due`.
    """
    await client.descriptor()
    now = parse_instant((await client.clock()).now)
    shown = await _look(client, wallet.read())
    own = await membership.refresh(wallet, client)
    for issuer in shown.keys:
        body = issuer.body
        if body.tier not in TIERS or parse_instant(body.not_before) > now:
            continue
        if parse_instant(body.redeems_until) <= now:
            continue
        if any(drawn.epoch == body.epoch for drawn in wallet.read().epochs):
            continue
        if wallet.device not in devices.sharing(own.devices, body.epoch):
            continue  # the device came later
        try:
            only = _only(shown.keys, body.tier, body.epoch)
            await _draw_under(wallet, client, shown, only, now)
        except MarketRefused as refusal:
            if refusal.code not in NOT_DRAWN:
                raise
        else:
            with wallet.editing() as state:
                for drawn in state.epochs:
                    drawn.came_back = drawn.came_back or drawn.epoch == body.epoch
    with wallet.editing() as state:
        state.fulfilled = None
    return state


def _check_tier(state: State, tier: Tier | None, rules: TokenRules) -> None:
    """Refuse a tier that the owner cannot have come to: one made up for a member names each of its requests.

    A wallet that came back from its phrase, or shares it with others, cannot tell, and takes the market's word.
    """
    if tier in {None, "new"} or state.fulfilled is None:
        return
    if state.membership is None or len(state.membership.devices) > 1:
        return
    least = (rules.standing.trusted if tier == "trusted" else rules.standing.known).fulfilled
    if state.fulfilled < least:
        raise MarketMisbehaved(
            f"The market calls you {tier}, for which {least} fulfilled requests are needed; this wallet has "
            f"stamps for {state.fulfilled}. A tier of your own would name your requests; nothing was drawn."
        )


@dataclass(frozen=True)
class _Shown:
    """What the market shows of its issuer keys to somebody who has not said who they are."""

    keys: list[Signed[IssuerKey]]
    directory: Directory
    since: str
    """The head of the log that the wallet had kept."""
    head: Head


async def _look(client: MemberClient, state: State) -> _Shown:
    """Read what a draw is checked against. It comes before the member's first signed call: who is asked for
    keys within the second in which a member has called knows for whom."""
    return _Shown(
        keys=[listed.issuer for listed in await client.issuer_keys()],
        directory=await client.directory(),
        since=state.log_head,
        head=await LogReader(client).head(state.log_head),
    )


async def _draw_under(
    wallet: Wallet,
    client: MemberClient,
    shown: _Shown,
    issuer: Signed[IssuerKey],
    now: datetime,
) -> State:
    """Draw under a key that holds, and keep this device's share of the tokens."""
    own = wallet.read().membership
    if own is None:
        raise WalletError("The wallet is no member of its market yet; join with: vrm join")
    branches = devices.sharing(own.devices, issuer.body.epoch)
    if wallet.device not in branches:
        raise WalletError(
            "This device has no share in this epoch's posting tokens. It has one in the next, if you have "
            "joined from it: vrm join"
        )
    await LogReader(client).find(issuer.digest, shown.head)
    draw = _draw(wallet, issuer.body, branches)
    if _runs(issuer.body, now) and shown.directory.find(draw.key.key_id) is None:
        raise MarketMisbehaved(
            "The market's issuer directory shows another key than its log; nothing was drawn."
        )
    answer = await client.draw(
        shown.directory.request_uri,
        draw.batch_request(),
        wallet.identity(own.generation),
        int(now.timestamp()),
    )
    try:
        drawn = draw.finish_batch(answer)
    except TokenError as error:
        raise MarketMisbehaved(
            f"The market issued under another key than it shows to all: {error}"
        ) from error
    with wallet.editing() as kept:
        if kept.log_head == shown.since:
            kept.log_head = shown.head.note
        part_from_old(kept, now)
        if all(one.epoch != issuer.body.epoch for one in kept.epochs):
            share = drawn[branches.index(wallet.device) :: len(branches)]
            tokens = [token.encode() for token in share]
            body = issuer.body
            kept.epochs.append(OwnEpoch(body.epoch, cast(Tier, body.tier), issuer.wire, tokens))
    return kept


async def draw_at_need(wallet: Wallet, client: MemberClient) -> None:
    """Draw only where no token is left that can be spent; errors as with `draw_due`.

    The market knows who draws, and when: who posts right after it is easy to guess.
    """
    now = parse_instant((await client.clock()).now)
    with wallet.editing() as state:
        part_from_old(state, now)
    if not left(state):
        await draw_due(wallet, client)


def next_place(state: State) -> tuple[int, int]:
    """The epoch and index of the token that the next request takes: the first unused one of the newest epoch.

    A token whose request the market refused is unused again. Those that came back are taken from the last one
    on: the lost wallet may have spent first ones for requests that are not public yet.

    Raises:
        WalletError: no token is left.
    """
    for own in sorted(state.epochs, key=lambda one: one.epoch, reverse=True):
        if unused := state.unused(own):
            return own.epoch, unused[-1 if own.came_back else 0]
    raise WalletError("No posting token is left; see: vrm tokens")


def left(state: State) -> int:
    """How many posting tokens the wallet has left."""
    return sum(len(state.unused(own)) for own in state.epochs)


def _runs(issuer: IssuerKey, now: datetime) -> bool:
    return parse_instant(issuer.not_before) <= now < parse_instant(issuer.draws_until)


def part_from_old(state: State, now: datetime) -> None:
    """Put away the epochs whose tokens can be spent no more."""
    old = [one for one in state.epochs if _is_over(one, now)]
    state.epochs = [one for one in state.epochs if one not in old]
    state.over += old


def _is_over(own: OwnEpoch, now: datetime) -> bool:
    return parse_instant(recall(own.issuer, IssuerKey).redeems_until) <= now


async def stamp_keys(client: MemberClient, now: datetime, state: State) -> list[Signed[IssuerKey]]:
    """The one key of each kind of stamps that runs, listed once and in the log; errors as with `draw_due`."""
    rules = (await client.descriptor()).tokens
    listed = [one.issuer for one in await client.issuer_keys()]
    issuers = [_issuer(listed, kind, rules, now) for kind in STAMPS]
    reader = LogReader(client)
    head = await reader.head(state.log_head)
    for issuer in issuers:
        await reader.find(issuer.digest, head)
    return issuers


def public_key(issuer: IssuerKey) -> bytes:
    """The encoded public key of a statement."""
    return base64url_decode(issuer.key)


def _issuer(
    keys: Sequence[Signed[IssuerKey]], tier: Tier | Stamp | None, rules: TokenRules, now: datetime
) -> Signed[IssuerKey]:
    """The one key of a tier, or of a kind of stamps, that is drawn under now.

    Its epoch is the one that the rules give now: a second key would else pass under another epoch's name.
    """
    running = rules.epoch_at(int(now.timestamp()))
    for issuer in keys:
        body = issuer.body
        if (body.tier, body.epoch) == (tier, running) and _runs(body, now):
            return _only(keys, body.tier, body.epoch)
    raise WalletError("The market has no issuer key for this epoch yet; try again in a moment.")


def _only(keys: Sequence[Signed[IssuerKey]], tier: str, epoch: int) -> Signed[IssuerKey]:
    """The one key of a tier and epoch."""
    found = [issuer for issuer in keys if (issuer.body.tier, issuer.body.epoch) == (tier, epoch)]
    if len(found) > 1:
        raise MarketMisbehaved(
            "The market lists two issuer keys for one tier and epoch; nothing was drawn."
        )
    return found[0]


def _draw(wallet: Wallet, issuer: IssuerKey, branches: Sequence[int]) -> issuance.Draw:
    try:
        key = IssuerPublicKey.parse(base64url_decode(issuer.key))
    except TokenError as error:
        raise MarketMisbehaved(f"The market's issuer key: {error}") from error
    places = [divmod(place, len(branches)) for place in range(issuer.allotment)]
    nonces: list[bytes] = []
    blinds: list[Scalar] = []
    for index, nth in places:
        at = issuer.epoch, index, branches[nth]
        nonces.append(wallet.pseudonym(*at).public.raw)
        blinds.append(issuance.derive_blind(wallet.blind_seed(*at), key, nonces[-1]))
    return issuance.Draw(key, challenge_of(issuer.market), tuple(nonces), tuple(blinds))


def token_at(state: State, epoch: int, index: int) -> Token:
    """The token of the pseudonym at a place.

    Raises:
        WalletError: the wallet has none, or its time is over.
    """
    for own in state.epochs:
        if own.epoch == epoch and index < len(own.tokens):
            return Token.parse(own.tokens[index])
    raise WalletError("The request's posting token is not good any more; make the request anew.")
