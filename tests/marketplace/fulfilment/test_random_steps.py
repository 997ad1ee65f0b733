"""Random steps by everybody, legal and illegal, against a small model of what must come of them.

The model knows one accepted assignment in hours and words; it shares no code with the market's rules.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)

import crypto
from marketplace.disputes import service as disputes
from marketplace.errors import Refused
from tests.marketplace.fulfilment import scenes
from tests.marketplace.fulfilment.scenes import OWNER, RIVAL, VENDOR, Given
from tests.support import (
    ClockedMarket,
    a_cancellation,
    a_confirmation,
    a_disclosure,
    a_handover,
    a_key,
    a_rating,
    a_shipment,
    a_vendor_cancellation,
    a_vendor_rating,
    an_acceptance,
    clocked_market,
)
from tests.support.databases import NewDatabase
from tests.support.writing import a_dispute, a_message, a_vendor_dispute, a_vendor_message
from vrm.documents import Signed
from vrm.documents.scalars import parse_instant

STRANGER = a_key("stranger")
HOUR, DAY = 3600, 86_400
DISCLOSE, LEAD, GRACE, CONFIRM = 24 * HOUR, 24 * HOUR, 24 * HOUR, 14 * DAY
MOST_WORDS = 8
WRITE, RATE, ANSWER, DISPUTE = 30 * DAY, 90 * DAY, 14 * DAY, 30 * DAY

rightly = st.sampled_from([True, True, True, True, False])
"""Whether a step is taken by whom it belongs to."""
rarely = st.sampled_from([False, False, True])
"""The same of steps that end everything, so that something happens before."""
sides = st.sampled_from(["customer", "vendor"])
findings = st.sampled_from(["vendor", "vendor", "customer", "neither"])


class Model:
    """One assignment: who has said what, when that counts, and what has become of it."""

    def __init__(self) -> None:
        self.accepted: int | None = None
        self.told: int | None = None
        self.shipped: int | None = None
        self.overdue: int | None = None
        self.missed = False
        self.end: str | None = None
        self.waits: dict[str, Signed[Any]] = {}
        """What customers said and no batch has brought yet; a newer one of a kind takes its place."""
        self.seqs = {"Disclosure": -1, "Confirmation": -1}
        self.says_received = False
        self.evidence: dict[str, bool] = {}
        self.read: dict[str, str] = {}
        self.written: dict[str, list[str]] = {"customer": [], "vendor": []}
        self.heard: list[str] = []
        self.rated: dict[str, str] = {}
        self.first_rated: int | None = None
        self.stars = 0
        self.spoken: set[str] = set()
        self.disputed: int | None = None
        self.decided: tuple[str, int] | None = None

    @property
    def state(self) -> str:
        if self.end:
            return self.end
        if self.missed:
            return "not-received"
        return "accepted" if self.shipped is None else "ready"

    def runs(self, now: int) -> bool:
        """Whether anybody can change it still."""
        if self.accepted is None or self.end:
            return False
        if self.told is None:
            return now < self.accepted + DISCLOSE
        since = self.shipped if self.shipped is not None else self.overdue
        return since is None or now < since + CONFIRM

    def publish(self, instant: int, assignment: str) -> None:
        """A batch instant comes: first what waited counts, then the deadlines that have passed."""
        waited, self.waits = self.waits, {}
        if "Dispute" in waited and self.disputed is None:
            self.disputed = instant
        for kind in ("Disclosure", "Handover", "Confirmation", "Cancellation"):
            if kind in waited and self.end is None:
                self.count(kind, waited[kind], instant)
        self.heard = self.written["customer"].copy()
        if self.accepted is not None and self.end is None:
            self.run_out(instant, assignment)

    def count(self, kind: str, word: Signed[Any], instant: int) -> None:
        if kind == "Cancellation" and self.shipped is not None:
            return
        told_anew = self.shipped is None and self.overdue is None
        just_told = self.shipped is None and self.told == instant
        if kind == "Confirmation" and not word.body.received and just_told:
            return
        self.read[kind] = word.digest
        if kind == "Disclosure":
            self.told = instant if told_anew else self.told
        elif kind == "Cancellation":
            self.end = "cancelled"
        elif kind == "Handover" or word.body.received:
            self.end = "received"
        else:
            self.missed = True

    def run_out(self, instant: int, assignment: str) -> None:
        if not self.runs(instant):
            lapsed = self.told is None
            self.end = "lapsed" if lapsed else "not-received" if self.missed else "closed"
            return
        due = None if self.told is None else self.told + LEAD + GRACE
        if due is not None and instant >= due and self.shipped is None and self.overdue is None:
            self.overdue = instant
            self.evidence[assignment] = False


class Steps(RuleBasedStateMachine):
    """A market of its own for each run, with one assignment that its vendor has not answered yet."""

    market: ClassVar[ClockedMarket]
    portal: ClassVar[BlockingPortal]

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.one: Given
        self.accept_by = 0

    def do(self, call: Callable[..., Any], *given: Any, **named: Any) -> Any:
        async def run() -> Any:
            return await call(*given, **named)

        return self.portal.call(run)

    def send(self, document: Signed[Any], must: bool) -> bool:
        """Post a document that the market must take, or must not."""
        answer: httpx.Response = self.do(self.market.send, document)
        assert answer.is_success == must, (type(document.body).__name__, must, answer.text)
        return must

    @property
    def now(self) -> int:
        return self.market.clock.now

    @initialize(begun=st.sampled_from(["told", "told", "told", "accepted", "given"]))
    def begin(self, begun: str) -> None:
        self.do(self.market.reset)
        self.one = self.do(scenes.given, self.market, accepted=False)
        self.accept_by = self.now + DAY
        if begun != "given":
            self.accept(right=True)
        if begun == "told":
            self.disclose(right=True, newer=True)
            self.publish(hours=0)

    # --- the vendor ---

    @rule(right=rightly)
    def accept(self, right: bool) -> None:
        word = an_acceptance(self.market, VENDOR if right else RIVAL, self.one.assignment)
        may = self.model.accepted is None and self.now < self.accept_by
        if self.send(word, right and may):
            self.model.accepted = self.now
            self.model.evidence[word.digest] = True

    @rule(right=rightly, fits=rightly)
    def ship(self, right: bool, fits: bool) -> None:
        model, key = self.model, VENDOR if right else RIVAL
        state = "ready" if fits else "shipped"
        word = a_shipment(self.market, key, self.one.request, self.one.assignment, state=state)
        may = model.told is not None and model.shipped is None
        if model.read.get("Shipment") == word.digest:
            self.send(word, True)  # known already
        elif self.send(word, right and fits and may and model.runs(self.now)):
            model.shipped, model.read["Shipment"] = self.now, word.digest
            if model.overdue is None:
                model.evidence[word.digest] = self.now <= (model.told or 0) + LEAD

    @rule(right=rarely)
    def cancel_as_vendor(self, right: bool) -> None:
        model, key = self.model, VENDOR if right else RIVAL
        word = a_vendor_cancellation(self.market, key, self.one.request, self.one.assignment)
        if model.read.get("VendorCancellation") == word.digest:
            self.send(word, True)
        elif self.send(word, right and model.runs(self.now)):
            model.end, model.read["VendorCancellation"] = "vendor-cancelled", word.digest
            if False not in model.evidence.values():
                model.evidence[word.digest] = False

    # --- the customer ---

    @rule(right=rightly, newer=rightly)
    def disclose(self, right: bool, newer: bool) -> None:
        seq = max(0, self.model.seqs["Disclosure"] + newer)
        newer = MOST_WORDS >= seq > self.model.seqs["Disclosure"]
        word = a_disclosure(*self.about(right), seq=seq)
        self.say(word, right and newer and self.model.runs(self.now), "Disclosure")

    @rule(right=rightly, newer=rightly, received=st.booleans())
    def confirm(self, right: bool, newer: bool, received: bool) -> None:
        model = self.model
        seq = max(0, model.seqs["Confirmation"] + newer)
        newer = seq > model.seqs["Confirmation"] and (received or seq <= MOST_WORDS)
        word = a_confirmation(*self.about(right), seq=seq, received=received)
        may = model.told is not None and not model.says_received
        if not received and model.shipped is None:
            may = may and self.now > (model.told or 0) + LEAD
        self.say(word, right and newer and may and model.runs(self.now), "Confirmation")
        model.says_received = model.says_received or (word in model.waits.values() and received)

    @rule(right=rightly)
    def cancel(self, right: bool) -> None:
        word = a_cancellation(*self.about(right))
        may = self.model.shipped is None and self.model.runs(self.now)
        self.say(word, right and may, "Cancellation")

    @rule(right=rarely)
    def hand_over(self, right: bool) -> None:
        may = self.model.told is not None and self.model.runs(self.now)
        self.say(a_handover(*self.about(right)), right and may, "Handover")

    @rule(first=st.booleans())
    def cross(self, first: bool) -> None:
        """The customer cancels while the vendor ships, before a batch brings anything."""
        if first:
            self.cancel(right=True)
        self.ship(right=True, fits=True)
        if not first:
            self.cancel(right=True)
        self.publish(hours=0)

    def about(self, right: bool) -> tuple[Any, ...]:
        key = OWNER if right else STRANGER
        return self.market, key, self.one.request, self.one.assignment

    def say(self, word: Signed[Any], must: bool, kind: str) -> None:
        if self.send(word, must):
            self.model.waits[kind] = word
            if kind in self.model.seqs:
                self.model.seqs[kind] = word.body.seq

    # --- both ---

    @rule(side=sides, right=rightly, next_one=rightly)
    def write(self, side: str, right: bool, next_one: bool) -> None:
        model = self.model
        number = len(model.written[side]) + (1 if next_one else 2)
        about = (self.one.request, self.one.assignment, number)
        if side == "customer":
            word: Signed[Any] = a_message(self.market, OWNER if right else STRANGER, *about)
        else:
            word = a_vendor_message(self.market, VENDOR if right else RIVAL, *about)
        may = model.accepted is not None and self.now <= model.accepted + WRITE
        if self.send(word, right and next_one and may):
            model.written[side].append(word.digest)

    @rule(side=sides, right=rightly, stars=st.sampled_from([1, 5]))
    def rate(self, side: str, right: bool, stars: int) -> None:
        model, about = self.model, (self.one.request, self.one.assignment)
        if self.may_be_open():
            return
        if side == "customer":
            key = OWNER if right else STRANGER
            word: Signed[Any] = a_rating(self.market, key, *about, stars=stars)
        else:
            word = a_vendor_rating(self.market, VENDOR if right else RIVAL, *about)
        if self.send(word, right and model.told is not None and side not in model.rated):
            model.rated[side] = word.digest
            model.first_rated = model.first_rated or self.now
            model.stars = stars if side == "customer" else model.stars

    def may_be_open(self) -> bool:
        """Whether ratings are open, or will be soon: others test the time for them to the second."""
        model, first = self.model, self.model.first_rated
        ends = first is not None and self.now >= first + ANSWER - DAY
        late = model.accepted is not None and self.now >= model.accepted + RATE
        return ends or late or len(model.rated) == 2

    @rule(side=sides, right=rightly)
    def dispute(self, side: str, right: bool) -> None:
        model, about = self.model, (self.one.request, self.one.assignment)
        if model.disputed is None and self.may_be_open():
            return
        may = model.accepted is not None and model.decided is None and side not in model.spoken
        if side == "customer":
            word: Signed[Any] = a_dispute(self.market, OWNER if right else STRANGER, *about)
            self.say(word, right and may, "Dispute")
        else:
            word = a_vendor_dispute(self.market, VENDOR if right else RIVAL, *about)
            self.send(word, right and may)
        if right and may:
            model.spoken.add(side)
            if side == "vendor" and model.disputed is None:
                model.disputed = self.now

    @rule(finds_for=findings)
    def decide(self, finds_for: Any) -> None:
        model, assignment = self.model, self.one.assignment
        is_open = model.disputed is not None and model.decided is None
        try:
            self.do(disputes.rule, self.market.market, assignment, finds_for, "As was shown.")
        except Refused:
            assert not is_open
        else:
            assert is_open
            model.decided = finds_for, self.now

    @rule(finds_for=findings)
    def quarrel(self, finds_for: str) -> None:
        """The customer rates, the vendor disputes, and the market decides."""
        self.rate("customer", right=True, stars=1)
        self.dispute("vendor", right=True)
        self.decide(finds_for)

    # --- time ---

    @rule(hours=st.sampled_from([0, 1, 5, 23, 24, 25, 15 * 24]))
    def publish(self, hours: int) -> None:
        self.market.clock.advance(hours * HOUR)
        self.do(self.market.publish)
        self.model.publish(self.now, self.one.assignment)
        self.compare()

    def compare(self) -> None:
        """Everybody reads what the model says, and nobody what was not for them."""
        model = self.model
        found = self.do(self.market.read, VENDOR, "/vendors/self/deliveries")["items"]
        assert [item["state"] for item in found] == [model.state] * (model.accepted is not None)
        kept = self.now < self.accept_by + 28 * DAY  # longer the market keeps nothing sealed
        for kind in ("Confirmation", "Cancellation", *["Disclosure"] * kept):
            page = self.do(self.market.read, VENDOR, f"/vendors/self/{kind.lower()}s")
            digests = [item["digest"] for item in page["items"]]
            assert digests == [model.read.get(kind)] * (kind in model.read), kind
        page = self.do(self.market.read, VENDOR, "/vendors/self/messages")
        assert not kept or sorted(item["digest"] for item in page["items"]) == sorted(model.heard)
        listed = self.do(self.market.read, VENDOR, "/vendors/self/disputes")["items"]
        state = "decided" if model.decided else "open"
        assert [one["state"] for one in listed] == [state] * (model.disputed is not None)
        evidence = self.do(scenes.evidence, self.market)
        assert evidence == {**model.evidence, **self.rated_evidence()}

    def rated_evidence(self) -> dict[str, bool]:
        """What open ratings must have come to: nothing where the customer had lost before."""
        found: dict[str, bool] = {}
        for one in self.do(self.market.items, f"/vendors/{VENDOR.did}/ratings"):
            opened = int(parse_instant(one["revealed_at"]).timestamp())
            self.check_stood_still(opened)
            finds_for, decided = self.model.decided or ("nobody", opened)
            is_void = finds_for == "vendor" and decided < opened
            if one["by_customer"] and not is_void:
                found[crypto.digest(one["reveal"])] = self.model.stars > 3
        return found

    def check_stood_still(self, opened: int) -> None:
        """Nothing was opened while a dispute waited for its decision, for as long as it may."""
        begun = self.model.disputed
        if begun is not None and opened > begun:
            decided = self.model.decided[1] if self.model.decided else opened
            assert opened >= min(decided, begun + DISPUTE)

    def teardown(self) -> None:
        if not hasattr(self, "one"):
            return
        self.publish(0)
        self.publish(15 * 24)
        if self.model.disputed is not None:
            self.publish(31 * 24)
        shown = self.do(self.market.items, f"/vendors/{VENDOR.did}/ratings")
        words = [one[by] for one in shown for by in ("by_customer", "by_vendor") if one[by]]
        digests = {word["rating"]["digest"] for word in words}
        assert digests == set(self.model.rated.values()), "no rating is lost"
        for part in (
            "deliveries",
            "disclosures",
            "confirmations",
            "cancellations",
            "messages",
            "disputes",
        ):
            assert self.do(self.market.read, RIVAL, f"/vendors/self/{part}")["items"] == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_no_illegal_step_counts_and_no_word_is_lost(
    tmp_path: Path, new_sqlite: NewDatabase
) -> None:
    chosen = settings(
        max_examples=60,
        stateful_step_count=25,
        deadline=None,
        phases=[Phase.reuse, Phase.generate],  # a market is too slow to shrink with
        suppress_health_check=list(HealthCheck),
    )
    opening = clocked_market(tmp_path / "market", new_sqlite())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(opening) as market:
        Steps.market, Steps.portal = market, portal
        run_state_machine_as_test(Steps, settings=chosen)
