"""A wallet finds its own in mail that everybody can read, and believes only what holds."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

import crypto
from crypto import messages
from tests.support import (
    ClockedMarket,
    a_bid,
    a_bid_withdrawal,
    a_key,
    a_question,
    a_request,
    a_vendor,
    forged,
)
from tests.vrm.wallet.conftest import URL, Wire, make_wallet
from tests.vrm.wallet.scenes import at
from tests.vrm.wallet.test_outcomes import post, signed
from vrm.client.base import LARGEST_ANSWER
from vrm.client.customer import CustomerClient
from vrm.client.patience import PROBLEM
from vrm.documents.mail import name_of, pack
from vrm.errors import MarketRefused
from vrm.wallet import Wallet, mail, offers, rounds
from vrm.wallet.own import OwnRequest

SHOP, OTHER = a_key("shop"), a_key("other shop")


async def fetched(wallet: Wallet, client: CustomerClient) -> mail.Read:
    async with client:
        return await mail.fetch(wallet, client)


async def published(wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> OwnRequest:
    """A public request of the wallet's, in a market with two vendors."""
    await market.store(a_vendor(market, SHOP), a_vendor(market, OTHER))
    entry = await post(wallet, client)
    await market.publish()
    return entry


async def test_bids_withdrawals_and_questions_come_by_mail(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await published(wallet, client, market)
    bid, question = a_bid(market, SHOP, signed(entry)), a_question(market, OTHER, signed(entry))
    await market.store(bid, question)
    await market.publish()
    read = await fetched(wallet, client)
    [kept] = read.state.requests
    assert (list(kept.bids), list(kept.questions)) == ([bid.digest], [question.digest])
    assert kept.bids[bid.digest] == bid.wire
    assert [one.digest for one in offers.standing(kept)] == [bid.digest]
    await market.store(a_bid_withdrawal(market, SHOP, bid.digest))
    await market.publish()
    [kept] = (await fetched(wallet, client)).state.requests
    assert offers.standing(kept) == []
    assert read.findings == []


async def test_a_wallet_opens_only_its_own(
    tmp_path: Any, wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await published(wallet, client, market)
    other = make_wallet(tmp_path / "other", market.rules, at(market))
    mine = await post(other, client)
    await market.publish()
    await market.store(a_bid(market, SHOP, signed(entry)), a_bid(market, OTHER, signed(mine)))
    await market.publish()
    for reader, vendor in ((wallet, SHOP), (other, OTHER)):
        read = await fetched(reader, client)
        [kept] = read.state.requests
        assert [one.body.vendor for one in offers.standing(kept)] == [vendor.did]
        assert read.findings == []


async def test_the_mail_is_read_whole_and_once(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """Whose mail it is cannot be told from what is asked: everybody asks for all of it."""
    entry = await published(wallet, client, market)
    stranger = a_request(market)
    await market.store(stranger)
    await market.publish()
    await market.store(a_bid(market, SHOP, signed(entry)))
    await market.publish()
    await market.store(a_bid(market, SHOP, stranger))
    await market.publish()
    segments = {f"/mail/{one['segment']}" for one in await market.items("/mail")}
    assert len(segments) == 4
    wire.asked.clear()
    await fetched(wallet, client)
    paths = [path for _, path in wire.asked]
    assert segments <= set(paths)
    assert all(entry.digest not in path and entry.body.pseudonym not in path for path in paths)
    wire.asked.clear()
    await fetched(wallet, client)
    assert not segments & {path for _, path in wire.asked}


async def test_the_newest_bid_of_a_vendor_counts_whatever_order_it_came_in(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await published(wallet, client, market)
    older, newer = (a_bid(market, SHOP, signed(entry), seq=seq) for seq in (1, 2))
    for one in (newer, older):
        entry.bids[one.digest] = one.wire
    assert [one.digest for one in offers.standing(entry)] == [newer.digest]


# --- what does not hold ---


class Postman(httpx.AsyncBaseTransport):
    """Passes everything on, and puts sealed messages of its own into the mail."""

    def __init__(
        self,
        wire: Wire,
        *boxes: bytes,
        change: Callable[[bytes], bytes] = bytes,
        strange: dict[str, Any] | None = None,
    ) -> None:
        self._wire = wire
        self._content = change(pack(boxes))
        self._name = name_of(self._content)
        self._strange = strange

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == f"/mail/{self._name}":
            return httpx.Response(200, content=self._content)
        if request.url.path == "/mail":
            segment: dict[str, Any] = {"segment": self._name, "bucket": ""}
            segment["instant"] = "2026-11-21T00:00:00Z"
            segment |= {"messages": 1, "size": 1}
            others = [] if self._strange is None else [segment | self._strange]
            page = {"items": [*others, segment], "next": None, "resume": "x"}
            return httpx.Response(200, json=page)
        return await self._wire.handle_async_request(request)


Box = Callable[[ClockedMarket, OwnRequest, dict[str, Any]], bytes]


def sealed(market: ClockedMarket, entry: OwnRequest, document: Any, **changes: Any) -> bytes:
    """A message as the market seals it, with what the test changes."""
    facts: dict[str, Any] = {
        "sender": market.market.identity.key,
        "recipient": crypto.ReplyPublicKey.from_text(entry.body.reply_key),
        "request": entry.digest,
        "purpose": "bid",
    }
    return messages.seal({"document": document}, **(facts | changes))


def _bid(market: ClockedMarket, entry: OwnRequest) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(a_bid(market, SHOP, signed(entry)).wire)
    return found


def _foreign(market: ClockedMarket) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(a_bid(market, SHOP, a_request(market)).wire)
    return found


def _of_another_market(market: ClockedMarket, entry: OwnRequest) -> dict[str, Any]:
    body = forged(a_bid(market, SHOP, signed(entry)), SHOP, market=a_key("elsewhere").did)
    found: dict[str, Any] = msgspec.json.decode(body)
    return found


FAULTY: dict[str, Callable[[ClockedMarket, OwnRequest], bytes]] = {
    "sealed_by_a_stranger": lambda m, e: sealed(m, e, _bid(m, e), sender=a_key("stranger")),
    "about_another_request": lambda m, e: sealed(m, e, _bid(m, e), request="A" * 43),
    "for_an_unknown_purpose": lambda m, e: sealed(m, e, _bid(m, e), purpose="invoice"),
    "with_a_bid_as_a_question": lambda m, e: sealed(m, e, _bid(m, e), purpose="question"),
    "with_a_bid_on_another_request": lambda m, e: sealed(m, e, _foreign(m)),
    "with_a_price_that_was_changed": lambda m, e: sealed(m, e, _bid(m, e) | {"lead_time_hours": 1}),
    "with_a_bid_at_another_market": lambda m, e: sealed(m, e, _of_another_market(m, e)),
    "with_no_document": lambda m, e: sealed(m, e, "hello"),
    "with_anything_at_all": lambda m, e: crypto.sealed.seal(
        b"hello", crypto.ReplyPublicKey.from_text(e.body.reply_key)
    ),
}


@pytest.mark.parametrize("fault", FAULTY)
async def test_a_message(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire, fault: str
) -> None:
    entry = await published(wallet, client, market)
    good = sealed(market, entry, _bid(market, entry))
    lying = Postman(wire, FAULTY[fault](market, entry), good)
    read = await fetched(wallet, CustomerClient(URL, transport=lying, attempts=1))
    [finding] = read.findings
    assert finding.is_read
    assert "1 messages in it open for you" in mail.in_words(finding)
    [kept] = read.state.requests
    assert len(kept.bids) == 1
    assert kept.questions == {}


async def test_a_message_that_was_tampered_with_is_nobodys(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    entry = await published(wallet, client, market)
    box = bytearray(sealed(market, entry, _bid(market, entry)))
    box[100] ^= 1
    read = await fetched(
        wallet, CustomerClient(URL, transport=Postman(wire, bytes(box)), attempts=1)
    )
    assert (read.findings, read.state.requests[0].bids) == ([], {})


class Corrupting(httpx.AsyncBaseTransport):
    """Passes everything on, and spoils the first segment that is asked for."""

    def __init__(self, wire: Wire, spoil: Callable[[bytes], httpx.Response]) -> None:
        self._wire = wire
        self._spoil = spoil
        self.is_on = True

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._wire.handle_async_request(request)
        if request.url.path.startswith("/mail/") and self.is_on:
            self.is_on = False
            return self._spoil(await answer.aread())
        return answer


def _problem(status: int) -> httpx.Response:
    body = b'{"type":"about:blank","title":"No","status":%d,"code":"not-found"}' % status
    return httpx.Response(status, content=body, headers={"content-type": PROBLEM})


SPOILT: dict[str, Callable[[bytes], httpx.Response]] = {
    "that_is_not_the_one_it_is_listed_as": lambda _: httpx.Response(200, content=pack([])),
    "that_was_cut_off": lambda raw: httpx.Response(200, content=raw[:-1]),
    "that_is_larger_than_any": lambda _: httpx.Response(200, content=b"x" * (LARGEST_ANSWER + 1)),
    "that_the_market_lists_and_does_not_give": lambda _: _problem(404),
}


async def a_request_with_mail_twice(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """The wallet has read all mail but two segments, with a bid in each."""
    entry = await published(wallet, client, market)
    await fetched(wallet, client)
    for key in (SHOP, OTHER):
        await market.store(a_bid(market, key, signed(entry)))
        await market.publish()


@pytest.mark.parametrize("fault", SPOILT)
async def test_a_segment(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire, fault: str
) -> None:
    """It stops no other mail, is reported once with what to do, and comes back when all is read again."""
    await a_request_with_mail_twice(wallet, client, market)
    lying = CustomerClient(URL, transport=Corrupting(wire, SPOILT[fault]), attempts=1)
    async with lying:
        first = await rounds.go(wallet, lying)
    assert [len(entry.bids) for entry in wallet.read().requests] == [1]
    [name] = [one.segment for one in wallet.read().mail_findings]
    [trouble] = first.troubles
    assert name in trouble
    assert "vrm sync --again" in trouble
    wire.asked.clear()
    async with client:
        assert (await rounds.go(wallet, client)).troubles == []
    assert ("GET", f"/mail/{name}") not in wire.asked, "it would be known by asking again"
    mail.read_again(wallet)
    async with client:
        assert (await rounds.go(wallet, client)).troubles == []
    assert [len(entry.bids) for entry in wallet.read().requests] == [2]


@pytest.mark.parametrize(
    "cut", [lambda raw: raw[:-1], lambda raw: bytes(4) + raw, lambda _: b"mail"]
)
async def test_a_segment_whose_very_bytes_are_no_mail(
    wallet: Wallet,
    client: CustomerClient,
    market: ClockedMarket,
    wire: Wire,
    cut: Callable[[bytes], bytes],
) -> None:
    entry = await published(wallet, client, market)
    lying = Postman(wire, sealed(market, entry, _bid(market, entry)), change=cut)
    read = await fetched(wallet, CustomerClient(URL, transport=lying, attempts=1))
    [finding] = read.findings
    assert not finding.is_read
    assert read.state.mail_cursor == "x", "the next look goes on behind it"


async def test_a_market_that_is_busy_hides_no_mail(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """It is asked again: nothing is passed over for that."""
    await a_request_with_mail_twice(wallet, client, market)
    busy = CustomerClient(URL, transport=Corrupting(wire, lambda _: _problem(503)), attempts=1)
    with pytest.raises(MarketRefused):
        await fetched(wallet, busy)
    assert (await fetched(wallet, client)).opened == 2


@pytest.mark.parametrize(
    "changes", [{"instant": "2026-02-31T00:00:00Z"}, {"bucket": "x"}, {"segment": 7}]
)
async def test_an_entry_of_the_list_that_is_no_segment(
    wallet: Wallet,
    client: CustomerClient,
    market: ClockedMarket,
    wire: Wire,
    changes: dict[str, Any],
) -> None:
    entry = await published(wallet, client, market)
    lying = Postman(wire, sealed(market, entry, _bid(market, entry)), strange=changes)
    read = await fetched(wallet, CustomerClient(URL, transport=lying, attempts=1))
    assert ["no segments" in mail.in_words(one) for one in read.findings] == [True]
    assert len(read.state.requests[0].bids) == 1, "the others are read"


async def test_a_withdrawal_by_another_vendor_takes_no_bid_away(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    entry = await published(wallet, client, market)
    bid = a_bid(market, SHOP, signed(entry))
    takes = msgspec.json.decode(a_bid_withdrawal(market, OTHER, bid.digest).wire)
    boxes = (
        sealed(market, entry, msgspec.json.decode(bid.wire)),
        sealed(market, entry, takes, purpose="bid-withdrawal"),
    )
    lying = CustomerClient(URL, transport=Postman(wire, *boxes), attempts=1)
    [kept] = (await fetched(wallet, lying)).state.requests
    assert len(offers.standing(kept)) == 1
