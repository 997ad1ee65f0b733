"""Noting that the market takes no further word about a request, so that the wallet sends none again."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from vrm.errors import MarketRefused
from vrm.wallet.wallet import Wallet

OVER: Final = frozenset(("delivery-ended", "already-received"))
"""Codes with which a market says so."""


@contextmanager
def noting_the_end(wallet: Wallet, request: str) -> Iterator[None]:
    """Make a call about a request; what it raises is raised all the same."""
    try:
        yield
    except MarketRefused as refused:
        if refused.code in OVER:
            with wallet.editing() as state:
                state.request(request).is_over = True
        raise
