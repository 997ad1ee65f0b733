"""Pure decisions about webhooks: which addresses may be called, and when again."""

import ipaddress
from typing import Final
from urllib.parse import urlsplit

from marketplace.errors import Refused

PAUSES: Final = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds after the first, second, ... failed attempt with an event: the specification's own example.

The attempt after the last pause, three days after the first, is the last."""
LONGEST_WISH: Final = 86_400
"""The most seconds by which a receiver's Retry-After puts the next attempt off."""

_NOT_PUBLIC: Final = tuple(
    map(
        ipaddress.ip_network,
        (
            "192.0.0.0/24",  # IETF protocol assignments, NAT64 discovery among them (RFC 6890)
            "192.88.99.0/24",  # 6to4 relays (RFC 7526)
            "2001::/23",  # IETF protocol assignments: Teredo, ORCHID (RFC 6890)
            "2001:db8::/32",  # documentation
            "2002::/16",  # 6to4, which holds an IPv4 address (RFC 3056)
            "3fff::/20",  # documentation (RFC 9637)
        ),
    )
)
_UNICAST: Final = ipaddress.ip_network("2000::/3")
"""All of IPv6 that the world routes: it leaves out mapped and NAT64 addresses, which hold an IPv4 one."""


def is_public(address: str) -> bool:
    """Tell whether an IP address is somebody's on the open Internet, and of no machine or network nearby."""
    ip = ipaddress.ip_address(address)
    if ip.version == 6 and ip not in _UNICAST:
        return False
    return (
        ip.is_global
        and not ip.is_multicast
        and not ip.is_reserved
        and not any(ip in network for network in _NOT_PUBLIC if network.version == ip.version)
    )


def may_call(address: str, scheme: str, *, loopback: bool) -> bool:
    """Tell whether a webhook may go to an address.

    Args:
        loopback: whether the market is one for trials, whose webhooks may stay on the machine.
    """
    if loopback and ipaddress.ip_address(address).is_loopback:
        return True
    return scheme == "https" and is_public(address)


def check_url(url: str, *, loopback: bool) -> None:
    """Refuse what is no address of an HTTPS server, whichever machine it may turn out to name."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("It is no URL") from None
    if parts.scheme != "https" and not (loopback and parts.scheme == "http"):
        raise _refused("It does not begin with https://")
    if not parts.hostname:
        raise _refused("It names no host")
    if "@" in parts.netloc or parts.fragment:
        raise _refused("It has a user name or a fragment")
    if port is not None and port < 1024 and port not in {80, 443}:
        raise _refused("Its port belongs to another service")


def next_attempt(failures: int, now: int, wish: int, jitter: float) -> int | None:
    """When to try an event again; None if that was the last attempt.

    Args:
        failures: attempts with this event that have failed, from 1.
        wish: the seconds that the receiver wished to be left alone, or 0.
        jitter: from 0 to 1, by chance: it adds up to a tenth of the pause.
    """
    if failures > len(PAUSES):
        return None
    pause = PAUSES[failures - 1]
    return now + max(pause + int(pause * jitter / 10), min(wish, LONGEST_WISH))


def _refused(why: str) -> Refused:
    return Refused("webhook-address", f"{why}.", "url")
