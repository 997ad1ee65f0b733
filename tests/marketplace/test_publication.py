"""How requests become public: promises, batch instants, crowds, and what the database does not know."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from marketplace.models import Base
from marketplace.requests import service as requests
from marketplace.requests.service import MOST_LISTED
from marketplace.tokens import service as tokens
from tests.conftest import OpenMarket
from tests.support import ClockedMarket, a_key, a_request, a_vendor, a_withdrawal, problem
from tests.support.clock import seconds
from vrm.documents import PersonalRequest, Promise, Signed, read


async def test_the_same_request_gets_the_same_promise(market: ClockedMarket) -> None:
    request = a_request(market)
    first = await market.send(request)
    assert first.status_code == 202
    promise = read(first.content, Promise).body
    assert (promise.market, promise.document) == (market.did, request.digest)
    again = [await market.send(request)]
    market.clock.advance(1800)
    again.append(await market.send(request))
    await market.publish()
    again.append(await market.send(request))
    await market.reach_cutoff(request)
    again.append(await market.send(request))
    assert [answer.content for answer in again] == [first.content] * 4


async def test_a_promise_tells_no_time_of_arrival(market: ClockedMarket) -> None:
    """All that arrives between two cutoffs is promised for one instant."""
    promised = set()
    market.clock.set("2026-11-20T17:00:00Z")
    for _ in range(23):
        answer = await market.send(a_request(market))
        promise = read(answer.content, Promise)
        assert b"created" not in promise.wire
        promised.add(promise.body.publish_by)
        market.clock.advance(3600)
    assert promised == {"2026-11-21T17:00:00Z"}


@pytest.mark.on_postgresql
async def test_fifty_posts_of_one_request_at_once_store_one(market: ClockedMarket) -> None:
    request = a_request(market)
    answers = await asyncio.gather(*(market.send(request) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert len((await market.contents())["pending"]) == 1
    assert await market.publish() == 1


@pytest.mark.on_postgresql
async def test_a_pseudonym_in_two_requests_at_once_stores_one(market: ClockedMarket) -> None:
    pseudonym = a_key()
    several = [a_request(market, pseudonym) for _ in range(8)]
    answers = await asyncio.gather(*(market.send(request) for request in several))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 7
    assert await market.publish() == 1


async def test_what_arrives_after_an_instant_waits_for_the_next(market: ClockedMarket) -> None:
    assert await requests.batch_is_due(market.market)
    await requests.publish_batch(market.market)
    assert not await requests.batch_is_due(market.market)
    await market.store(a_request(market))
    market.clock.advance(60)
    assert await requests.publish_batch(market.market) == 0
    assert await market.publish() == 1
    (batch,) = await market.items("/batches")
    assert batch["instant"] == "2026-11-20T09:00:00Z"


async def test_requests_wait_for_a_crowd(open_market: OpenMarket) -> None:
    market = await open_market(schedule={"batch_minimum": 3})
    await market.store(a_request(market), a_request(market))
    assert await market.publish() == 0
    assert await market.items("/batches") == []
    await market.store(a_request(market))
    assert await market.publish() == 3


async def test_a_withdrawal_that_passes_for_company(open_market: OpenMarket) -> None:
    """One author with two documents is one author."""
    market = await open_market(schedule={"batch_minimum": 2})
    pseudonym = a_key()
    request = a_request(market, pseudonym)
    await market.store(request, a_withdrawal(market, pseudonym, request.digest))
    assert await market.publish() == 0
    await market.store(a_request(market))
    assert await market.publish() == 3


async def test_the_day_s_last_instant_publishes_without_a_crowd(open_market: OpenMarket) -> None:
    market = await open_market(schedule={"batch_minimum": 3})
    request = a_request(market)
    promise = read((await market.send(request)).content, Promise).body
    while market.clock.now < seconds(promise.publish_by) - 3600:
        assert await market.publish() == 0
    assert await market.publish() == 1
    assert market.clock.now == seconds(promise.publish_by)


async def test_a_publication_that_fails_half_way_publishes_nothing_and_loses_nothing(
    sqlite_market: ClockedMarket,
) -> None:
    """What waits is taken away in the transaction that makes it public."""
    market = sqlite_market
    await market.reset()
    request = a_request(market)
    await market.store(request)
    before = await market.contents()
    await market.execute("ALTER TABLE batches RENAME TO gone")
    with pytest.raises(OperationalError):
        await market.publish()
    await market.execute("ALTER TABLE gone RENAME TO batches")
    assert await market.contents() == before
    assert await market.publish() == 1


async def test_a_batch_lists_digests_in_their_order(market: ClockedMarket) -> None:
    pseudonyms = [a_key() for _ in range(12)]
    posted = [a_request(market, pseudonym) for pseudonym in pseudonyms]
    await market.store(*posted)
    withdrawn = posted[5]
    await market.store(a_withdrawal(market, pseudonyms[5], withdrawn.digest))
    assert await market.publish() == 13
    (batch,) = await market.items("/batches")
    assert batch["requests"] == sorted(request.digest for request in posted)
    assert batch["withdrawals"] == [withdrawn.digest]


async def test_batches_are_paged_from_the_oldest(market: ClockedMarket) -> None:
    posted = []
    for _ in range(5):
        posted.append(a_request(market))
        await market.store(posted[-1])
        await market.publish()
    pages = await market.items("/batches", limit=2)
    assert [batch["requests"] for batch in pages] == [[request.digest] for request in posted]
    answer = await market.http.get("/batches", params={"limit": 2})
    target = answer.headers["Link"].removeprefix("<").partition(">")[0]
    assert (await market.get(target))["items"] == pages[2:4]


@pytest.mark.on_postgresql
async def test_a_page_holds_no_more_than_a_wallet_reads(
    market: ClockedMarket,
) -> None:
    for _ in range(3):
        await market.store(a_request(market))
        await market.publish()
    whole = await market.items("/batches")
    await market.execute("UPDATE batches SET requests = :many", many=MOST_LISTED)
    first = await market.get("/batches")
    assert first["items"] == whole[:1]
    assert await market.items("/batches") == whole


@pytest.mark.on_postgresql
async def test_two_publications_at_once_publish_each_document_once(market: ClockedMarket) -> None:
    await market.store(*(a_request(market) for _ in range(4)))
    market.clock.set("2026-11-20T09:00:00Z")
    counts = await asyncio.gather(*(requests.publish_batch(market.market) for _ in range(6)))
    assert sorted(counts) == [0] * 5 + [4]


@pytest.mark.on_postgresql
async def test_what_arrives_during_a_publication_is_not_lost(market: ClockedMarket) -> None:
    posted = [a_request(market) for _ in range(30)]

    async def post(request: Signed[PersonalRequest]) -> None:
        await market.store(request)

    market.clock.set("2026-11-20T09:00:00Z")
    await asyncio.gather(
        *(post(request) for request in posted[:15]),
        requests.publish_batch(market.market),
        *(post(request) for request in posted[15:]),
    )
    await market.publish()
    batches = await market.items("/batches")
    published = [digest for batch in batches for digest in batch["requests"]]
    assert sorted(published) == sorted(request.digest for request in posted)


@pytest.mark.on_postgresql
async def test_nothing_in_the_database_says_when_a_request_arrived(market: ClockedMarket) -> None:
    """Two markets that got the same documents in another order, at other times, hold the same bytes."""
    posted = [a_request(market) for _ in range(8)]

    async def dump(order: list[Signed[PersonalRequest]], pause: int) -> tuple[Any, Any]:
        await market.reset()
        await tokens.keep_keys(market.market)
        await requests.publish_batch(market.market)
        for request in order:
            market.clock.advance(pause)
            await market.store(request)
        waiting = await _in_stored_order(market)
        await market.publish()
        return waiting, await _in_stored_order(market)

    waiting, published = await dump(posted, 3)
    waiting_again, published_again = await dump(posted[::-1], 40)
    assert published["requests"] == published_again["requests"]
    assert published["crowd_days"] == published_again["crowd_days"]
    # Leaves have public numbers, so where a heap puts them tells nothing more.
    assert sorted(published["log_leaves"]) == sorted(published_again["log_leaves"])
    assert {name for name, rows in published.items() if rows} == {
        "batch_clock",
        "batches",
        "crowd_days",
        "issuer_keys",
        "kept_documents",
        "log_checkpoints",
        "log_leaves",
        "log_tiles",
        "mail_segments",  # each request's copy, sealed anew and in the order of the boxes
        "requests",
    }
    if market.market.db.is_sqlite:
        assert waiting == waiting_again
    else:  # a heap keeps the order while they wait, and no longer
        assert sorted(waiting["pending"]) == sorted(waiting_again["pending"])


async def test_anonymous_tables_keep_no_rowid(market: ClockedMarket) -> None:
    if not market.market.db.is_sqlite:
        pytest.skip("PostgreSQL has no rowids")
    async with market.market.db.snapshot() as connection:
        listed = (await connection.execute(text("PRAGMA table_list"))).mappings().all()
    without = {row["name"] for row in listed if row["wr"]}
    anonymous = {
        table.name
        for table in Base.metadata.tables.values()
        if table.dialect_options["sqlite"]["with_rowid"] is False
    }
    assert {"pending", "requests", "withdrawals"} < anonymous
    assert anonymous <= without, "a revision that makes a table anew must say so again"


async def test_a_withdrawn_request_gets_no_assignment(market: ClockedMarket) -> None:
    pseudonym, vendor = a_key(), a_key("vendor")
    request = a_request(market, pseudonym)
    await market.store(a_vendor(market, vendor), request)
    await market.publish()
    withdrawal = a_withdrawal(market, pseudonym, request.digest)
    first = await market.send(withdrawal)
    assert (await market.send(withdrawal)).content == first.content
    await market.publish()
    assert (await market.send(withdrawal)).content == first.content
    item = await market.read(vendor, f"/board/{request.digest}")
    assert item["state"] == "withdrawn"
    day = await market.reach_cutoff(request)
    assert (await market.get(f"/runs/{day}"))["report"]["requests"] == 0


async def test_a_request_withdrawn_while_it_waits_is_published_as_withdrawn(
    market: ClockedMarket,
) -> None:
    pseudonym, vendor = a_key(), a_key("vendor")
    request = a_request(market, pseudonym)
    withdrawal = a_withdrawal(market, pseudonym, request.digest)
    await market.store(a_vendor(market, vendor), request, withdrawal)
    await market.publish()
    assert (await market.read(vendor, "/board"))["items"] == []
    (item,) = (await market.read(vendor, "/board", state="all"))["items"]
    assert item["state"] == "withdrawn"


async def test_a_request_that_bids_could_not_reach_joins_the_next_cutoff(
    open_market: OpenMarket,
) -> None:
    """Published at 17:00 where bids for 18:00 close, it belongs to the day after."""
    schedule = {"time_zone": "UTC", "minimum_open_minutes": 0, "bids_close_minutes": 60}
    market = await open_market(schedule=schedule, start="2026-11-20T16:30:00Z")
    vendor = a_key("vendor")
    await market.store(a_vendor(market, vendor), a_request(market))
    await market.publish()
    (item,) = (await market.read(vendor, "/board"))["items"]
    assert item["published_at"] == "2026-11-20T17:00:00Z"
    assert item["cutoff"] == "2026-11-21T18:00:00Z"


async def test_needed_before_it_can_be_resolved(market: ClockedMarket) -> None:
    """Promised for 17:00 UTC and open for twelve hours, it is resolved at the next day's cutoff."""
    early = a_request(market, needed_by="2026-11-21T16:45:00Z")
    assert problem(await market.send(early)) == (422, "needed-by-too-soon")
    await market.store(a_request(market, needed_by="2026-11-21T17:00:00Z"))


async def _in_stored_order(market: ClockedMarket) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of all tables as a scan meets them."""
    found = {}
    async with market.market.db.snapshot() as connection:
        for name in Base.metadata.tables:
            if name != "read_nonces":
                rows = await connection.execute(text(f"SELECT * FROM {name}"))  # noqa: S608
                found[name] = [tuple(row) for row in rows]
    return found
