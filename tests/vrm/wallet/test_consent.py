"""A market that changes its rules under a wallet."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from tests.vrm.documents.samples import KEY
from tests.vrm.wallet.conftest import make_wallet
from tests.vrm.wallet.test_wallet import NOW, RULES, WISH
from vrm.client.customer import CustomerClient
from vrm.documents import MailRules, MarketDescriptor, RatingRules, sign
from vrm.errors import RulesChanged
from vrm.wallet import Wallet, outcomes, requests
from vrm.wallet.consent import changes

TAGGED = msgspec.structs.replace(RULES.terms[0], digest="T" * 42 + "A")


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    return make_wallet(tmp_path / "wallet", RULES, NOW)


def changed(**members: Any) -> MarketDescriptor:
    return msgspec.structs.replace(RULES, **members)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (changed(terms=(TAGGED,)), "another text of PDC-INTENT"),
        (changed(terms=(msgspec.structs.replace(TAGGED, id="PDC-NEW"),)), "new terms: PDC-NEW"),
        (changed(seed_anchor="B" * 42 + "A"), "seed anchor"),
        (changed(cells=msgspec.structs.replace(RULES.cells, finest=6)), "cells: 4 to 7 -> 4 to 6"),
        (changed(policies=("nearest",)), "policies"),
        (
            changed(ratings=RatingRules(answer_days=9, dispute_days=30, within_days=90)),
            "9 days after the first",
        ),
        (changed(mail=MailRules(bucket_minimum=1, keep_days=30)), "buckets of 1 requests or more"),
    ],
)
def test_a_wallet_marked_by_rules_of_its_own(
    wallet: Wallet, found: MarketDescriptor, told: str
) -> None:
    """Each fetch may bring another digest, which every request then carries."""
    for sign_it in (requests.draft, requests.prepare):
        with pytest.raises(RulesChanged) as caught:
            sign_it(wallet, WISH, found)
        assert told in str(caught.value)
        assert "vrm market --accept-changes" in str(caught.value)
        assert "\n" not in str(caught.value)
    assert wallet.read().requests == []


def test_terms_in_another_order_choose_another_default() -> None:
    two = (RULES.terms[0], msgspec.structs.replace(TAGGED, id="PDC-NEW"))
    assert changes(changed(terms=two), changed(terms=two[::-1])) == [
        "the terms' order: PDC-INTENT, PDC-NEW -> PDC-NEW, PDC-INTENT"
    ]


def test_a_change_that_shows_in_no_request_is_taken(wallet: Wallet) -> None:
    busier = msgspec.structs.replace(RULES.schedule, cutoffs=("12:00", "18:00"))
    assert requests.prepare(wallet, WISH, changed(schedule=busier)).index == 0


async def test_rules_that_slip_in_with_a_look_at_the_lists(wallet: Wallet) -> None:
    tagged = sign(changed(terms=(TAGGED,)), KEY).wire

    def market(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/.well-known/vrm-market":
            return httpx.Response(200, content=tagged)
        return httpx.Response(200, json={"items": [], "next": None})

    url, transport = "https://market.test", httpx.MockTransport(market)
    async with CustomerClient(url, market=KEY.did, transport=transport) as client:
        await outcomes.sync(wallet, client)
    assert wallet.read().rules == RULES
