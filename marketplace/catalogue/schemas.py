"""What the calls about the catalogue answer."""

import msgspec


class ItemStored(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an item is stored and counts."""

    principal: str
    id: str
    item: str
    """The version's digest."""
    seq: int


class ItemView(msgspec.Struct, frozen=True, kw_only=True):
    """One version of an item."""

    principal: str
    name: str
    """The principal's name."""
    id: str
    item: str
    """The version's digest."""
    document: msgspec.Raw
    """The signed CatalogueItem."""
