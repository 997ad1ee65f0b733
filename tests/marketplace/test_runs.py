"""Runs: what the daily job does, when, and what anybody may read of it."""

import asyncio
import contextlib
import hashlib
from typing import Any

import pytest

import crypto
from marketplace.mail import service as mail
from marketplace.models import Base
from marketplace.runs import service as runs
from marketplace.runs.lease import LEASE_SECONDS
from marketplace.runs.rules import FrozenPlace
from marketplace.vendors import service as vendors
from tests.conftest import OpenMarket
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_key,
    a_request,
    a_request_for,
    a_vendor,
    an_item,
    problem,
)
from vrm.documents import Assignment, PersonalRequest, RunReport, Signed, read
from vrm.documents.market import MarketDescriptor

VENDORS = [a_key(f"vendor {number}") for number in range(3)]
PARTS = ["requests", "bids", "items", "places", "assignments", "fallbacks", "unfilled"]


async def contested(market: ClockedMarket, requests: int = 5) -> list[Signed[PersonalRequest]]:
    """Three vendors of one unit each bid on all requests, and one request gets no bid."""
    posted = [a_request(market) for _ in range(requests)]
    unwanted = a_request(market, need={"category": "books"})
    await market.store(*(a_vendor(market, key) for key in VENDORS), *posted, unwanted)
    await market.publish()
    for key in VENDORS:
        await market.store(a_capacity(market, key, "2026-11-21", 1))
        await market.send_batch(*(a_bid(market, key, request) for request in posted))
    return [*posted, unwanted]


async def published(market: ClockedMarket, day: str) -> dict[str, Any]:
    """All that is published of a run."""
    return {part: await market.items(f"/runs/{day}/{part}") for part in PARTS} | {
        "run": await market.get(f"/runs/{day}")
    }


async def test_a_run_decides_every_request(market: ClockedMarket) -> None:
    requests = await contested(market)
    day = await market.reach_cutoff(requests[0])
    found = await published(market, day)
    assert day == "2026-11-21"
    assert found["run"]["cutoff"] == "2026-11-21T17:00:00Z"
    assert [one["request"] for one in found["requests"]] == sorted(r.digest for r in requests)
    assert len(found["bids"]) == 15
    assert [(one["vendor"], one["units"]) for one in found["places"]] == sorted(
        (key.did, 1) for key in VENDORS
    )
    assert len(found["assignments"]) == 3
    assert {one["vendor"] for one in found["assignments"]} == {key.did for key in VENDORS}
    reasons = {one["request"]: one["reason"] for one in found["unfilled"]}
    assert reasons.pop(requests[-1].digest) == "no-bids"
    assert list(reasons.values()) == ["capacity"] * 2
    decided = [one["request"] for one in found["assignments"]] + [
        one["request"] for one in found["unfilled"]
    ]
    assert sorted(decided) == sorted(request.digest for request in requests)


async def test_the_report_pins_inputs_and_outcome(market: ClockedMarket) -> None:
    requests = await contested(market)
    day = await market.reach_cutoff(requests[0])
    found = await published(market, day)
    report = signed(found["run"]["report"], RunReport)
    places = [FrozenPlace(*(one[name] for name in FrozenPlace._fields)) for one in found["places"]]
    bids = sorted(found["bids"], key=lambda one: (one["request"], one["document"]["vendor"]))
    inputs = {
        "requests": [one["request"] for one in found["requests"]],
        "bids": [one["bid"] for one in bids],
        "items": [[one["request"], one["item"], one["suspended"]] for one in found["items"]],
        "newcomers": 100,
        "places": [list(place) for place in places],
        "preferences": [],
    }
    assert report.body.inputs == crypto.digest(inputs)
    items = {one["request"]: one["item"] for one in found["items"]}
    assignments = [signed(one, Assignment).body for one in found["assignments"]]
    outcome = {
        "awards": [[a.request, a.bid, a.rank, a.eligible, "".join(a.reserve)] for a in assignments],
        "fallbacks": [[one["request"], items[one["request"]]] for one in found["fallbacks"]],
        "unfilled": [[one["request"], one["reason"]] for one in found["unfilled"]],
    }
    assert report.body.outcome == crypto.digest(outcome)
    body = report.body
    assert (body.requests, body.bids, body.assigned) == (6, 15, 3)
    assert body.unfilled == {"no-bids": 1, "none-eligible": 0, "capacity": 2}
    for one in (*found["requests"], *found["bids"]):
        assert crypto.digest(one["document"]) == one.get("bid", one["request"])


@pytest.mark.on_postgresql
async def test_the_seeds_form_a_chain_that_ends_at_the_anchor(market: ClockedMarket) -> None:
    anchor = signed(await market.get("/.well-known/vrm-market"), MarketDescriptor).body.seed_anchor
    await market.store(a_request(market))
    await market.publish()
    for _ in range(4):
        await market.reach_cutoff()
    listed = await market.items("/runs", limit=3)
    assert [run["day"] for run in listed] == [f"2026-11-2{n}" for n in (3, 2, 1, 0)]
    for run in reversed(listed):
        seed = run["report"]["seed"]
        hashed = hashlib.sha256(crypto.base64url_decode(seed)).digest()
        assert crypto.base64url_encode(hashed) == anchor
        anchor = seed


async def test_explanations_agree_with_assignments(market: ClockedMarket) -> None:
    requests = await contested(market)
    day = await market.reach_cutoff(requests[0])
    found = await published(market, day)
    assigned = {one["request"]: one for one in found["assignments"]}
    unfilled = {one["request"]: one["reason"] for one in found["unfilled"]}
    for request in requests:
        told = await market.get(f"/runs/{day}/requests/{request.digest}")
        candidates = {one["why"]: one for one in told["candidates"]}
        ranks = [one["rank"] for one in told["candidates"]]
        assert ranks == list(range(1, len(ranks) + 1))
        assert told["sentences"]
        if request.digest in assigned:
            assignment = assigned[request.digest]
            mine = candidates["assigned"]
            assert (told["outcome"], told["reason"]) == ("assigned", None)
            for name in ("bid", "vendor", "place", "rank", "band", "distance_m", "amount"):
                assert mine[name] == assignment[name]
            behind = [one["bid"] for one in told["candidates"] if one["why"] == "reserve"]
            assert behind[:5] == assignment["reserve"]
            assert len(ranks) == assignment["eligible"]
        else:
            assert (told["outcome"], told["reason"]) == ("unfilled", unfilled[request.digest])
            assert set(candidates) <= {"place-full"}


async def test_each_vendor_reads_its_own_assignments_and_bids(market: ClockedMarket) -> None:
    requests = await contested(market)
    day = await market.reach_cutoff(requests[0])
    for key in VENDORS:
        (own,) = (await market.read(key, "/vendors/self/assignments"))["items"]
        assert own["assignment"]["vendor"] == key.did
        assert own["assignment"]["request"] == crypto.digest(own["request"])
        bids = (await market.read(key, "/vendors/self/bids", day=day))["items"]
        assert sorted(bid["state"] for bid in bids) == ["lost"] * 4 + ["won"]
        (won,) = [bid for bid in bids if bid["state"] == "won"]
        assert won["bid"] == own["assignment"]["bid"]
        assert all(bid["document"]["vendor"] == key.did for bid in bids)
        assert (await market.read(key, "/vendors/self/bids", day="2026-11-20"))["items"] == []


async def test_a_vendor_follows_its_assignments(market: ClockedMarket) -> None:
    vendor = VENDORS[0]
    await market.store(a_vendor(market, vendor))
    resume: str | None = None
    seen = []
    for _ in range(3):
        request = a_request(market)
        await market.store(request)
        await market.publish()
        await market.store(a_bid(market, vendor, request))
        await market.reach_cutoff(request)
        params = {} if resume is None else {"cursor": resume}
        page = await market.read(vendor, "/vendors/self/assignments", **params)
        assert page["next"] is None
        seen.append([one["assignment"]["request"] for one in page["items"]] == [request.digest])
        resume = page["resume"]
    assert seen == [True] * 3
    again = await market.read(vendor, "/vendors/self/assignments", cursor=resume)
    assert (again["items"], again["resume"]) == ([], resume)


# --- what nobody may read before the run is published ---


@pytest.mark.on_postgresql
async def test_no_route_shows_bids_before_the_run_is_published(market: ClockedMarket) -> None:
    requests = await contested(market)
    bids = {row[0] for row in (await market.contents())["bids"]}
    stranger = a_key("stranger")
    await market.store(a_vendor(market, stranger))
    market.clock.set("2026-11-21T17:00:00Z")
    await mail.publish(market.market)
    await runs.open_due_runs(market.market)
    day = "2026-11-21"
    for stage in ("due", "frozen"):
        if stage == "frozen":
            await freeze(market, day)
        assert (await market.get(f"/runs/{day}"))["stage"] == stage
        for path in await everything_public(market, day, requests[0].digest):
            answer = await market.ask(stranger, path)
            assert not [bid for bid in bids if bid in answer.text], path
            assert VENDORS[0].did not in answer.text or path.startswith("/vendors"), path
            if path.startswith(f"/runs/{day}/"):
                assert problem(answer) == (403, "not-yet-public")
        own = (await market.read(VENDORS[0], "/vendors/self/bids"))["items"]
        assert {bid["state"] for bid in own} == {"live"}
        assert {bid["day"] for bid in own} == {None}
    await runs.finish_runs(market.market)
    assert len(await market.items(f"/runs/{day}/bids")) == 15


async def everything_public(market: ClockedMarket, day: str, request: str) -> list[str]:
    """All paths of the API's description that can be read, for one day and one request."""
    description = await market.get("/openapi.json")
    filled = {
        "day": day,
        "tick": 1,
        "digest": request,
        "did": VENDORS[0].did,
        "terms": "x",
        "code": "x",
        "document": request,
        "old": 1,
        "size": 1,
        "path": "0/000",
        "principal": "x",
        "item": "x",
        "segment": (await market.items("/mail"))[0]["segment"],
    }
    paths = [path for path, item in description["paths"].items() if "get" in item]
    assert len(paths) > 15
    return [path.format(**filled) for path in paths]


class Stopped(Exception):
    """Stands for a crash, at a point of a run."""


async def freeze(market: ClockedMarket, day: str) -> None:
    """Bring runs up to their freeze and no further, as a crash would, and let the lease run out."""

    listed = reversed(await market.items("/runs"))
    left = [run["day"] for run in listed if run["report"] is None and run["day"] <= day]

    def stop(point: str) -> None:
        if point == "frozen" and left.pop(0) == day:
            raise Stopped

    with contextlib.suppress(Stopped):
        await runs.finish_runs(market.market, reach=stop)
    market.clock.advance(LEASE_SECONDS)


# --- crashes and races ---


@pytest.mark.on_postgresql
async def test_a_crash_between_freeze_and_publication_changes_no_byte(
    open_market: OpenMarket,
) -> None:
    whole, broken = await open_market(), await open_market()
    requests = await contested(whole)
    await copy(whole, broken)
    day = await whole.reach_cutoff(requests[0])
    broken.clock.set(whole.clock.now)
    await runs.open_due_runs(broken.market)
    await freeze(broken, day)
    # What comes after the freeze is no matter for this run.
    await broken.store(a_capacity(broken, VENDORS[0], day, 9, seq=2))
    await broken.store(a_vendor(broken, VENDORS[1], seq=2, name="Renamed"))
    await vendors.suspend(broken.market, VENDORS[2].did, "It sent nothing")
    await runs.close_days(broken.market)
    assert await published(broken, day) == await published(whole, day)


async def copy(source: ClockedMarket, target: ClockedMarket) -> None:

    contents = await source.contents()
    async with target.market.db.unit_of_work() as connection:
        for table in Base.metadata.sorted_tables:
            names = [column.name for column in table.columns]
            kept = {column.name for column in table.columns if not column.computed}
            found = (zip(names, row, strict=True) for row in contents.get(table.name, []))
            rows = [{name: value for name, value in row if name in kept} for row in found]
            if rows:
                await connection.execute(table.insert(), rows)


@pytest.mark.on_postgresql
async def test_finishing_at_once_publishes_once(market: ClockedMarket) -> None:
    requests = await contested(market)
    market.clock.set("2026-11-21T17:00:00Z")
    finished = await asyncio.gather(*(_close(market) for _ in range(4)))
    assert sorted(day for days in finished for day in days) == ["2026-11-20", "2026-11-21"]
    found = await published(market, "2026-11-21")
    assert len(found["assignments"]) + len(found["unfilled"]) == len(requests)


async def _close(market: ClockedMarket) -> list[str]:
    await runs.open_due_runs(market.market)
    return await runs.finish_runs(market.market)


@pytest.mark.on_postgresql
async def test_bids_that_meet_an_early_close_are_in_or_out(market: ClockedMarket) -> None:
    """Each bid counts in the run, or is refused; none is left hanging on a resolved request."""
    requests = [a_request(market) for _ in range(6)]
    await market.store(*(a_vendor(market, key) for key in VENDORS), *requests)
    await market.publish()
    market.clock.set("2026-11-21T08:00:00Z")
    bids = [a_bid(market, key, request) for request in requests for key in VENDORS]
    closing = asyncio.create_task(market.close_now())
    answers = await asyncio.gather(*(market.send(bid) for bid in bids))
    day = await closing
    taken = {bid.digest for bid, answer in zip(bids, answers, strict=True) if answer.is_success}
    refused = {problem(answer)[1] for answer in answers if not answer.is_success}
    assert refused <= {"bids-closed"}
    assert {one["bid"] for one in await market.items(f"/runs/{day}/bids")} == taken


async def test_nothing_to_do_does_nothing(market: ClockedMarket) -> None:
    assert not await runs.work_is_due(market.market)
    await runs.close_days(market.market)
    assert await market.items("/runs") == []


@pytest.mark.on_postgresql
async def test_a_suspended_vendor_gets_nothing(market: ClockedMarket) -> None:
    vendor = VENDORS[0]
    request = a_request(market)
    await market.store(a_vendor(market, vendor), request)
    await market.publish()
    await market.store(a_bid(market, vendor, request))
    await vendors.suspend(market.market, vendor.did, "It sent nothing")
    day = await market.reach_cutoff(request)
    (unfilled,) = await market.items(f"/runs/{day}/unfilled")
    assert unfilled["reason"] == "none-eligible"
    told = await market.get(f"/runs/{day}/requests/{request.digest}")
    (candidate,) = told["candidates"]
    assert (candidate["eligible"], candidate["rank"], candidate["why"]) == (
        False,
        None,
        "not-admitted",
    )


@pytest.mark.on_postgresql
async def test_evidence_decides_between_vendors(market: ClockedMarket) -> None:
    """Recorded evidence and nothing else: the farther vendor with the better record is preferred."""
    good, bad = VENDORS[:2]
    request = a_request(market)
    await market.store(a_vendor(market, good), a_vendor(market, bad), request)
    for number in range(60):
        await market.execute(
            "INSERT INTO evidence "
            "(document, vendor, date, category, amount, tier, directed, weight, good) "
            "VALUES (:document, :vendor, :date, 'baby', 100, 'trusted', false, 1000, :good)",
            document=f"{number}",
            vendor=(good if number % 2 else bad).did,
            date=f"2026-{number // 6 + 1:02}-01",
            good=bool(number % 2),
        )
    await market.publish()
    for key, amount in ((good, 24_000), (bad, 10_000)):
        await market.store(a_bid(market, key, request, price={"amount": amount}))
    day = await market.reach_cutoff(request)
    (assignment,) = await market.items(f"/runs/{day}/assignments")
    assert assignment["vendor"] == good.did
    bands = {one["vendor"]: one["band"] for one in await market.items(f"/runs/{day}/places")}
    assert bands[good.did] > bands[bad.did]
    shown = await market.get(f"/vendors/{bad.did}")
    assert "30 pieces of evidence" in shown["reputation"]


# --- what is not there ---


@pytest.mark.parametrize("part", ["", *(f"/{part}" for part in PARTS), f"/requests/{'A' * 43}"])
async def test_an_unknown_run(market: ClockedMarket, part: str) -> None:
    for day in ("2026-11-20", "2026-11-20%232", "yesterday"):
        answer = await market.http.get(f"/runs/{day}{part}")
        assert problem(answer) == (404, "unknown-run")
    answer = await market.http.get(f"/runs/%00{part}")
    assert problem(answer) == (400, "invalid-parameter")


async def test_a_request_that_the_run_did_not_resolve(market: ClockedMarket) -> None:
    await market.store(request := a_request(market))
    await market.publish()
    day = await market.reach_cutoff(request)
    answer = await market.http.get(f"/runs/{day}/requests/{'A' * 43}")
    assert problem(answer) == (404, "unknown-request")


@pytest.mark.on_postgresql
@pytest.mark.parametrize("part", PARTS)
async def test_a_run_in_pages_of_one(market: ClockedMarket, part: str) -> None:
    await contested(market)
    item = an_item(market, VENDORS[0], authorised=())
    shipped = [a_request_for(market, item) for _ in range(2)]
    await market.store(item, *shipped)
    await market.publish()
    day = await market.reach_cutoff(shipped[0])
    paged = await market.items(f"/runs/{day}/{part}", limit=1)
    assert paged == await market.items(f"/runs/{day}/{part}", limit=1000)
    assert paged
    answer = await market.http.get(f"/runs/{day}/{part}", params={"cursor": "WzFd"})
    assert problem(answer) == (400, "invalid-cursor")


def signed(document: dict[str, Any], kind: type[Any]) -> Signed[Any]:
    """A document out of an answer, verified."""
    return read(crypto.canonical.canonical(document), kind)
