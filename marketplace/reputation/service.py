"""What others ask of reputation."""

from collections.abc import Iterable
from datetime import date
from typing import NamedTuple

from sqlalchemy import Select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.reputation import repository
from marketplace.reputation.rules import Tally, band, prior_share, score, sentence


class Standing(NamedTuple):
    """A vendor's reputation on a date."""

    band: int
    sentence: str


async def record(
    connection: AsyncConnection, pieces: Iterable[tuple[str, str]], when: date, *, good: bool
) -> None:
    """Take documents of a date, as (digest, vendor), as evidence for or against their vendors."""
    rows = [
        {"document": document, "vendor": vendor, "date": when.isoformat(), "good": good}
        for document, vendor in pieces
    ]
    await repository.add(connection, rows)


async def record_all(
    connection: AsyncConnection, pieces: Select[tuple[str, str]], when: date, *, good: bool
) -> None:
    """Do the same with all (digest, vendor) that a query finds."""
    await repository.add_found(connection, pieces, when.isoformat(), good)


async def standings(
    connection: AsyncConnection, until: date, vendors: Iterable[str]
) -> dict[str, Standing]:
    """Tell the vendors' reputations from the evidence recorded up to a date."""
    prior = prior_share(await repository.market_tally(connection, until.isoformat()))
    tallies = await repository.vendor_tallies(connection, until.isoformat())
    return {
        vendor: Standing(band(score(own, prior)), sentence(own, prior))
        for vendor in vendors
        for own in (tallies.get(vendor, Tally()),)
    }
