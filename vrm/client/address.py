"""What counts as a market's address."""

from typing import Final
from urllib.parse import urlsplit

from vrm.errors import UsageError

LOOPBACK: Final = frozenset(("localhost", "127.0.0.1", "::1"))


def checked_url(url: str) -> str:
    """Take scheme, host and port: whatever else an address holds would go along with every call.

    Plain HTTP is for this machine and for onion services, whose name is their key.
    """
    try:
        parts = urlsplit(url)
        bare = f"{parts.scheme}://{parts.netloc}"
        host, port = parts.hostname or "", parts.port
    except ValueError:
        host, port, bare = "", None, ""
    if not host or port == 0 or "@" in bare or url not in (bare, f"{bare}/"):
        raise UsageError(
            f"{url} is no address of a market; one looks like https://market.example "
            "(a host and perhaps a port, nothing more)"
        )
    private = host in LOOPBACK or host.endswith(".onion")
    if parts.scheme != "https" and not (parts.scheme == "http" and private):
        raise UsageError(
            f"{url} is no address of a market: it must begin with https://, or with http:// on this "
            "machine or for an .onion service."
        )
    return bare
