"""Signed calls (RFC 9421): which vendor reads, which member draws."""

from typing import Any

from litestar import Request

from crypto import CryptoError
from crypto.http_signatures import VerifiedRequest, verify_request
from marketplace.errors import Refused
from marketplace.http.parameters import TheMarket
from marketplace.market import Market
from marketplace.vendors import service as vendors

TAG = "vrm-read"
MEMBER_TAG = "vrm-member"


async def reading_vendor(request: Request[Any, Any, Any], market: TheMarket) -> str:
    """Verify the request's signature and answer the did of the admitted vendor that made it."""
    return await vendors.accept_read(market, await _verified(request, market, None, TAG))


async def signing_member(request: Request[Any, Any, Any], market: TheMarket) -> VerifiedRequest:
    """Verify the signature of a member's call; the use case checks who it is, and the nonce."""
    return await _verified(request, market, await request.body(), MEMBER_TAG)


async def _verified(
    request: Request[Any, Any, Any], market: Market, body: bytes | None, tag: str
) -> VerifiedRequest:
    headers = dict(request.headers)
    if "signature-input" not in headers:
        raise Refused("signature-required", f"Sign this call: RFC 9421, tag {tag}.")
    now = await market.db.time()
    try:
        return verify_request(
            request.method, _url(request, market), headers, body, tag=tag, now=now
        )
    except CryptoError as error:
        raise Refused("signature-invalid", str(error)) from None


def _url(request: Request[Any, Any, Any], market: Market) -> str:
    authority = (
        market.settings.public_url.rstrip("/") or f"http://{request.headers.get('host', '')}"
    )
    query = request.scope["query_string"].decode("ascii", "replace")
    path = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    return authority + path + (f"?{query}" if query else "")
