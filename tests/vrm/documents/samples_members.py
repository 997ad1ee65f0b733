"""Any valid rules of a market, and any document about members and tokens; see `samples`."""

import msgspec
from hypothesis import strategies as st

from crypto.note import Verifier
from tests.vrm.documents.samples import (
    KEY,
    NEWCOMERS,
    OTHER,
    POLICIES,
    REPUTATION,
    a_sort,
    currencies,
    digests,
    seqs,
    slugs,
    text,
    tiers,
)
from vrm.documents import (
    Departure,
    IssuerKey,
    MarketDescriptor,
    Membership,
    Sponsorship,
    StampClaim,
    StampDeposit,
)

_schedule = st.fixed_dictionaries(
    {
        "time_zone": st.sampled_from(["UTC", "America/Chicago", "Etc/GMT+3"]),
        "cutoffs": st.lists(st.sampled_from(["00:00", "12:30", "23:59"]), min_size=1, max_size=3),
        "bids_close_minutes": st.integers(0, 1440),
        "minimum_open_minutes": st.integers(0, 14 * 1440),
        "batch_seconds": st.integers(1, 86_400),
        "batch_minimum": st.integers(1, 100_000),
        "acknowledge_minutes": st.integers(1, 14 * 1440),
        "tick_minutes": st.integers(1, 1440),
        "roll_over_days": st.integers(0, 365),
    }
)

_tier_rule = st.fixed_dictionaries(
    {"fulfilled": st.integers(1, 100), "permille": st.integers(0, 1000)}
)
_kinds = st.sampled_from(["stamp-f", "stamp-r"])

MEMBER_SORTS = [
    a_sort(
        MarketDescriptor,
        {
            "name": text(40),
            "currency": st.fixed_dictionaries({"code": currencies, "digits": st.integers(0, 4)}),
            "schedule": _schedule,
            "categories": st.lists(
                st.fixed_dictionaries({"id": slugs, "title": text(20)}), min_size=1, max_size=3
            ),
            "cells": st.fixed_dictionaries(
                {"coarsest": st.integers(0, 7), "finest": st.integers(7, 9)}
            ),
            "demand": st.fixed_dictionaries(
                {"minimum": st.integers(2, 100), "resolution": st.integers(0, 9)}
            ),
            "policies": st.lists(st.sampled_from(POLICIES), min_size=1, max_size=4, unique=True),
            "terms": st.lists(
                st.fixed_dictionaries(
                    {"id": st.just("PDC-INTENT"), "title": text(20), "digest": digests}
                ),
                min_size=1,
                max_size=2,
            ),
            "admission": st.sampled_from(["open", "invited"]),
            "members": st.fixed_dictionaries(
                {
                    "admission": st.sampled_from(["open", "invited"]),
                    "sponsorships": st.integers(0, 10),
                }
            ),
            "tokens": st.fixed_dictionaries(
                {
                    "epoch_days": st.integers(1, 31),
                    "grace_days": st.integers(0, 31),
                    "allotment": st.dictionaries(tiers, st.integers(1, 64), min_size=1),
                    "standing": st.fixed_dictionaries(
                        {
                            "window_epochs": st.integers(4, 520),
                            "crowd": st.integers(1, 100),
                            "known": _tier_rule,
                            "trusted": _tier_rule,
                        }
                    ),
                }
            ),
            "fulfilment": st.fixed_dictionaries(
                {
                    name: st.integers(1, 300)
                    for name in ("disclose_hours", "grace_hours", "confirm_days")
                }
            ),
            "mail": st.fixed_dictionaries(
                {"bucket_minimum": st.integers(1, 100), "keep_days": st.integers(1, 60)}
            ),
            "messages": st.just({"days": 90, "per_day": 20, "in_all": 200}),
            "reputation": st.just(msgspec.to_builtins(REPUTATION)),
            "ratings": st.fixed_dictionaries(
                {
                    "answer_days": st.integers(1, 90),
                    "dispute_days": st.integers(1, 365),
                    "within_days": st.integers(1, 365),
                }
            ),
            "newcomers": st.just(msgspec.to_builtins(NEWCOMERS)),
            "seed_anchor": digests,
            "log": st.just(Verifier("market.example/log", OTHER.public).text),
        },
    ),
    a_sort(
        Membership,
        {
            "member": st.just(OTHER.did),
            "key": st.just(KEY.did),
            "seq": seqs,
            "keys": st.just([{"type": "KeyRotation", "seq": 0}]),
            "profile": st.just({"type": ["VerifiableCredential", "Profile"]}),
        },
        {"sponsorship": st.just({"type": "Sponsorship"}), "devices": st.just("d" * 140)},
    ),
    a_sort(
        Sponsorship,
        {
            "sponsor": st.just(OTHER.did),
            "key": st.just(KEY.did),
            "candidate": st.just(OTHER.did),
            "epoch": st.integers(0, 100_000),
        },
    ),
    a_sort(Departure, {"member": st.just(OTHER.did), "key": st.just(KEY.did), "seq": seqs}),
    a_sort(
        StampClaim,
        {
            "pseudonym": st.just(KEY.did),
            "stamp": _kinds,
            "issuer_key": digests,
            "blinded": digests,
        },
    ),
    a_sort(
        StampDeposit,
        {
            "member": st.just(OTHER.did),
            "key": st.just(KEY.did),
            "epoch": st.integers(0, 100_000),
            "stamps": st.lists(st.just("s" * 216), min_size=1, max_size=3),
        },
    ),
    a_sort(
        IssuerKey,
        {
            "tier": tiers | _kinds,
            "epoch": st.integers(0, 100_000),
            "key": digests,
            "allotment": st.integers(1, 64),
            "not_before": st.just("2026-11-20T00:00:00Z"),
            "draws_until": st.just("2026-11-27T00:00:00Z"),
            "redeems_until": st.sampled_from(["2026-11-27T00:00:00Z", "2026-11-29T00:00:00Z"]),
        },
    ),
]
