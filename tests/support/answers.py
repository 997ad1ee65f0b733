"""Signed documents about assignments; likewise."""

import secrets
from typing import Any

import crypto
from tests.support.builders import HasRules
from vrm.documents import (
    Acceptance,
    Cancellation,
    Confirmation,
    Decline,
    Disclosure,
    Handover,
    PersonalRequest,
    Rating,
    RatingAnswer,
    Shipment,
    Signed,
    VendorCancellation,
    VendorRating,
    VendorRatingAnswer,
    sign,
)
from vrm.documents.disclosure import BOX_BYTES


def an_acceptance(
    market: HasRules, key: crypto.SigningKey, assignment: str, /, **changes: Any
) -> Signed[Acceptance]:
    """A vendor's acceptance of an assignment, by its digest, with a fresh message key."""
    facts = {
        "market": market.rules.market,
        "vendor": key.did,
        "assignment": assignment,
        "message_key": crypto.ReplyKey.generate().public.text,
    }
    return sign(Acceptance(**(facts | changes)), key)


def a_disclosure(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[Disclosure]:
    """Something sealed to the vendor of an assignment, by its digest; what is in it no market can tell."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "pseudonym": key.did,
        "request": request.digest,
        "assignment": assignment,
        "seq": 1,
        "sealed": crypto.base64url_encode(secrets.token_bytes(BOX_BYTES)),
    }
    return sign(Disclosure(**(facts | changes)), key)


def a_confirmation(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[Confirmation]:
    """The customer's word that what was assigned, by the assignment's digest, came."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "pseudonym": key.did,
        "request": request.digest,
        "assignment": assignment,
        "seq": 1,
        "salt": crypto.base64url_encode(secrets.token_bytes(16)),
        "received": True,
    }
    return sign(Confirmation(**(facts | changes)), key)


def a_shipment(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[Shipment]:
    """A vendor's word that what it was assigned, by the assignment's digest, can be picked up."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "vendor": key.did,
        "request": request.digest,
        "assignment": assignment,
        "state": "ready",
    }
    return sign(Shipment(**(facts | changes)), key)


def a_cancellation(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[Cancellation]:
    """The customer's word that it wants no more what was assigned, by the assignment's digest."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "pseudonym": key.did,
        "request": request.digest,
        "assignment": assignment,
        "salt": crypto.base64url_encode(secrets.token_bytes(16)),
    }
    return sign(Cancellation(**(facts | changes)), key)


def a_handover(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[Handover]:
    """What a customer signs at the counter of whom the assignment, by its digest, names."""
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "pseudonym": key.did,
        "request": request.digest,
        "assignment": assignment,
        "challenge": crypto.base64url_encode(secrets.token_bytes(16)),
    }
    return sign(Handover(**(facts | changes)), key)


def a_vendor_cancellation(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[VendorCancellation]:
    """A vendor's word that it will not deliver what it was assigned, by the assignment's digest."""
    facts = {
        "market": market.rules.market,
        "vendor": key.did,
        "request": request.digest,
        "assignment": assignment,
    }
    return sign(VendorCancellation(**(facts | changes)), key)


def a_rating(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[Rating]:
    """The customer's rating of what was assigned, by the assignment's digest."""
    facts = _rated(market, request, assignment) | {"pseudonym": key.did}
    return sign(Rating(**(facts | changes)), key)


def a_vendor_rating(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    **changes: Any,
) -> Signed[VendorRating]:
    """The vendor's rating of whom it delivered to."""
    facts = _rated(market, request, assignment) | {"vendor": key.did}
    return sign(VendorRating(**(facts | changes)), key)


def _rated(market: HasRules, request: Signed[PersonalRequest], assignment: str) -> dict[str, Any]:
    return {
        "market": market.rules.market,
        "request": request.digest,
        "assignment": assignment,
        "salt": crypto.base64url_encode(secrets.token_bytes(16)),
        "stars": 5,
    }


def an_answer_to(
    rating: Signed[Rating] | Signed[VendorRating], key: crypto.SigningKey, /, **changes: Any
) -> Signed[RatingAnswer | VendorRatingAnswer]:
    """The one answer to a rating, by whom it is about."""
    body = rating.body
    facts: dict[str, Any] = {
        "market": body.market,
        "request": body.request,
        "assignment": body.assignment,
        "rating": rating.digest,
        "text": "Thank you.",
    }
    if isinstance(body, Rating):
        return sign(RatingAnswer(**({"vendor": key.did} | facts | changes)), key)
    return sign(VendorRatingAnswer(**({"pseudonym": key.did} | facts | changes)), key)


def a_decline(
    market: HasRules, key: crypto.SigningKey, assignment: str, /, **changes: Any
) -> Signed[Decline]:
    """A vendor's decline of an assignment, by its digest."""
    facts = {"market": market.rules.market, "vendor": key.did, "assignment": assignment}
    return sign(Decline(**(facts | changes)), key)
