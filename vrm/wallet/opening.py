"""Opening what the mail holds for one of the wallet's addresses, and checking that it is what it should be.

What opens with a request's reply key counts only if

1. the market signed it, to this very key, for a purpose that is known here;
2. what is inside is a signed document of the kind that the purpose says: the vendor's own, or the pseudonym's;
3. that document is for this market, and speaks of the request that the message names (or takes back a bid on
   it), which is the request that this wallet made with that key.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import crypto
from crypto import CryptoError, ReplyKey, messages, sealed
from vrm.documents import (
    Answer,
    Bid,
    BidWithdrawal,
    Cancellation,
    Confirmation,
    Disclosure,
    Dispute,
    Handover,
    Message,
    PersonalRequest,
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
    accept,
)
from vrm.documents.mail import Purpose
from vrm.errors import InvalidDocument
from vrm.wallet.state import Slot

Inside = (
    Bid
    | BidWithdrawal
    | Question
    | Shipment
    | VendorCancellation
    | PersonalRequest
    | RequestWithdrawal
    | Preference
    | Answer
    | Disclosure
    | Confirmation
    | Cancellation
    | Handover
    | Message
    | VendorMessage
    | Rating
    | VendorRating
    | RatingAnswer
    | VendorRatingAnswer
    | Dispute
    | VendorDispute
    | Ruling
)

KINDS: Final[Mapping[Purpose, type[Inside]]] = {
    "bid": Bid,
    "bid-withdrawal": BidWithdrawal,
    "question": Question,
    "shipment": Shipment,
    "vendor-cancellation": VendorCancellation,
    "request": PersonalRequest,
    "withdrawal": RequestWithdrawal,
    "preference": Preference,
    "answer": Answer,
    "disclosure": Disclosure,
    "confirmation": Confirmation,
    "cancellation": Cancellation,
    "handover": Handover,
    "message": Message,
    "vendor-message": VendorMessage,
    "rating": Rating,
    "vendor-rating-answer": VendorRatingAnswer,
    "vendor-rating": VendorRating,
    "rating-answer": RatingAnswer,
    "dispute": Dispute,
    "vendor-dispute": VendorDispute,
    "ruling": Ruling,
}


OTHERS: Final = (
    *(Bid, BidWithdrawal, Question, Shipment, VendorMessage, VendorCancellation),
    *(VendorDispute, VendorRating, RatingAnswer, Ruling),
)
"""What no pseudonym signs."""


class NotForUs(Exception):
    """A message that opens with none of this wallet's keys."""


class Faulty(Exception):
    """A message that opens and is not what it should be."""


@dataclass(frozen=True)
class Address:
    """Where the wallet may get mail: under one of its pseudonyms."""

    slot: Slot
    pseudonym: str
    mailbox: int
    key: ReplyKey


@dataclass(frozen=True)
class Opened:
    """A message that holds: to which address it came, about which request, and the document in it."""

    to: Address
    request: str
    document: Signed[Inside]


def open_box(box: bytes, addresses: Iterable[Address], market: str) -> Opened:
    """Open a sealed message with whichever key fits.

    Raises:
        NotForUs: no key fits.
        Faulty: it opened and is not what it should be.
    """
    for address in addresses:
        try:
            plain = sealed.unseal(box, address.key)
        except CryptoError:
            continue
        try:
            purpose, request = _said(plain)
            message = messages.unseal(
                box, address.key, sender=market, request=request, purpose=purpose
            )
            inside = message.content.get("document")
            if not isinstance(inside, dict):
                raise Faulty("There is no document in it.")
            return Opened(address, request, _checked(inside, purpose, request, address, market))
        except (CryptoError, InvalidDocument) as error:
            raise Faulty(str(error)) from error
    raise NotForUs


def _said(plain: bytes) -> tuple[Purpose, str]:
    """The purpose and the request that a message names."""
    try:
        document = crypto.parse(plain)
    except CryptoError as error:
        raise Faulty(str(error)) from error
    for purpose in KINDS:
        if document.get("purpose") == purpose:
            return purpose, str(document.get("request"))
    raise Faulty(f"It is for the purpose {document.get('purpose')}, which is not known here.")


def _checked(
    inside: dict[str, Any], purpose: Purpose, request: str, to: Address, market: str
) -> Signed[Inside]:
    signed: Signed[Inside] = accept(inside, KINDS[purpose])
    body = signed.body
    if body.market != market:
        raise Faulty("It is for another market.")
    if isinstance(body, BidWithdrawal):
        return signed  # it names the bid; whose bid that is shows where the two meet
    if not isinstance(body, OTHERS) and body.pseudonym != to.pseudonym:
        raise Faulty("Another pseudonym signed it.")
    about = signed.digest if isinstance(body, PersonalRequest) else body.request
    if about != request:
        raise Faulty("It is about another request.")
    return signed
