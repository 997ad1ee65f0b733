"""The brands of a demonstration: they list items, name the shops that sell them, and ship what those leave.

A brand's folder is a vendor's home, and can be looked into afterwards:

    vendor report --home DIR/brand-1 --passphrase-file DIR/brand-1/passphrase
"""

from collections.abc import Collection

from vrm.client.brand import BrandClient
from vrm.demo.catalogue import BY_SKU, Brand
from vrm.documents import MarketDescriptor, Place
from vrm.money import decimal_text
from vrm.places import postal_code


async def enter(
    client: BrandClient,
    brand: Brand,
    market: MarketDescriptor,
    sellers: Collection[str] | None,
    centre: str,
) -> None:
    """Register a brand and put its items on the list, for sellers by their did:keys, or for all."""
    digits, terms = market.currency.digits, [agreement.id for agreement in market.terms]
    await client.register(
        brand.name,
        places=[_warehouse(centre)],
        categories=sorted({BY_SKU[sku].category for sku in brand.carries}),
        delivery=brand.delivery,
        terms=terms,
    )
    for sku in brand.carries:
        item = BY_SKU[sku]
        await client.list_item(
            sku,
            title=item.title,
            category=item.category,
            price=decimal_text(item.usual * 10**digits // 100, digits),
            delivery=brand.delivery,
            terms=terms,
            sellers=None if sellers is None else sorted(sellers),
            gtin=item.gtin,
            brand=item.brand,
            model=item.model,
        )


def _warehouse(centre: str) -> Place:
    """Where a brand ships from. No bid comes from there."""
    at = postal_code(centre).at
    return Place(
        id="warehouse", name="Warehouse", lat_e6=at.lat_e6, lng_e6=at.lng_e6, reach_m=0, capacity=0
    )
