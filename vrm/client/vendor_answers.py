"""What a market answers a vendor: the shapes on the wire, and what they become once verified."""

from dataclasses import dataclass
from typing import Any, Literal, TypedDict

import msgspec

from vrm.documents import Assignment, Bid, PersonalRequest, Place
from vrm.documents.place import Point
from vrm.documents.scalars import DeliveryWay
from vrm.errors import UsageError

BoardState = Literal["open", "closed", "withdrawn"]
AssignmentState = Literal["waiting", "accepted", "declined", "timed-out"]
BidState = Literal["live", "superseded", "withdrawn", "won", "lost", "declined", "timed-out"]


class Registered(msgspec.Struct, frozen=True):
    """The market's answer to a vendor profile; ``profile`` is the profile's digest."""

    vendor: str
    profile: str
    seq: int


class CapacitySet(msgspec.Struct, frozen=True):
    """The market's answer to a capacity."""

    vendor: str
    place: str
    date: str
    units: int
    seq: int


class BidTaken(msgspec.Struct, frozen=True):
    """The market's answer to a bid or a withdrawal: digests of the bid and of its request, and a Receipt."""

    bid: str
    request: str
    receipt: msgspec.Raw


class Problem(msgspec.Struct, frozen=True):
    """Why one bid of a batch was refused (RFC 9457)."""

    code: str = "unknown"
    title: str = ""
    detail: str = ""
    field: str | None = None


class BidResult(msgspec.Struct, frozen=True):
    """What became of one bid of a batch: ``known`` is accepted earlier."""

    status: Literal["accepted", "known", "refused"]
    bid: str | None = None
    request: str | None = None
    receipt: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    problem: Problem | None = None


class QuestionAsked(msgspec.Struct, frozen=True):
    """The market's answer to a question."""

    question: str
    request: str


@dataclass(frozen=True)
class BoardQuestion:
    """What a vendor asked about a request, and the owner's answer if it is there, their proofs verified."""

    vendor: str
    text: str
    answer: str | None


@dataclass(frozen=True)
class BoardItem:
    """A request on the board, its proof verified. ``distance_m`` is there when a point was asked about."""

    digest: str
    request: PersonalRequest
    state: BoardState
    published_at: str
    bids_close: str
    cutoff: str
    """When the run takes place that decides it."""
    distance_m: int | None
    questions: tuple[BoardQuestion, ...] = ()


@dataclass(frozen=True)
class BoardPage:
    """Some of the board in order of publication, and the cursor from which to go on.

    ``more`` tells whether further items are there already; else ``cursor`` gives those published later.
    """

    items: tuple[BoardItem, ...]
    cursor: str | None
    more: bool


@dataclass(frozen=True)
class OwnBid:
    """One of the vendor's own bids as the market sees it; ``day`` is the run that decided it."""

    digest: str
    bid: Bid
    state: BidState
    day: str | None
    wire: bytes
    """As it was signed."""


@dataclass(frozen=True)
class OwnAssignment:
    """A request that this vendor was given, and what became of it."""

    digest: str
    """The assignment's, which an answer names."""
    assignment: Assignment
    request: PersonalRequest
    state: AssignmentState
    answer_by: str
    """The assignment's own ``accept_by``, or later where the market announced it late."""


class QuestionEntry(msgspec.Struct, frozen=True):
    question: msgspec.Raw
    answer: msgspec.Raw


class BoardEntry(msgspec.Struct, frozen=True):
    request: str
    published_at: str
    bids_close: str
    cutoff: str
    state: BoardState
    document: msgspec.Raw
    distance_m: int | None = None
    questions: tuple[QuestionEntry, ...] = ()


class OwnBidEntry(msgspec.Struct, frozen=True):
    bid: str
    state: BidState
    document: msgspec.Raw
    day: str | None = None


class OwnAssignmentEntry(msgspec.Struct, frozen=True):
    digest: str
    state: AssignmentState
    answer_by: str
    assignment: msgspec.Raw
    request: msgspec.Raw


class AnswerResult(msgspec.Struct, frozen=True):
    """What became of one answer of a batch: ``known`` was taken earlier."""

    status: Literal["accepted", "known", "refused"]
    assignment: str | None = None
    problem: Problem | None = None


class AnswersAnswer(msgspec.Struct, frozen=True):
    results: tuple[AnswerResult, ...]


class BatchAnswer(msgspec.Struct, frozen=True):
    results: tuple[BidResult, ...]


class VendorEntry(msgspec.Struct, frozen=True):
    profile: msgspec.Raw


class Wanted(TypedDict, total=False):
    """The board's filters. Prices are minor units; a distance needs the point that it is from."""

    category: str
    near: Place | Point
    within_km: float
    min_price: int
    max_price: int
    delivery: DeliveryWay
    state: Literal["open", "closed", "all"]


def parameters(wanted: Wanted) -> dict[str, str | int]:
    """Write the board's filters as the query's parameters.

    Raises:
        UsageError: a distance without a point.
    """
    asked: dict[str, Any] = {name: value for name, value in wanted.items() if value is not None}
    near = asked.pop("near", None)
    if near is not None:
        asked |= {"lat": f"{near.lat_e6 / 1e6:.6f}", "lng": f"{near.lng_e6 / 1e6:.6f}"}
    if "within_km" in asked:
        if near is None:
            raise UsageError("A distance needs a point that it is from.")
        asked["within_km"] = f"{asked['within_km']:g}"
    return asked
