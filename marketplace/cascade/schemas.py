"""What the calls about the cascade answer."""

from typing import Literal

import msgspec

from marketplace.http.problems import ProblemDocument
from marketplace.runs.schemas import Stage

AssignmentState = Literal["waiting", "accepted", "declined", "timed-out"]
Lost = Literal["declined", "timed-out"]


class AnswerStored(msgspec.Struct, frozen=True, kw_only=True):
    """An Acceptance or Decline is stored."""

    assignment: str


class AnswerResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one answer of a batch; ``accepted`` means that the answer was taken."""

    status: Literal["accepted", "known", "refused"]
    assignment: str | None = None
    problem: ProblemDocument | None = None


class AnswersAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A result for each answer, in the order of the call."""

    results: list[AnswerResult]


class AcceptanceView(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's Acceptance of an assignment of the run (tick 0) or of a later tick."""

    request: str
    tick: int
    disclose_by: str
    """Until when its customer must say whom to deliver to, or it lapses."""
    document: msgspec.Raw


class TickView(msgspec.Struct, frozen=True, kw_only=True):
    """One tick at which something was displaced."""

    tick: int
    instant: str
    stage: Stage
    report: msgspec.Raw | None
    """The signed TickReport, once published."""


class DisplacedView(msgspec.Struct, frozen=True, kw_only=True):
    """A request whose assignment did not hold."""

    request: str
    assigned_at: int
    """The tick of that assignment, 0 for the run's."""
    bid: str
    vendor: str
    reason: Lost
    decline: msgspec.Raw | None
    """The signed Decline."""


class PlaceLeft(msgspec.Struct, frozen=True, kw_only=True):
    """What a place could still take at a tick."""

    vendor: str
    place: str
    units: int
    leads: int
    """On how many requests its vendor could still lead, as a newcomer."""


class RollOverView(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the day left unfilled and that joined a later cutoff."""

    request: str
    tick: int
    cutoff: str


class OwnAssignment(msgspec.Struct, frozen=True, kw_only=True):
    """A request that the reading vendor was given."""

    digest: str
    """The assignment's, which an answer names."""
    state: AssignmentState
    answer_by: str
    """The assignment's ``accept_by``, or later if the market announced it late."""
    assignment: msgspec.Raw
    request: msgspec.Raw
