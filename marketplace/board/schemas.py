"""What the board takes and answers."""

from dataclasses import dataclass
from typing import Literal

import msgspec

from marketplace.questions.schemas import QuestionView
from vrm.documents.place import Point
from vrm.documents.scalars import DeliveryWay

BoardState = Literal["open", "closed", "withdrawn"]


@dataclass(frozen=True, slots=True)
class BoardFilter:
    """Which requests to list. Amounts are minor units, distances metres."""

    state: Literal["open", "closed", "all"] = "open"
    category: str | None = None
    near: Point | None = None
    within_m: int | None = None
    min_price: int | None = None
    max_price: int | None = None
    delivery: DeliveryWay | None = None


class BoardItem(msgspec.Struct, frozen=True, kw_only=True):
    """One request on the board."""

    request: str
    """The request's digest."""
    state: BoardState
    published_at: str
    bids_close: str
    cutoff: str
    """When the run that resolves it takes place."""
    distance_m: int | None = None
    """From the point that the call names to the centre of the request's cell."""
    document: msgspec.Raw
    """The signed PersonalRequest."""
    questions: list[QuestionView]
    """Vendors' questions about it, with the owner's answers."""
