"""The last word between equals: SHA-256(seed || request || vendor did).

The request is the 32 bytes of its digest.

Nobody can aim at it, since the seed is revealed only at the close, and everybody can repeat it.
A hash costs more than all else that is done for a bid, so draws are made only between bids that
are equal in every figure that comes before.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import sha256
from typing import TypeVar

import numpy as np

from .ids import raw_ids
from .market import Market
from .tables import I32, I64, U8

Rows = TypeVar("Rows", I32, I64)


def settle(items: Rows, ties: I64, draws: Callable[[Rows], U8]) -> None:
    """Put every run of equals among `items` in the order of its draws.

    `ties` are the positions in `items`, ascending, of those that equal the next one; `draws`
    gives their draws, 32 bytes each.
    """
    if not len(ties):
        return
    pairs = np.column_stack((ties, ties + 1)).ravel()
    is_new = np.diff(pairs, prepend=-1) > 0
    members = pairs[is_new]
    run = np.repeat(np.cumsum(np.diff(ties, prepend=-2) > 1), 2)[is_new]
    tied = items[members]
    strings = np.empty((len(tied), 8 + 32), dtype=np.uint8)
    strings[:, :8] = run.astype(">u8").view(np.uint8).reshape(-1, 8)
    strings[:, 8:] = draws(tied)
    items[members] = tied[np.argsort(strings.view("S40").ravel())]


def draws_of(market: Market, bids: I32 | I64) -> U8:
    """(bids, 32): the draws of rows of the market's bids."""
    seeded = sha256(market.seed)  # copied for each draw, which takes half the time of a new one
    ids = raw_ids(market.requests.id.take(market.bids.request.take(bids))).view("V32").ravel()
    dids = market.places.did.take(market.bids.place.take(bids))
    found = []
    for request, did in zip(ids.tolist(), dids.tolist(), strict=True):
        draw = seeded.copy()
        draw.update(request + did)
        found.append(draw.digest())
    return np.frombuffer(b"".join(found), dtype=np.uint8).reshape(-1, 32)
