"""How reputation follows from evidence, and how newcomers come by some, as a market's descriptor states it."""

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
    there are ``full_value_minimum``.

    Firm is what customers of the tiers above `new` say of orders that were not directed: it counts up to
    ``firm_cap`` for a vendor in an epoch of ``epoch_days``. Weak is what else customers say, and vendors for
    themselves: it counts up to ``weak_floor`` and ``weak_part`` of the firm weight that counts. An order is
    directed if its customer's Preference counted, if its policy does not begin with the band, or if fewer bids
    than ``directed_below`` were eligible.
    """

    bands: Natural
    prior_observations: Natural
    prior_margin: Permille
    share_without_history: Permille
    half_life_days: Natural
    rater_shares: dict[Tier, Permille]
    own_word: Permille
    epoch_days: Natural
    firm_cap: Natural
    weak_floor: Natural
    weak_part: Permille
    directed_below: Natural
    full_value_percent: Annotated[int, Meta(ge=1, le=100)]
    full_value_minimum: Natural


class NewcomerRules(Part, frozen=True, kw_only=True):
    """On which requests vendors without a history go first.

    A newcomer is a vendor with fewer than ``evidence_below`` pieces of evidence. Of a thousand requests whose
    customers allow it (`PersonalRequest.try_newcomers`) ``share`` try newcomers, by lot. On these a newcomer's
    bid goes before all that the customer's Preference does not list, in no more than ``quota`` assignments in
    an epoch of ``epoch_days``, counted from 1970-01-01.
    """

    share: Permille
    evidence_below: Annotated[int, Meta(ge=0, le=1_000_000)]
    quota: Annotated[int, Meta(ge=0, le=1_000_000)]
    epoch_days: Natural
