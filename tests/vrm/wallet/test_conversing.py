"""A wallet and the shop that accepted write to each other; both keep what was said, and can show it later."""

import secrets
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

import crypto
from crypto.canonical import canonical
from tests.support import ClockedMarket, a_vendor_message
from tests.vrm.wallet.conftest import URL, Wire
from tests.vrm.wallet.scenes import SHOPS, Play, at, followed, given, signed
from tests.vrm.wallet.test_disclosing import AtItsTime, won
from vrm.client.vendor import VendorClient
from vrm.client.vendor_answers import OwnAssignment
from vrm.documents import Acceptance, Message, VendorMessage, conversation, recall, sign
from vrm.errors import InvalidDocument, MarketRefused, MarketUnreachable, UsageError, WalletError
from vrm.vendor import conversing as vendor_conversing
from vrm.vendor.ledger import Ledger
from vrm.wallet import Wallet, conversing, disputing, mail, rounds
from vrm.wallet.own import Heard, OwnMessage, OwnRequest


@pytest.fixture
async def shop(market: ClockedMarket, wire: Wire) -> AsyncIterator[VendorClient]:
    """The shop that wins."""
    transport = AtItsTime(market, wire)
    async with VendorClient(URL, SHOPS[0], transport=transport, attempts=1) as client:
        yield client


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        yield ledger


async def say(play: Play, entry: OwnRequest, text: str) -> OwnMessage:
    async with play.client as client:
        return await conversing.say(play.wallet, client, entry, text, at(play.market))


async def own_assignment(shop: VendorClient) -> OwnAssignment:
    [one] = [one async for one in shop.my_assignments()]
    return one


async def reply(play: Play, shop: VendorClient, ledger: Ledger, text: str) -> None:
    given = await own_assignment(shop)
    await vendor_conversing.say(shop, ledger, given, text, at(play.market))


async def hear(play: Play, shop: VendorClient, ledger: Ledger) -> list[str]:
    new = await vendor_conversing.hear(shop, ledger, at(play.market))
    return sorted(str(line.text) for line in new)


async def read_mail(play: Play) -> mail.Read:
    await play.market.publish()
    async with play.client as client:
        return await mail.fetch(play.wallet, client)


def lines(play: Play) -> list[tuple[str, str | None]]:
    return [(line.by, line.text) for line in conversing.lines(play.wallet.read().requests[-1])]


async def test_each_reads_what_the_other_wrote_and_nobody_else_does(
    play: Play, shop: VendorClient, ledger: Ledger
) -> None:
    entry = await won(play, shop)
    before = play.wallet.read()
    assert (await say(play, entry, "Is there a ramp?")).has_arrived
    await say(play, entry, "Und einen Lift?\nGrüße")
    await read_mail(play)
    assert await hear(play, shop, ledger) == ["Is there a ramp?", "Und einen Lift?\nGrüße"]
    assert await hear(play, shop, ledger) == [], "it was read"
    play.market.clock.advance(60)
    await reply(play, shop, ledger, "Both: pay by https://pay.example/7")
    assert (await read_mail(play)).findings == []
    assert lines(play) == [
        ("you", "Is there a ramp?"),
        ("you", "Und einen Lift?\nGrüße"),
        ("vendor", "Both: pay by https://pay.example/7"),
    ]
    theirs = [(line.mine, line.text) for line in ledger.conversation.all()]
    assert (True, "Both: pay by https://pay.example/7") in theirs
    everything = repr(await play.market.contents())
    assert not any(word in everything for word in ("ramp", "Lift", "pay.example"))
    told = [one.words for one in rounds.changes(before, play.wallet.read(), at(play.market))]
    assert any("new messages: 1" in line for line in told)


async def test_all_look_alike(play: Play, shop: VendorClient) -> None:
    entry = await won(play, shop)
    sent = [await say(play, entry, "?"), await say(play, entry, "x" * 1300)]
    assert len({len(msgspec.json.decode(own.wire)["sealed"]) for own in sent}) == 1


@pytest.mark.parametrize("text", ["", "x" * 1301, "ü" * 1000, "pay\u202eelbon"])
async def test_what_would_not_look_like_a_message(
    play: Play, shop: VendorClient, text: str
) -> None:
    entry = await won(play, shop)
    with pytest.raises(UsageError, match="The message"):
        await say(play, entry, text)
    assert not play.wallet.read().requests[-1].messages


async def test_nothing_before_the_vendor_accepted(play: Play) -> None:
    await play()
    with pytest.raises(WalletError, match="No vendor has accepted"):
        await say(play, await followed(play.wallet, play.client), "Hello?")


async def test_a_lost_answer_is_made_good_in_order(
    play: Play, shop: VendorClient, wire: Wire, ledger: Ledger
) -> None:
    entry = await won(play, shop)
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await say(play, entry, "one")
    given = await own_assignment(shop)
    with pytest.raises(MarketUnreachable):
        await vendor_conversing.say(shop, ledger, given, "uno", at(play.market))
    wire.loses_answers = False
    await say(play, entry, "two")
    await vendor_conversing.say(shop, ledger, given, "due", at(play.market))
    assert all(own.has_arrived for own in play.wallet.read().requests[-1].messages)
    await read_mail(play)
    assert await hear(play, shop, ledger) == ["one", "two"]
    assert [text for by, text in lines(play) if by == "vendor"] == ["uno", "due"]


async def test_what_the_market_will_never_take_is_not_tried_for_ever(
    play: Play, shop: VendorClient, market: ClockedMarket
) -> None:
    entry = await won(play, shop)
    market.clock.advance((market.rules.messages.days + 1) * 86_400)
    with pytest.raises(MarketRefused, match="conversation-over"):
        await say(play, entry, "Still there?")
    assert not play.wallet.read().requests[-1].messages


async def test_a_wallet_that_was_lost_goes_on_with_the_next_number(
    play: Play, shop: VendorClient, wallet: Wallet, ledger: Ledger
) -> None:
    entry = await won(play, shop)
    await say(play, entry, "one")
    await reply(play, shop, ledger, "uno")
    await play.market.publish()
    with wallet.editing() as state:
        state.requests[-1].messages.clear()
        state.requests[-1].heard.clear()
        state.mail_cursor = None
    await read_mail(play)
    assert lines(play) == [("you", None), ("vendor", "uno")]
    second = await say(play, wallet.read().requests[-1], "two")
    assert recall(second.wire, Message).number == 2


async def test_either_side_can_show_what_the_other_wrote(
    play: Play, shop: VendorClient, ledger: Ledger
) -> None:
    entry = await won(play, shop)
    await say(play, entry, "By Friday, please.")
    await reply(play, shop, ledger, "By Friday.")
    await read_mail(play)
    await hear(play, shop, ledger)
    [heard] = play.wallet.read().requests[-1].heard.values()
    inside = msgspec.json.decode(heard.inside or b"")
    sent = conversation.Sent.of(recall(heard.wire, VendorMessage), entry.body.reply_key)
    assert conversation.check_shown(inside, sent).text == "By Friday."
    [line] = [line for line in ledger.conversation.all() if not line.mine]
    to = recall(entry.acceptance or b"", Acceptance).message_key
    shown = msgspec.json.decode(line.inside or b"")
    sent = conversation.Sent.of(recall(line.document, Message), to)
    assert conversation.check_shown(shown, sent).text == "By Friday, please."


async def test_a_made_up_message(play: Play, shop: VendorClient, ledger: Ledger) -> None:
    """Whoever holds the signing key cannot show another text than the one that it sent."""
    entry = await won(play, shop)
    await reply(play, shop, ledger, "By Friday.")
    [line] = ledger.conversation.all()
    other = conversation.write(
        "By Sunday.",
        1,
        line.assignment,
        request=entry.digest,
        sender=SHOPS[0],
        recipient=crypto.ReplyPublicKey.from_text(entry.body.reply_key),
    )
    sent = conversation.Sent.of(recall(line.document, VendorMessage), entry.body.reply_key)
    with pytest.raises(InvalidDocument, match="commits to"):
        conversation.check_shown(other.inside, sent)


# --- hostile vendors, customers and markets ---


@pytest.mark.parametrize(
    "changes", [{"commitment": "A" * 43}, {"number": 2}, {"assignment": "A" * 43}]
)
async def test_a_vendor_that_commits_to_something_else_than_it_seals(
    play: Play, shop: VendorClient, market: ClockedMarket, changes: dict[str, Any]
) -> None:
    """It could deny later what the customer has read: so the customer sees that it wrote, and no text."""
    entry = await won(play, shop)
    one = await given(market)
    request = signed(entry)
    if "number" in changes:
        await market.store(a_vendor_message(market, SHOPS[0], request, one.digest))
        await read_mail(play)
    sealed_for = "B" * 42 + "A" if "assignment" in changes else one.digest
    bad = {name: value for name, value in changes.items() if name != "assignment"}
    made = a_vendor_message(market, SHOPS[0], request, sealed_for, 1, **bad)
    body = msgspec.structs.replace(made.body, assignment=one.digest)
    await market.store(sign(body, SHOPS[0]))
    before = play.wallet.read()
    read = await read_mail(play)
    assert read.findings == [], "the market did no wrong"
    found = play.wallet.read().requests[-1]
    [line] = [line for line in conversing.lines(found) if line.fault]
    assert (line.by, line.number, line.text) == ("vendor", made.body.number, None)
    assert conversing.missing(found) == [], "it was not kept back"
    told = [one.words for one in rounds.changes(before, read.state, at(market))]
    assert any("new messages that are none (vrm messages): 1" in words for words in told)
    async with play.client as client:
        with pytest.raises(WalletError, match="There is no message"):
            await disputing.dispute(
                play.wallet, client, found, "So it wrote.", theirs=[line.number]
            )


async def test_a_customer_that_commits_to_something_else_than_it_seals(
    play: Play, shop: VendorClient, market: ClockedMarket, ledger: Ledger
) -> None:
    entry = await won(play, shop)
    own = await say(play, entry, "Keep it for me.")
    key = play.wallet.pseudonym(entry.epoch, entry.index)
    salted = crypto.base64url_encode(secrets.token_bytes(32))
    body = msgspec.structs.replace(recall(own.wire, Message), number=2, commitment=salted)
    await market.store(sign(body, key))
    await market.publish()
    new = await vendor_conversing.hear(shop, ledger, at(market))
    assert {(line.number, line.text is None, bool(line.fault)) for line in new} == {
        (1, False, False),
        (2, True, True),
    }


async def test_a_message_of_a_vendor_that_was_not_given_it(
    play: Play, shop: VendorClient, market: ClockedMarket
) -> None:
    """Even where the market lets it through."""
    entry = await won(play, shop)
    one = await given(market)
    made = a_vendor_message(market, SHOPS[1], signed(entry), one.digest)
    with play.wallet.editing() as state:
        inside = canonical({"content": {}})
        state.requests[-1].heard[made.digest] = Heard(made.wire, inside, "")
    assert lines(play) == []


async def test_a_market_that_withholds_a_message_is_noticed(
    play: Play, shop: VendorClient, ledger: Ledger
) -> None:
    await won(play, shop)
    await reply(play, shop, ledger, "one")
    await reply(play, shop, ledger, "two")
    await read_mail(play)
    entry = play.wallet.read().requests[-1]
    assert conversing.missing(entry) == []
    entry.heard = {
        digest: one
        for digest, one in entry.heard.items()
        if recall(one.wire, VendorMessage).number == 2
    }
    assert conversing.missing(entry) == [1]
