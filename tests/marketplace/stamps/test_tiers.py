"""Tiers: what stamps make of a member, once in each epoch, and in a crowd only."""

from typing import Any

import msgspec
import pytest

from marketplace.members import service as members
from marketplace.settings import TokenSettings
from marketplace.stamps import rules
from marketplace.stamps import service as stamps
from marketplace.stamps.rules import Counts, matured_before, merged, tier_of
from tests.conftest import OpenMarket
from tests.marketplace.stamps.test_stamps import WEEK, deposit, earned, joined
from tests.marketplace.tokens.test_issuing import draw
from tests.support import ClockedMarket, assert_refused, problem
from tests.support.tokens import Person, issuer_key
from vrm.documents.standing import Stamp

RULES = TokenSettings().document()


@pytest.mark.parametrize(
    ("counts", "tier"),
    [
        (Counts(), "new"),
        (Counts(drawn=0, fulfilled=2), "new"),
        (Counts(drawn=160, fulfilled=3, returned=150), "known"),
        (Counts(drawn=160, fulfilled=3, returned=149), "new"),
        (Counts(drawn=160, fulfilled=12, returned=140), "trusted"),
        (Counts(drawn=160, fulfilled=12, returned=139), "known"),
        (Counts(drawn=16, fulfilled=12, returned=400), "trusted"),
    ],
)
def test_a_tier_is_a_share_of_what_did_not_come_back(counts: Counts, tier: str) -> None:
    assert tier_of(counts, RULES) == tier


@pytest.mark.parametrize(
    ("drew", "counts_as"),
    [
        ({"new": 500, "known": 20, "trusted": 20}, ("new", "known", "trusted")),
        ({"new": 500, "known": 20, "trusted": 19}, ("new", "known", "known")),
        ({"new": 500, "known": 1, "trusted": 19}, ("new", "known", "known")),
        ({"new": 500, "known": 0, "trusted": 19}, ("new", "new", "new")),
        ({"new": 500, "known": 19, "trusted": 20}, ("new", "new", "trusted")),
        ({}, ("new", "new", "new")),
    ],
)
def test_a_tier_with_too_few_counts_as_the_one_below(
    drew: dict[Any, int], counts_as: tuple[str, ...]
) -> None:
    assert tuple(merged(drew, RULES).values()) == counts_as


def test_a_tier_without_tokens_counts_as_the_one_below() -> None:
    alone = msgspec.structs.replace(RULES, allotment={"new": 16})
    assert set(merged({"known": 100, "trusted": 100}, alone).values()) == {"new"}


@pytest.mark.parametrize(
    ("ended", "now", "worth"),
    [
        ("none", 99, None),
        ("none", 100, "stamp-r"),
        *((ended, 0, "stamp-r") for ended in ("withdrawn", "unfilled", "not-received")),
        ("received", 0, "stamp-f"),
        *((ended, 200, None) for ended in ("waits", "open", "decided")),
    ],
)
def test_what_a_token_is_worth_a_stamp_for(ended: str, now: int, worth: Stamp | None) -> None:
    assert rules.worth(ended, 100, now) == worth


def test_draws_count_once_their_tokens_can_have_come_back() -> None:
    """Drawn in week 0, over in week 1 and claimed then, deposited in week 2, counted from week 3 on."""
    assert [week for week in range(9) if matured_before(RULES, 7 * week) > 0] == [3, 4, 5, 6, 7, 8]


async def tier(market: ClockedMarket, person: Person) -> str:
    answer = await market.ask(person.key, "/members/self", tag="vrm-member")
    return str(answer.json()["tier"])


async def draws(market: ClockedMarket, person: Person, of_tier: str) -> tuple[int, str]:
    key = await issuer_key(market.market, of_tier)
    count = market.rules.tokens.allotment[of_tier]  # type: ignore[index]
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    body = person.draw(market.did, key, count, epoch).batch_request()
    answer = await draw(market, person.key, body)
    return (200, "") if answer.status_code == 200 else problem(answer)


@pytest.mark.on_postgresql
async def test_members_rise_in_a_crowd_and_draw_the_more(open_market: OpenMarket) -> None:
    rules = {"crowd": 2, "known": {"fulfilled": 3, "permille": 1}}
    market = await open_market(tokens={"standing": rules})
    people = [await joined(market, name) for name in ("ada", "bob", "eve")]
    given = await earned(market, "stamp-f", 6)
    for at, person in enumerate(people[:2]):
        assert await draws(market, person, "new") == (200, "")
        answer = await deposit(market, person, given[3 * at : 3 * at + 3])
        assert answer.json()["fulfilled"] == 3
    await stamps.settle(market.market)
    assert [await tier(market, person) for person in people] == ["new"] * 3, "not in this epoch"
    market.clock.advance(WEEK)
    await issuer_key(market.market)
    await stamps.settle(market.market)
    assert [await tier(market, person) for person in people] == ["known", "known", "new"]
    assert await draws(market, people[0], "known") == (200, "")
    assert await draws(market, people[2], "known") == (422, "token-request-invalid")

    market.clock.advance(WEEK)  # of the two only one drew: alone, nobody is of a tier of their own
    await issuer_key(market.market)
    await stamps.settle(market.market)
    assert [await tier(market, person) for person in people] == ["new"] * 3


@pytest.mark.on_postgresql
async def test_one_draw_for_each_epoch_whatever_the_tier(open_market: OpenMarket) -> None:
    """Whoever's tier moves late must not draw under the old one and under the new one."""
    market = await open_market()
    person = await joined(market)
    assert await draws(market, person, "new") == (200, "")
    async with market.market.db.unit_of_work() as connection:
        await members.set_tiers(connection, {person.did: "known"})
    assert await draws(market, person, "known") == (409, "already-drawn")


@pytest.mark.on_postgresql
async def test_leaving_forgets_the_stamps_and_gives_no_second_draw(market: ClockedMarket) -> None:
    person = await joined(market)
    given = await earned(market, "stamp-f", 3)
    await draws(market, person, "new")
    await deposit(market, person, given)
    await market.post("/departures", person.leaving(market.did).wire)
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    held = await market.contents()
    assert held["standings"] == [(person.did, epoch, 16, 0, 0)]
    assert held["stamp_deposits"] == []
    await market.post("/members", person.joining(market.did, 3).wire)
    key = await issuer_key(market.market)
    again = draw(market, person.key, person.draw(market.did, key, 16, epoch=9).batch_request())
    await assert_refused(market, again, 409, "already-drawn")
