"""Signed reads (RFC 9421): which vendor asks."""

from typing import Any

from litestar import Request

from crypto import CryptoError
from crypto.http_signatures import verify_request
from marketplace.errors import Refused
from marketplace.http.parameters import TheMarket
from marketplace.market import Market
from marketplace.vendors import service as vendors

TAG = "vrm-read"


async def reading_vendor(request: Request[Any, Any, Any], market: TheMarket) -> str:
    """Verify the request's signature and answer the did of the admitted vendor that made it."""
    headers = dict(request.headers)
    if "signature-input" not in headers:
        raise Refused("signature-required", "Vendors sign their reads: RFC 9421, tag vrm-read.")
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
    try:
        signed = verify_request(
            request.method, _url(request, market), headers, None, tag=TAG, now=now
        )
    except CryptoError as error:
        raise Refused("signature-invalid", str(error)) from None
    return await vendors.accept_read(market, signed)


def _url(request: Request[Any, Any, Any], market: Market) -> str:
    authority = (
        market.settings.public_url.rstrip("/") or f"http://{request.headers.get('host', '')}"
    )
    query = request.scope["query_string"].decode("ascii", "replace")
    path = request.scope["raw_path"].decode("ascii", "replace").partition("?")[0]
    return authority + path + (f"?{query}" if query else "")
