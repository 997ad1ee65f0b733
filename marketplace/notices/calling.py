"""One call of a webhook, to a machine that may be anything but what it says.

The name is resolved once. Every address that comes of it must be public, and the connection is made to one of
them, not to the name: what was checked is what is called, whatever the name says a moment later. The name stays
in the Host header and in TLS, whose certificate must be its own. No redirect is followed, no proxy is used,
nothing of the answer is read but its status and a few headers, and all of it ends in time.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import lru_cache
from socket import SOCK_STREAM
from typing import Final

import httpx

from marketplace.notices.rules import may_call

SECONDS: Final = 15.0
"""Within which a receiver must have answered, from resolving its name on."""
USER_AGENT: Final = "vrm-market/1"

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Turns a host and port into IP addresses. Raises OSError where there are none."""


class NotDelivered(Exception):
    """The receiver has not taken it; the text tells why, without more than a stranger could find out."""

    def __init__(self, why: str, *, gone: bool = False, wish: int = 0) -> None:
        super().__init__(why)
        self.gone = gone
        """It answered 410: it wants no more."""
        self.wish = wish
        """The seconds for which it asked to be left alone."""


async def resolve_by_system(host: str, port: int) -> Sequence[str]:
    """Resolve a name as this machine does."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SOCK_STREAM)
    return [str(one[4][0]) for one in found]


async def call(
    url: str, body: bytes, headers: Mapping[str, str], resolve: Resolve, *, loopback: bool
) -> None:
    """Post a body; return once the receiver has taken it (2xx).

    Raises:
        NotDelivered: it has not.
    """
    try:
        async with asyncio.timeout(SECONDS):
            answer = await _post(httpx.URL(url), body, headers, resolve, loopback=loopback)
    except TimeoutError:
        raise NotDelivered(f"No answer within {SECONDS:.0f} seconds") from None
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise NotDelivered(f"The connection failed ({type(error).__name__})") from None
    if not answer.is_success:
        wish = answer.headers.get("retry-after", "")
        raise NotDelivered(
            f"It answered {answer.status_code}",
            gone=answer.status_code == httpx.codes.GONE,
            wish=int(wish) if wish.isascii() and wish.isdigit() and len(wish) < 10 else 0,
        )


async def _post(
    url: httpx.URL, body: bytes, headers: Mapping[str, str], resolve: Resolve, *, loopback: bool
) -> httpx.Response:
    host = url.raw_host.decode("ascii")
    address = await _address(host, url, resolve, loopback=loopback)
    own = {"Host": url.netloc.decode("ascii"), "User-Agent": USER_AGENT}
    sent = {**own, "Content-Type": "application/json", **headers}
    async with httpx.AsyncClient(verify=_tls(), trust_env=False, timeout=SECONDS) as http:
        request = http.build_request(
            "POST",
            url.copy_with(host=address),
            content=body,
            headers=sent,
            extensions={"sni_hostname": host},
        )
        # As a stream: leaving the block closes the connection, however much is still to come.
        answer = await http.send(request, stream=True)
        await answer.aclose()
        return answer


async def _address(host: str, url: httpx.URL, resolve: Resolve, *, loopback: bool) -> str:
    port = url.port or (443 if url.scheme == "https" else 80)
    try:
        found = await resolve(host, port)
        good = bool(found) and all(may_call(one, url.scheme, loopback=loopback) for one in found)
    except (OSError, ValueError):  # ValueError: a name that is none, an address with a zone
        good = False
    if not good:
        # One text for all: who asks is not to learn which names there are in the market's own network.
        raise NotDelivered("Its name has no public address, or others beside it")
    return found[0]


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """One TLS context for all calls; reading the certificates costs more than a call."""
    return httpx.create_ssl_context()
