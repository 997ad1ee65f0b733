"""How a vendor's reputation follows from evidence, as a market's descriptor states it."""

from typing import Annotated

from msgspec import Meta

from vrm.documents.base import Part
from vrm.documents.membership import Tier

Permille = Annotated[int, Meta(ge=0, le=1000)]
Natural = Annotated[int, Meta(ge=1, le=1_000_000)]


class ReputationRules(Part, frozen=True, kw_only=True):
    """The figures of a market's reputation; shares, margins and weights are thousandths.

    A band is a step of 1 / ``bands`` of the score, which is the mean of a Beta posterior. Its prior has the
    strength of ``prior_observations``, and the market's own share of good outcomes less ``prior_margin``; that
    share begins at ``share_without_history``. Evidence halves in ``half_life_days``. It weighs by whose word it
    is (``rater_shares`` of customers, ``own_word`` of a vendor that speaks for itself) and by the order's
    amount, up to the category's full value: that below which ``full_value_percent`` of its orders lie, where
    there are ``full_value_minimum``. Of customers of the tier `new` a vendor takes no more weight in an epoch
    of ``epoch_days`` than ``new_raters_cap``.
    """

    bands: Natural
    prior_observations: Natural
    prior_margin: Permille
    share_without_history: Permille
    half_life_days: Natural
    rater_shares: dict[Tier, Permille]
    own_word: Permille
    epoch_days: Natural
    new_raters_cap: Natural
    full_value_percent: Annotated[int, Meta(ge=1, le=100)]
    full_value_minimum: Natural
