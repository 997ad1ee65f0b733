"""What is in the market's mail for this wallet, found without asking for any of it.

The wallet downloads whole buckets (`vrm.documents.mail`): those in which its pseudonyms have their mailboxes,
all that an epoch's posting tokens could make, whether they were used or not. So what it asks for follows from
its keys and the mail's list alone, and is the same whatever it has posted. Each bucket comes over a connection
of its own. The wallet tries the reply keys of its requests on each sealed message. What opens counts only if

1. the market signed it, to this very key, for a purpose that is known here;
2. what is inside is a signed document of the kind that the purpose says: the vendor's own, or the pseudonym's;
   a vendor's message opens with the same key, and is the one that it commits to;
3. that document is for this market, and speaks of the request that the message names (or takes back a bid on
   it), which is the request that this wallet made with that key.

What opens and fails is counted and otherwise passed over: anybody can seal something to a key that is public.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from typing import Any, Final

import crypto
from crypto import CryptoError, ReplyKey, messages, sealed
from vrm.client import mail
from vrm.client.customer import CustomerClient
from vrm.client.mail import Segment
from vrm.documents import (
    Answer,
    Bid,
    BidWithdrawal,
    Cancellation,
    Confirmation,
    Disclosure,
    Dispute,
    Handover,
    MarketDescriptor,
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
    conversation,
)
from vrm.documents.mail import Purpose, is_in, mailbox_of
from vrm.documents.membership import DAY_SECONDS
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import InvalidDocument
from vrm.wallet import filing
from vrm.wallet.own import OwnRequest
from vrm.wallet.state import Slot, State
from vrm.wallet.wallet import Wallet

GRACE: Final = timedelta(hours=1)
"""How far this machine's clock may be ahead of the market's for no mail to be passed by."""

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
    at: str = ""
    """The instant of the mail that it came with."""


@dataclass(frozen=True)
class Read:
    """What one look into the mail brought."""

    state: State
    opened: int
    """Messages for this wallet."""
    faulty: int
    """Messages sealed to this wallet that were not what they should be."""


async def fetch(wallet: Wallet, client: CustomerClient) -> Read:
    """Read the mail that is new, and keep what is for this wallet's requests, and for those it looks for.

    Raises:
        MarketMisbehaved: a segment is not the one that it is listed as.
        MarketUnreachable: no answer; what was known stays.
    """
    market = (await client.descriptor()).market
    before = wallet.read()
    rules = before.rules  # that the owner agreed to: no market makes up some for one wallet
    begin = format_instant(parse_instant(before.created) - GRACE)
    listed, cursor = await mail.listed(client, before.mail_cursor)
    new = [one for one in listed if one.instant >= begin]
    oldest = min(epochs_at(rules, _seconds(new[0]))) if new else 0
    slots = _tried(before, oldest)
    # Tokens may have been drawn under rules with epochs of another length.
    drawn = [own.epoch for own in (*before.epochs, *before.over) if own.epoch >= oldest]
    wanted = _wanted(wallet, frozenset((*drawn, *(epoch for epoch, _ in slots))), rules, new)
    tried = [_address(wallet, slot) for slot in slots]
    opened: list[Opened] = []
    faulty = 0
    for bucket, segments in sorted(wanted.items()):
        here = [address for address in tried if is_in(address.mailbox, bucket)]
        async with client.connection() as alone:
            for segment in segments:
                for box in await mail.segment(client, segment.segment, alone):
                    try:
                        found = open_box(box, here, market)
                        opened.append(replace(found, at=segment.instant))
                    except NotForUs:
                        continue
                    except Faulty:
                        faulty += 1
    with wallet.editing() as state:
        faulty += sum(not _keep(state, one) for one in sorted(opened, key=_requests_first))
        if state.mail_cursor == before.mail_cursor:
            state.mail_cursor = cursor
        _seek_on(state)
    return Read(state, len(opened), faulty)


def epochs_at(rules: MarketDescriptor, instant: int) -> Iterator[int]:
    """The epochs whose tokens may have posted something that gets mail at an instant, newest first."""
    schedule, tokens = rules.schedule, rules.tokens
    # Two days more than it is open: it waits for its batch, and for the day's last cutoff.
    # Then its vendor accepts it, and both may write, and rate. Each day more is more mail for everybody to
    # download: a rating that comes very late is passed by.
    open_for = schedule.minimum_open_minutes * 60 + (schedule.roll_over_days + 2) * DAY_SECONDS
    days = max(rules.messages.days, rules.ratings.answer_days)
    written = schedule.acknowledge_minutes * 60 + days * DAY_SECONDS
    epoch = tokens.epoch_at(instant)
    while (
        epoch + tokens.epoch_days + tokens.grace_days
    ) * DAY_SECONDS + open_for + written >= instant:
        yield epoch
        epoch -= tokens.epoch_days


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


def _wanted(
    wallet: Wallet, known: frozenset[int], rules: MarketDescriptor, segments: Sequence[Segment]
) -> dict[str, list[Segment]]:
    """The segments of the buckets in which the wallet may have mail, by bucket.

    Args:
        known: further epochs that count, say since the market's rules have changed.
    """
    places = range(max(rules.tokens.allotment.values()))

    @cache
    def mailboxes(epoch: int) -> list[int]:
        return [mailbox_of(wallet.pseudonym(epoch, index).did) for index in places]

    @cache
    def may_hold_ours(bucket: str, epochs: frozenset[int]) -> bool:
        return any(is_in(mailbox, bucket) for epoch in epochs for mailbox in mailboxes(epoch))

    wanted: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        if may_hold_ours(segment.bucket, known.union(epochs_at(rules, _seconds(segment)))):
            wanted[segment.bucket].append(segment)
    return wanted


def _tried(state: State, oldest: int) -> list[Slot]:
    """Whose reply keys are tried: of requests since an epoch, which may get mail, and of what is looked for."""
    made = [(entry.epoch, entry.index) for entry in state.requests if entry.epoch >= oldest]
    return sorted({*made, *state.sought})


def _seconds(segment: Segment) -> int:
    return int(parse_instant(segment.instant).timestamp())


def _address(wallet: Wallet, slot: Slot) -> Address:
    pseudonym = wallet.pseudonym(*slot).did
    return Address(slot, pseudonym, mailbox_of(pseudonym), wallet.reply_key(*slot))


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
    if isinstance(body, VendorMessage):
        conversation.unseal(body, to.key)
    elif not isinstance(body, OTHERS) and body.pseudonym != to.pseudonym:
        raise Faulty("Another pseudonym signed it.")
    about = signed.digest if isinstance(body, PersonalRequest) else body.request
    if about != request:
        raise Faulty("It is about another request.")
    return signed


def _requests_first(opened: Opened) -> bool:
    """Sorts what makes a request known before what is about it."""
    return not isinstance(opened.document.body, PersonalRequest)


def _keep(state: State, opened: Opened) -> bool:
    """Keep a document with the request that was made with its address; tell whether it is about that one."""
    slot = opened.to.slot
    made = [entry for entry in state.requests if (entry.epoch, entry.index) == slot]
    document = opened.document
    if not made:
        if not isinstance(document.body, PersonalRequest):
            return False
        state.requests.append(_found(state, slot, document.body, document))
        return True
    [entry] = made
    if entry.digest != opened.request:
        return False
    filing.file(entry, opened.document, opened.to.key, opened.at)
    return True


def _seek_on(state: State) -> None:
    """Look on only for requests that may be pending yet: of tokens that can be spent, and not found."""
    spendable = {own.epoch for own in state.epochs}
    made = {(entry.epoch, entry.index) for entry in state.requests}
    state.sought = [slot for slot in state.sought if slot[0] in spendable and slot not in made]


def _found(state: State, slot: Slot, body: PersonalRequest, document: Signed[Inside]) -> OwnRequest:
    names = [place.name for place in state.places if place.cell == body.area.cell]
    return OwnRequest(
        epoch=slot[0],
        index=slot[1],
        digest=document.digest,
        wire=document.wire,
        place=names[0] if names else "",
        came_back=True,
    )
