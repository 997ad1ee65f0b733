"""Each reason for which a bid does not count, named after what somebody might try."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from marketplace.resolver import STRUCK_OUT, Flaw, Refusal, Status
from tests.marketplace.resolver.scene import REQUEST, bid, day, explained, shop

REFUSED_BIDS = {
    "after the close": ({"flaws": Flaw.LATE}, Refusal.LATE),
    "withdrawn": ({"flaws": Flaw.WITHDRAWN}, Refusal.WITHDRAWN),
    "declined before": ({"flaws": Flaw.DECLINED}, Refusal.DECLINED),
    "item of a brand that has not authorised": ({"flaws": Flaw.UNAUTHORISED}, Refusal.UNAUTHORISED),
    "another currency": ({"currency": "USD"}, Refusal.CURRENCY),
    "without the terms": ({"terms": "anything goes"}, Refusal.TERMS),
    "a cent over the ceiling": ({"price": 250_01}, Refusal.PRICE),
    "a way not asked for": ({"way": "on-site"}, Refusal.WAY),
    "a metre beyond the customer's radius": ({"distance_m": 15_001}, Refusal.RADIUS),
    "a metre beyond the place's reach": ({"way": "ship", "distance_m": 20_001}, Refusal.REACH),
    "struck out": ({"listed": STRUCK_OUT}, Refusal.STRUCK_OUT),
    "an alternative nobody listed": ({"flaws": Flaw.ALTERNATIVE}, Refusal.ALTERNATIVE),
}


@pytest.mark.parametrize(("changes", "refusal"), REFUSED_BIDS.values(), ids=list(REFUSED_BIDS))
def test_bid_is_refused(changes: dict[str, Any], refusal: Refusal) -> None:
    explanation = explained(day([REQUEST], [shop("a")], [bid("a", **changes)]))
    assert [one.refusal for one in explanation.bids] == [refusal]
    gone = refusal in {Refusal.LATE, Refusal.WITHDRAWN}
    assert explanation.status == (Status.NO_BIDS if gone else Status.NONE_ELIGIBLE)


def test_suspended_vendor_is_refused() -> None:
    explanation = explained(day([REQUEST], [shop("a", admitted=False)], [bid("a")]))
    assert explanation.bids[0].refusal == Refusal.NOT_ADMITTED


def test_cheaper_than_a_fixed_price_is_refused() -> None:
    fixed = replace(REQUEST, fixed=True)
    explanation = explained(day([fixed], [shop("a")], [bid("a", price=249_99)]))
    assert explanation.bids[0].refusal == Refusal.PRICE


def test_bid_that_a_closed_preference_leaves_out_is_refused() -> None:
    closed = replace(REQUEST, only_listed=True)
    market = day([closed], [shop("a"), shop("b", band=19)], [bid("a", listed=0), bid("b")])
    listed, unlisted = explained(market).bids
    assert (listed.vendor, listed.refusal) == ("did:key:za", Refusal.ELIGIBLE)
    assert unlisted.refusal == Refusal.NOT_LISTED


def test_listed_alternative_counts() -> None:
    offer = bid("a", flaws=Flaw.ALTERNATIVE, listed=0)
    assert explained(day([REQUEST], [shop("a")], [offer])).status == Status.ASSIGNED


def test_limits_themselves_are_eligible() -> None:
    bids = [
        bid("a", distance_m=15_000, price=250_00),
        bid("b", distance_m=20_000, way="ship"),
    ]
    assert explained(day([REQUEST], [shop("a"), shop("b")], bids)).eligible == 2
