"""What customers and vendors write about an accepted assignment: signed, sealed and with sane defaults."""

import secrets
from typing import Any

import crypto
from tests.support.builders import HasRules
from vrm.documents import (
    Dispute,
    Message,
    PersonalRequest,
    Shown,
    Signed,
    VendorDispute,
    VendorMessage,
    sign,
)
from vrm.documents.conversation import write


def a_message(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    number: int = 1,
    /,
    *,
    text: str = "Is there a ramp?",
    to: crypto.ReplyPublicKey | None = None,
    **changes: Any,
) -> Signed[Message]:
    """A customer's message about an assignment, by its digest, to a key of the vendor's."""
    to = to or crypto.ReplyKey.generate().public
    written = write(text, number, assignment, request=request.digest, sender=key, recipient=to)
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "pseudonym": key.did,
        "request": request.digest,
        "assignment": assignment,
        "number": number,
        "commitment": written.commitment,
        "sealed": written.sealed,
    }
    return sign(Message(**(facts | changes)), key)


def a_vendor_message(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    number: int = 1,
    /,
    *,
    text: str = "There is, at the back.",
    **changes: Any,
) -> Signed[VendorMessage]:
    """A vendor's message about an assignment, by its digest, to the request's reply key."""
    to = crypto.ReplyPublicKey.from_text(request.body.reply_key)
    written = write(text, number, assignment, request=request.digest, sender=key, recipient=to)
    facts: dict[str, Any] = {
        "market": market.rules.market,
        "vendor": key.did,
        "request": request.digest,
        "assignment": assignment,
        "number": number,
        "commitment": written.commitment,
        "sealed": written.sealed,
    }
    return sign(VendorMessage(**(facts | changes)), key)


def a_dispute(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    *shown: Shown,
    **changes: Any,
) -> Signed[Dispute]:
    """A customer's side of a dispute about an assignment, by its digest, with messages that it shows."""
    return sign(
        Dispute(pseudonym=key.did, **_side(market, request, assignment, shown, changes)), key
    )


def a_vendor_dispute(
    market: HasRules,
    key: crypto.SigningKey,
    request: Signed[PersonalRequest],
    assignment: str,
    /,
    *shown: Shown,
    **changes: Any,
) -> Signed[VendorDispute]:
    """A vendor's side likewise."""
    return sign(
        VendorDispute(vendor=key.did, **_side(market, request, assignment, shown, changes)), key
    )


def _side(
    market: HasRules,
    request: Signed[PersonalRequest],
    assignment: str,
    shown: tuple[Shown, ...],
    changes: dict[str, Any],
) -> dict[str, Any]:
    facts = {
        "market": market.rules.market,
        "request": request.digest,
        "assignment": assignment,
        "salt": secrets.token_urlsafe(16),
        "text": "It was agreed otherwise.",
        "messages": shown,
    }
    return facts | changes
