"""Evidence is held against the days that it comes from, by whoever kept their bundles."""

import asyncio
import io
from pathlib import Path

import pytest

import crypto
from marketplace.verify.findings import BundleFault
from tests.marketplace.verify.days import bundle_of, faults, run_verify, verified
from tests.marketplace.verify.forging import Forgery, steps
from tests.support import ClockedMarket

Days = tuple[bytes, list[bytes]]
"""A day's bundle, and those of all earlier runs."""


@pytest.fixture
def database_kind() -> str:
    """What is in the bundle does not depend on it."""
    return "sqlite"


@pytest.fixture
async def days(second_day: tuple[ClockedMarket, str]) -> Days:
    market, day = second_day
    names = sorted(run["day"] for run in await market.items("/runs"))
    before = [name for name in names if name < day]
    return await bundle_of(market, day), [await bundle_of(market, name) for name in before]


def opened(bundles: list[bytes]) -> list[io.BytesIO]:
    return [io.BytesIO(bundle) for bundle in bundles]


async def test_honest_evidence_is_the_answers_of_earlier_days(days: Days) -> None:
    bundle, before = days
    assert faults(bundle, earlier=opened(before)) == []
    on_word = verified(bundle, earlier=opened(before)).day.findings.on_word
    assert on_word == {"tiers of the customers whose word counted": 1}


async def test_evidence_dropped_with_all_that_follows_from_it(days: Days) -> None:
    bundle, before = days
    forgery = Forgery(bundle)
    against = [line for line in forgery.of("evidence") if not line["good"]]
    assert [line["tier"] for line in against if "tier" in line] == ["new"], "a bad rating"
    for line in against:
        forgery.drop(line)
    found = faults(forgery.pack(), earlier=opened(before))
    named = {subject for step, subject, _ in found if step == "evidence"}
    assert named == {f"evidence {line['document']}" for line in against}


async def test_evidence_turned_in_favour_of_a_vendor(days: Days) -> None:
    bundle, before = days
    forgery = Forgery(bundle)
    line = next(line for line in forgery.of("evidence") if not line["good"])
    line["good"] = True
    found = faults(forgery.pack(), earlier=opened(before))
    assert ("evidence", f"evidence {line['document']}") in {one[:2] for one in found}


@pytest.mark.parametrize(
    ("name", "lie"), [("amount", 1), ("category", "other"), ("tier", "trusted"), ("directed", True)]
)
async def test_evidence_told_of_another_order_or_by_another(
    days: Days, name: str, lie: object
) -> None:
    bundle, before = days
    forgery = Forgery(bundle)
    line = next(line for line in forgery.of("evidence") if not line["good"] and "tier" not in line)
    line[name] = lie
    found = faults(forgery.pack(), earlier=opened(before))
    assert ("evidence", f"evidence {line['document']}") in {one[:2] for one in found}


async def test_evidence_made_up_of_a_document_that_is_in_the_log(days: Days) -> None:
    bundle, before = days
    forgery = Forgery(bundle)
    invented = make_up(forgery)
    forged = forgery.pack()
    assert "evidence" not in steps(forged)
    found = faults(forged, earlier=opened(before))
    assert [one[1] for one in found if one[0] == "evidence"] == [f"evidence {invented}"]


async def test_without_all_earlier_days_what_they_miss_is_on_the_market_s_word(
    days: Days,
) -> None:
    bundle, before = days
    forgery = Forgery(bundle)
    make_up(forgery)
    forgery.of("header")[0]["ordinal"] += 1  # as if there were one more run before
    found = verified(forgery.pack(), earlier=opened(before)).day.findings
    assert "evidence" not in {one.step for one in found.faults}
    assert found.on_word["evidence of days whose bundles were not given"] == 1


def make_up(forgery: Forgery) -> str:
    """Praise a vendor by a document that is none of its answers; tells the document."""
    line, request = forgery.of("evidence")[0], forgery.of("request")[0]
    digest = crypto.digest(request["document"])
    invented = line | {"good": True, "document": digest, "leaf": request["leaf"]}
    forgery.add(invented, lambda one: (one["vendor"], one["document"]))
    return digest


async def test_bundles_that_are_not_of_earlier_days_are_refused(days: Days) -> None:
    bundle, before = days
    for given, why in (([bundle], "not of an earlier day"), (before[:1] * 2, "given twice")):
        with pytest.raises(BundleFault, match=why):
            verified(bundle, earlier=opened(given))


async def test_the_command_takes_a_folder_of_earlier_days(days: Days, tmp_path: Path) -> None:
    bundle, before = days
    (tmp_path / "day").write_bytes(bundle)
    (tmp_path / "before").mkdir()
    for number, one in enumerate(before):
        (tmp_path / "before" / str(number)).write_bytes(one)
    done = await asyncio.to_thread(run_verify, tmp_path, "day", "--earlier", "before")
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verified"), done.stderr
