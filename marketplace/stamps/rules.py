"""What a token is worth a stamp for, and what stamps make of a member."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from vrm.documents import TokenRules
from vrm.documents.membership import TIERS, Tier
from vrm.documents.standing import Stamp

RETURNED: Final = frozenset(
    ("withdrawn", "unfilled", "not-received", "vendor-cancelled", "overdue")
)


@dataclass(frozen=True)
class Counts:
    """A member's tokens and stamps in the epochs that count."""

    drawn: int = 0
    fulfilled: int = 0
    returned: int = 0


def worth(ended: str, redeems_until: int, now: int) -> Stamp | None:
    """The stamp that a token is worth, if any: an F-stamp where its request was fulfilled, an R-stamp where it
    can be used no more, or its request came to nothing.

    Args:
        ended: how its request ended; ``none`` where there is none.
    """
    if ended == "received":
        return "stamp-f"
    comes_back = redeems_until <= now if ended == "none" else ended in RETURNED
    return "stamp-r" if comes_back else None


def counted_from(rules: TokenRules, epoch: int) -> int:
    """The first epoch whose draws and deposits count for the tiers of an epoch."""
    return epoch - rules.standing.window_epochs * rules.epoch_days


def matured_before(rules: TokenRules, epoch: int) -> int:
    """The first epoch whose draws do not count yet for the tiers of an epoch.

    A token comes back in the epoch after its grace, its stamp is deposited in the one after that, and counts
    from the next one on.
    """
    return epoch - (2 + rules.grace_days // rules.epoch_days) * rules.epoch_days


def tier_of(counts: Counts, rules: TokenRules) -> Tier:
    """The highest tier whose rule a member's counts satisfy."""
    lost = max(counts.drawn - counts.returned, counts.fulfilled)
    reached: Tier = "new"
    for tier, rule in (("known", rules.standing.known), ("trusted", rules.standing.trusted)):
        enough = counts.fulfilled >= rule.fulfilled
        if enough and counts.fulfilled * 1000 >= rule.permille * lost:
            reached = "known" if tier == "known" else "trusted"
    return reached


def merged(drew: Mapping[Tier, int], rules: TokenRules) -> dict[Tier, Tier]:
    """The tier that each tier counts as: the one below where too few would draw, or where it has no tokens.

    Args:
        drew: how many members of each tier drew in the epoch before.
    """
    counts_as: dict[Tier, Tier] = {tier: tier for tier in TIERS}
    crowds = dict(drew)
    for at in (2, 1):
        tier, below = TIERS[at], TIERS[at - 1]
        crowd = crowds.get(tier, 0)
        if crowd < rules.standing.crowd or tier not in rules.allotment:
            crowds[below] = crowds.get(below, 0) + crowd
            counts_as = {one: below if to == tier else to for one, to in counts_as.items()}
    return counts_as
