"""What a brand reads of its own."""

import msgspec

from marketplace.brands import repository, rules
from marketplace.brands.schemas import BrandReport, OwnFallback
from marketplace.errors import Refused
from marketplace.http.paging import FollowedPage, cut, read_cursor, write_cursor
from marketplace.market import Market
from vrm.documents import CatalogueItem, recall


async def list_own_fallbacks(
    market: Market, principal: str, cursor: str | None, limit: int
) -> FollowedPage[OwnFallback]:
    """List what a brand is to ship, oldest first; later ones follow the cursor `resume`."""
    after = read_cursor(cursor, tuple[int]) or (0,)
    async with market.db.snapshot() as connection:
        found = await repository.fallbacks(connection, principal, after[0], limit + 1)
    rows, more = cut(found, limit)
    here = write_cursor(rows[-1].position) if rows else cursor
    items = [
        OwnFallback(fallback=msgspec.Raw(row.wire), request=msgspec.Raw(row.request_wire))
        for row in rows
    ]
    return FollowedPage(items=items, next=here if more else None, resume=here)


async def report(market: Market, principal: str, day: str | None) -> BrandReport:
    """Report how a brand's items were served on a day, by default the newest published one.

    Raises:
        Refused: no such run, or it is not published yet.
    """
    async with market.db.snapshot() as connection:
        run = await repository.run(connection, day)
        if run is None:
            raise Refused(
                "unknown-run", f"There is no run of {day}." if day else "No run yet.", "day"
            )
        if run.report is None:
            raise Refused("not-yet-public", "The run is not published yet.", "day")
        outcomes = await repository.outcomes(connection, run.day, principal)
        documents = await repository.documents(connection, principal)
        vendors = {outcome.vendor for outcome in outcomes if outcome.vendor is not None}
        names = await repository.names(connection, vendors)
    titles = {item: recall(wire, CatalogueItem).title for item, wire in documents.items()}
    return rules.report(run.day, principal, outcomes, titles, names)
