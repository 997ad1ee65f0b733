"""Issuer keys: when they are made, how they derive, and which of them count at an instant."""

from collections.abc import Collection
from functools import lru_cache
from typing import Final, cast

import crypto
from crypto.tokens import IssuerKey as SecretKey
from marketplace.instants import instant_text
from vrm.documents import IssuerKey, TokenRules
from vrm.documents.membership import DAY_SECONDS, TIERS, Tier
from vrm.documents.standing import DEPOSIT_EPOCHS, STAMPS, Stamp

AHEAD_SECONDS: Final = DAY_SECONDS
"""How long before its epoch a key is made, logged and listed, so that everybody sees the same one in time."""

MOST_LIVING: Final = 128
"""Far below 256, or truncated ids would not stay unique."""


@lru_cache(maxsize=64)
def secret_key(seed: bytes, tier: str, epoch: int, attempt: int) -> SecretKey:
    """The secret key of a tier and epoch, after so many that were passed over."""
    return SecretKey.from_seed(seed, f"vrm posting token {tier} {epoch} {attempt}".encode())


def distinct_key(
    seed: bytes, tier: str, epoch: int, taken: Collection[int]
) -> tuple[SecretKey, int]:
    """The first key of a tier and epoch whose truncated id no living key has, and how many came before it."""
    attempt = 0
    while (key := secret_key(seed, tier, epoch, attempt)).public.truncated_id in taken:
        attempt += 1
    return key, attempt


def issued(rules: TokenRules) -> list[Tier | Stamp]:
    """What each epoch has a key for."""
    return [*(tier for tier in TIERS if tier in rules.allotment), *STAMPS]


def epochs_at(rules: TokenRules, now: int) -> list[int]:
    """The epochs that need keys at an instant: the one that runs, and the next one a day ahead."""
    return sorted({rules.epoch_at(now), rules.epoch_at(now + AHEAD_SECONDS)})


def statement(
    market: str, rules: TokenRules, tier: Tier | Stamp, epoch: int, key: SecretKey
) -> IssuerKey:
    """What the market says about a key."""
    begins = epoch * DAY_SECONDS
    ends = begins + rules.epoch_days * DAY_SECONDS
    allotment, kept_days = 1, DEPOSIT_EPOCHS * rules.epoch_days
    if tier not in STAMPS:
        allotment, kept_days = rules.allotment[cast(Tier, tier)], rules.grace_days
    return IssuerKey(
        market=market,
        tier=tier,
        epoch=epoch,
        key=crypto.base64url_encode(key.public.element),
        allotment=allotment,
        not_before=instant_text(begins),
        draws_until=instant_text(ends),
        redeems_until=instant_text(ends + kept_days * DAY_SECONDS),
    )
