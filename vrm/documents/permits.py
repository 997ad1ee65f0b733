"""The one challenge of a market, which its posting tokens answer (RFC 9577).

This module loads ristretto255; only who draws, issues or redeems tokens imports it.
"""

from functools import lru_cache

from crypto.tokens import Challenge


@lru_cache(maxsize=64)
def challenge_of(market: str) -> Challenge:
    """The challenge of the market with a did:key: issuer and origin are its key, the context is empty.

    A market has one key and may have many addresses, and a token of one market must be none of another's,
    whatever both are called. A key's text has the form of a host's name (RFC 1123).
    """
    return Challenge.of_market(market.removeprefix("did:key:"))
