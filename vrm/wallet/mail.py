"""What is in the market's mail for this wallet, found without asking for any of it.

The wallet downloads every segment whole that it has not read, and tries the reply keys of its requests on each
sealed message. What opens counts only if

1. the market signed it, to this very key, about this very request, for a purpose that is known here;
2. what is inside is the vendor's own signed document of the kind that the purpose says;
3. that document is for this market, and speaks of this request (or takes back a bid on it).

What opens and fails is counted and otherwise passed over: anybody can seal something to a key that is public.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import crypto
from crypto import CryptoError, ReplyKey, messages, sealed
from vrm.client.customer import CustomerClient
from vrm.documents import Bid, BidWithdrawal, Document, Question, Signed, accept
from vrm.documents.mail import Purpose
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import InvalidDocument
from vrm.wallet.state import OwnRequest, State
from vrm.wallet.wallet import Wallet

GRACE: Final = timedelta(hours=1)
"""How far this machine's clock may be ahead of the market's for no mail to be passed by."""

KINDS: Final[dict[Purpose, type[Bid] | type[BidWithdrawal] | type[Question]]] = {
    "bid": Bid,
    "bid-withdrawal": BidWithdrawal,
    "question": Question,
}


class NotForUs(Exception):
    """A message that opens with none of this wallet's keys."""


class Faulty(Exception):
    """A message that opens and is not what it should be."""


@dataclass(frozen=True)
class Read:
    """What one look into the mail brought."""

    state: State
    faulty: int
    """Messages sealed to this wallet that were not what they should be."""


async def fetch(wallet: Wallet, client: CustomerClient) -> Read:
    """Read the mail that is new, and keep what is for this wallet's open requests.

    Raises:
        MarketMisbehaved: a segment is not the one that it is listed as.
        MarketUnreachable: no answer; what was known stays.
    """
    market = (await client.descriptor()).market
    before = wallet.read()
    known = set(before.mail_read)
    begin = format_instant(parse_instant(before.created) - GRACE)
    listed = [segment async for segment in client.mail() if segment.instant >= begin]
    unread = [segment.segment for segment in listed if segment.segment not in known]
    boxes = [box for name in unread for box in await client.mail_segment(name)]
    keys = [
        (entry, wallet.reply_key(entry.epoch, entry.index))
        for entry in before.requests
        if entry.is_open()
    ]
    found: list[tuple[str, Signed[Document]]] = []
    faulty = 0
    for box in boxes:
        try:
            found.append(open_box(box, keys, market))
        except NotForUs:
            continue
        except Faulty:
            faulty += 1
    with wallet.editing() as state:
        for digest, document in found:
            _keep(state.request(digest), document)
        state.mail_read = sorted({*state.mail_read, *unread})
    return Read(state, faulty)


def open_box(
    box: bytes, keys: Sequence[tuple[OwnRequest, ReplyKey]], market: str
) -> tuple[str, Signed[Document]]:
    """Open a sealed message with whichever key fits; answers the request's digest and the vendor's document.

    Raises:
        NotForUs: no key fits.
        Faulty: it opened and is not what it should be.
    """
    for entry, key in keys:
        try:
            purpose = _purpose(sealed.unseal(box, key))
        except CryptoError:
            continue
        try:
            message = messages.unseal(
                box, key, sender=market, request=entry.digest, purpose=purpose
            )
            inside = message.content.get("document")
            if not isinstance(inside, dict):
                raise Faulty("There is no document in it.")
            return entry.digest, _checked(inside, purpose, entry, market)
        except (CryptoError, InvalidDocument) as error:
            raise Faulty(str(error)) from error
    raise NotForUs


def _purpose(plain: bytes) -> Purpose:
    try:
        named = crypto.parse(plain).get("purpose")
    except CryptoError as error:
        raise Faulty(str(error)) from error
    for purpose in KINDS:
        if named == purpose:
            return purpose
    raise Faulty(f"It is for the purpose {named}, which is not known here.")


def _checked(
    inside: dict[str, Any], purpose: Purpose, entry: OwnRequest, market: str
) -> Signed[Document]:
    signed: Signed[Bid | BidWithdrawal | Question] = accept(inside, KINDS[purpose])
    if signed.body.market != market:
        raise Faulty("It is for another market.")
    if isinstance(signed.body, BidWithdrawal):
        return signed  # it names the bid; whose bid that is shows where the two meet
    if signed.body.request != entry.digest:
        raise Faulty("It is about another request.")
    return signed


def _keep(entry: OwnRequest, document: Signed[Document]) -> None:
    kept = {
        "Bid": entry.bids,
        "BidWithdrawal": entry.bid_withdrawals,
        "Question": entry.questions,
    }[type(document.body).__name__]
    kept[document.digest] = document.wire
