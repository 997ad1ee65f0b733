"""What a catalogue item must satisfy beyond its own shape, and a request that names one."""

from dataclasses import dataclass

from msgspec import UnsetType

from marketplace.errors import Refused
from vrm.documents import CatalogueItem, MarketDescriptor, PersonalRequest


@dataclass(frozen=True, slots=True)
class Offer:
    """A catalogue item as it counts now."""

    item: CatalogueItem
    suspended: bool
    """Whether its principal is suspended."""


def check_item(item: CatalogueItem, market: MarketDescriptor) -> None:
    """Refuse an item in a category, a currency or under terms that the market does not have."""
    if item.category not in {category.id for category in market.categories}:
        raise Refused("unknown-category", f"{item.category} is not a category here.", "category")
    if item.currency != market.currency.code:
        raise Refused(
            "currency-mismatch", f"Prices here are in {market.currency.code}.", "currency"
        )
    unknown = set(item.terms) - {agreement.id for agreement in market.terms}
    if unknown:
        raise Refused("unknown-terms", f"Not in the roster: {', '.join(sorted(unknown))}.", "terms")


def check_named(request: PersonalRequest, offer: Offer | None) -> None:
    """Refuse a request that names an item and does not fit it.

    The price is the item's amount for each of the quantity asked for.

    Raises:
        Refused: no such item, off the list, or the request asks for something else than it offers.
    """
    if offer is None:
        raise Refused("unknown-item", "The principal has no item with this id.", "item")
    if offer.suspended:
        raise Refused("item-not-listed", "The item's principal is suspended.", "item")
    if not offer.item.listed:
        raise Refused("item-not-listed", "The principal has taken the item off the list.", "item")
    _check_price(request, offer.item)
    _check_fit(request, offer.item)


def _check_price(request: PersonalRequest, item: CatalogueItem) -> None:
    price, amount = request.price, item.amount * request.need.quantity
    if price.kind != "fixed" or (price.amount, price.currency) != (amount, item.currency):
        detail = f"The item's price is fixed: {amount} {item.currency} in minor units."
        raise Refused("off-item-price", detail, "price")


def _check_fit(request: PersonalRequest, item: CatalogueItem) -> None:
    if request.need.category != item.category:
        raise Refused("unlike-item", f"The item's category is {item.category}.", "need.category")
    if not set(request.delivery) <= set(item.delivery):
        offered = ", ".join(item.delivery)
        raise Refused("unlike-item", f"The item is delivered by {offered} only.", "delivery")
    if request.terms.id not in item.terms:
        accepted = ", ".join(item.terms)
        raise Refused("unlike-item", f"The principal accepts {accepted} only.", "terms")


def sellers_of(item: CatalogueItem) -> frozenset[str] | None:
    """The vendors that may sell an item; none: all may."""
    return None if isinstance(item.authorised, UnsetType) else frozenset(item.authorised)
