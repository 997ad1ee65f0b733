"""What of a market day is in the log, and in which of its trees."""

import asyncio
import json
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

import crypto
from crypto import checkpoint, merkle
from crypto.checkpoint import Checkpoint
from crypto.note import Verifier
from marketplace.db import Database
from marketplace.log import service as log
from marketplace.runs import service as runs
from marketplace.runs.lease import Lease, Reach
from marketplace.runs.resolving import resolve_here
from marketplace.vendors import repository
from marketplace.vendors import service as vendors
from tests.marketplace.cascade.scenes import (
    DAY,
    VENDORS,
    accept,
    assignments,
    contested,
    decline,
)
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_preference,
    a_question,
    a_request,
    a_request_for,
    a_vendor,
    a_withdrawal,
    an_answer,
    an_item,
    problem,
)
from tests.support.clock import seconds
from vrm.documents import Document, RunReport, Signed, read


async def leaf(market: ClockedMarket, digest: str) -> int | None:
    """Where a document stands in the log, proven; None if it does not hold it."""
    await log.grow(market.market)
    answer = await market.http.get(f"/log/inclusion/{digest}")
    if answer.status_code == 404:
        assert problem(answer) == (404, "not-logged")
        return None
    view = answer.json()
    head = verified(market, view["checkpoint"])
    proof = [bytes.fromhex(part) for part in view["proof"]]
    hashed = merkle.leaf_hash(crypto.base64url_decode(digest))
    merkle.verify_inclusion(hashed, view["index"], head.size, proof, head.root)
    return int(view["index"])


def verified(market: ClockedMarket, note: str) -> Checkpoint:
    return checkpoint.verify(note, Verifier.parse(market.rules.log))[0]


async def report_of(market: ClockedMarket, day: str) -> RunReport:
    wire = json.dumps((await market.get(f"/runs/{day}"))["report"]).encode()
    return read(wire, RunReport).body


async def test_all_that_a_run_counts_is_in_the_tree_of_its_freeze(market: ClockedMarket) -> None:
    seller, brand, bidder = VENDORS[:3]
    item = an_item(market, brand)
    await market.store(*(a_vendor(market, key) for key in VENDORS[:3]), item)
    key = crypto.SigningKey.generate()
    request, named = a_request(market, key), a_request_for(market, item)
    await market.store(request, named)
    await market.publish()
    question = a_question(market, seller, request)
    await market.store(a_capacity(market, seller, DAY, 1), question)
    answer = an_answer(market, key, question)
    bids = [a_bid(market, one, request) for one in (seller, bidder)]
    await market.store(answer, *bids)
    preference = a_preference(market, key, request, listed=(bids[1].digest,))
    await market.store(preference)
    await vendors.suspend(market.market, bidder.did, "Never ships.")
    day = await market.reach_cutoff(request)
    suspension = (await market.get(f"/vendors/{bidder.did}"))["suspension"]
    places = await market.items(f"/runs/{day}/places")
    counted = [request, named, item, question, answer, *bids, preference]
    digests = [one.digest for one in counted] + [place["profile"] for place in places]
    report = await report_of(market, day)
    for digest in [*digests, crypto.digest(suspension)]:
        at = await leaf(market, digest)
        assert at is not None
        assert at < report.log_size


async def test_the_freeze_checkpoint_is_published_before_the_resolution(
    market: ClockedMarket,
) -> None:
    await contested(market)
    seen: list[Any] = []

    async def resolving(db: Database, held: Lease, reach: Reach) -> None:
        if held.day != DAY:
            await resolve_here(db, held, reach)
            return
        run = await market.get(f"/runs/{held.day}")
        assert (run["stage"], run["report"]) == ("frozen", None)
        head = verified(market, run["checkpoint"])
        answer = await market.http.get(f"/log/checkpoints/{head.size}")
        assert answer.text == run["checkpoint"]
        assert "immutable" in answer.headers["cache-control"]
        assert problem(await market.http.get(f"/runs/{held.day}/bids")) == (403, "not-yet-public")
        seen.append(head)
        await resolve_here(db, held, reach)

    market.clock.set("2026-11-21T17:00:00Z")
    await runs.close_days(market.market, resolving=resolving)
    report = await report_of(market, DAY)
    (head,) = seen
    assert (report.log_size, report.log_root) == (head.size, crypto.base64url_encode(head.root))
    (listed,) = [run for run in await market.items("/runs") if run["day"] == DAY]
    assert verified(market, listed["checkpoint"]) == head
    at = await leaf(market, crypto.digest(listed["report"]))
    assert at is not None
    assert at >= report.log_size


async def test_what_comes_while_a_day_is_resolved_is_not_in_its_tree(market: ClockedMarket) -> None:
    await contested(market)
    capacity = a_capacity(market, VENDORS[0], "2026-11-25", 3)

    async def resolving(db: Database, held: Lease, reach: Reach) -> None:
        if held.day == DAY:
            await market.store(capacity)
        await log.grow(market.market)
        await resolve_here(db, held, reach)

    market.clock.set("2026-11-21T17:00:00Z")
    await runs.close_days(market.market, resolving=resolving)
    at = await leaf(market, capacity.digest)
    assert at is not None
    assert at >= (await report_of(market, DAY)).log_size


async def test_evidence_that_is_being_stored_at_the_freeze_is_counted_and_logged(
    market: ClockedMarket,
) -> None:
    """Or neither: what has no leaf below the freeze checkpoint could be added later."""
    await contested(market)
    await market.store(a_capacity(market, VENDORS[0], DAY, 1))
    late = a_capacity(market, VENDORS[0], DAY, 2, seq=2)
    market.clock.set("2026-11-21T17:00:00Z")
    async with market.market.db.unit_of_work() as connection:
        await repository.store_capacity(connection, late)
        await log.record(connection, late, VENDORS[0].did)
        closing = asyncio.create_task(runs.close_days(market.market))
        await asyncio.sleep(0.3)
        assert not closing.done()
    await closing
    (place,) = [
        one for one in await market.items(f"/runs/{DAY}/places") if one["vendor"] == VENDORS[0].did
    ]
    at = await leaf(market, late.digest)
    assert at is not None
    assert place["units"] == 2
    assert at < (await report_of(market, DAY)).log_size


async def test_answers_time_outs_and_reports_are_leaves(market: ClockedMarket) -> None:
    (request, *_) = await contested(market, 3, units=1)
    await market.reach_cutoff(request)
    given = await assignments(market)
    await accept(market, given[0])
    await decline(market, given[1])
    await market.reach_tick(seconds(given[2]["accept_by"]))
    (acceptance,) = await market.items(f"/runs/{DAY}/acceptances")
    ticks = (await market.get(f"/runs/{DAY}/ticks"))["items"]
    displaced = [
        one
        for tick in ticks
        for one in await market.items(f"/runs/{DAY}/ticks/{tick['tick']}/displaced")
    ]
    assert {one["reason"] for one in displaced} == {"declined", "timed-out"}
    documents = [acceptance["document"], given[2], (await market.get(f"/runs/{DAY}"))["report"]]
    documents += [one["decline"] for one in displaced if one["decline"]]
    documents += [tick["report"] for tick in ticks]
    for document in documents:
        assert await leaf(market, crypto.digest(document)) is not None, document["type"]
    # An assignment that was answered is pinned by the report's outcome alone.
    assert await leaf(market, crypto.digest(given[0])) is None


@pytest.mark.on_postgresql
async def test_the_documents_of_a_batch_stand_side_by_side(market: ClockedMarket) -> None:
    keys = [crypto.SigningKey.generate() for _ in range(5)]
    posted = [a_request(market, key) for key in keys]
    await market.store(a_vendor(market, VENDORS[0]), *posted)
    await market.publish()
    bid, question = a_bid(market, VENDORS[0], posted[0]), a_question(market, VENDORS[0], posted[0])
    await market.store(bid, question)
    second: list[Signed[Document]] = [
        a_preference(market, keys[0], posted[0], listed=(bid.digest,)),
        an_answer(market, keys[0], question),
        a_withdrawal(market, keys[1], posted[1].digest),
        a_request(market),
    ]
    await market.store(*second)
    await market.publish()
    batches = await market.items("/batches")
    published: list[list[Signed[Document]]] = [[*posted], second]
    for batch, documents in zip(batches, published, strict=True):
        assert batch["leaves"] == len(documents)
        numbers = [await leaf(market, digest) for digest in sorted(one.digest for one in documents)]
        first = batch["first_leaf"]
        assert numbers == list(range(first, first + len(documents)))


@pytest.mark.on_postgresql
async def test_a_batch_that_is_not_committed_is_not_in_the_log(market: ClockedMarket) -> None:
    await market.store(a_request(market))
    await market.execute(
        "INSERT INTO batches (instant, requests, withdrawals) VALUES (:at, 0, 0)",
        at=seconds("2026-11-20T09:00:00Z"),
    )
    before = await market.contents()
    with pytest.raises(IntegrityError):
        await market.publish()
    rows = await market.contents()
    assert rows["requests"] == []
    for table in ("log_leaves", "log_tiles"):
        assert rows[table] == before[table]
    assert len(rows["pending"]) == 1


async def test_a_size_that_was_never_published(market: ClockedMarket) -> None:
    await contested(market)
    await log.grow(market.market)
    for size in (10**6, 0):
        assert problem(await market.http.get(f"/log/checkpoints/{size}")) == (404, "unknown-size")
    for size in (-1, -(10**30), 10**30):
        for path in ("checkpoints", "consistency"):
            answer = await market.http.get(f"/log/{path}/{size}")
            assert problem(answer) == (400, "invalid-parameter"), answer.url
