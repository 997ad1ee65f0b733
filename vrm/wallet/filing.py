"""Filing what came by mail with the request that it is about."""

from typing import Any, Final

import crypto
from crypto import CryptoError
from crypto.canonical import canonical
from vrm.documents import (
    Answer,
    Bid,
    BidWithdrawal,
    Cancellation,
    Confirmation,
    Disclosure,
    Dispute,
    Document,
    Handover,
    Message,
    Preference,
    Question,
    Rating,
    RatingAnswer,
    RequestWithdrawal,
    Ruling,
    Shipment,
    Signed,
    VendorCancellation,
    VendorDispute,
    VendorMessage,
    VendorRating,
    VendorRatingAnswer,
    conversation,
    recall,
)
from vrm.errors import InvalidDocument
from vrm.wallet.own import (
    Heard,
    OwnAnswer,
    OwnDisclosure,
    OwnMessage,
    OwnPreference,
    OwnRequest,
    TheirWord,
)

_VENDORS: Final[dict[type[Document], str]] = {
    Bid: "bids",
    BidWithdrawal: "bid_withdrawals",
    Question: "questions",
    Shipment: "shipments",
    VendorCancellation: "vendor_cancellations",
    VendorDispute: "vendor_disputes",
    Ruling: "rulings",
}
"""Where a request keeps vendors' and the market's documents of each kind, by digest."""

_COPIES: Final[dict[type[Document], tuple[str, type[OwnPreference], str]]] = {
    Disclosure: ("disclosures", OwnDisclosure, "seq"),
    Confirmation: ("confirmations", OwnPreference, "seq"),
    Cancellation: ("cancellations", OwnPreference, "salt"),
    Message: ("messages", OwnMessage, "number"),
    Preference: ("preferences", OwnPreference, "seq"),
    Dispute: ("disputes", OwnPreference, "salt"),
}
"""Where it keeps what its owner signed of each kind, as what, and which member puts them in order."""


_ONCE: Final[dict[type[Document], str]] = {
    Handover: "handover",
    Rating: "rating",
    VendorRatingAnswer: "rating_answer",
}
"""Where it keeps what its owner signs but once."""

_THEIRS: Final[dict[type[Document], str]] = {
    VendorRating: "vendor_rating",
    RatingAnswer: "vendor_answer",
}
"""Where it keeps what a vendor signs but once."""


def file(entry: OwnRequest, document: Signed[Any], key: crypto.ReplyKey, at: str) -> None:
    """File a document that was checked.

    Args:
        key: the request's, by which a vendor's message opens.
        at: the instant of the mail that it came with.
    """
    body, digest, wire = document.body, document.digest, document.wire
    kind = type(body)
    if kind in _VENDORS:
        getattr(entry, _VENDORS[kind])[digest] = wire
    elif kind in _COPIES:
        _came_back(entry, kind, digest, wire)
    elif kind in _ONCE:
        once: OwnPreference = getattr(entry, _ONCE[kind]) or OwnPreference(digest=digest, wire=wire)
        once.came_back = once.came_back or once.digest == digest
        setattr(entry, _ONCE[kind], once)
    elif kind in _THEIRS:
        setattr(entry, _THEIRS[kind], TheirWord(digest, wire))
    elif isinstance(body, VendorMessage):
        entry.heard[digest] = _heard(body, wire, key, at)
    elif isinstance(body, RequestWithdrawal):
        entry.withdrawal = entry.withdrawal or wire
    elif isinstance(body, Answer):
        own = entry.answers.setdefault(body.question, OwnAnswer(digest=digest, wire=wire))
        own.came_back = own.came_back or own.digest == digest


def _heard(body: VendorMessage, wire: bytes, key: crypto.ReplyKey, at: str) -> Heard:
    """A vendor's message, kept as a fault of the vendor's where it is not what it commits to."""
    try:
        _, inside = conversation.unseal(body, key)
    except (CryptoError, InvalidDocument) as error:
        return Heard(wire, None, at, str(error))
    return Heard(wire, canonical(inside), at)


def _came_back(entry: OwnRequest, kind: type[Document], digest: str, wire: bytes) -> None:
    name, make, place = _COPIES[kind]
    kept: list[OwnPreference] = getattr(entry, name)
    if all(own.digest != digest for own in kept):
        kept.append(make(digest=digest, wire=wire))
        kept.sort(key=lambda own: getattr(recall(own.wire, kind), place))
    for own in kept:
        own.came_back = own.came_back or own.digest == digest
