"""What tests stand on: the real market with a clock that they move, and builders of signed documents.

Start with `tests.support.market`, whose docstring shows a test.
"""

from tests.support.answers import (
    a_cancellation,
    a_confirmation,
    a_decline,
    a_disclosure,
    a_handover,
    a_rating,
    a_shipment,
    a_vendor_cancellation,
    a_vendor_rating,
    an_acceptance,
    an_answer_to,
)
from tests.support.builders import (
    HERE,
    a_bid,
    a_bid_withdrawal,
    a_capacity,
    a_key,
    a_place,
    a_preference,
    a_question,
    a_request,
    a_request_for,
    a_vendor,
    a_webhook,
    a_withdrawal,
    accepted_terms,
    an_answer,
    an_item,
    forged,
)
from tests.support.market import ClockedMarket, assert_refused, clocked_market, problem
from tests.support.serving import serving
from tests.support.writing import a_message, a_vendor_message

__all__ = [
    "HERE",
    "ClockedMarket",
    "a_bid",
    "a_bid_withdrawal",
    "a_cancellation",
    "a_capacity",
    "a_confirmation",
    "a_decline",
    "a_disclosure",
    "a_handover",
    "a_key",
    "a_message",
    "a_place",
    "a_preference",
    "a_question",
    "a_rating",
    "a_request",
    "a_request_for",
    "a_shipment",
    "a_vendor",
    "a_vendor_cancellation",
    "a_vendor_message",
    "a_vendor_rating",
    "a_webhook",
    "a_withdrawal",
    "accepted_terms",
    "an_acceptance",
    "an_answer",
    "an_answer_to",
    "an_item",
    "assert_refused",
    "clocked_market",
    "forged",
    "problem",
    "serving",
]
