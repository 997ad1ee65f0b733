"""What customers' Preferences make of a frozen day, and which bids count only if one lists them."""

from collections.abc import Sequence

from marketplace.db import AnyRow
from marketplace.resolver import STRUCK_OUT, Flaw
from marketplace.runs.frozen import FrozenDay
from vrm.documents import Preference, recall


def apply_preferences(frozen: FrozenDay, rows: Sequence[AnyRow]) -> None:
    """Write the frozen Preferences into a day's columns, before anything is decided from them.

    A Preference speaks of the bids on its own request only: what else it names is passed over.
    """
    matching = frozen.matching
    for row in rows:
        request = frozen.find(row.request)
        if request is None:
            continue
        preference = recall(row.wire, Preference)
        position = dict.fromkeys(preference.struck_out, STRUCK_OUT)
        position |= {bid: place for place, bid in enumerate(preference.listed)}
        matching.requests.only_listed[request] = preference.only_listed
        for bid in range(*matching.first_bid[request : request + 2].tolist()):
            if (found := position.get(frozen.bid(bid))) is not None:
                matching.bids.listed[bid] = found
    frozen.preferences.extend((row.request, row.preference) for row in rows)


def mark_alternatives(frozen: FrozenDay, rows: Sequence[AnyRow]) -> None:
    """Flag the bids, given by ``request`` and ``bid``, that offer something else than was asked for."""
    matching = frozen.matching
    for row in rows:
        request = frozen.find(row.request)
        if request is None:
            continue
        for bid in range(*matching.first_bid[request : request + 2].tolist()):
            if frozen.bid(bid) == row.bid:
                matching.bids.flaws[bid] |= int(Flaw.ALTERNATIVE)
