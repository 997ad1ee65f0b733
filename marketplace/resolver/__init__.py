"""The resolver: who gets which request, decided once a day.

A pure function of frozen, public inputs. Read `orders` (what a request wants), `matching` (who
gets what) and `explain` (why); `eligibility` and `draws` are what they rest on. Anyone who has
a day's inputs can call `resolve` and must get the day's outcome, bit for bit.
"""

from .eligibility import Refusal
from .explain import Considered, Explanation, Verdict, explain
from .market import Market, arranged
from .resolve import VERSION, Outcome, Status, reserves, resolve, tick
from .rows import Award, BidRow, PlaceRow, RequestRow, awards, market_from_rows
from .tables import STRUCK_OUT, UNLISTED, Bids, Flaw, Places, Policy, Requests, Way
from .wording import sentences

__all__ = [
    "STRUCK_OUT",
    "UNLISTED",
    "VERSION",
    "Award",
    "BidRow",
    "Bids",
    "Considered",
    "Explanation",
    "Flaw",
    "Market",
    "Outcome",
    "PlaceRow",
    "Places",
    "Policy",
    "Refusal",
    "RequestRow",
    "Requests",
    "Status",
    "Verdict",
    "Way",
    "arranged",
    "awards",
    "explain",
    "market_from_rows",
    "reserves",
    "resolve",
    "sentences",
    "tick",
]
