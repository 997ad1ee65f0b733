"""What is in the market's mail for this wallet, found without asking for any of it.

The wallet downloads whole buckets (`vrm.documents.mail`): those in which its pseudonyms have their mailboxes,
all that an epoch's posting tokens could make, whether they were used or not. So what it asks for follows from
its keys and the mail's list alone, and is the same whatever it has posted. Each bucket comes over a connection
of its own. The wallet tries the reply keys of its requests on each sealed message (`opening`), those of old
ones too: what comes late is in the bucket of all mail, which everybody reads.

What is wrong stops nothing. A segment that cannot be read, or with messages for this wallet that are not what
they should be, is passed over and noted with what is wrong about it. It is not asked for again by itself: who
gave one caller other bytes would know that caller by it. `read_again` starts anew with everybody's whole list.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Final

import httpx

from vrm.client import mail
from vrm.client.customer import CustomerClient
from vrm.client.mail import Segment
from vrm.client.patience import BUSY
from vrm.documents import MarketDescriptor, PersonalRequest, Signed
from vrm.documents.mail import is_in, looked_for, mailbox_of
from vrm.documents.membership import DAY_SECONDS
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import MarketMisbehaved, MarketRefused
from vrm.wallet import filing
from vrm.wallet.opening import Address, Faulty, Inside, NotForUs, Opened, open_box
from vrm.wallet.own import OwnRequest
from vrm.wallet.state import MailFinding, Slot, State
from vrm.wallet.wallet import Wallet

GRACE: Final = timedelta(hours=1)
"""How far this machine's clock may be ahead of the market's for no mail to be passed by."""

LATEST_DAYS: Final = 400
"""For so long after its epoch a request's key is tried: rulings may come late, and vendors take long."""


@dataclass(frozen=True)
class Read:
    """What one look into the mail brought."""

    state: State
    opened: int
    """Messages for this wallet."""
    findings: list[MailFinding]
    """What of the mail is at fault, and was not known to be."""


@dataclass
class _Found:
    """What the buckets hold for this wallet, and what is wrong with them."""

    opened: list[tuple[Segment, Opened]] = field(default_factory=list)
    unread: dict[Segment, str] = field(default_factory=dict)
    faulty: dict[Segment, list[str]] = field(default_factory=lambda: defaultdict(list))


async def fetch(wallet: Wallet, client: CustomerClient) -> Read:
    """Read the mail that is new, and keep what is for this wallet's requests, and for those it looks for.

    Raises:
        MarketMisbehaved: the list of the mail is none.
        MarketRefused, MarketUnreachable: no answer, or no time for one; what was known stays.
    """
    market = (await client.descriptor()).market
    before = wallet.read()
    rules = before.rules  # that the owner agreed to: no market makes up some for one wallet
    begin = format_instant(parse_instant(before.created) - GRACE)
    listed = await mail.listed(client, before.mail_cursor)
    new = [one for one in listed.segments if one.instant >= begin]
    oldest = min(epochs_at(rules, _seconds(new[0]))) if new else 0
    slots = _tried(before, oldest - LATEST_DAYS)
    # Tokens may have been drawn under rules with epochs of another length.
    drawn = [own.epoch for own in (*before.epochs, *before.over)]
    known = {epoch for epoch in (*drawn, *(epoch for epoch, _ in slots)) if epoch >= oldest}
    wanted = _wanted(wallet, frozenset(known), rules, new)
    tried = [_address(wallet, slot) for slot in slots]
    found = _Found()
    for bucket, segments in sorted(wanted.items()):
        here = [address for address in tried if is_in(address.mailbox, bucket)]
        async with client.connection() as alone:
            for segment in segments:
                await _open(found, segment, here, client, alone, market)
    with wallet.editing() as state:
        for segment, one in sorted(found.opened, key=_requests_first):
            if not _keep(state, one, segment.instant):
                found.faulty[segment].append("It came to the key of another request.")
        findings = [
            one for one in _findings(found, listed.strange) if one not in state.mail_findings
        ]
        state.mail_findings += findings
        if state.mail_cursor == before.mail_cursor:
            state.mail_cursor = listed.cursor
        _seek_on(state)
    return Read(state, len(found.opened), findings)


def read_again(wallet: Wallet) -> None:
    """Let the next look into the mail read all of it, from the beginning of what the market keeps."""
    with wallet.editing() as state:
        state.mail_cursor, state.mail_findings, state.mail_told = None, [], 0


def in_words(finding: MailFinding) -> str:
    """Say what is wrong about a part of the mail, where, and what to do about it."""
    if not finding.segment:
        return f"The list of the mail: {finding.detail} What they stood for is passed over."
    where = f"The mail of {finding.instant}, segment {finding.segment}"
    if finding.is_read:
        return f"{where}: {finding.detail} Such are passed over; the market has sealed them."
    return (
        f"{where}: {finding.detail} It is passed over, with what it may hold for you. Read all mail again: vrm "
        "sync --again; where others can read that segment and you cannot, the market treats you differently."
    )


def epochs_at(rules: MarketDescriptor, instant: int) -> Iterator[int]:
    """The epochs whose tokens may have posted something that gets mail of its own at an instant, newest first.

    What comes later is in the bucket of all mail.
    """
    tokens, reach = rules.tokens, looked_for(rules)
    epoch = tokens.epoch_at(instant)
    while (epoch + tokens.epoch_days + tokens.grace_days) * DAY_SECONDS + reach >= instant:
        yield epoch
        epoch -= tokens.epoch_days


async def _open(
    found: _Found,
    segment: Segment,
    addresses: Sequence[Address],
    client: CustomerClient,
    alone: httpx.AsyncClient,
    market: str,
) -> None:
    """Read a segment over a connection of the caller's, and open in it what is for some addresses."""
    try:
        boxes = await mail.segment(client, segment.segment, alone)
    except (MarketMisbehaved, MarketRefused) as error:
        if isinstance(error, MarketRefused) and error.status in BUSY:
            raise
        found.unread[segment] = str(error)
        return
    for box in boxes:
        try:
            found.opened.append((segment, open_box(box, addresses, market)))
        except NotForUs:
            continue
        except Faulty as error:
            found.faulty[segment].append(str(error))


def _findings(found: _Found, strange: int) -> Iterator[MailFinding]:
    if strange:
        yield MailFinding(f"{strange} entries in it are no segments.")
    for segment, why in found.unread.items():
        yield MailFinding(why, segment.segment, segment.instant)
    for segment, faults in found.faulty.items():
        detail = f"{len(faults)} messages in it open for you and are not what they should be: {faults[0]}"
        yield MailFinding(detail, segment.segment, segment.instant, is_read=True)


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
    """Whose reply keys are tried: of requests since an epoch, and of what is looked for."""
    made = [(entry.epoch, entry.index) for entry in state.requests if entry.epoch >= oldest]
    return sorted({*made, *state.sought})


def _seconds(segment: Segment) -> int:
    return int(parse_instant(segment.instant).timestamp())


def _address(wallet: Wallet, slot: Slot) -> Address:
    pseudonym = wallet.pseudonym(*slot).did
    return Address(slot, pseudonym, mailbox_of(pseudonym), wallet.reply_key(*slot))


def _requests_first(found: tuple[Segment, Opened]) -> bool:
    """Sorts what makes a request known before what is about it."""
    return not isinstance(found[1].document.body, PersonalRequest)


def _keep(state: State, opened: Opened, instant: str) -> bool:
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
    filing.file(entry, document, opened.to.key, instant)
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
        newcomer_share=state.rules.newcomers.share,
        came_back=True,
    )
