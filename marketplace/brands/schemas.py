"""What a brand's reads answer."""

import msgspec


class OwnFallback(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the reading brand ships."""

    fallback: msgspec.Raw
    request: msgspec.Raw


class Seller(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor that served requests for an item, and from how far: the median in metres."""

    vendor: str
    name: str
    served: int
    median_distance_m: int


class Served(msgspec.Struct, frozen=True, kw_only=True):
    """What became of requests: served nearby, shipped by the brand, or neither."""

    requests: int
    served: int
    median_distance_m: int | None
    shipped: int
    unfilled: int


class ItemReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the requests for one item."""

    id: str
    title: str
    figures: Served
    sellers: list[Seller]
    """Those that served most first."""


class BrandReport(msgspec.Struct, frozen=True, kw_only=True):
    """A brand's day."""

    day: str
    principal: str
    total: Served
    items: list[ItemReport]
