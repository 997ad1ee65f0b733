"""Posting later: a signed request waits in the wallet until an instant that chance has drawn.

Whoever posts in the minute in which they joined, drew tokens or told somebody of their wish is easy to guess.
All that arrives before the last batch instant of a market day is promised for that same instant, so that
waiting costs little.
"""

import random
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from vrm.client.base import Clock
from vrm.client.customer import CustomerClient
from vrm.documents import MarketDescriptor
from vrm.documents.scalars import format_instant, parse_instant
from vrm.wallet.own import OwnRequest
from vrm.wallet.requests import send
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet

SHORTEST: Final = timedelta(hours=1)
"""The least time that chance has to choose from, also where the market day ends sooner."""


def draw_instant(clock: Clock, market: MarketDescriptor, chance: random.Random) -> str:
    """Draw an instant between now and the last batch instant of the market day that runs."""
    now = parse_instant(clock.now)
    last = parse_instant(clock.cutoff) - timedelta(seconds=market.schedule.batch_seconds)
    window = max(last - now, SHORTEST)
    return format_instant(now + window * chance.random())


def waiting(wallet: Wallet, now: datetime, *, all_of_them: bool = False) -> list[OwnRequest]:
    """The signed requests that were not confirmed and are due, or all of them."""
    wanted = {"unsent", "scheduled"} if all_of_them else {"unsent"}
    return [entry for entry in wallet.read().requests if entry.status(now) in wanted]


async def send_due(
    wallet: Wallet, client: CustomerClient, now: datetime, *, all_of_them: bool = False
) -> list[OwnRequest]:
    """Post what is due, each over a connection and after a pause of its own; errors as with `send`.

    One that cannot be posted keeps none of the others back: its error is raised when they are sent.
    """
    due = waiting(wallet, now, all_of_them=all_of_them)
    return await in_turn([partial(send, wallet, client, entry) for entry in due])
