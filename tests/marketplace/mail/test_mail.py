"""What vendors send reaches the owner of a request, and nobody else, before the close."""

import asyncio
import hashlib
from typing import Any

import pytest

import crypto
from crypto import messages
from crypto.errors import SealError
from marketplace.bids import service as bids
from marketplace.mail import service as mail
from tests.support import (
    ClockedMarket,
    a_bid,
    a_bid_withdrawal,
    a_key,
    a_request,
    a_vendor,
    problem,
)
from vrm.documents import Bid, PersonalRequest, Signed, accept
from vrm.documents.mail import name_of, unpack

OWNER = a_key("owner")
REPLY = crypto.ReplyKey.from_seed(b"r" * 32)
VENDORS = [a_key(f"vendor {number}") for number in range(3)]


@pytest.fixture
async def request_(market: ClockedMarket) -> Signed[PersonalRequest]:
    request = a_request(market, OWNER, reply_key=REPLY.public.text)
    await market.store(*(a_vendor(market, key) for key in VENDORS), request)
    await market.publish()
    return request


async def segments(market: ClockedMarket) -> list[tuple[dict[str, Any], bytes]]:
    """The newest instant's mail with the bytes, or an earlier one's."""
    listed = await market.items("/mail")
    return [
        (one, (await market.http.get(f"/mail/{one['segment']}")).content)
        for one in listed
        if one["instant"] == listed[-1]["instant"]
    ]


async def opened(market: ClockedMarket, request: str, purpose: str = "bid") -> list[dict[str, Any]]:
    """The documents in the mail that open with the owner's reply key."""
    found = []
    for _, content in await segments(market):
        for box in unpack(content):
            try:
                message = messages.unseal(
                    box, REPLY, sender=market.did, request=request, purpose=purpose
                )
            except SealError:
                continue
            found.append(message.content["document"])
    return found  # type: ignore[return-value]


async def test_a_bid_reaches_the_owner_as_the_market_received_it(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    bid = a_bid(market, VENDORS[0], request_)
    await market.store(bid)
    assert await opened(market, request_.digest) == []
    await market.publish()
    [document] = await opened(market, request_.digest)
    assert accept(document, Bid).wire == bid.wire


async def test_the_mail_waits_for_a_batch_instant(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    await market.store(a_bid(market, VENDORS[0], request_))
    market.clock.advance(60)
    assert await mail.publish(market.market) == 0
    assert not await mail.is_due(market.market)
    market.clock.advance(3600)
    assert await mail.is_due(market.market)
    assert await mail.publish(market.market) == 1
    assert not await mail.is_due(market.market)


@pytest.mark.on_postgresql
async def test_messages_stand_in_order_of_their_ciphertexts_digests(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    others = [a_request(market) for _ in range(5)]
    await market.store(*others)
    await market.publish()
    sent = [a_bid(market, key, one) for key in VENDORS for one in (request_, *others)]
    await market.send_batch(*sent)
    await market.publish()
    [(listed, content)] = await segments(market)
    boxes = unpack(content)
    assert len(boxes) == listed["messages"] == len(sent)
    digests = [hashlib.sha256(box).digest() for box in boxes]
    assert digests == sorted(digests)
    assert listed["segment"] == name_of(content)
    assert listed["size"] == len(content)
    assert len(await opened(market, request_.digest)) == len(VENDORS)


async def test_a_segment_never_changes(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    await market.store(a_bid(market, VENDORS[0], request_))
    await market.publish()
    [before] = await segments(market)
    listed = await market.items("/mail")
    await market.store(a_bid(market, VENDORS[1], request_))
    await market.publish()
    await market.reach_cutoff(request_)
    assert (await market.items("/mail"))[: len(listed)] == listed
    answer = await market.http.get(f"/mail/{before[0]['segment']}")
    assert answer.content == before[1]
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["ETag"] == f'"{before[0]["segment"]}"'


@pytest.mark.on_postgresql
async def test_long_mail_is_split_and_each_document_comes_once(
    market: ClockedMarket, request_: Signed[PersonalRequest], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [a_request(market) for _ in range(6)]
    await market.store(*others)
    await market.publish()
    sent = [a_bid(market, key, one) for key in VENDORS for one in (request_, *others)]
    await market.send_batch(*sent)
    monkeypatch.setattr(mail, "MESSAGES", 4)
    await market.publish()
    listed = [one for one, _ in await segments(market)]
    assert [one["messages"] for one in listed].count(4) == 5
    assert sum(one["messages"] for one in listed) == len(sent)
    assert len(await opened(market, request_.digest)) == len(VENDORS)


@pytest.mark.parametrize("point", ["mail-sealed", "mail-stored"])
async def test_a_worker_that_dies_in_the_middle_is_taken_up(
    market: ClockedMarket,
    request_: Signed[PersonalRequest],
    monkeypatch: pytest.MonkeyPatch,
    point: str,
) -> None:
    await market.store(*(a_bid(market, key, request_) for key in VENDORS))
    market.clock.advance(3600)
    monkeypatch.setattr(mail, "MESSAGES", 1)

    def die(reached: str) -> None:
        if reached == point:
            raise MemoryError

    with pytest.raises(MemoryError):
        await mail.publish(market.market, die)
    assert await opened(market, request_.digest) == [], "half an instant's mail is not shown"
    stored = 1 if point == "mail-stored" else 0
    assert await mail.is_due(market.market)
    assert await mail.publish(market.market) == 3 - stored
    found = await opened(market, request_.digest)
    assert sorted(one["vendor"] for one in found) == sorted(key.did for key in VENDORS)


@pytest.mark.on_postgresql
async def test_two_workers_publish_each_document_once(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    await market.store(*(a_bid(market, key, request_) for key in VENDORS))
    market.clock.advance(3600)
    done = await asyncio.gather(*(mail.publish(market.market) for _ in range(3)))
    assert sum(done) == 3
    assert len(await opened(market, request_.digest)) == 3


async def test_a_bid_that_was_replaced_before_the_batch_is_not_sent(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    newer = a_bid(market, VENDORS[0], request_, seq=2)
    await market.store(a_bid(market, VENDORS[0], request_), newer)
    await market.publish()
    [document] = await opened(market, request_.digest)
    assert accept(document, Bid).digest == newer.digest


@pytest.mark.on_postgresql
async def test_the_owner_learns_that_a_bid_was_taken_back(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    bid = a_bid(market, VENDORS[0], request_)
    await market.store(bid)
    await market.publish()
    await market.store(a_bid_withdrawal(market, VENDORS[0], bid.digest))
    await market.publish()
    [document] = await opened(market, request_.digest, "bid-withdrawal")
    assert (document["vendor"], document["bid"]) == (VENDORS[0].did, bid.digest)


async def test_another_reply_key_opens_nothing(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    await market.store(a_bid(market, VENDORS[0], request_))
    await market.publish()
    [(_, content)] = await segments(market)
    for key in (crypto.ReplyKey.generate(), crypto.ReplyKey.from_seed(b"m" * 32)):
        with pytest.raises(SealError):
            messages.unseal(
                unpack(content)[0], key, sender=None, request=request_.digest, purpose="bid"
            )


async def test_the_mail_shows_no_bid_to_a_vendor_who_reads_it(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    bid = a_bid(market, VENDORS[0], request_, text="A secret offer")
    await market.store(bid)
    await market.publish()
    [(listed, content)] = await segments(market)
    for word in (bid.digest, request_.digest, VENDORS[0].did, "A secret offer"):
        assert word.encode() not in content
        assert word not in str(listed)


async def test_bids_of_common_length_cannot_be_told_apart_by_it(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    await market.store(
        a_bid(market, VENDORS[0], request_),
        a_bid(market, VENDORS[1], request_, text="We have it here, in blue and in red."),
    )
    await market.publish()
    [(_, content)] = await segments(market)
    assert len({len(box) for box in unpack(content)}) == 1


async def test_a_batch_of_bids_is_all_mailed(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    body = [a_bid(market, key, request_).wire for key in VENDORS]
    raw = b'{"bids":[' + b",".join([*body, body[0]]) + b"]}"
    answer = await bids.submit_batch(market.market, raw)
    assert [one.status for one in answer.results] == ["accepted"] * 3 + ["known"]
    await market.publish()
    assert len(await opened(market, request_.digest)) == 3


async def test_a_segment_that_nobody_published(market: ClockedMarket) -> None:
    answer = await market.http.get("/mail/" + "A" * 43)
    assert problem(answer) == (404, "not-found")


async def test_the_list_can_be_followed(
    market: ClockedMarket, request_: Signed[PersonalRequest]
) -> None:
    await market.store(a_bid(market, VENDORS[0], request_))
    await market.publish()
    page = await market.get("/mail")
    assert page["next"] is None
    await market.store(a_bid(market, VENDORS[1], request_))
    await market.publish()
    later = await market.get("/mail", cursor=page["resume"])
    assert len(later["items"]) == 1
    assert later["items"][0]["segment"] != page["items"][0]["segment"]
