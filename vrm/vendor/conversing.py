"""Writing with customers: what is new is read and kept, and what the vendor says is kept before it is sent.

Whatever happens next, the same document goes out again.
"""

from datetime import datetime
from typing import Final

from crypto.canonical import canonical
from vrm.client.conversations import HeardMessage
from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import OwnAssignment
from vrm.documents import Signed, VendorMessage, recall
from vrm.documents.scalars import format_instant
from vrm.errors import MarketRefused
from vrm.vendor.conversation import Line
from vrm.vendor.ledger import Ledger

READ_TO: Final = "messages"
"""The mark that holds the cursor behind what was read."""

_IN_VAIN: Final = frozenset(("out-of-turn", "messages-used-up", "conversation-over"))
"""Refusals of a message that would be refused again."""


async def hear(client: VendorClient, ledger: Ledger, now: datetime) -> list[Line]:
    """Read what customers wrote since the last look, and keep it; answers what is new."""
    new: list[Line] = []
    cursor, more = ledger.mark(READ_TO), True
    while more:
        found, cursor, more = await client.messages_page(cursor)
        new += ledger.conversation.keep([_heard(one, now) for one in found])
        if cursor is not None:
            ledger.prepare([], **{READ_TO: cursor})
    return new


async def say(
    client: VendorClient, ledger: Ledger, given: OwnAssignment, text: str, now: datetime
) -> Line:
    """Write to the customer of an assignment, behind what was written before.

    Raises:
        UsageError: the text is empty, too long, or not clean.
        MarketRefused: the market does not take it; where it never will, the ledger forgets it.
        MarketUnreachable: no answer; it stays in the ledger, and `send_unsent` sends it again.
    """
    mine = [line.number for line in ledger.conversation.about(given.digest) if line.mine]
    signed, inside = await client.make_message(given, 1 + max(mine, default=0), text)
    line = Line(
        digest=signed.digest,
        assignment=given.digest,
        number=signed.body.number,
        mine=True,
        document=signed.wire,
        inside=canonical(inside),
        fault="",
        at=format_instant(now),
        sent=False,
    )
    ledger.conversation.keep([line])
    await send_unsent(client, ledger, given.digest)
    return line


async def send_unsent(client: VendorClient, ledger: Ledger, assignment: str) -> None:
    """Send what the market has not confirmed, in order; errors as with `say`."""
    unsent = [line for line in ledger.conversation.about(assignment) if line.mine and not line.sent]
    for line in sorted(unsent, key=lambda line: line.number):
        body = recall(line.document, VendorMessage)
        try:
            await client.send_message(Signed(body, line.digest, line.document))
        except MarketRefused as error:
            if error.code in _IN_VAIN:
                ledger.conversation.forget_from(assignment, line.number)
            raise
        ledger.conversation.sent(line.digest)


def _heard(one: HeardMessage, now: datetime) -> Line:
    return Line(
        digest=one.message.digest,
        assignment=one.assignment.digest,
        number=one.message.body.number,
        mine=False,
        document=one.message.wire,
        inside=None if one.inside is None else canonical(one.inside),
        fault=one.fault,
        at=format_instant(now),
        sent=True,
    )
