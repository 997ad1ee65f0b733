"""What both sides' clients share: one market's address, its verified identity, and plain HTTP manners.

The market's identity is its did:key. It is learnt from the descriptor, which that key must have signed, and
from then on it is fixed: a descriptor by another key is refused. Callers keep `MarketClient.market` and give
it back the next time.

Every call of the API may be repeated: reads change nothing, and posting a document again gives the same
answer. So a call that meets a broken connection, or a market that says it is busy, is tried again a few times
with growing pauses.
"""

import asyncio
import hashlib
import secrets
import ssl
import time
from collections.abc import AsyncIterator, Callable, Mapping
from functools import lru_cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar
from urllib.parse import urlsplit

import httpx
import msgspec

import crypto
from crypto import CryptoError
from crypto.http_signatures import sign_request
from vrm.client.address import LOOPBACK, checked_url
from vrm.client.patience import BUSY, LONGEST_PAUSE, pause_after, problem_of, wished_pause
from vrm.documents import Document, MarketDescriptor, Signed, read
from vrm.documents.scalars import Instant, MarketDay
from vrm.errors import (
    InvalidDocument,
    MarketMisbehaved,
    MarketRefused,
    MarketUnreachable,
    UsageError,
)

USER_AGENT: Final = "vrm/1"
"""One plain text for every participant: a version or a platform in it would tell people apart."""

READ_TAG: Final = "vrm-read"
PAGE_LIMIT: Final = 1000
LARGEST_ANSWER: Final = 32 * 2**20
"""Bytes of an answer, after decompression, that a client takes in: some times a full page of documents."""
_CHUNK: Final = 64 * 1024

Signer = Callable[[httpx.Request], Mapping[str, str]]

T = TypeVar("T")
D = TypeVar("D", bound=Document)


class Page(msgspec.Struct, Generic[T], frozen=True):
    """One page of a list.

    ``next`` is the cursor of the following page, None at the end; a list that grows gives ``resume`` at its
    end, a cursor from which later items will follow.
    """

    items: tuple[T, ...]
    next: str | None = None
    resume: str | None = None


class Clock(msgspec.Struct, frozen=True):
    """The market's time, and what comes next: all instants in UTC."""

    now: Instant
    day: MarketDay
    bids_close: Instant
    cutoff: Instant
    next_batch: Instant


class MarketClient:
    """An asynchronous client of one market; use it with ``async with``.

    Args:
        url: the market's address, such as ``https://market.example``.
        market: the did:key that the market had before, None at the first meeting.
        key: signs reads that only a vendor may make.
        transport: replaces the network, for tests.
        timeout: seconds for connecting, and between two bytes.
        attempts: how often a call is made before it counts as failed.
        pause: the most seconds by which an anonymous write is put off at random.
        clock: seconds since 1970, by which signed reads are dated; a play may live in the past.
    """

    def __init__(
        self,
        url: str,
        *,
        market: str | None = None,
        key: crypto.SigningKey | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        timeout: float = 20.0,
        attempts: int = 4,
        pause: float = 0.0,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.url = checked_url(url)
        self.market = market
        self.pause = pause
        self._clock = clock
        self._key = key
        self._transport = transport
        self._timeout = timeout
        self._attempts = attempts
        self._http: httpx.AsyncClient | None = None
        self._descriptor: Signed[MarketDescriptor] | None = None

    async def __aenter__(self) -> Self:
        self._http = self.connection()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._http is not None:
            await self._http.aclose()
            self._http = None

    def connection(self) -> httpx.AsyncClient:
        """Open a connection pool that carries nothing over from any other: no cookie, no cache.

        Raises:
            UsageError: the environment names a proxy that cannot be used.
        """
        try:
            return self._open()
        except (ImportError, ValueError) as error:
            raise UsageError(
                f"The proxy that the environment names cannot be used: {error}"
            ) from None

    def _open(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            base_url=self.url,
            transport=self._transport,
            timeout=self._timeout,
            verify=_tls(),
            trust_env=urlsplit(self.url).hostname not in LOOPBACK,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            headers={
                "user-agent": USER_AGENT,
                # httpx would list what happens to be installed here.
                "accept-encoding": "gzip",
                "accept": "application/json, application/problem+json",
            },
        )

    # --- what a market says about itself ---

    async def descriptor(self) -> MarketDescriptor:
        """Fetch the market's signed rules, once for the life of this client.

        Raises:
            MarketMisbehaved: the signature does not hold, or the market has another identity than before.
        """
        if self._descriptor is None:
            raw = await self.fetch("/.well-known/vrm-market")
            signed = self.verified(raw, MarketDescriptor)
            if self.market is not None and signed.body.market != self.market:
                raise MarketMisbehaved(
                    f"The market at {self.url} now calls itself {signed.body.market}; "
                    f"it was {self.market} before. Nothing was sent."
                )
            self.market = signed.body.market
            self._descriptor = signed
        return self._descriptor.body

    async def clock(self) -> Clock:
        """Ask for the market's time and its next instants."""
        return await self.get("/clock", Clock)

    async def terms(self, agreement: str) -> str:
        """Fetch the text of a privacy agreement and check it against the digest in the descriptor.

        Raises:
            UsageError: the market's roster has no such agreement.
            MarketMisbehaved: the text is another one than the descriptor pins.
        """
        listed = {entry.id: entry.digest for entry in (await self.descriptor()).terms}
        if agreement not in listed:
            raise UsageError(f"The market's terms are {', '.join(listed)}; not {agreement}.")
        raw = await self.fetch(f"/terms/{agreement}")
        if crypto.base64url_encode(hashlib.sha256(raw).digest()) != listed[agreement]:
            raise MarketMisbehaved(f"The text of {agreement} is not the one that the market pins.")
        return raw.decode()

    # --- reading ---

    async def get(
        self,
        path: str,
        kind: type[T],
        parameters: Mapping[str, str | int] | None = None,
        *,
        signed: bool = False,
    ) -> T:
        """Read one resource as a typed value; ``signed`` signs the read with this client's key."""
        return self.decode(await self.fetch(path, parameters, signed=signed), kind)

    async def page(
        self,
        path: str,
        kind: type[T],
        parameters: Mapping[str, str | int] | None = None,
        *,
        cursor: str | None = None,
        signed: bool = False,
    ) -> Page[T]:
        """Read one page of a list, from its beginning or from a cursor."""
        asked = {"limit": PAGE_LIMIT, **(parameters or {})}
        if cursor is not None:
            asked["cursor"] = cursor
        return self.decode(await self.fetch(path, asked, signed=signed), Page[kind])  # type: ignore[valid-type]

    async def each(
        self,
        path: str,
        kind: type[T],
        parameters: Mapping[str, str | int] | None = None,
        *,
        signed: bool = False,
    ) -> AsyncIterator[T]:
        """Walk a whole list, page by page.

        Raises:
            MarketMisbehaved: the market hands out a cursor for the second time.
        """
        cursor: str | None = None
        seen: set[str] = set()
        while True:
            page = await self.page(path, kind, parameters, cursor=cursor, signed=signed)
            for item in page.items:
                yield item
            cursor = page.next
            if cursor is None:
                return
            if cursor in seen:
                raise MarketMisbehaved("The market's list goes round in a circle.")
            seen.add(cursor)

    # --- writing ---

    async def post(
        self,
        path: str,
        document: Signed[Any] | bytes,
        kind: type[T],
        *,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Post a signed document, or a JSON body, and read the answer as a typed value."""
        body = document if isinstance(document, bytes) else document.wire
        return self.decode(await self.send("POST", path, body=body, headers=headers), kind)

    # --- below the types ---

    async def fetch(
        self,
        path: str,
        parameters: Mapping[str, str | int] | None = None,
        *,
        signed: bool = False,
    ) -> bytes:
        """Read the bytes of one resource."""
        return await self.send("GET", path, parameters=parameters, signed=signed)

    async def send(
        self,
        method: str,
        path: str,
        *,
        parameters: Mapping[str, str | int] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        signed: bool | Signer = False,
        over: httpx.AsyncClient | None = None,
    ) -> bytes:
        """Make one call, again where that helps, and return the bytes of a good answer.

        Args:
            signed: whether this client's key signs each attempt, as vendors' reads are signed; or what makes
                the headers that sign it otherwise.
            over: a connection of the caller's own, in place of this client's.

        Raises:
            MarketRefused: the market answered with a problem document.
            MarketUnreachable: no connection, or no usable answer, in all attempts.
            MarketMisbehaved: the answer is larger than `LARGEST_ANSWER`.
        """
        http = over or self._http
        if http is None:
            raise RuntimeError("MarketClient is used outside its `async with`")
        request = http.build_request(method, path, params=parameters, content=body, headers=headers)
        if body is not None and "content-type" not in (headers or {}):
            request.headers["content-type"] = "application/json"
        problem: MarketUnreachable | MarketRefused
        for attempt in range(1, self._attempts + 1):
            self._sign(request, body, signed)
            try:
                answer = await _received(http, request)
            except httpx.RequestError as error:
                reason = str(error) or type(error).__name__
                problem = MarketUnreachable(f"The market at {self.url} does not answer: {reason}")
                pause = pause_after(attempt)
            else:
                if answer.is_success:
                    return answer.content
                problem = problem_of(answer, again=attempt > 1)
                if answer.status_code not in BUSY:
                    break
                pause = max(pause_after(attempt), wished_pause(answer))
            if attempt == self._attempts or pause > LONGEST_PAUSE:
                break
            await asyncio.sleep(pause)
        raise problem

    def verified(self, raw: bytes, expected: type[D]) -> Signed[D]:
        """Read a document that the market has signed or passed on.

        Raises:
            MarketMisbehaved: it is not what it should be, or its proof does not hold.
        """
        try:
            return read(raw, expected)
        except (CryptoError, InvalidDocument) as error:
            raise MarketMisbehaved(f"A {expected.__name__} from the market: {error}") from error

    def by_market(self, raw: bytes, expected: type[D]) -> Signed[D]:
        """Read a document that this market must have signed, after the descriptor is known.

        Raises:
            MarketMisbehaved: it is not what it should be, or another key signed it.
        """
        signed = self.verified(raw, expected)
        if self.market is None or signed.body.signer != self.market:
            raise MarketMisbehaved(
                f"A {expected.__name__} is signed by another key than the market's."
            )
        return signed

    def decode(self, raw: bytes, kind: type[T]) -> T:
        """Decode a JSON answer.

        Raises:
            MarketMisbehaved: the answer has another shape.
        """
        try:
            return msgspec.json.decode(raw, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise MarketMisbehaved(f"The market's answer has an unknown shape: {error}") from error

    def _sign(self, request: httpx.Request, body: bytes | None, signed: bool | Signer) -> None:
        if not isinstance(signed, bool):
            request.headers.update(signed(request))
            return
        if not signed:
            return
        if self._key is None:
            raise RuntimeError("this client has no key to sign a read with")
        added = sign_request(
            request.method,
            str(request.url),
            {},
            body,
            self._key,
            tag=READ_TAG,
            created=int(self._clock()),
            nonce=secrets.token_urlsafe(16),
        )
        request.headers.update(added)


async def _received(http: httpx.AsyncClient, request: httpx.Request) -> httpx.Response:
    """Send a request and read its answer, as far as a client should hold one in memory."""
    answer = await http.send(request, stream=True)
    try:
        content = bytearray()
        async for chunk in answer.aiter_bytes(_CHUNK):
            content += chunk
            if len(content) > LARGEST_ANSWER:
                raise MarketMisbehaved(
                    f"The market's answer is larger than {LARGEST_ANSWER // 2**20} MiB."
                )
    finally:
        await answer.aclose()
    # What has been decoded already must not be so again.
    headers = [(n, v) for n, v in answer.headers.multi_items() if n != "content-encoding"]
    return httpx.Response(
        answer.status_code, headers=headers, content=bytes(content), request=request
    )


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """One TLS context for all connections; reading the certificates costs more than a call."""
    return httpx.create_ssl_context()
