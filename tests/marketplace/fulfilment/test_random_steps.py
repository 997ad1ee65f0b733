"""Random steps by everybody, legal and illegal, against a small model of what must come of them."""

from dataclasses import dataclass, field
from typing import Literal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto import SigningKey
from tests.marketplace.fulfilment import scenes
from tests.marketplace.fulfilment.scenes import OWNER, RIVAL, VENDOR, Given
from tests.support import (
    ClockedMarket,
    a_confirmation,
    a_disclosure,
    a_key,
    an_acceptance,
)
from vrm.documents import Confirmation, Disclosure, Signed

STRANGER = a_key("stranger")

What = Literal["accept", "disclose", "received", "missing", "publish"]
Step = tuple[What, bool, int]
"""What is done, whether by whom it belongs to, and with which sequence number."""

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            ["accept", "accept", "disclose", "received", "missing", "publish", "publish"]
        ),
        st.sampled_from([True, True, True, False]),
        st.integers(min_value=1, max_value=4),
    ),
    min_size=8,
    max_size=16,
)


@dataclass
class Model:
    """What the market should hold: the newest document of each kind, and what its vendor reads of it."""

    accepted: bool = False
    told: Signed[Disclosure] | None = None
    said: Signed[Confirmation] | None = None
    waits: list[Signed[Disclosure] | Signed[Confirmation]] = field(default_factory=list)
    has_told: bool = False
    read: dict[str, str] = field(default_factory=dict)

    def publish(self) -> None:
        """What waited counts, the newest of each kind."""
        for one in self.waits:
            self.read[one.body.type] = one.digest
            self.has_told = self.has_told or isinstance(one.body, Disclosure)
        self.waits = []

    def takes(self, what: What, rightly: bool, seq: int) -> bool:
        """Whether the market must take a step."""
        if what == "accept":
            return rightly and not self.accepted
        if not (rightly and self.accepted):
            return False
        if what == "disclose":
            return self.told is None or seq > self.told.body.seq
        newest = self.said
        return self.has_told and (
            newest is None or (not newest.body.received and seq > newest.body.seq)
        )


@pytest.mark.long
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_no_illegal_step_counts_and_no_word_is_lost(
    sqlite_market: ClockedMarket, steps: list[Step]
) -> None:
    market, model = sqlite_market, Model()
    await market.reset()
    one = await scenes.given(market, accepted=False)
    for step in steps:
        await take(market, one, model, *step)
    await take(market, one, model, "publish", True, 0)
    assert await heard(market, RIVAL) == {}


async def take(
    market: ClockedMarket, one: Given, model: Model, what: What, rightly: bool, seq: int
) -> None:
    """Take a step and hold the market's answer against the model."""
    if what == "publish":
        await market.publish()
        model.publish()
        assert await heard(market, VENDOR) == model.read
        return
    must = model.takes(what, rightly, seq)
    if what == "accept":
        key = VENDOR if rightly else RIVAL
        answer = await market.send(an_acceptance(market, key, one.assignment))
        model.accepted = model.accepted or must
    elif what == "disclose":
        key = OWNER if rightly else STRANGER
        told = a_disclosure(market, key, one.request, one.assignment, seq=seq)
        answer = await market.send(told)
        if must:
            model.waits.append(told)
            model.told = told
    else:
        key = OWNER if rightly else STRANGER
        said = a_confirmation(
            market, key, one.request, one.assignment, seq=seq, received=what == "received"
        )
        answer = await market.send(said)
        if must:
            model.waits.append(said)
            model.said = said
    assert answer.is_success == must, (what, rightly, seq, answer.text)


async def heard(market: ClockedMarket, key: SigningKey) -> dict[str, str]:
    """The digests of what a vendor reads, by type."""
    found: dict[str, str] = {}
    for part in ("disclosures", "confirmations"):
        page = await market.read(key, f"/vendors/self/{part}")
        for item in page["items"]:
            document = item[part.removesuffix("s")]
            found[document["type"]] = item["digest"]
    return found
