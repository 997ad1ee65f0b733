"""Asking for a brand's catalogue item: finding it, and taking from it what the request then says."""

from collections.abc import Iterable

import msgspec

from vrm.client.public import Item
from vrm.documents import CatalogueItem, MarketDescriptor
from vrm.errors import UsageError
from vrm.money import decimal_text, format_amount
from vrm.wallet.wishes import Wish


def name_of(item: CatalogueItem) -> str:
    """The name by which a request, a flag and a file name an item."""
    return f"{item.principal}/{item.id}"


def find(catalogue: Iterable[Item], wanted: str) -> list[Item]:
    """Find the items with this name, or whose title, brand or maker have all of these words."""
    known = list(catalogue)
    named = [one for one in known if name_of(one.item.body) == wanted]
    words = wanted.casefold().split()
    return named or [one for one in known if all(word in _text(one) for word in words)]


def taken(wish: Wish, item: CatalogueItem, market: MarketDescriptor) -> Wish:
    """Complete a wish by what the item that it names fixes.

    Raises:
        UsageError: the wish says something else than the item offers.
    """
    if wish.fixed or wish.at_most:
        price = format_amount(item.amount, market.currency)
        raise UsageError(f"The item's price is fixed at {price}; leave --fixed and --at-most out.")
    ways = tuple(way for way in item.delivery if way in wish.delivery)
    if not ways:
        raise UsageError(f"The item is delivered by {', '.join(item.delivery)} only; say so.")
    roster = [agreement.id for agreement in market.terms if agreement.id in item.terms]
    terms = wish.terms or next(iter(roster), None)
    if terms not in roster:
        raise UsageError(f"The brand accepts {', '.join(item.terms)} only.")
    return msgspec.structs.replace(
        wish,
        item=name_of(item),
        title=wish.title or item.title,
        category=item.category,
        fixed=decimal_text(item.amount * wish.quantity, market.currency.digits),
        delivery=ways,
        terms=terms,
        gtin=item.gtin or None,
        brand=item.brand or None,
        model=item.model or None,
    )


def _text(one: Item) -> str:
    item = one.item.body
    parts = (one.name, item.id, item.title, item.brand or "", item.model or "")
    return " ".join(parts).casefold()
