"""Evidence against the days that it comes from.

A day's bundle lists the digests of all evidence that counted. Whether those documents deserve it, and whether
any is missing, the earlier days' bundles tell: a vendor's Acceptance, or a Shipment in time, speaks for it; its
Decline, a late Shipment, its cancellation, or an Assignment whose time it let pass, against it; a Reveal as the
customer's stars say. They tell too how far newcomers' quotas had gone.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final, get_args

import numpy as np

from crypto import checkpoint
from crypto.errors import LogError
from crypto.note import Verifier
from marketplace.reputation.rules import is_directed
from marketplace.resolver.rows import POLICY_CODES
from marketplace.verify.cascade import assignment_of
from marketplace.verify.day import Day, found_in, joined
from marketplace.verify.delivering import spoken
from marketplace.verify.documents import ACCEPTANCE, DELIVERY, DISPLACED, EVIDENCE, PREFERENCE
from marketplace.verify.findings import BundleFault
from marketplace.verify.load import Progress, load
from marketplace.verify.log import check_log
from marketplace.verify.quotas import check_quotas, led_before
from marketplace.verify.ratings import check_ratings, rated
from vrm.documents.rating import GOOD_STARS
from vrm.documents.scalars import Policy

_POLICIES: Final[dict[int, Policy]] = {int(POLICY_CODES[name]): name for name in get_args(Policy)}

Answer = tuple[bytes, bool, bytes, int, bytes, bool]
"""The vendor, whether it speaks for it, the order's category and amount; and where it is a customer's word,
that customer's tier, and whether it directed the order."""


def check_evidence(day: Day, files: Iterable[BinaryIO], processes: int, progress: Progress) -> None:
    """Hold a day's evidence against the answers in earlier days' bundles.

    With the bundles of all earlier runs, made-up evidence is found too; with some of them, what they miss of it
    is on the market's word.

    Raises:
        BundleFault: a bundle is of another market, of a later day, or there twice.
    """
    findings = day.findings
    counted = {
        bytes(row["digest"]): (
            bytes(row["vendor"]),
            bool(row["good"]),
            bytes(row["category"]),
            int(row["amount"]),
            bytes(row["tier"]),
            bool(row["directed"]),
        )
        for row in joined(day.evidence, EVIDENCE)
    }
    explained: set[bytes] = set()
    known: set[int] = set()
    led: Counter[str] = Counter()
    for file in files:
        earlier = _loaded(day, file, processes, progress)
        if earlier.header.ordinal in known:
            raise BundleFault(f"The bundle of {earlier.header.day} was given twice.")
        known.add(earlier.header.ordinal)
        led += led_before(day, earlier)
        for digest, leaf, answer in _answers(earlier):
            if leaf >= day.report.log_size:
                continue  # it came after the freeze
            explained.add(digest)
            if counted.get(digest) != answer:
                _tell_lost(day, earlier, digest, answer, counted.get(digest))
    strange = counted.keys() - explained
    check_quotas(day, led, is_complete=len(known) == day.header.ordinal - 1)
    if len(known) < day.header.ordinal - 1:
        findings.on_word["evidence of days whose bundles were not given"] += len(strange)
        return
    for digest in sorted(strange):
        what = (
            "it is no answer of an earlier day; a bundle that is older than that day's ticks must be "
            "downloaded again"
        )
        findings.add("evidence", f"evidence {digest.decode()}", what)


def _loaded(day: Day, file: BinaryIO, processes: int, progress: Progress) -> Day:
    earlier = load(file, processes, progress)
    name = f"The bundle of {earlier.header.day}"
    if earlier.header.market != day.header.market:
        raise BundleFault(f"{name} is another market's.")
    if earlier.header.ordinal >= day.header.ordinal:
        raise BundleFault(f"{name} is not of an earlier day.")
    check_ratings(earlier)
    check_log(earlier)
    if earlier.findings.count:
        first = earlier.findings.faults[0]
        what = f"it does not verify: {first.subject}: {first.detail}"
        day.findings.add("evidence", f"bundle of {earlier.header.day}", what)
    if _head(earlier) < day.report.log_size:
        raise BundleFault(
            f"{name} was made before the freeze of {day.header.day}; download it again."
        )
    return earlier


def _head(day: Day) -> int:
    try:
        return checkpoint.verify(day.header.head, Verifier.parse(day.rules.log))[0].size
    except LogError as error:
        raise BundleFault(f"The bundle of {day.header.day}: {error}") from None


def _answers(day: Day) -> Iterator[tuple[bytes, int, Answer]]:
    """The documents of a day that are evidence, with their leaves."""
    for row in joined(day.acceptances, ACCEPTANCE):
        given = assignment_of(day, row["request"], int(row["tick"]))
        if given is not None:
            yield bytes(row["digest"]), int(row["leaf"]), _answer(day, row["vendor"], True, given)
    yield from _ratings(day)
    for wave in day.waves:
        for row in joined(wave.displaced, DISPLACED):
            given = assignment_of(day, row["request"], int(row["assigned_at"]))
            if given is None:
                continue  # told of where the tick is checked
            digest = bytes(row["digest"]) or bytes(given["digest"])
            yield digest, int(row["leaf"]), _answer(day, row["vendor"], False, given)

    for row in joined(day.deliveries, DELIVERY):
        given = assignment_of(day, row["request"], int(row["tick"]))
        if given is not None:
            for digest, leaf, good in spoken(row, bytes(given["digest"])):
                yield digest, leaf, _answer(day, given["vendor"], good, given)


def _ratings(day: Day) -> Iterator[tuple[bytes, int, Answer]]:
    preferred = set(joined(day.preferences, PREFERENCE)["request"].tolist())
    for row, given in rated(day):
        if given is not None and not row["void"]:
            yield bytes(row["digest"]), int(row["leaf"]), _rating(day, row, given, preferred)


def _rating(day: Day, row: np.void, given: np.void, preferred: set[bytes]) -> Answer:
    """What a rating is as evidence."""
    at, there = found_in(day.requests["digest"], np.array([row["request"]], dtype="S43"))
    directed = bool(there[0]) and is_directed(
        _POLICIES[int(day.requests["policy"][at[0]])],
        int(given["eligible"]),
        is_preferred=bytes(row["request"]) in preferred,
    )
    good = int(row["stars"]) >= GOOD_STARS
    return _answer(day, given["vendor"], good, given, bytes(row["tier"]), directed=directed)


def _answer(
    day: Day,
    vendor: bytes,
    good: bool,
    given: np.void,
    tier: bytes = b"",
    *,
    directed: bool = False,
) -> Answer:
    at, there = found_in(day.requests["digest"], np.array([given["request"]], dtype="S43"))
    category = bytes(day.requests["category"][at[0]]) if there[0] else b""
    return bytes(vendor), good, category, int(given["amount"]), tier, directed


def _tell_lost(day: Day, earlier: Day, digest: bytes, right: Answer, stated: Answer | None) -> None:
    vendor, good, *_ = right
    said = f"an answer of {earlier.header.day} {'for' if good else 'against'} {vendor.decode()}"
    what = (
        f"it is {said}, and did not count"
        if stated is None
        else f"it is {said}, and counted otherwise"
    )
    day.findings.add("evidence", f"evidence {digest.decode()}", what)
