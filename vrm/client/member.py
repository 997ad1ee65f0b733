"""The member's side of a market's API: joining and leaving by name, drawing posting tokens.

Whatever a member signs goes over a connection of its own. What is checked before a draw (directory, issuer
keys, log) is read without a signature, so that a market cannot show one member another key than all others.
"""

import secrets
from dataclasses import dataclass

import httpx
import msgspec

import crypto
from crypto import issuer_directory
from crypto.errors import TokenError
from crypto.http_signatures import sign_request
from crypto.issuance import BATCH_REQUEST_MEDIA_TYPE
from crypto.issuer_directory import Directory
from vrm.client.base import Signer
from vrm.client.public import PublicClient
from vrm.documents import Departure, IssuerKey, Membership, Signed, StampDeposit
from vrm.documents.membership import Tier
from vrm.errors import MarketMisbehaved

MEMBER_TAG = "vrm-member"


class Joined(msgspec.Struct, frozen=True):
    """What the market says of a registration."""

    member: str
    key: str
    seq: int
    tier: Tier


class _Own(msgspec.Struct, frozen=True):
    tier: Tier
    document: msgspec.Raw


class Departed(msgspec.Struct, frozen=True):
    """What the market says that leaving did."""

    member: str
    deleted: tuple[str, ...]
    stays: tuple[str, ...]


class Deposited(msgspec.Struct, frozen=True):
    """What the market counted of a deposit of stamps."""

    member: str
    epoch: int
    fulfilled: int
    returned: int


@dataclass(frozen=True)
class ListedIssuerKey:
    """An issuer key as the market signed it, and its public counts of tokens."""

    issuer: Signed[IssuerKey]
    issued: int
    redeemed: int


class _Entry(msgspec.Struct, frozen=True):
    key_id: str
    issued: int
    redeemed: int
    document: msgspec.Raw


class MemberClient(PublicClient):
    """A member of one market; use it with ``async with``. Arguments: see `MarketClient`, without a key."""

    async def join(self, registration: Signed[Membership], invitation: str | None = None) -> Joined:
        """Register, or register anew with another profile or key.

        Raises:
            MarketRefused: among others ``invitation-required``, ``sponsorship-invalid``, ``keys-refused``.
        """
        headers = {"Vrm-Invitation": invitation} if invitation else None
        async with self.connection() as alone:
            raw = await self.send(
                "POST", "/members", body=registration.wire, headers=headers, over=alone
            )
        return self.decode(raw, Joined)

    async def leave(self, departure: Signed[Departure]) -> Departed:
        """Leave the market."""
        async with self.connection() as alone:
            raw = await self.send("POST", "/departures", body=departure.wire, over=alone)
        return self.decode(raw, Departed)

    async def own_membership(
        self, key: crypto.SigningKey, at: int
    ) -> tuple[Signed[Membership], Tier]:
        """What the market holds of the member that signs; `key` and `at` as for `draw`.

        Raises:
            MarketRefused: ``unknown-member``.
            MarketMisbehaved: it is no Membership of this key at this market.
        """
        market = (await self.descriptor()).market
        async with self.connection() as alone:
            raw = await self.send(
                "GET", "/members/self", signed=_by_member(key, None, at), over=alone
            )
        found = self.decode(raw, _Own)
        registration = self.verified(bytes(found.document), Membership)
        if (registration.body.key, registration.body.market) != (key.did, market):
            raise MarketMisbehaved("The market shows another member's registration.")
        return registration, found.tier

    async def deposit(self, deposit: Signed[StampDeposit]) -> Deposited:
        """Deposit stamps; the same deposit again gets the same answer.

        Raises:
            MarketRefused: among others ``stamp-spent``, ``stamp-invalid``, ``already-deposited``.
        """
        async with self.connection() as alone:
            raw = await self.send("POST", "/stamp-deposits", body=deposit.wire, over=alone)
        return self.decode(raw, Deposited)

    async def directory(self) -> Directory:
        """The issuer directory (RFC 9578), over a fresh connection without any signature.

        Raises:
            MarketMisbehaved: it is malformed, or sends draws to another place.
        """
        async with self.connection() as alone:
            raw = await self.send("GET", issuer_directory.PATH, over=alone)
        try:
            found = Directory.parse(raw)
        except TokenError as error:
            raise MarketMisbehaved(f"The market's issuer directory: {error}") from error
        if not found.request_uri.startswith("/") or found.request_uri.startswith("//"):
            raise MarketMisbehaved("The market's issuer directory points to another place.")
        return found

    async def issuer_keys(self) -> list[ListedIssuerKey]:
        """The newest issuer keys, each signed by the market, over a fresh connection without any signature."""
        await self.descriptor()
        async with self.connection() as alone:
            raw = await self.send("GET", "/issuer-keys", over=alone)
        entries = self.decode(raw, _Entries).items
        return [
            ListedIssuerKey(
                self.by_market(bytes(entry.document), IssuerKey), entry.issued, entry.redeemed
            )
            for entry in entries
        ]

    async def draw(self, path: str, request: bytes, key: crypto.SigningKey, at: int) -> bytes:
        """Send a draw, signed by a member.

        Args:
            path: the directory's ``issuer-request-uri``.
            at: the market's time, in seconds since 1970: the signature tells nothing of this machine's clock.

        Raises:
            MarketRefused: among others ``unknown-member``, ``already-drawn``.
        """

        async with self.connection() as alone:
            return await self.send(
                "POST",
                path,
                body=request,
                headers={"content-type": BATCH_REQUEST_MEDIA_TYPE},
                signed=_by_member(key, request, at),
                over=alone,
            )


def _by_member(key: crypto.SigningKey, body: bytes | None, at: int) -> Signer:
    """Signs a member's call."""

    def signed(request: httpx.Request) -> dict[str, str]:
        return sign_request(
            request.method,
            str(request.url),
            {},
            body,
            key,
            tag=MEMBER_TAG,
            created=at,
            nonce=secrets.token_urlsafe(16),
        )

    return signed


class _Entries(msgspec.Struct, frozen=True):
    items: tuple[_Entry, ...]
