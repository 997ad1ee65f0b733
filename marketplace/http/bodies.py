"""Bodies in: raw bytes only, since documents are read by strict rules and nothing may be lost before."""

from typing import Any

from litestar import Request

from marketplace.errors import Refused

MAX_DOCUMENT_BYTES = 64 * 1024
MAX_BATCH_BYTES = 4 * 1024 * 1024


async def document_body(request: Request[Any, Any, Any]) -> bytes:
    """Take the body of a write that carries one signed document."""
    return await _json_body(request, MAX_DOCUMENT_BYTES)


async def batch_body(request: Request[Any, Any, Any]) -> bytes:
    """Take the body of a write that carries many signed documents."""
    return await _json_body(request, MAX_BATCH_BYTES)


async def _json_body(request: Request[Any, Any, Any], limit: int) -> bytes:
    if request.content_type[0] != "application/json":
        raise Refused("unsupported-media-type", "Send the document as application/json.")
    body = await request.body()
    if len(body) > limit:
        raise Refused("too-large", f"The body has {len(body)} bytes; at most {limit} are read.")
    return body
