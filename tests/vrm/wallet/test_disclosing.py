"""The wallet tells the vendor that accepted whom to deliver to, and remembers who was told what."""

import json
import secrets
from collections.abc import AsyncIterator
from typing import Any

import httpx
import msgspec
import pytest

import crypto
from crypto import messages
from crypto.http_signatures import sign_request
from tests.support import ClockedMarket
from tests.vrm.wallet.conftest import URL, Wire
from tests.vrm.wallet.scenes import SHOPS, STROLLER, Play, accept, at, followed, given
from vrm.client.base import READ_TAG
from vrm.client.vendor import VendorClient
from vrm.documents import Contact, Disclosure, Told, sign
from vrm.documents.disclosure import BOX_BYTES, PURPOSE
from vrm.errors import MarketMisbehaved, MarketUnreachable, UsageError, WalletError
from vrm.vendor.contracts import keep_new
from vrm.vendor.ledger import Ledger
from vrm.wallet import Wallet, disclosing, mail, rounds
from vrm.wallet.own import OwnDisclosure, OwnRequest

MARIA = Contact(name="Maria Weber", phone="+43 1 234567")
HOME = Contact(name="Maria Weber", address=("Gasse 1/5", "1010 Wien"))
SHIPPED = msgspec.structs.replace(STROLLER, delivery=("ship",))


class AtItsTime(httpx.AsyncBaseTransport):
    """Signs the shop's reads by the market's clock, and may change the list of Disclosures on its way."""

    def __init__(self, market: ClockedMarket, wire: Wire, change: Any = None) -> None:
        self._market, self._wire, self._change = market, wire, change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if "signature" in request.headers:
            for name in ("signature", "signature-input"):
                del request.headers[name]
            url, created = str(request.url), self._market.clock.now
            nonce = secrets.token_urlsafe(16)
            added = sign_request(
                "GET", url, {}, None, SHOPS[0], tag=READ_TAG, created=created, nonce=nonce
            )
            request.headers.update(added)
        answer = await self._wire.handle_async_request(request)
        if self._change is None or request.url.path != "/vendors/self/disclosures":
            return answer
        page = json.loads(await answer.aread())
        self._change(page["items"])
        return httpx.Response(200, json=page, request=request)


@pytest.fixture
async def shop(market: ClockedMarket, wire: Wire) -> AsyncIterator[VendorClient]:
    """The shop that wins, with the key that it derives for each assignment."""
    transport = AtItsTime(market, wire)
    async with VendorClient(URL, SHOPS[0], transport=transport, attempts=1) as client:
        yield client


async def won(play: Play, shop: VendorClient, wish: Any = STROLLER, **bid: Any) -> OwnRequest:
    """A request that a shop has accepted, as far as the wallet has read."""
    await play(wish, **bid)
    await shop.accept([(await given(play.market)).digest])
    await play.market.publish()
    async with play.client as client:
        await mail.fetch(play.wallet, client)
    return await followed(play.wallet, play.client)


async def tell(play: Play, entry: OwnRequest, contact: Contact = MARIA) -> OwnDisclosure:
    async with play.client as client:
        return await disclosing.disclose(play.wallet, client, entry, contact, at(play.market))


async def test_only_the_vendor_reads_it(play: Play, shop: VendorClient) -> None:
    entry = await won(play, shop)
    assert disclosing.undisclosed(play.wallet.read()) == [entry]
    own = await tell(play, entry)
    assert own.has_arrived
    await play.market.publish()
    [heard] = [one async for one in shop.disclosures()]
    assert heard.told is not None
    assert (heard.told.contact, heard.told.terms) == (MARIA, entry.body.terms)
    assert heard.request.digest == entry.digest
    everything = repr(await play.market.contents())
    assert MARIA.name not in everything
    assert "234567" not in everything
    [line] = [
        change.words
        for change in rounds.changes(before(play, entry), play.wallet.read(), at(play.market))
    ]
    assert "told whom to deliver to" in line


def before(play: Play, entry: OwnRequest) -> Any:
    state = play.wallet.read()
    state.requests = [entry]
    return state


async def test_reading_does_not_tell_that_a_vendor_is_told_something(
    play: Play, shop: VendorClient, wire: Wire
) -> None:
    """The agreement's text is there before: every wallet reads all texts of the roster."""
    entry = await won(play, shop)
    wire.asked.clear()
    await tell(play, entry)
    assert wire.asked == [("POST", "/disclosures")]
    [contract] = disclosing.contracts(play.wallet.read(), play.wallet.read().requests)
    assert contract["terms"]["text"]


async def test_a_later_one_supersedes(play: Play, shop: VendorClient) -> None:
    """The parcel goes to the neighbour instead."""
    entry = await won(play, shop)
    await tell(play, entry)
    neighbour = Contact(name="Paul Huber")
    await tell(play, entry, neighbour)
    await play.market.publish()
    [heard] = [one async for one in shop.disclosures()]
    assert heard.told is not None
    assert heard.told.contact == neighbour
    kept = play.wallet.read().requests[-1].disclosures
    assert [own.told.contact for own in kept if own.told] == [MARIA, neighbour]


async def test_both_sides_keep_what_both_signed(
    play: Play, shop: VendorClient, tmp_path: Any
) -> None:
    entry = await won(play, shop)
    await tell(play, entry)
    await play.market.publish()
    state = play.wallet.read()
    [mine] = json.loads(msgspec.json.encode(disclosing.contracts(state, state.requests)))
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        await keep_new(shop, ledger.contracts)
        await keep_new(shop, ledger.contracts)
        [theirs] = json.loads(msgspec.json.encode(ledger.contracts.all()))
    for part in ("request", "bid", "assignment", "acceptance", "terms"):
        assert mine[part] == theirs[part], part
    assert mine["terms"]["text"] is not None
    assert mine["bid"]["terms"] == mine["request"]["terms"]
    assert theirs["document"] == mine["disclosures"][0]["document"]
    assert theirs["told"] == mine["disclosures"][0]["told"]


async def test_a_lost_answer_is_made_good_by_the_next_round(
    play: Play, shop: VendorClient, wire: Wire
) -> None:
    entry = await won(play, shop)
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await tell(play, entry)
    wire.loses_answers = False
    async with play.client as client:
        await disclosing.send_due(play.wallet, client, at(play.market))
    [own] = play.wallet.read().requests[-1].disclosures
    assert own.has_arrived
    await play.market.publish()
    assert [one.disclosure.digest async for one in shop.disclosures()] == [own.digest]


async def test_settled_once_it_is_told_by_the_round(play: Play, shop: VendorClient) -> None:
    entry = await won(play, shop, SHIPPED, delivery="ship")
    async with play.client as client:
        await disclosing.send_due(play.wallet, client, at(play.market))
        assert disclosing.undisclosed(play.wallet.read()), "nobody has said what to tell"
        disclosing.settle(play.wallet, entry, HOME)
        for _ in range(2):
            await disclosing.send_due(play.wallet, client, at(play.market))
    [own] = play.wallet.read().requests[-1].disclosures
    assert own.told is not None
    assert own.told.contact == HOME


async def test_nothing_before_the_vendor_accepted(play: Play) -> None:
    await play()
    entry = await followed(play.wallet, play.client)
    with pytest.raises(WalletError, match="No vendor has accepted"):
        await tell(play, entry)


async def test_nothing_without_the_vendor_s_word_on_the_terms(
    play: Play, shop: VendorClient
) -> None:
    entry = await won(play, shop)
    entry.bids.clear()
    with pytest.raises(WalletError, match="word on your terms"):
        await tell(play, entry)


async def test_an_address_that_a_pickup_does_not_need(play: Play, shop: VendorClient) -> None:
    entry = await won(play, shop)
    with pytest.raises(UsageError, match="needs no address"):
        await tell(play, entry, HOME)
    assert not play.wallet.read().requests[-1].disclosures


async def test_all_look_alike(play: Play, shop: VendorClient) -> None:
    entry = await won(play, shop)
    longest = Contact(name="M" * 120, note="n" * 200, phone="+43 1 234567", email="m@example.org")
    told = [await tell(play, entry), await tell(play, entry, longest)]
    lengths = {len(msgspec.json.decode(own.wire)["sealed"]) for own in told}
    assert len(lengths) == 1


async def test_it_comes_back_to_a_wallet_that_was_lost(
    play: Play, shop: VendorClient, wallet: Wallet
) -> None:
    own = await tell(play, await won(play, shop))
    await play.market.publish()
    with wallet.editing() as state:
        state.requests[-1].disclosures.clear()
        state.mail_cursor = None
    async with play.client as client:
        await mail.fetch(wallet, client)
    entry = wallet.read().requests[-1]
    [found] = entry.disclosures
    assert (found.digest, found.told, found.has_arrived) == (own.digest, None, True)
    second = await tell(play, entry)
    assert msgspec.json.decode(second.wire)["seq"] == 2


# --- a hostile market, a hostile customer ---


async def heard_through(market: ClockedMarket, wire: Wire, change: Any) -> list[Any]:
    transport = AtItsTime(market, wire, change)
    async with VendorClient(URL, SHOPS[0], transport=transport, attempts=1) as client:
        return [one async for one in client.disclosures()]


async def test_a_market_that_grafts_one_customer_s_address_onto_another_request(
    play: Play, shop: VendorClient, wire: Wire
) -> None:
    await tell(play, await won(play, shop))
    await play.market.publish()
    other = crypto.SigningKey.generate()

    def graft(items: list[Any]) -> None:
        bare = {name: value for name, value in items[0]["disclosure"].items() if name != "proof"}
        body = msgspec.convert(bare | {"pseudonym": other.did}, Disclosure)
        items[0]["disclosure"] = json.loads(sign(body, other).wire)

    with pytest.raises(MarketMisbehaved, match="another request"):
        await heard_through(play.market, wire, graft)


@pytest.mark.parametrize(
    "changes",
    [{"delivery": "on-site"}, {"terms": {"id": "PDC-AI", "digest": "A" * 43}}, {"bid": "A" * 43}],
)
async def test_a_customer_who_seals_other_terms(
    play: Play, shop: VendorClient, market: ClockedMarket, changes: dict[str, Any]
) -> None:
    """What is sealed cannot bind the vendor to what it never bid."""
    entry = await won(play, shop)
    key = play.wallet.pseudonym(entry.epoch, entry.index)
    assignment = await given(market)
    contact = {"name": "Maria Weber"}
    if "delivery" in changes:
        contact |= {"address": ["Gasse 1"]}  # type: ignore[dict-item]
    told = {
        "assignment": assignment.digest,
        "bid": assignment.body.bid,
        "terms": msgspec.to_builtins(entry.body.terms),
        "delivery": "pickup",
        "contact": contact,
    }
    box = messages.seal(
        msgspec.to_builtins(msgspec.convert(told | changes, Told)),
        sender=key,
        recipient=shop.message_key(assignment.digest).public,
        request=entry.digest,
        purpose=PURPOSE,
    )
    assert len(box) == BOX_BYTES
    body = Disclosure(
        market=market.did,
        pseudonym=key.did,
        request=entry.digest,
        assignment=assignment.digest,
        seq=1,
        sealed=crypto.base64url_encode(box),
    )
    await market.store(sign(body, key))
    await market.publish()
    [heard] = [one async for one in shop.disclosures()]
    assert heard.told is None
    assert "other terms" in heard.fault


async def test_a_box_that_is_noise(play: Play, shop: VendorClient) -> None:
    """It keeps the vendor from reading nothing else."""
    await play()
    await accept(play.market, 0)  # with a key that is none of the shop's own
    await play.market.publish()
    async with play.client as client:
        await mail.fetch(play.wallet, client)
    await tell(play, await followed(play.wallet, play.client))
    await play.market.publish()
    [heard] = [one async for one in shop.disclosures()]
    assert heard.told is None
    assert heard.fault
