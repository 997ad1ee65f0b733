"""When the demo plays: its first days lie in the past, so that the last one ends now.

Every player is told by how much its clock is behind; what a program of the field does by its own clock, it
does by that one.
"""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, TypeVar

import typer

import crypto
from vrm.client.base import MarketClient
from vrm.client.customer import CustomerClient
from vrm.client.vendor import VendorClient

C = TypeVar("C", bound=VendorClient)

Behind = Annotated[int, typer.Option(min=0, help="Seconds by which the play's clock is behind.")]


@dataclass(frozen=True)
class Meeting:
    """Where and when players meet: the market's address, and how far in the past."""

    url: str
    behind: int = 0

    def seconds(self) -> float:
        """The time, in seconds since 1970."""
        return time.time() - self.behind

    def now(self) -> datetime:
        """The time."""
        return datetime.fromtimestamp(self.seconds(), UTC)

    def visitor(self) -> MarketClient:
        """A client that signs nothing."""
        return MarketClient(self.url, clock=self.seconds)

    def customer(self) -> CustomerClient:
        """A customer's client."""
        return CustomerClient(self.url, clock=self.seconds)

    def vendor(self, kind: type[C], key: crypto.SigningKey, market: str) -> C:
        """A vendor's client."""
        return kind(self.url, key, market=market, clock=self.seconds)
