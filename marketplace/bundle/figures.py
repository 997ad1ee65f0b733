"""What stands in a bundle for a document whose words are hidden: the figures that a run decides from."""

from typing import Any, TypeVar

import msgspec

from marketplace.bundle.parts import BidFigures, ItemFigures, RatingFigures, RequestFigures
from vrm.documents import Bid, CatalogueItem, Document, PersonalRequest, Rating, recall

S = TypeVar("S", bound=msgspec.Struct)


def of_request(wire: bytes) -> RequestFigures:
    """Those of a request."""
    body = recall(wire, PersonalRequest)
    return _figures(RequestFigures, body, category=body.need.category)


def of_item(wire: bytes) -> ItemFigures:
    """Those of a catalogue item."""
    return _figures(ItemFigures, recall(wire, CatalogueItem))


def of_bid(wire: bytes) -> BidFigures:
    """Those of a bid."""
    body = recall(wire, Bid)
    return _figures(BidFigures, body, alternative=bool(body.alternative))


def of_rating(wire: bytes) -> RatingFigures:
    """Those of a rating."""
    return _figures(RatingFigures, recall(wire, Rating))


def _figures(kind: type[S], body: Document, **facts: Any) -> S:
    shared = {name: getattr(body, name) for name in kind.__struct_fields__ if name not in facts}
    return kind(**shared, **facts)
