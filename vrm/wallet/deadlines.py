"""Until when the owner, the vendors and the market have to act on the owner's requests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal

from vrm.documents import MarketDescriptor
from vrm.documents.calendar import Calendar
from vrm.documents.scalars import parse_instant
from vrm.wallet.own import OwnRequest, Status
from vrm.wallet.state import State

Kind = Literal["published", "bids-close", "cutoff", "vendor-answers", "disclose", "needed-by"]


OVER: Final[frozenset[Status]] = frozenset(
    (
        *("withdrawn", "withdrawing", "unfilled", "refused"),
        *("received", "cancelled", "cancelling", "vendor-cancelled", "lapsed", "closed"),
    )
)
"""Statuses of what is needed no more, or will not come."""


@dataclass(frozen=True)
class Deadline:
    """Something about a request, by its digest, that has to happen by an instant."""

    request: str
    kind: Kind
    at: datetime
    words: str


def ahead(state: State, now: datetime) -> list[Deadline]:
    """What is to come, soonest first, as far as the wallet has read."""
    found = [one for entry in state.requests for one in _of(entry, state.rules, now)]
    return sorted((one for one in found if one.at > now), key=lambda one: (one.at, one.request))


def _of(entry: OwnRequest, rules: MarketDescriptor, now: datetime) -> Iterator[Deadline]:
    body, status = entry.body, entry.status(now)
    title = body.need.title

    def deadline(kind: Kind, at: datetime, words: str) -> Deadline:
        return Deadline(entry.digest, kind, at, f"{title}: {words}")

    if status == "pending" and entry.publish_by:
        yield deadline("published", parse_instant(entry.publish_by), "the market must publish it")
    if status in {"published", "rolled-over"}:
        cutoff, bids_close = _closing(entry, rules)
        yield deadline("bids-close", bids_close, "no more bids from here on")
        ordered = "the market day closes"
        if entry.bids and entry.preference is None:
            ordered = f"the last moment to order its {len(entry.bids)} bids"
        yield deadline("cutoff", cutoff, ordered)
    if status == "assigned" and entry.assigned is not None:
        yield deadline(
            "vendor-answers", parse_instant(entry.assigned.accept_by), "its vendor must answer"
        )
    if status == "accepted" and not entry.disclosures and entry.disclose_by:
        at = parse_instant(entry.disclose_by)
        yield deadline("disclose", at, "its vendor must know whom to deliver to")
    if body.needed_by and status not in OVER:
        yield deadline("needed-by", parse_instant(body.needed_by), "you need it")


def _closing(entry: OwnRequest, rules: MarketDescriptor) -> tuple[datetime, datetime]:
    """The cutoff that a public request joined, and when its bids close."""
    calendar = Calendar(rules.schedule)
    if entry.rolled:
        cutoff = int(parse_instant(entry.rolled[-1].cutoff).timestamp())
    else:
        cutoff = calendar.joins(int(parse_instant(str(entry.published_at)).timestamp()))
    at, bids_close = (
        datetime.fromtimestamp(one, UTC) for one in (cutoff, calendar.bids_close(cutoff))
    )
    return at, bids_close
