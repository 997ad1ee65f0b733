"""Bodies in: raw bytes only, since documents are read by strict rules and nothing may be lost before.

How many bytes are read at most is said where the application and its handlers are declared: Litestar stops
reading there, whatever the Content-Length says.
"""

from typing import Any, Final

from litestar import Request

from marketplace.errors import Refused

MAX_DOCUMENT_BYTES: Final = 64 * 1024
MAX_BATCH_BYTES: Final = 4 * 1024 * 1024


async def json_body(request: Request[Any, Any, Any]) -> bytes:
    """Take the body of a write."""
    if request.content_type[0] != "application/json":
        raise Refused("unsupported-media-type", "Send the document as application/json.")
    return await request.body()
