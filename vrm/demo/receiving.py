"""The demonstration's customers after the assignment: they say where to deliver, write, and rate what came.

``tell`` and ``receive`` are rounds of some wallets, those whose vendors took most, so that a vendor's ratings
come to something. Whoever got nothing gives one star; that it is missing nobody can say
while its vendor has time to ship it.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vrm import keyfile
from vrm.client.customer import CustomerClient
from vrm.demo.past import Meeting
from vrm.documents import Contact
from vrm.wallet import Wallet, confirming, conversing, disclosing, mail, outcomes, rating
from vrm.wallet.own import OwnRequest

AT_ONCE: Final = 8
"""Customers that are at it at the same time."""

FOLLOWING: Final = 12
"""How many the play follows on each day."""

PASSPHRASE_FILE: Final = "passphrase"  # noqa: S105 - a name, not a secret

Deed = Callable[[Wallet, CustomerClient, OwnRequest], Awaitable[None]]


@dataclass
class Followed:
    """What the customers did."""

    told: int = 0
    wrote: int = 0
    received: int = 0
    missed: int = 0
    rated: int = 0


async def tell(meeting: Meeting, posted: Mapping[str, Path]) -> Followed:
    """Let customers tell their vendors where to deliver, and write to them.

    Args:
        posted: the wallets that posted on the newest day, by their requests' digests.
    """
    done = Followed()

    async def one(wallet: Wallet, client: CustomerClient, entry: OwnRequest) -> None:
        if entry.acceptance is None or entry.disclosures:
            return
        await disclosing.disclose(wallet, client, entry, _contact(entry), meeting.now())
        done.told += 1
        words = f"{entry.body.need.title}: is it in its own box?"
        await conversing.say(wallet, client, entry, words, meeting.now())
        done.wrote += 1

    chosen = await _accepted(meeting, posted)
    await _each(meeting, [posted[request] for request in chosen], one)
    return done


async def receive(meeting: Meeting, posted: Mapping[str, Path]) -> Followed:
    """Let those who told their vendors where to deliver say that it came, if it did, and rate what they got."""
    done = Followed()

    async def one(wallet: Wallet, client: CustomerClient, entry: OwnRequest) -> None:
        came = entry.shipment is not None
        if came:
            await confirming.confirm(wallet, client, entry, meeting.now(), received=True)
        await rating.rate(
            wallet, client, entry, 5 if came else 1,
            text="All as it should be." if came else "Nothing came.",
        )  # fmt: skip
        done.received += came
        done.missed += not came
        done.rated += 1

    await _each(meeting, [posted[request] for request in await _accepted(meeting, posted)], one)
    return done


async def _accepted(meeting: Meeting, posted: Mapping[str, Path]) -> list[str]:
    """The requests to follow: of those vendors that took most on the newest day."""
    async with meeting.customer() as client:
        days = [run.day async for run in client.runs() if run.report is not None]
        took = {
            one.request: one.acceptance.body.vendor async for one in client.acceptances(days[0])
        }
    most = Counter(took.values())
    own = [request for request in took if request in posted]
    return sorted(own, key=lambda one: (-most[took[one]], took[one], one))[:FOLLOWING]


async def _each(meeting: Meeting, homes: Iterable[Path], deed: Deed) -> None:
    """Let wallets read their mail and the public lists, and do something about each request."""
    turn = asyncio.Semaphore(AT_ONCE)

    async def one(home: Path) -> None:
        async with turn, meeting.customer() as client:
            passphrase = keyfile.passphrase(home / PASSPHRASE_FILE)
            wallet = await asyncio.to_thread(Wallet.open, home, passphrase)
            await mail.fetch(wallet, client)
            for entry in (await outcomes.sync(wallet, client)).requests:
                await deed(wallet, client, entry)

    await asyncio.gather(*map(one, homes))


def _contact(entry: OwnRequest) -> Contact:
    if entry.assigned is not None and entry.assigned.delivery == "pickup":
        return Contact(name="Robin Example")
    return Contact(name="Robin Example", address=("1 Example Street", "Chicago, IL 60601"))
