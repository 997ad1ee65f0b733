"""Comparing what a run, or a tick of its cascade, did with each request to what it should have done."""

from dataclasses import dataclass, field
from typing import Any

from vrm.demo.published import Published
from vrm.demo.rerun import Candidate, Verdict
from vrm.documents import Assignment, CatalogueItem, Fallback, PersonalRequest, Signed


@dataclass
class Finding:
    """What a check found."""

    faults: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)

    def expect(self, name: str, stated: object, right: object) -> None:
        """Note a difference."""
        if stated != right:
            self.faults.append(f"{name}: the market says {stated}, it is {right}")


def check_outcome(published: Published, verdicts: dict[str, Verdict], finding: Finding) -> None:
    """Compare what a run or tick did with each request."""
    stated = {assignment.body.request: assignment.body for assignment in published.assignments}
    finding.expect("assignments listed twice", len(published.assignments) - len(stated), 0)
    shipped = {fallback.body.request: fallback.body for fallback in published.fallbacks}
    finding.expect("fallbacks listed twice", len(published.fallbacks) - len(shipped), 0)
    decided = sorted([*stated, *shipped, *published.unfilled])
    finding.expect("requests decided, each once", decided, sorted(verdicts))
    asked = {request.digest: request for request in published.requests}
    for digest, verdict in verdicts.items():
        assignment, name = stated.get(digest), f"request {digest}"
        finding.expect(f"{name}, reason", published.unfilled.get(digest), verdict.reason)
        _check_fallback(asked[digest], shipped.get(digest), verdict.ships, published, finding)
        if verdict.rank is None or assignment is None:
            finding.expect(f"{name}, assigned", assignment is not None, verdict.rank is not None)
            continue
        _check_assignment(assignment, verdict.ranked, verdict.rank, published, finding)


def _check_fallback(
    request: Signed[PersonalRequest],
    fallback: Fallback | None,
    item: CatalogueItem | None,
    published: Published,
    finding: Finding,
) -> None:
    name = f"request {request.digest}"
    finding.expect(f"{name}, to the principal", fallback is not None, item is not None)
    if fallback is None or item is None:
        return
    expected: dict[str, object] = {
        "market": published.market.market,
        "principal": item.principal,
        "item": item.id,
        "amount": request.body.price.amount,
        "currency": request.body.price.currency,
        "tick": published.tick,
    }
    for member, value in expected.items():
        finding.expect(f"fallback of {name}, {member}", getattr(fallback, member), value)


def _check_assignment(
    assignment: Assignment,
    ranked: tuple[Candidate, ...],
    rank: int,
    published: Published,
    finding: Finding,
) -> None:
    right = ranked[rank]
    expected: dict[str, object] = {
        "market": published.market.market,
        "tick": published.tick,
        "accept_by": published.due(assignment.request),
        "bid": right.bid,
        "vendor": right.vendor,
        "place": right.place,
        "amount": right.amount,
        "currency": published.market.currency.code,
        "delivery": right.delivery,
        "distance_m": right.distance_m,
        "band": right.band,
        "rank": rank + 1,
        "eligible": len(ranked),
        "newcomer": right.leads,
    }
    behind = tuple(bid.bid for bid in ranked[rank + 1 :])
    name = f"assignment of {assignment.request}"
    for member, value in expected.items():
        finding.expect(f"{name}, {member}", getattr(assignment, member), value)
    finding.expect(f"{name}, reserve", assignment.reserve, behind[: len(assignment.reserve)])
    finding.expect(f"{name}, has a reserve", bool(assignment.reserve), bool(behind))
