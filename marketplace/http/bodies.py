"""Bodies in: raw bytes only, since documents are read by strict rules and nothing may be lost before.

How many bytes are read at most is said where the application and its handlers are declared: Litestar stops
reading there, whatever the Content-Length says.
"""

from typing import Any, Final

import msgspec
from litestar import Request

from marketplace.errors import Refused

MAX_DOCUMENT_BYTES: Final = 64 * 1024
MAX_BATCH_BYTES: Final = 4 * 1024 * 1024
MAX_BATCH: Final = 1000


async def json_body(request: Request[Any, Any, Any]) -> bytes:
    """Take the body of a write."""
    if request.content_type[0] != "application/json":
        raise Refused("unsupported-media-type", "Send the document as application/json.")
    return await request.body()


def documents_of(raw: bytes, member: str) -> list[bytes]:
    """Cut a batch into its documents without reading them: each is then parsed by the strict rules, alone.

    Raises:
        Refused: it is not an object with this one member, or holds none or more than 1000.
    """
    try:
        batch = msgspec.json.decode(raw, type=dict[str, list[msgspec.Raw]])
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        batch = {}
    if batch.keys() != {member}:
        raise Refused("invalid-field", f'Send {{"{member}": [...]}} and nothing else.', member)
    if not 1 <= len(batch[member]) <= MAX_BATCH:
        raise Refused("batch-size", f"There are {len(batch[member])} {member} in the call.", member)
    return [bytes(document) for document in batch[member]]
