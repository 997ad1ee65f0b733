"""The challenges of a market, which its posting tokens and its stamps answer (RFC 9577).

This module loads ristretto255; only who draws, issues or redeems tokens imports it.
"""

from functools import lru_cache

from crypto.tokens import Challenge
from vrm.documents.standing import Stamp


@lru_cache(maxsize=64)
def challenge_of(market: str) -> Challenge:
    """The challenge of the market with a did:key: issuer and origin are its key, the context is empty.

    A market has one key and may have many addresses, and a token of one market must be none of another's,
    whatever both are called. A key's text has the form of a host's name (RFC 1123).
    """
    return Challenge.of_market(market.removeprefix("did:key:"))


@lru_cache(maxsize=64)
def stamp_challenge(market: str, kind: Stamp) -> Challenge:
    """The challenge of a market's stamps of one kind: a stamp is no posting token, nor one of another kind."""
    host = market.removeprefix("did:key:")
    return Challenge(issuer_name=host, origin_info=f"{kind}.{host}")
