"""What a verification finds."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from marketplace.errors import MarketError

KEPT: Final = 1000
"""How many faults are kept; more are only counted."""


class BundleFault(MarketError):
    """The file is no bundle of this format; nothing can be said about the day."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is not as it should be."""

    step: str
    """Which check found it."""
    subject: str
    """The document or figure: its digest, or what it is called."""
    detail: str


@dataclass
class Findings:
    """The faults of a day, and what was counted on the way."""

    faults: list[Fault] = field(default_factory=list)
    count: int = 0
    """Of the faults, also of those that were not kept."""
    checked: Counter[str] = field(default_factory=Counter)
    """How many documents, or figures, each step looked at."""
    on_word: Counter[str] = field(default_factory=Counter)
    """Figures that nothing in the bundle proves, by what they are."""

    def add(self, step: str, subject: str, detail: str) -> None:
        """Take a fault."""
        self.count += 1
        if len(self.faults) < KEPT:
            self.faults.append(Fault(step, subject, detail))

    def expect(self, step: str, subject: str, stated: object, right: object) -> None:
        """Take a fault where what is stated is not what is right."""
        if stated != right:
            self.add(step, subject, f"{stated} is stated, {right} is right")
