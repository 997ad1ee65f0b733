"""What a wallet that has nothing but its phrase gets back: its requests, and all that became of them.

The wallet derives the pseudonyms of its device branch, epoch by epoch, for all posting tokens that there can
have been; downloads the buckets of the mail in which these have their mailboxes; and opens what is sealed to
them. The market mails to each pseudonym a copy of whatever that posted, so requests, withdrawals, orders and
answers come back with the bids and questions; batches, log and runs are public and say the rest. Nobody is
asked about a pseudonym, and no list is read that others do not read.

What the market had not published when the wallet was lost comes with a later batch, and with a later look into
the mail. What is gone for good: named places, the market's promises, and mail older than the market keeps it.
"""

from vrm.client.customer import CustomerClient
from vrm.documents import IssuerKey, MarketDescriptor
from vrm.documents.membership import DAY_SECONDS
from vrm.documents.scalars import format_instant, parse_instant
from vrm.wallet import mail, outcomes
from vrm.wallet.state import Slot, State
from vrm.wallet.wallet import Wallet


async def recover(wallet: Wallet, client: CustomerClient) -> State:
    """Find the requests of a wallet that was made from its phrase; answers its state.

    Whatever breaks it off, the next look into the mail goes on with it.

    Raises:
        MarketMisbehaved: a list, or a document in it, is not what it should be.
        MarketUnreachable: no answer.
    """
    rules = await client.descriptor()
    now = int(parse_instant((await client.clock()).now).timestamp())
    keys = [listed.issuer.body for listed in await client.issuer_keys()]
    alive = _alive(keys, rules, now)
    with wallet.editing() as state:
        state.sought = sorted({slot for key in alive for slot in _slots(key)})
        began = [parse_instant(key.not_before) for key in alive]
        state.created = format_instant(min([parse_instant(state.created), *began]))
        state.mail_cursor = None
    await mail.fetch(wallet, client)
    return await outcomes.sync(wallet, client)


def _alive(keys: list[IssuerKey], rules: MarketDescriptor, now: int) -> list[IssuerKey]:
    """Those of issuer keys whose tokens may have posted something that has mail still."""
    oldest = min(mail.epochs_at(rules, now - rules.mail.keep_days * DAY_SECONDS))
    return [key for key in keys if key.epoch >= oldest and _seconds(key.not_before) <= now]


def _slots(key: IssuerKey) -> list[Slot]:
    return [(key.epoch, index) for index in range(key.allotment)]


def _seconds(instant: str) -> float:
    return parse_instant(instant).timestamp()
