"""What wallets would be without one of their protections, so that an audit can show that it finds the link.

Each entry of `CARELESS` takes one away in this process; nothing outside `vrm.demo` knows of it.
"""

import hashlib
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

import httpx
import nacl.bindings as sodium

import vrm.client.anonymous
import vrm.client.customer
import vrm.wallet.cloaking
import vrm.wallet.tokens
from crypto import ReplyKey, issuance
from crypto.ristretto import scalar
from crypto.tokens import Challenge
from vrm.client.base import MarketClient
from vrm.client.customer import CustomerClient
from vrm.documents import MarketDescriptor, conversation
from vrm.documents.place import Point, cell_at
from vrm.errors import MarketUnreachable
from vrm.wallet import Wallet, cloaking, confirming, rating

EXACT: Final = 9
"""The resolution of a cell that is hardly larger than a house's block."""

ACTING: Final = ContextVar("ACTING", default="")
"""The member who draws now."""


@dataclass
class Habit:
    """How a crowd's people behave, where the wallet leaves it to them."""

    cell: Callable[[Point, MarketDescriptor], str] = cloaking.choose_cell
    tells_all: bool = False
    """They show each facet that they have."""
    asks_for_own: bool = False
    """They ask the log whether it holds their own requests, rather than reading it whole."""
    names_itself: bool = False
    """They put their member's name into what their vendors are told."""
    at_once: bool = False
    """They deal with all that was given to them in one sitting."""


def one_reply_key(_habit: Habit) -> None:
    """Have all that is for an owner sealed to one key."""
    each = Wallet.reply_key
    _put(Wallet, "reply_key", lambda wallet, _epoch, _index: each(wallet, 0, 0))


def profile_reply_key(_habit: Habit) -> None:
    """Make the reply key out of the profile's key, as X25519 keys can be made of Ed25519 ones."""

    def made(wallet: Wallet, _epoch: int, _index: int) -> ReplyKey:
        _, secret = sodium.crypto_sign_seed_keypair(wallet.identity(0).seed)
        return ReplyKey(sodium.crypto_sign_ed25519_sk_to_curve25519(secret))

    _put(Wallet, "reply_key", made)


def no_blinding(_habit: Habit) -> None:
    """Draw tokens under a blind that blinds nothing."""
    one = scalar((1).to_bytes(32, "little"))
    _put(issuance, "derive_blind", lambda _seed, _key, _nonce: one)


def any_challenge(_habit: Habit) -> None:
    """Answer whatever challenge a market makes up for each member."""

    def own(market: str) -> Challenge:
        plain = Challenge.of_market(market.removeprefix("did:key:"))
        context = hashlib.sha256(ACTING.get().encode()).digest()
        return Challenge(plain.issuer_name, plain.origin_info, context)

    _put(vrm.wallet.tokens, "challenge_of", own)


def unpadded(_habit: Habit) -> None:
    """Post documents as long as they are."""
    _put(vrm.client.anonymous, "padded", lambda body, _classes: body)


def one_connection(_habit: Habit) -> None:
    """Send everything over the connection that is open already."""
    fresh = MarketClient.connection

    def shared(client: MarketClient) -> Any:
        open_one = client._http
        return fresh(client) if open_one is None else _Kept(open_one)

    _put(MarketClient, "connection", shared)


def exact_place(habit: Habit) -> None:
    """Show the very block where they live."""
    _put(vrm.wallet.cloaking, "FINEST_RESOLUTION", EXACT)
    habit.cell = lambda at, _market: cell_at(at, EXACT)


def tells_all(habit: Habit) -> None:
    """Show every facet, however rare they are together."""
    habit.tells_all = True


def asks_for_own(habit: Habit) -> None:
    """Ask about one's own requests, instead of reading lists that all read."""
    habit.asks_for_own = True


def at_once(habit: Habit) -> None:
    """Say all that there is to say about all of one's requests in one sitting."""
    habit.at_once = True


def names_itself(habit: Habit) -> None:
    """Tell each vendor who one is to the market."""
    habit.names_itself = True


def one_salt(_habit: Habit) -> None:
    """Put the same salt into everything."""

    class Same:
        @staticmethod
        def token_bytes(length: int) -> bytes:
            return hashlib.sha256(ACTING.get().encode()).digest()[:length]

    for signing in (confirming, conversation, rating):
        _put(signing, "secrets", Same)


def reads_at_need(_habit: Habit) -> None:
    """Read an agreement's text just when a vendor is told something under it."""
    told = CustomerClient.disclose

    async def disclose(client: CustomerClient, disclosure: Any) -> Any:
        await client.terms((await client.descriptor()).terms[0].id)
        return await told(client, disclosure)

    _put(CustomerClient, "disclose", disclose)


def gives_up(_habit: Habit) -> None:
    """Say nothing more in a round in which the market failed one call."""
    post = vrm.client.anonymous.post_alone

    async def once(client: MarketClient, *arguments: Any) -> bytes:
        if getattr(client, "gave_up", False):
            raise MarketUnreachable("It failed a call before.")
        try:
            return await post(client, *arguments)
        except MarketUnreachable:
            setattr(client, "gave_up", True)  # noqa: B010
            raise

    _put(vrm.client.customer, "post_alone", once)


CARELESS: Final[dict[str, Callable[[Habit], None]]] = {
    made.__name__.replace("_", "-"): made
    for made in (
        one_reply_key,
        profile_reply_key,
        no_blinding,
        any_challenge,
        unpadded,
        one_connection,
        exact_place,
        tells_all,
        asks_for_own,
        at_once,
        names_itself,
        one_salt,
        reads_at_need,
        gives_up,
    )
}


class _Kept:
    """A connection that stays open when its user is done with it."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def __aenter__(self) -> httpx.AsyncClient:
        return self._http

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> Awaitable[None] | None:
        return None


def _put(where: Any, name: str, what: Any) -> None:
    if not hasattr(where, name):
        raise AttributeError(f"{where} has no {name} to take away")
    setattr(where, name, what)
