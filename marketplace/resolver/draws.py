"""The last word between equals: SHA-256(seed || request id || vendor did).

Nobody can aim at it, since the seed is revealed only at the close, and everybody can repeat it.
A hash costs more than all else that is done for a bid, so draws are made only between bids that
are equal in every figure that comes before.
"""

from __future__ import annotations

from hashlib import sha256

import numpy as np
from numpy.typing import NDArray

from .market import Market


def settled(market: Market, bids: NDArray[np.int64], equal: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Put every run of equals among `bids` (rows of the market's bids) in the order of its draws.

    `equal` has one entry less than `bids`: whether the next bid equals this one. Bids outside
    runs stay where they are.
    """
    if not equal.any():
        return bids
    follows = np.concatenate(([False], equal))
    tied = np.flatnonzero(follows | np.concatenate((equal, [False])))
    run = np.cumsum(~follows[tied])
    result = bids.copy()
    result[tied] = bids[tied][np.argsort(_draws(market, bids[tied], run))]
    return result


def _draws(market: Market, bids: NDArray[np.int64], run: NDArray[np.int64]) -> NDArray[np.bytes_]:
    """Each bid's draw behind the number of its run: strings that sort by run, then by draw."""
    seed = market.seed
    request, place = market.bids.request.take(bids), market.bids.place.take(bids)
    numbers = run.astype(">u8").view("V8").tolist()
    ids = market.requests.id.take(request, axis=0).view("V32").ravel().tolist()
    dids = market.places.did.take(place).tolist()
    return np.array(
        [n + sha256(seed + i + d).digest() for n, i, d in zip(numbers, ids, dids, strict=True)],
        dtype="S40",
    )
