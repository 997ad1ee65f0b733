"""What an owner does with requests: sign, send, take back.

A request is kept, signed, before it is sent. Where the answer is lost on the way, `send` later posts the very
same document, which the market recognises, so that no need is ever posted twice under two pseudonyms.
"""

from collections.abc import Callable
from typing import Final

from vrm.client.customer import CustomerClient
from vrm.client.patience import BUSY
from vrm.documents import MarketDescriptor, PersonalRequest, RequestWithdrawal, Signed, sign
from vrm.errors import MarketMisbehaved, MarketRefused, MarketUnreachable, WalletError
from vrm.wallet import tokens
from vrm.wallet.consent import require_unchanged
from vrm.wallet.own import OwnRequest
from vrm.wallet.wallet import Wallet
from vrm.wallet.wishes import Wish, compose

FINAL: Final = frozenset(
    (
        "cell-too-coarse",
        "currency-mismatch",
        "item-not-listed",
        "needed-by-too-soon",
        "off-item-price",
        "too-fine",
        "too-unusual",
        "unknown-category",
        "unknown-item",
        "unknown-policy",
        "unknown-terms",
        "unlike-item",
        "wrong-market",
    )
)
"""Codes with which a market says that it has not taken a request, and why it cannot."""

SPENT: Final = frozenset(("pseudonym-reused", "token-expired"))
"""Codes with which a market says so since the token is not good any more: it was spent for another request, say
by a device under the same phrase, or its time is over. Had the market taken this request, it would answer with
the promise."""


def draft(wallet: Wallet, wish: Wish, market: MarketDescriptor) -> PersonalRequest:
    """Write the request that a wish would become under the next pseudonym; nothing is kept or sent.

    Raises:
        RulesChanged: the market's rules are not those that the wallet knows.
        UsageError: the wish is not what the market or the protocol allows.
        WalletError: the wallet knows no such place, or has no posting token left.
    """
    state = wallet.read()
    require_unchanged(state.rules, market)
    return _compose(wallet, wish, market, state.place(wish.place).cell, tokens.next_place(state))


def prepare(
    wallet: Wallet, wish: Wish, market: MarketDescriptor, send_at: str | None = None
) -> OwnRequest:
    """Sign a request under the next posting token's pseudonym and keep it, unsent; errors as with `draft`.

    Args:
        send_at: the instant before which nobody is to send it; see `vrm.wallet.later`.
    """
    with wallet.editing() as state:
        require_unchanged(state.rules, market)
        place = state.place(wish.place)
        at = tokens.next_place(state)
        signed = sign(_compose(wallet, wish, market, place.cell, at), wallet.pseudonym(*at))
        entry = OwnRequest(
            epoch=at[0],
            index=at[1],
            digest=signed.digest,
            wire=signed.wire,
            place=place.name,
            send_at=send_at,
            newcomer_share=market.newcomers.share,
        )
        state.requests.append(entry)
    return entry


async def send(wallet: Wallet, client: CustomerClient, entry: OwnRequest) -> OwnRequest:
    """Post a kept request and keep the market's promise.

    Raises:
        MarketRefused: the market does not take it. The wallet forgets it, but for looking into the mail, if the
            market cannot have it, for a reason in `FINAL` and with no earlier attempt lost, and gives its token
            to the next request; else it can be withdrawn. It is forgotten with its token where another request
            has spent that.
        MarketUnreachable: no answer; it stays in the wallet, to be sent again later.
        MarketMisbehaved: the promise is none; it stays likewise.
    """
    await client.descriptor()  # what fails before the post is no lost attempt
    token = tokens.token_at(wallet.read(), entry.epoch, entry.index)
    try:
        promise = await client.submit(Signed(entry.body, entry.digest, entry.wire), token)
    except MarketRefused as refusal:
        if refusal.code in SPENT:
            _forget(wallet, entry, spent=True)
        elif refusal.code in FINAL and not (refusal.unsure or entry.lost):
            _forget(wallet, entry)
        elif refusal.status not in BUSY:
            told = str(refusal)
            _keep(wallet, entry.digest, lambda kept: setattr(kept, "refusal", told))
        raise
    except (MarketUnreachable, MarketMisbehaved):
        _keep(wallet, entry.digest, lambda kept: setattr(kept, "lost", True))
        raise
    return _keep(wallet, entry.digest, lambda kept: setattr(kept, "promise", promise.wire))


async def withdraw(wallet: Wallet, client: CustomerClient, entry: OwnRequest) -> OwnRequest:
    """Take a request back. One that never reached the market is forgotten.

    Raises:
        WalletError: the request is decided, or withdrawn already.
        MarketRefused: the market has decided it meanwhile.
    """
    if not entry.is_open():
        raise WalletError("The request is decided already and cannot be withdrawn.")
    if entry.withdrawn_at:
        raise WalletError("The request is withdrawn already.")
    key = wallet.pseudonym(entry.epoch, entry.index)
    body = RequestWithdrawal(market=entry.body.market, pseudonym=key.did, request=entry.digest)
    withdrawal = sign(body, key)
    try:
        promise = await client.withdraw(withdrawal)
    except MarketRefused as refusal:
        # Without a promise the request may have got there or not; only the market can tell.
        if entry.promise or entry.published_at or refusal.code != "unknown-request":
            raise
        _forget(wallet, entry, spent=entry.lost)  # what was lost may arrive late
        return entry

    def note(kept: OwnRequest) -> None:
        kept.withdrawal, kept.withdrawal_promise = withdrawal.wire, promise.wire

    return _keep(wallet, entry.digest, note)


def _compose(
    wallet: Wallet, wish: Wish, market: MarketDescriptor, cell: str, at: tuple[int, int]
) -> PersonalRequest:
    return compose(
        wish,
        market,
        cell=cell,
        pseudonym=wallet.pseudonym(*at).did,
        reply_key=wallet.reply_key(*at).public.text,
    )


def _forget(wallet: Wallet, entry: OwnRequest, *, spent: bool = False) -> None:
    with wallet.editing() as state:
        state.requests = [kept for kept in state.requests if kept.digest != entry.digest]
        for own in state.epochs:
            if spent and own.epoch == entry.epoch:
                own.spent.append(entry.index)
        # A market that took it all the same, and publishes it, has to mail its copy.
        state.sought = sorted({*state.sought, (entry.epoch, entry.index)})


def _keep(wallet: Wallet, digest: str, change: Callable[[OwnRequest], None]) -> OwnRequest:
    with wallet.editing() as state:
        entry = state.request(digest)
        change(entry)
    return entry
