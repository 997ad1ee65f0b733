"""Mail is divided so that nobody has a bucket to themselves, and kept as long as the rules say."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import crypto
from crypto import messages
from crypto.errors import SealError
from marketplace.mail.rules import EVERYBODYS, bits_of, first_bucket
from tests.conftest import OpenMarket
from tests.support import (
    ClockedMarket,
    a_bid,
    a_key,
    a_preference,
    a_question,
    a_request,
    a_vendor,
    a_withdrawal,
    an_answer,
)
from vrm.documents import PersonalRequest, Signed
from vrm.documents.mail import bucket_of, is_in, mailbox_of, unpack

VENDOR = a_key("vendor")
REPLY = crypto.ReplyKey.from_seed(b"r" * 32)
DAY = 86_400


def a_crowd(market: ClockedMarket, size: int, **changes: Any) -> list[Signed[PersonalRequest]]:
    return [a_request(market, a_key(f"crowd {at}"), **changes) for at in range(size)]


async def boxes(market: ClockedMarket) -> list[tuple[str, bytes]]:
    """Every sealed message with its bucket."""
    found = []
    for one in await market.items("/mail"):
        content = (await market.http.get(f"/mail/{one['segment']}")).content
        found += [(one["bucket"], box) for box in unpack(content)]
    return found


def opened(box: bytes, sender: str, request: str, purpose: str) -> Any:
    try:
        message = messages.unseal(box, REPLY, sender=sender, request=request, purpose=purpose)
    except SealError:
        return None
    return message.content["document"]


@given(
    st.dictionaries(st.integers(0, 65_535), st.integers(1, 500), max_size=300),
    st.integers(1, 200),
)
def test_no_bucket_holds_fewer_than_the_minimum_unless_it_holds_all(
    requests: dict[int, int], minimum: int
) -> None:
    bits = bits_of(requests, minimum)
    held: Counter[str] = Counter()
    for mailbox, count in requests.items():
        held[bucket_of(mailbox, bits)] += count
    if bits:
        assert len(held) == 1 << bits
        assert min(held.values()) >= minimum


def test_buckets_are_as_small_as_they_may_be() -> None:
    even = {at << 12: 10 for at in range(16)}
    assert [bits_of(even, k) for k in (1, 10, 11, 20, 21, 80, 81)] == [4, 4, 3, 3, 2, 1, 0]
    assert bits_of({}, 1) == 0


def test_a_segment_never_reaches_into_another_bucket() -> None:
    waiting = [(0x1000, "bid", "a"), (0x3FFF, "bid", "b"), (0x4000, "bid", "c")]
    assert first_bucket(waiting, 2) == ("00", waiting[:2])
    assert first_bucket(waiting, 0) == ("", waiting)
    assert first_bucket([], 2) == ("", [])
    late = (EVERYBODYS, "ruling", "d")
    assert first_bucket([late, *waiting], 2) == ("", [late])
    assert first_bucket([late, *waiting], 0) == ("", [late, *waiting])


@pytest.mark.on_postgresql
async def test_each_message_lies_where_its_pseudonym_looks(open_market: OpenMarket) -> None:
    market = await open_market(mail={"bucket_minimum": 2})
    crowd = a_crowd(market, 24, reply_key=REPLY.public.text)
    await market.store(a_vendor(market, VENDOR), *crowd)
    await market.publish()
    await market.store(*(a_bid(market, VENDOR, one) for one in crowd))
    await market.publish()
    found = await boxes(market)
    assert len(found) == 2 * len(crowd)
    bits = {len(bucket) for bucket, _ in found}
    assert max(bits) > 0
    for request in crowd:
        mine = [b for b, box in found if opened(box, market.did, request.digest, "bid")]
        assert len(mine) == 1
        assert is_in(mailbox_of(request.body.pseudonym), mine[0])
    pseudonyms = Counter(bucket_of(mailbox_of(one.body.pseudonym), max(bits)) for one in crowd)
    assert min(pseudonyms.values()) >= 2


async def test_a_small_market_has_one_bucket(market: ClockedMarket) -> None:
    await market.store(*a_crowd(market, 12))
    await market.publish()
    assert {one["bucket"] for one in await market.items("/mail")} == {""}


async def test_what_a_pseudonym_posted_comes_back_to_it(market: ClockedMarket) -> None:
    owner = a_key("owner")
    request = a_request(market, owner, reply_key=REPLY.public.text)
    question = a_question(market, VENDOR, request)
    await market.store(a_vendor(market, VENDOR), request)
    await market.publish()
    await market.store(a_bid(market, VENDOR, request), question)
    await market.publish()
    preference = a_preference(market, owner, request)
    answer = an_answer(market, owner, question)
    await market.store(preference, answer, a_withdrawal(market, owner, request.digest))
    await market.publish()
    found = await boxes(market)
    for purpose, document in (
        ("request", request),
        ("preference", preference),
        ("answer", answer),
        ("withdrawal", a_withdrawal(market, owner, request.digest)),
    ):
        [copy] = [
            copy
            for _, box in found
            if (copy := opened(box, market.did, request.digest, purpose)) is not None
        ]
        assert crypto.canonical.canonical(copy) == document.wire


@pytest.mark.on_postgresql
async def test_an_order_that_was_replaced_before_it_counted_does_not_come_back(
    market: ClockedMarket,
) -> None:
    owner = a_key("owner")
    request = a_request(market, owner, reply_key=REPLY.public.text)
    await market.store(request)
    await market.publish()
    await market.store(*(a_preference(market, owner, request, seq=seq) for seq in (1, 2)))
    await market.publish()
    found = [
        opened(box, market.did, request.digest, "preference") for _, box in await boxes(market)
    ]
    assert [copy["seq"] for copy in found if copy] == [2]


async def test_mail_and_orders_that_are_over_are_forgotten(open_market: OpenMarket) -> None:
    market = await open_market(mail={"keep_days": 10})
    owner = a_key("owner")
    request = a_request(market, owner)
    await market.store(request)
    await market.publish()
    await market.store(a_preference(market, owner, request))
    await market.publish()
    await market.reach_cutoff(request)
    market.clock.advance(8 * DAY)
    await market.publish()
    held = await market.contents()
    assert (len(held["mail_segments"]), len(held["preferences"])) == (2, 1)
    market.clock.advance(3 * DAY)
    await market.publish()
    held = await market.contents()
    assert (held["mail_segments"], held["preferences"]) == ([], [])
    assert len(held["run_preferences"]) == 1, "what a run decided by is public and stays"


async def test_an_order_that_a_run_still_has_to_count_is_not_forgotten(
    open_market: OpenMarket,
) -> None:
    """A market that was down for long must not decide without what its customers ordered."""
    market = await open_market(mail={"keep_days": 10})
    owner = a_key("owner")
    request = a_request(market, owner)
    await market.store(request)
    await market.publish()
    await market.store(a_preference(market, owner, request))
    await market.publish()
    market.clock.advance(30 * DAY)
    await market.publish()
    assert len((await market.contents())["preferences"]) == 1
