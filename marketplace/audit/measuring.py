"""How much better an attack guesses than anybody can from what is openly said.

For each request, the attack compares its true author with every other member who might as well have posted
it, since they show the same facets. Its *advantage* is how much more often than every second time it puts the
author first, a tie counting as half. For requests of one author likewise: is one of them put before the
requests of others that openly say the same (area, category, facets, batch)? An attack that goes by a rare area,
or rare facets, is measured as if nobody else could read that.

An advantage of 0 is what blind guessing has, 0.5 is certainty. Its interval is that of a ratio of sums over
authors, whose requests go together (the sandwich estimator for clusters: Liang and Zeger 1986), by Student's t
for as many authors, at 95 % for all attacks together (Bonferroni).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from marketplace.audit.attacks import ATTACKS, Attack, Scores
from marketplace.audit.evidence import Evidence

LEVEL = 0.95


@dataclass(frozen=True)
class Finding:
    """What an attack came to."""

    attack: str
    links: str
    """``member`` (a request to its author) or ``request`` (two requests of one author)."""
    advantage: float
    low: float
    high: float
    compared: int
    """Requests, or pairs of them, that had somebody to be compared with."""
    crowd: float
    """With how many others, in the median."""
    granted: str = ""
    """Why a market must learn what the attack goes by, if it must."""

    @property
    def found(self) -> bool:
        """Whether the attack links: blind guessing is not in its interval."""
        return not self.low <= 0 <= self.high

    @property
    def breaks(self) -> bool:
        """Whether that is more than a market must learn."""
        return self.found and not self.granted


def measure(
    evidence: Evidence,
    authors: dict[str, int],
    dids: list[str],
    attacks: Sequence[Attack] = ATTACKS,
) -> list[Finding]:
    """Measure attacks.

    Args:
        authors: the truth: the number of each request's author, by digest.
        dids: the members, by number.
    """
    row_of = {member.did: row for row, member in enumerate(evidence.members)}
    author = np.array([row_of[dids[authors[one.digest]]] for one in evidence.requests])
    tail = (1 - LEVEL) / 2 / len(attacks)
    return [_measured(attack, evidence, author, tail) for attack in attacks]


def _measured(attack: Attack, evidence: Evidence, author: np.ndarray, tail: float) -> Finding:
    scores = attack.score(evidence)
    if attack.target == "member":
        owners, advantages, crowds = _members(scores, evidence, author)
    else:
        owners, advantages, crowds = _requests(scores, evidence, author, attack.guesses_by)
    low = high = mean = 0.0
    if len(owners):
        mean = float(advantages.mean())
        sums = np.bincount(owners, weights=advantages - mean)
        groups = len(np.unique(owners))
        variance = float((sums**2).sum()) / len(owners) ** 2 * groups / max(groups - 1, 1)
        spread = float(student.isf(tail, max(groups - 1, 1)))
        low, high = mean - spread * variance**0.5, mean + spread * variance**0.5
    crowd = float(np.median(crowds)) if len(crowds) else 0.0
    return Finding(attack.name, attack.target, mean, low, high, len(owners), crowd, attack.granted)


Compared = tuple[np.ndarray, np.ndarray, np.ndarray]


def _members(scores: Scores, evidence: Evidence, author: np.ndarray) -> Compared:
    """For each request its author, the advantage, and the number of others."""
    shown = np.array([member.shown for member in evidence.members])
    found = []
    for row, own in enumerate(author.tolist()):
        others = np.flatnonzero((shown == shown[own]) & (np.arange(len(shown)) != own))
        if len(others) and not np.isnan(scores[row, own]):
            found.append((own, _ahead(scores[row, own], scores[row, others]), len(others)))
    return _columns(found)


def _requests(scores: Scores, evidence: Evidence, author: np.ndarray, guesses_by: str) -> Compared:
    """For each ordered pair of one author's requests the same."""
    kinds: dict[tuple[str, str, str, int], list[int]] = {}
    said = [
        (
            "" if guesses_by == "area" else one.body.area.cell,
            one.body.need.category,
            "" if guesses_by == "facets" else one.facets,
            one.batch,
        )
        for one in evidence.requests
    ]
    for row, kind in enumerate(said):
        kinds.setdefault(kind, []).append(row)
    found = []
    for first, own in enumerate(author.tolist()):
        for second in np.flatnonzero(author == own).tolist():
            alike = np.array(kinds[said[second]])
            others = alike[(author[alike] != own) & ~np.isnan(scores[first, alike])]
            if second != first and len(others) and not np.isnan(scores[first, second]):
                ahead = _ahead(scores[first, second], scores[first, others])
                found.append((own, ahead, len(others)))
    return _columns(found)


def _ahead(true: float, others: Scores) -> float:
    return float(((true > others) + 0.5 * (true == others)).mean()) - 0.5


def _columns(found: list[tuple[int, float, int]]) -> Compared:
    columns = list(zip(*found, strict=True)) or [(), (), ()]
    return (
        np.array(columns[0], dtype=np.int64),
        np.array(columns[1], dtype=np.float64),
        np.array(columns[2], dtype=np.int64),
    )
