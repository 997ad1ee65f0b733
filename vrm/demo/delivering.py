"""The demonstration's vendors deliver: they read where to, ship, answer what they are asked, and rate.

A few are careless (`CARELESS`): they accept, and then nothing comes of it.
"""

from dataclasses import dataclass
from typing import Final

from vrm.client.vendor import VendorClient
from vrm.demo.past import Meeting
from vrm.vendor.conversing import hear, say
from vrm.vendor.ledger import Ledger

CARELESS: Final = 9
"""Every so many vendors is careless, by the number of its folder."""


@dataclass
class Delivered:
    """What the vendors did."""

    read: int = 0
    shipped: int = 0
    wrote: int = 0
    rated: int = 0

    def __add__(self, other: "Delivered") -> "Delivered":
        return Delivered(
            self.read + other.read,
            self.shipped + other.shipped,
            self.wrote + other.wrote,
            self.rated + other.rated,
        )


async def deliver(
    client: VendorClient, ledger: Ledger, meeting: Meeting, *, careless: bool
) -> Delivered:
    """Let one vendor ship what it knows where to, and answer who wrote."""
    done = Delivered()
    waiting = {
        one.assignment: one
        async for one in client.deliveries()
        if one.state == "accepted" and one.disclosed_at
    }
    done.read = len(waiting)
    if careless or not waiting:
        return done
    await hear(client, ledger, meeting.now())
    async for given in client.my_assignments():
        if given.digest not in waiting:
            continue
        await client.ship(given)
        done.shipped += 1
        if ledger.conversation.about(given.digest):
            await say(client, ledger, given, "It is, and on its way.", meeting.now())
            done.wrote += 1
    return done


async def rate(client: VendorClient, day: str) -> Delivered:
    """Let one vendor rate the customers of a day who told it where to deliver."""
    done = Delivered()
    async for one in client.deliveries():
        if one.day == day and one.disclosed_at:
            await client.rate(one.request, one.assignment, 5)
            done.rated += 1
    return done
