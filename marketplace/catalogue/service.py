"""The use cases about the catalogue."""

from collections.abc import Iterable

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.catalogue import repository
from marketplace.catalogue.repository import Name
from marketplace.catalogue.rules import Offer, check_item, sellers_of
from marketplace.catalogue.schemas import ItemStored, ItemView
from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.http.paging import Page, cut, read_cursor, write_cursor
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.moderation import service as moderation
from vrm.documents import CatalogueItem, read, recall


async def submit(market: Market, raw: bytes) -> tuple[ItemStored, bool]:
    """Store an item, or a newer version of it; returns what is stored and whether this call stored it.

    Requests that the market has taken keep the price that they name; for who may sell and whether the brand
    ships, the version counts that is newest when bids on a request close.

    Raises:
        Refused: another market's document, an unknown or suspended principal, a category, currency or terms
            that the market does not have, or a sequence number that is not the newest.
    """
    item = read(raw, CatalogueItem)
    body = item.body
    market.check_addressed(body)
    check_item(body, market.rules)
    answer = ItemStored(principal=body.principal, id=body.id, item=item.digest, seq=body.seq)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.principal])
        principal = await repository.principal(connection, body.principal)
        if principal is None:
            raise Refused(
                "unknown-vendor", "Register the brand as a vendor before its items.", "principal"
            )
        if principal.suspended:
            raise Refused("suspended", "This vendor is suspended.", "principal")
        name = (body.principal, body.id)
        stored = (await repository.newest(connection, [name])).get(name)
        if stored is not None:
            if stored.digest == item.digest:
                return answer, False
            if body.seq <= stored.seq:
                raise Refused("stale-sequence", f"Send a seq above {stored.seq}.", "seq")
        await repository.store(connection, item, await market.db.now(connection))
        await log.record(connection, item, body.principal)
    return answer, True


async def list_items(
    market: Market,
    principal: str | None,
    category: str | None,
    listed: bool | None,
    cursor: str | None,
    limit: int,
) -> Page[ItemView]:
    """List the items as they count now, by principal and id."""
    after = read_cursor(cursor, tuple[str, str]) or ("", "")
    async with market.db.snapshot() as connection:
        found = await repository.page(connection, principal, category, listed, after, limit + 1)
        rows, more = cut(found, limit)
        hidden = await moderation.hidden(connection, [row.digest for row in rows])
    items = [_view(row) for row in rows if row.digest not in hidden]
    last = rows[-1] if more else None
    return Page(items=items, next=write_cursor(last.principal, last.item) if last else None)


async def show(market: Market, principal: str, item: str) -> ItemView:
    """Show an item as it counts now.

    Raises:
        Refused: the principal has no such item.
    """
    async with market.db.snapshot() as connection:
        found = await repository.newest(connection, [(principal, item)])
        if not found:
            raise Refused("unknown-item", "The principal has no item with this id.", "item")
        await moderation.require_shown(connection, found[principal, item].digest)
    return _view(found[principal, item])


async def show_version(market: Market, digest: str) -> ItemView:
    """Show one version of an item, newest or not.

    Raises:
        Refused: no version has this digest.
    """
    async with market.db.snapshot() as connection:
        row = await repository.version(connection, digest)
        await moderation.require_shown(connection, digest)
    if row is None:
        raise Refused("unknown-item", "No version of an item has this digest.", "item")
    return _view(row)


async def offer(connection: AsyncConnection, principal: str, item: str) -> Offer | None:
    """An item as it counts now, for a request that names it.

    Raises:
        Refused: it is hidden.
    """
    found = (await repository.newest(connection, [(principal, item)])).get((principal, item))
    if found is not None:
        await moderation.require_shown(connection, found.digest)
    return None if found is None else Offer(recall(found.wire, CatalogueItem), found.suspended)


async def sellers(
    connection: AsyncConnection, names: Iterable[Name]
) -> dict[Name, frozenset[str] | None]:
    """The vendors that may sell items now, by (principal, id); none: all may."""
    found = await repository.newest(connection, names)
    return {name: sellers_of(recall(row.wire, CatalogueItem)) for name, row in found.items()}


def _view(row: AnyRow) -> ItemView:
    return ItemView(
        principal=row.principal,
        name=row.name,
        id=row.item,
        item=row.digest,
        document=msgspec.Raw(row.wire),
    )
