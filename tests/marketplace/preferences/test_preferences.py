"""What a request's owner may say about the bids on it, and what comes of it."""

import asyncio
from typing import Any

import pytest

import crypto
from marketplace.requests import service as requests
from marketplace.runs import service as runs
from tests.support import (
    ClockedMarket,
    a_bid,
    a_bid_withdrawal,
    a_key,
    a_preference,
    a_request,
    a_vendor,
    a_withdrawal,
    assert_refused,
    forged,
    problem,
)
from vrm.documents import Bid, PersonalRequest, Preference, Promise, Signed, read, sign

OWNER = a_key("owner")
VENDORS = [a_key(f"vendor {number}") for number in range(3)]


class Day:
    """A request with three bids on it, of which the first is the best by the request's policy."""

    def __init__(
        self, market: ClockedMarket, request: Signed[PersonalRequest], bids: list[Signed[Bid]]
    ) -> None:
        self.market = market
        self.request = request
        self.bids = bids

    def prefers(self, *bids: int, strike: tuple[int, ...] = (), **facts: Any) -> Signed[Preference]:
        """The owner's Preference: bids by number, best first."""
        listed = tuple(self.bids[number].digest for number in bids)
        struck = tuple(self.bids[number].digest for number in strike)
        return a_preference(
            self.market, OWNER, self.request, listed=listed, struck_out=struck, **facts
        )

    async def outcome(self) -> dict[str, Any]:
        """Close the day; answers the request's explanation."""
        day = await self.market.reach_cutoff(self.request)
        found: dict[str, Any] = await self.market.get(f"/runs/{day}/requests/{self.request.digest}")
        return found

    async def winner(self) -> int | None:
        """Close the day; answers which bid won."""
        found = await self.outcome()
        digests = [bid.digest for bid in self.bids]
        assigned = [c["bid"] for c in found["candidates"] if c["why"] == "assigned"]
        return digests.index(assigned[0]) if assigned else None


@pytest.fixture
async def day(market: ClockedMarket) -> Day:
    request = a_request(market, OWNER, policy="lowest-price")
    await market.store(*(a_vendor(market, key) for key in VENDORS), request)
    await market.publish()
    bids = [
        a_bid(market, key, request, price={"amount": 20_000 + 100 * number})
        for number, key in enumerate(VENDORS)
    ]
    await market.store(*bids)
    return Day(market, request, bids)


async def test_without_a_preference_the_policy_decides(day: Day) -> None:
    assert await day.winner() == 0


async def test_a_preference_changes_the_winner(day: Day) -> None:
    preference = day.prefers(2, 1)
    await day.market.store(preference)
    found = await day.outcome()
    assert [c["bid"] for c in found["candidates"]] == [day.bids[n].digest for n in (2, 1, 0)]
    assert [c["listed"] for c in found["candidates"]] == [1, 2, None]
    assert "choice 1 of 3, by the customer's own order." in found["sentences"][0]
    assert found["sentences"][1].endswith("the customer's preference put it behind.")
    [listed] = await day.market.items(f"/runs/{found['day']}/preferences")
    assert (listed["request"], listed["preference"]) == (day.request.digest, preference.digest)
    assert listed["document"]["listed"] == [day.bids[2].digest, day.bids[1].digest]


async def test_a_run_is_explained_the_same_after_the_market_forgot_its_work(day: Day) -> None:
    await day.market.store(day.prefers(2))
    first = await day.outcome()
    day.market.market.kept.clear()
    again = await day.market.get(f"/runs/{first['day']}/requests/{day.request.digest}")
    assert again == first


async def test_what_is_not_listed_follows_by_the_policy(day: Day) -> None:
    await day.market.store(day.prefers(2))
    found = await day.outcome()
    assert [c["bid"] for c in found["candidates"]] == [day.bids[n].digest for n in (2, 0, 1)]


async def test_a_bid_that_is_struck_out_cannot_win(day: Day) -> None:
    await day.market.store(day.prefers(strike=(0, 1)))
    found = await day.outcome()
    assert [c["why"] for c in found["candidates"]] == ["assigned", "struck-out", "struck-out"]
    assert "the customer struck it out" in " ".join(found["sentences"])


async def test_only_listed_bids_can_win_where_the_owner_says_so(day: Day) -> None:
    await day.market.store(day.prefers(1, only_listed=True))
    found = await day.outcome()
    assert [c["why"] for c in found["candidates"]] == ["assigned", "not-listed", "not-listed"]


async def test_only_listed_with_nothing_listed_leaves_the_request_unfilled(day: Day) -> None:
    await day.market.store(day.prefers(only_listed=True))
    found = await day.outcome()
    assert (found["outcome"], found["reason"]) == ("unfilled", "none-eligible")


async def test_the_newest_preference_counts(day: Day) -> None:
    await day.market.store(day.prefers(1, seq=1), day.prefers(2, seq=2))
    assert await day.winner() == 2


async def test_the_newest_preference_counts_across_batches(day: Day) -> None:
    await day.market.store(day.prefers(1, seq=1))
    await day.market.publish()
    await day.market.store(day.prefers(2, seq=2))
    await day.market.publish()
    assert await day.winner() == 2


@pytest.mark.parametrize("taken", [False, True])
async def test_an_older_preference_replayed_after_a_newer_one(day: Day, taken: bool) -> None:
    await day.market.store(day.prefers(2, seq=5))
    if taken:
        await day.market.publish()
    for seq in (4, 5):
        older = day.market.send(day.prefers(1, seq=seq))
        await assert_refused(day.market, older, 409, "stale-sequence")
    assert await day.winner() == 2


@pytest.mark.parametrize("taken", [False, True])
async def test_the_same_preference_again_gets_the_same_promise(day: Day, taken: bool) -> None:
    preference = day.prefers(2)
    first = await day.market.send(preference)
    if taken:
        await day.market.publish()
    again = await day.market.send(preference)
    assert first.status_code == again.status_code == 202
    assert first.content == again.content
    promise = read(first.content, Promise).body
    assert (promise.document, promise.document_type) == (preference.digest, "Preference")
    assert promise.publish_by == "2026-11-21T17:00:00Z"


async def test_a_preference_sent_after_the_last_batch_before_the_cutoff_counts(day: Day) -> None:
    day.market.clock.set("2026-11-21T16:59:59Z")
    assert await day.market.publish() == 0  # this is the batch of 17:00, the cutoff itself
    day.market.clock.set("2026-11-21T16:59:59Z")
    await day.market.store(day.prefers(1))
    assert await day.winner() == 1


async def test_a_preference_received_after_the_cutoff_does_not_count(day: Day) -> None:
    day.market.clock.set("2026-11-21T17:00:00Z")  # nothing has closed the day yet
    late = day.market.send(day.prefers(2))
    await assert_refused(day.market, late, 409, "preferences-closed")
    assert await day.winner() == 0


async def test_a_preference_after_the_run(day: Day) -> None:
    first = await day.outcome()
    late = day.market.send(day.prefers(2))
    await assert_refused(day.market, late, 409, "preferences-closed")
    day.market.market.kept.clear()
    assert await day.market.get(f"/runs/{first['day']}/requests/{day.request.digest}") == first


async def test_a_preference_while_the_operator_closes_the_day_early(day: Day) -> None:
    day.market.clock.set("2026-11-21T08:00:00Z")
    await day.market.store(day.prefers(1))
    await runs.close_now(day.market.market)
    late = day.market.send(day.prefers(2, seq=2))
    await assert_refused(day.market, late, 409, "preferences-closed")
    await runs.close_days(day.market.market)
    [run, *_] = await day.market.items("/runs")
    [assignment] = await day.market.items(f"/runs/{run['day']}/assignments")
    assert assignment["bid"] == day.bids[1].digest


@pytest.mark.on_postgresql
async def test_preferences_that_race_the_close_count_or_are_refused(market: ClockedMarket) -> None:
    """A promise is kept: whatever the market took is what the run decided by."""
    owners = [a_key(f"owner {number}") for number in range(12)]
    requests_ = [a_request(market, key) for key in owners]
    await market.store(a_vendor(market, VENDORS[0]), *requests_)
    await market.publish()
    market.clock.set("2026-11-21T08:00:00Z")
    sent = [a_preference(market, key, one) for key, one in zip(owners, requests_, strict=True)]
    day, answers = await asyncio.gather(
        market.close_now(), asyncio.gather(*(market.send(preference) for preference in sent))
    )
    assert {answer.status_code for answer in answers} <= {202, 409}
    promised = {
        preference.digest
        for preference, answer in zip(sent, answers, strict=True)
        if answer.status_code == 202
    }
    counted = {one["preference"] for one in await market.items(f"/runs/{day}/preferences")}
    assert counted == promised


@pytest.mark.on_postgresql
async def test_a_preference_by_another_customer(day: Day) -> None:
    thief = a_key("thief")
    preference = a_preference(day.market, thief, day.request, listed=(day.bids[2].digest,))
    await assert_refused(day.market, day.market.send(preference), 403, "foreign-request")
    assert await day.winner() == 0


async def test_a_preference_in_the_owners_name_signed_by_a_vendor(day: Day) -> None:
    body = forged(day.prefers(2), VENDORS[2], pseudonym=OWNER.did)
    await assert_refused(day.market, day.market.post("/preferences", body), 422, "wrong-key")


async def test_a_preference_that_was_changed_on_the_way(day: Day) -> None:
    body = day.prefers(1).wire.replace(day.bids[1].digest.encode(), day.bids[2].digest.encode())
    await assert_refused(day.market, day.market.post("/preferences", body), 422, "bad-signature")


async def test_a_preference_with_a_clock(day: Day) -> None:
    dated = sign(day.prefers(1).body, OWNER, created="2026-11-21T00:00:00Z")
    await assert_refused(day.market, day.market.send(dated), 422, "created-forbidden")


async def test_a_preference_for_another_market(day: Day) -> None:
    body = forged(day.prefers(1), OWNER, market=a_key("other market").did)
    await assert_refused(day.market, day.market.post("/preferences", body), 422, "wrong-market")


async def test_a_preference_on_a_request_that_nobody_published(market: ClockedMarket) -> None:
    request = a_request(market, OWNER)
    await market.store(request)
    preference = a_preference(market, OWNER, request)
    await assert_refused(market, market.send(preference), 404, "unknown-request")


async def test_a_preference_on_a_withdrawn_request(day: Day) -> None:
    await day.market.store(a_withdrawal(day.market, OWNER, day.request.digest))
    await day.market.publish()
    await assert_refused(day.market, day.market.send(day.prefers(1)), 409, "request-withdrawn")


async def test_a_preference_that_lists_another_requests_bid(day: Day) -> None:
    """It changes nothing for that other request, nor for its own."""
    market, other = day.market, a_key("other")
    second = a_request(market, other, policy="lowest-price")
    await market.store(second)
    await market.publish()
    foreign = [a_bid(market, key, second, price={"amount": 21_000}) for key in VENDORS[:2]]
    await market.store(*foreign)
    wanted = [foreign[0].digest, day.bids[2].digest]
    await market.store(
        a_preference(
            market, OWNER, day.request, listed=tuple(wanted), struck_out=(foreign[1].digest,)
        )
    )
    found = await day.outcome()
    assert found["candidates"][0]["bid"] == day.bids[2].digest
    beside = await market.get(f"/runs/{found['day']}/requests/{second.digest}")
    assert [c["listed"] for c in beside["candidates"]] == [None, None]
    assert all(c["eligible"] for c in beside["candidates"])


async def test_a_listed_bid_that_was_withdrawn_leaves_its_place_to_the_next(day: Day) -> None:
    await day.market.store(day.prefers(2, 1))
    await day.market.store(a_bid_withdrawal(day.market, VENDORS[2], day.bids[2].digest))
    assert await day.winner() == 1


@pytest.mark.on_postgresql
async def test_nobody_reads_a_preference_before_the_run_is_published(day: Day) -> None:
    preference = day.prefers(2)
    await day.market.store(preference)
    await day.market.publish()
    day.market.clock.set("2026-11-21T17:00:00Z")
    await runs.open_due_runs(day.market.market)
    [run, *_] = await day.market.items("/runs")
    answer = await day.market.http.get(f"/runs/{run['day']}/preferences")
    assert problem(answer) == (403, "not-yet-public")
    for path in ("/batches", "/runs", f"/runs/{run['day']}"):
        assert preference.digest not in (await day.market.http.get(path)).text
    board = await day.market.read(VENDORS[0], "/board", state="all")
    assert preference.digest not in str(board)


async def test_a_batch_counts_no_preference_as_company(day: Day) -> None:
    """Three requests hide each other; a request beside a Preference stands alone."""
    market = day.market
    before = await market.items("/batches")
    await market.store(day.prefers(1))
    assert await market.publish() == 1
    assert await market.items("/batches") == before


async def test_of_several_preferences_only_the_newest_is_left(day: Day) -> None:
    await day.market.store(*(day.prefers(1, seq=seq) for seq in range(3)))
    assert len((await day.market.contents())["pending"]) == 1
    await day.market.publish()
    await day.market.store(day.prefers(2, seq=9))
    await day.market.publish()
    contents = await day.market.contents()
    assert contents["pending"] == []
    assert len(contents["preferences"]) == 1


@pytest.mark.on_postgresql
async def test_a_preference_is_not_lost_when_the_close_is_repeated(day: Day) -> None:
    await day.market.store(day.prefers(2))
    waiting = a_request(day.market)
    await day.market.store(waiting)
    await requests.collect(day.market.market)
    await requests.collect(day.market.market)
    assert [row[0] for row in (await day.market.contents())["pending"]] == [waiting.digest]
    assert await day.winner() == 2


async def test_the_reports_inputs_pin_the_preferences(day: Day) -> None:
    preference = day.prefers(1)
    await day.market.store(preference)
    name = await day.market.reach_cutoff(day.request)
    run = await day.market.get(f"/runs/{name}")
    places = await day.market.items(f"/runs/{name}/places")
    order = ["vendor", "place", "profile", "lat_e6", "lng_e6", "reach_m", "units", "band"]
    share = day.market.market.rules.newcomers.share
    bids = sorted(day.bids, key=lambda bid: bid.body.vendor)
    inputs = {
        "bids": [bid.digest for bid in bids],
        "places": [[place[name] for name in [*order, "suspended", "leads"]] for place in places],
        "items": [],
        "newcomers": share,
        "preferences": [[day.request.digest, preference.digest]],
        "requests": [day.request.digest],
    }
    assert run["report"]["inputs"] == crypto.digest(inputs)
