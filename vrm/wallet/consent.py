"""The rules that the owner knows, and that a market cannot change under one wallet in silence.

What a descriptor says goes into each request: the digest of the terms, the order that chooses a default, the
currency. A market that gave each caller another text of the same agreement would find its mark in what they
post. So a wallet signs under the rules that it keeps, and takes new ones only with the owner's consent.
"""

from collections.abc import Sequence

from vrm.documents import MarketDescriptor
from vrm.errors import RulesChanged


def changes(kept: MarketDescriptor, found: MarketDescriptor) -> list[str]:
    """Say what differs of that which shows in requests, in what wallets download, or on which a run's
    fairness hangs."""
    told = _terms(kept, found)
    facts: tuple[tuple[str, object, object], ...] = (
        ("cells", _cells(kept), _cells(found)),
        ("facets", kept.facets, found.facets),
        ("policies", ", ".join(kept.policies), ", ".join(found.policies)),
        ("currency", _currency(kept), _currency(found)),
        ("time zone", kept.schedule.time_zone, found.schedule.time_zone),
        ("seed anchor", kept.seed_anchor, found.seed_anchor),
        ("mail", mail_in_words(kept), mail_in_words(found)),
        ("newcomers", newcomers_in_words(kept), newcomers_in_words(found)),
        ("ratings", ratings_in_words(kept), ratings_in_words(found)),
    )
    return told + [f"{name}: {old} -> {new}" for name, old, new in facts if old != new]


def require_unchanged(kept: MarketDescriptor, found: MarketDescriptor) -> None:
    """Let nothing be signed under rules that the owner has not seen.

    Raises:
        RulesChanged: says what changed and how to consent.
    """
    if told := changes(kept, found):
        raise RulesChanged(
            f"The market's rules are not those that the wallet knows ({'; '.join(told)}); nothing was "
            "signed. Look at them with: vrm market; agree with: vrm market --accept-changes"
        )


def _terms(kept: MarketDescriptor, found: MarketDescriptor) -> list[str]:
    old = {agreement.id: agreement.digest for agreement in kept.terms}
    new = {agreement.id: agreement.digest for agreement in found.terms}
    told = [f"another text of {name}" for name in old if name in new and old[name] != new[name]]
    told += _listed("new terms", [name for name in new if name not in old])
    told += _listed("terms withdrawn", [name for name in old if name not in new])
    if not told and list(old) != list(new):
        told = [f"the terms' order: {', '.join(old)} -> {', '.join(new)}"]
    return told


def _listed(what: str, names: Sequence[str]) -> list[str]:
    return [f"{what}: {', '.join(names)}"] if names else []


def newcomers_in_words(market: MarketDescriptor) -> str:
    """Say on how many requests newcomers go first, and how far."""
    rules = market.newcomers
    return (
        f"vendors with fewer than {rules.evidence_below} pieces of evidence go first on {rules.share / 10:g} "
        f"of 100 requests that allow it, for {rules.quota} orders each in {rules.epoch_days} days"
    )


def ratings_in_words(market: MarketDescriptor) -> str:
    """Say for how long customer and vendor may rate each other."""
    rules = market.ratings
    return (
        f"within {rules.within_days} days of the vendor's acceptance; open when both have rated, or "
        f"{rules.answer_days} days after the first did; a dispute holds that up for {rules.dispute_days} days "
        "at most"
    )


def mail_in_words(market: MarketDescriptor) -> str:
    """Say how mail is divided, how long it is kept, and for how long there may be some."""
    return (
        f"buckets of {market.mail.bucket_minimum} requests or more, kept {market.mail.keep_days} days; "
        f"messages until {market.messages.days} days after an acceptance"
    )


def _cells(market: MarketDescriptor) -> str:
    return f"{market.cells.coarsest} to {market.cells.finest}"


def _currency(market: MarketDescriptor) -> str:
    return f"{market.currency.code} with {market.currency.digits} digits"
