"""Which bids lead: newcomers' bids on the requests that try newcomers.

A vendor that nobody knows yet has a band that few would choose, and without orders it would never get a better
one. So a market may publish a share of its requests on which newcomers go first, if their customers allow it:

1. A request *tries newcomers* if its customer allows it and it is drawn (`vrm.documents.lot`).
2. A newcomer's bid *may lead* on such a request if it counts but for what the customer's Preference says.
3. A newcomer leads on as many requests as its quota has left: of those where it may, on the ones with the
   smallest draws. So it can never be assigned more of them than that, whatever all others do.
4. A bid that leads stands in its request's order before all others that the Preference does not list.

The Preference has no say in the first three, so nobody changes another request's order by stating another
order for one's own: what `matching` promises to those who state the true one holds.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Final

import numpy as np

from vrm.documents.lot import highest_draw

from .draws import draws_of
from .eligibility import refused
from .ids import raw_ids
from .market import Block, Market, vendors_of
from .tables import I64, UNLISTED, Flaw, Mask, size, view

BLOCK: Final = 1 << 18


def leading(market: Market) -> I64:
    """The rows of the market's bids that lead, in ascending order."""
    rows = _newcomers_bids(market)
    if not len(rows):
        return rows
    rows = rows.take(np.flatnonzero(_is_drawn(market, rows)))
    rows = rows.take(np.flatnonzero(~_refused(market, rows)))
    rows = _within_quota(market, rows)
    is_open = market.bids.listed.take(rows) == UNLISTED
    is_open &= ~market.requests.only_listed.take(market.bids.request.take(rows))
    return rows.take(np.flatnonzero(is_open))


def _newcomers_bids(market: Market) -> I64:
    """The newcomers' bids on requests whose customers allow them to lead."""
    may_lead = market.places.leads > 0
    allows = market.requests.tries_newcomers
    bids, found = market.bids, [np.empty(0, dtype=np.int64)]
    if not (market.newcomer_share and may_lead.any() and allows.any()):
        return found[0]
    for start in range(0, size(bids), BLOCK):
        part = slice(start, start + BLOCK)
        by_newcomer = np.flatnonzero(may_lead.take(bids.place[part]))
        rows = by_newcomer + start
        is_asked = allows.take(bids.request.take(rows))
        # An alternative counts only where the Preference lists it, and then it needs no lead.
        is_asked &= (bids.flaws.take(rows) & int(Flaw.ALTERNATIVE)) == 0
        found.append(rows.take(np.flatnonzero(is_asked)))
    return np.concatenate(found)


def _is_drawn(market: Market, rows: I64) -> Mask:
    """Whether the request of each of some bids is drawn."""
    requests, at = np.unique(market.bids.request.take(rows), return_inverse=True)
    seeded = sha256(market.seed)
    hashes = []
    for request in raw_ids(market.requests.id.take(requests)).view("V32").ravel().tolist():
        drawing = seeded.copy()
        drawing.update(request)
        hashes.append(drawing.digest()[:8])
    numbers = np.frombuffer(b"".join(hashes), dtype=">u8")
    return (numbers <= np.uint64(highest_draw(market.newcomer_share))).take(at)


def _refused(market: Market, rows: I64) -> Mask:
    """Whether each of some bids, in ascending order, is refused whatever the Preference says."""
    if not len(rows):
        return np.empty(0, dtype=np.bool_)
    requests, counts = np.unique(market.bids.request.take(rows), return_counts=True)
    of_these = view(market.requests, requests.astype(np.int64))
    part = Block(market, of_these, view(market.bids, rows), int(rows[0]), counts)
    return refused(part, whatever_preferred=True)


def _within_quota(market: Market, rows: I64) -> I64:
    """Of the bids of each vendor those with the smallest draws, as many as its quota has left."""
    place = market.bids.place.take(rows)
    vendor, left = vendors_of(market.places).take(place), market.places.leads.take(place)
    is_scarce = (np.bincount(vendor) if len(vendor) else vendor).take(vendor) > left
    scarce = np.flatnonzero(is_scarce)
    if not len(scarce):
        return rows
    strings = np.empty((len(scarce), 8 + 32), dtype=np.uint8)
    strings[:, :8] = vendor.take(scarce).astype(">u8").view(np.uint8).reshape(-1, 8)
    strings[:, 8:] = draws_of(market, rows.take(scarce))
    order = scarce.take(np.argsort(strings.view("S40").ravel()))
    by = vendor.take(order)
    first = np.searchsorted(by, by)
    behind = order[np.arange(len(order)) - first >= left.take(order)]
    return np.delete(rows, behind)
