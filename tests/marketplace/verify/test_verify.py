"""A day is verified from its bundle alone."""

import asyncio
import gzip
import json
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest

from marketplace.bundle.lines import MEDIA_TYPE
from marketplace.bundle.schema import schema, text
from marketplace.descriptor import service as descriptor
from marketplace.identity import seed_text
from marketplace.log import service as log
from marketplace.verify.findings import BundleFault
from marketplace.verify.own import own_bids
from tests.conftest import OpenMarket
from tests.marketplace.cascade.scenes import DAY, VENDORS
from tests.marketplace.verify.days import a_full_day, bundle_of, faults, run_verify, verified
from tests.support import ClockedMarket, a_bid, a_capacity, a_request, a_vendor
from tests.support.market import problem

ROOT = Path(__file__).parents[3]


async def test_an_honest_day_verifies(market: ClockedMarket) -> None:
    bundle = await bundle_of(market, await a_full_day(market))
    assert faults(bundle) == []
    found = verified(bundle)
    checked = found.day.findings.checked
    assert (checked["bids"], checked["preferences"], checked["acceptances"]) == (17, 2, 1)
    assert checked["ticks"] == len(await market.items(f"/runs/{DAY}/ticks")) == 2
    assert not found.day.findings.on_word


async def test_a_day_without_requests_verifies(market: ClockedMarket) -> None:
    await a_full_day(market)
    bundle = await bundle_of(market, "2026-11-20")
    assert faults(bundle) == []
    assert verified(bundle).day.report.requests == 0


async def test_a_day_verifies_after_its_requests_rolled_over(market: ClockedMarket) -> None:
    await descriptor.announce(market.market)
    vendor, request = VENDORS[0], a_request(market, roll_over=True)
    await market.store(a_vendor(market, vendor), request)
    await market.publish()
    await market.store(a_capacity(market, vendor, DAY, 0), a_bid(market, vendor, request))
    assert await market.reach_cutoff(request) == DAY
    assert (await market.items(f"/runs/{DAY}/unfilled"))[0]["reason"] == "capacity"
    await market.store(a_bid(market, vendor, request, seq=2))
    later = await market.reach_cutoff(request)
    for day in (DAY, later):
        bundle = await bundle_of(market, day)
        assert faults(bundle) == []
        assert verified(bundle).day.report.bids == 1
    assert verified(bundle).day.report.assigned == 1


async def test_what_earlier_runs_of_the_date_gave_is_on_the_market_s_word(
    open_market: OpenMarket,
) -> None:
    market = await open_market(schedule={"cutoffs": ("12:00", "18:00"), "minimum_open_minutes": 0})
    await descriptor.announce(market.market)
    vendor, days = VENDORS[0], []
    await market.store(a_vendor(market, vendor))
    for _ in range(2):
        request = a_request(market)
        await market.store(request)
        await market.publish()
        await market.store(a_bid(market, vendor, request))
        days.append(await market.reach_cutoff(request))
    assert days[1].endswith("#2")
    for day, awarded in zip(days, (0, 1), strict=True):
        bundle = await bundle_of(market, day)
        assert faults(bundle) == []
        found = verified(bundle).day.findings.on_word
        assert found["units awarded by earlier runs of the date"] == awarded


async def test_anybody_downloads_the_bundle(market: ClockedMarket) -> None:
    day = await a_full_day(market)
    bundle = await bundle_of(market, day)
    answer = await market.http.get(f"/runs/{day}/bundle")
    assert answer.headers["content-type"] == MEDIA_TYPE
    assert answer.content == bundle
    assert faults(answer.content) == []


@pytest.mark.on_postgresql
async def test_there_is_no_bundle_before_the_run_is_announced(market: ClockedMarket) -> None:
    assert problem(await market.http.get(f"/runs/{DAY}/bundle")) == (404, "unknown-run")
    await a_full_day(market)
    await market.execute("UPDATE runs SET stage = 'published' WHERE day = :day", day=DAY)
    assert problem(await market.http.get(f"/runs/{DAY}/bundle")) == (403, "not-yet-public")


@pytest.mark.on_postgresql
async def test_a_checkpoint_that_was_kept_is_held_against_the_log(market: ClockedMarket) -> None:
    kept = await _first_checkpoint(market)
    day = await a_full_day(market)
    bundle = await bundle_of(market, day, since=1)
    assert faults(bundle, since=kept) == []
    answer = await market.http.get(f"/runs/{day}/bundle", params={"since": 10**6})
    assert problem(answer)[1] == "unknown-size"


async def test_a_bundle_without_the_proof_says_how_to_get_it(market: ClockedMarket) -> None:
    kept = await _first_checkpoint(market)
    bundle = await bundle_of(market, await a_full_day(market))
    with pytest.raises(BundleFault, match="download it with --since 1"):
        verified(bundle, since=kept)


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_a_day_is_verified_by_its_address(market: ClockedMarket, tmp_path: Path) -> None:
    (tmp_path / "note").write_text(await _first_checkpoint(market))
    day = await a_full_day(market)
    await log.grow(market.market)
    with market.served() as url:
        address = f"{url}/runs/{day}/bundle"
        done = await asyncio.to_thread(run_verify, tmp_path, address, "--since", "note")
        assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verified"), done.stderr
        done = await asyncio.to_thread(run_verify, tmp_path, f"{url}/runs/2020-01-01/bundle")
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.endswith("answered 404: There is no run of 2020-01-01.\n")
        assert done.stderr.count("\n") == 1


async def test_a_vendor_reads_why_it_got_a_request_or_not(market: ClockedMarket) -> None:
    found = verified(await bundle_of(market, await a_full_day(market)))
    own = own_bids(found, VENDORS[0].did)
    assert len(own) == 4
    assert {bid.outcome for bid in own} >= {"assigned", "struck-out"}
    assert all(bid.why for bid in own)
    suspended = own_bids(found, VENDORS[3].did)
    assert {bid.outcome for bid in suspended} == {"not-admitted"}


def test_the_schema_in_the_docs_is_that_of_the_lines() -> None:
    assert (ROOT / "docs" / "bundle.schema.json").read_text() == text()


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_every_line_of_a_bundle_is_as_the_schema_says(market: ClockedMarket) -> None:
    validator = jsonschema_rs.validator_for(schema())
    lines = gzip.decompress(await bundle_of(market, await a_full_day(market))).splitlines()
    kinds = set()
    for line in lines:
        validator.validate(json.loads(line))
        kinds.add(json.loads(line)["kind"])
    assert kinds >= {"header", "suspension", "item", "displaced", "acceptance", "proof"}


@pytest.mark.parametrize("database_kind", ["sqlite"])
async def test_whoever_has_the_package_and_the_file_can_check(
    market: ClockedMarket, tmp_path: Path
) -> None:
    file, note = tmp_path / "day", tmp_path / "note"
    file.write_bytes(await bundle_of(market, await a_full_day(market)))
    done = await asyncio.to_thread(
        run_verify, tmp_path, file, "--market", market.did, "--keep", note
    )
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, "verified"), done.stderr
    done = await asyncio.to_thread(run_verify, tmp_path, file, "--since", note, "--json")
    answer = msgspec.json.decode(done.stdout)
    assert (done.returncode, answer["verified"], answer["faults"]) == (0, True, [])
    other = seed_text(b"x" * 32)
    done = await asyncio.to_thread(run_verify, tmp_path, file, "--market", other)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (1, "NOT verified: 1 fault")


async def _first_checkpoint(market: ClockedMarket) -> str:
    """The checkpoint of a log with one leaf."""
    await descriptor.announce(market.market)
    await log.grow(market.market)
    return (await market.http.get("/log/checkpoint")).text
