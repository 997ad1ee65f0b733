"""What customers do about what they were given: say where to, write, confirm, rate, cancel, dispute.

Their wallets do a round after each batch, as `vrm watch` does, and that tells vendors where to deliver.
All else a person does by hand, about one request at a time and when it suits.
"""

import random
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

import httpx
from msgspec import UNSET

from vrm.client.customer import CustomerClient
from vrm.documents import Confirmation, Contact, recall
from vrm.documents.scalars import parse_instant
from vrm.errors import MarketRefused, MarketUnreachable, WalletError
from vrm.wallet import (
    Wallet,
    cancelling,
    confirming,
    conversing,
    disputing,
    membership,
    rating,
    rounds,
)
from vrm.wallet.own import OwnRequest

ACTING_NOW: Final = 1 / 3
"""How likely somebody is to deal with something in the hours of one batch."""

WRITING: Final = 0.3
CANCELLING: Final = 0.03
MISSING: Final = 0.1
DISPUTING: Final = 0.1


class Watched(CustomerClient):
    """A client that notes what it reads on the connection that a round's reads share."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.paths: set[str] = set()

    async def send(
        self, method: str, path: str, *, over: httpx.AsyncClient | None = None, **options: Any
    ) -> bytes:
        if method == "GET":
            self.paths.add(path)
        return await super().send(method, path, over=over, **options)


def settle(wallet: Wallet, number: int, *, names_itself: bool) -> None:
    """Keep whom vendors are told."""
    contact = Contact(
        name=f"Person {number}",
        address=(f"{number} Example Street", "Chicago"),
        note=wallet.profile_did if names_itself else UNSET,
    )
    with wallet.editing() as state:
        state.contacts["ship"] = contact


async def go(
    wallet: Wallet, client: CustomerClient, dice: random.Random, *, length: int, at_once: bool
) -> None:
    """Do a wallet's round, and then some of what its owner has to say.

    Args:
        length: how much its owner writes.
        at_once: whether the owner deals with all requests in one sitting.
    """
    now = (await client.clock()).now
    with suppress(MarketUnreachable):  # somebody's market fails some calls
        await rounds.go(wallet, client)
    at = parse_instant(now)
    state = wallet.read()
    if membership.heard_lately(state, at):
        return
    sitting = dice.random() < ACTING_NOW
    for entry in state.requests:
        acts = sitting if at_once else dice.random() < ACTING_NOW
        if acts and entry.disclosures and entry.disclosures[-1].has_arrived:
            with suppress(MarketRefused, MarketUnreachable, WalletError):
                await _deal(wallet, client, entry, dice, at, length)


async def _deal(
    wallet: Wallet,
    client: CustomerClient,
    entry: OwnRequest,
    dice: random.Random,
    now: datetime,
    length: int,
) -> None:
    """Do the next thing about one request."""
    if entry.cancellations:
        return
    if not entry.confirmations and entry.shipment is None:
        if dice.random() < CANCELLING:
            await cancelling.cancel(wallet, client, entry)
        elif not entry.messages and dice.random() < WRITING:
            await conversing.say(
                wallet, client, entry, "Is it new? " + "Really? " * (length // 9), now
            )
    elif not entry.confirmations:
        received = dice.random() >= MISSING
        await confirming.confirm(wallet, client, entry, now, received=received)
    elif entry.rating is None:
        came = recall(entry.confirmations[-1].wire, Confirmation).received
        if not came and not entry.disputes and dice.random() < DISPUTING * 5:
            mine = [1] if entry.messages else []
            await disputing.dispute(wallet, client, entry, "Nothing came.", mine=mine)
        text = "So it came." + " And so on." * (length // 30)
        await rating.rate(wallet, client, entry, 5 if came else 1, text=text)
