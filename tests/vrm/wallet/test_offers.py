"""What a wallet makes of the bids on a request, and what becomes of the owner's order over them."""

import pytest

from marketplace.preferences import service as preferences
from marketplace.vendors import service as vendors
from tests.support import HERE, ClockedMarket, a_bid, a_key, a_place, a_question, a_vendor
from tests.vrm.wallet.conftest import Wire
from tests.vrm.wallet.scenes import at
from tests.vrm.wallet.test_outcomes import post, signed
from vrm.client.customer import CustomerClient
from vrm.documents import Alternative, Preference, recall
from vrm.documents.place import Point
from vrm.errors import InvalidDocument, MarketRefused, MarketUnreachable, UsageError, WalletError
from vrm.wallet import Wallet, explaining, mail, offers, outcomes, questions
from vrm.wallet.own import OwnRequest
from vrm.wallet.state import State
from vrm.wallet.wishes import Wish

STROLLER = Wish(
    title="Twin stroller", category="baby", at_most="250.00", delivery=("pickup",),
    policy="lowest-price", within="5km",
)  # fmt: skip
NAMES = ("cheap", "middle", "dear")
SHOPS = {name: a_key(name) for name in NAMES}
FAR = Point(HERE.lat_e6 + 900_000, HERE.lng_e6)


async def synced(wallet: Wallet, client: CustomerClient) -> State:
    """Read all that the market publishes."""
    async with client:
        await outcomes.sync(wallet, client)
        return (await mail.fetch(wallet, client)).state


async def bidden(wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> OwnRequest:
    """A request of the wallet's with three bids on it, the cheapest first."""
    await market.store(*(a_vendor(market, key, name=name) for name, key in SHOPS.items()))
    entry = await post(wallet, client, STROLLER)
    await market.publish()
    prices = zip(SHOPS.values(), (20_000, 21_000, 22_000), strict=True)
    await market.store(
        *(a_bid(market, key, signed(entry), price={"amount": amount}) for key, amount in prices)
    )
    await market.publish()
    return (await synced(wallet, client)).requests[-1]


async def judged(client: CustomerClient, entry: OwnRequest) -> offers.Offers:
    async with client:
        return (await offers.judge(client, [entry]))[entry.digest]


def digest(entry: OwnRequest, name: str) -> str:
    return next(b.digest for b in offers.standing(entry) if b.body.vendor == SHOPS[name].did)


async def prefer(
    wallet: Wallet, client: CustomerClient, entry: OwnRequest, *names: str, **rest: object
) -> OwnRequest:
    listed = [digest(entry, name)[:12] for name in names]
    async with client:
        return await offers.prefer(wallet, client, entry, listed=listed, **rest)  # type: ignore[arg-type]


async def outcome(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, entry: OwnRequest
) -> OwnRequest:
    await market.reach_cutoff(signed(entry))
    return (await synced(wallet, client)).requests[-1]


async def test_bids_stand_in_the_requests_own_order(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    found = await judged(client, entry)
    assert [offer.name for offer in found.good] == list(NAMES)
    assert [offer.amount for offer in found.good] == [20_000, 21_000, 22_000]
    assert all(offer.distance_m < 5_000 for offer in found.good)
    assert found.ineligible == 0


async def test_the_owners_order_changes_who_wins(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    entry = await prefer(wallet, client, entry, "dear", "middle")
    assert entry.preferences[-1].promise is not None
    found = await judged(client, entry)
    assert [(offer.name, offer.listed) for offer in found.good] == [
        ("dear", 1),
        ("middle", 2),
        ("cheap", None),
    ]
    entry = await outcome(wallet, client, market, entry)
    assert entry.assigned is not None
    assert entry.assigned.vendor == SHOPS["dear"].did
    words = " ".join(explaining.in_words(entry, market.rules, at(market)))
    assert "Your own order decided: it is number 1 of it." in words
    assert entry.fault is None


async def test_a_later_order_replaces_the_earlier_one(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    entry = await prefer(wallet, client, entry, "dear")
    struck = digest(entry, "cheap")
    entry = await prefer(wallet, client, entry, struck_out=[struck])
    assert [recall(own.wire, Preference).seq for own in entry.preferences] == [1, 2]
    found = await judged(client, entry)
    assert [offer.name for offer in found.good] == ["middle", "dear", "cheap"]
    assert found.good[-1].is_struck_out
    entry = await outcome(wallet, client, market, entry)
    assert entry.assigned is not None
    assert entry.assigned.vendor == SHOPS["middle"].did
    words = " ".join(explaining.in_words(entry, market.rules, at(market)))
    assert "ranked by your own order, and behind it by lowest-price" in words


async def test_only_listed_bids(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    entry = await prefer(wallet, client, entry, only_listed=True)
    entry = await outcome(wallet, client, market, entry)
    assert entry.reason == "none-eligible"


async def test_bids_that_cannot_win_are_not_shown(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """The wallet judges by the vendors' public list: a suspended vendor, and one that moved away."""
    entry = await bidden(wallet, client, market)
    await vendors.suspend(market.market, SHOPS["cheap"].did, "for the test")
    profile = a_vendor(market, SHOPS["dear"], name="dear", places=(a_place(where=FAR),))
    await market.execute(
        "UPDATE vendors SET wire = :wire WHERE did = :did", wire=profile.wire, did=SHOPS["dear"].did
    )
    found = await judged(client, entry)
    assert [offer.name for offer in found.good] == ["middle"]
    assert found.ineligible == 2


async def test_an_order_beyond_what_the_request_allows_is_not_eligible(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    request, place = entry.body, a_place()

    def fits(away: int = 0, **changes: object) -> bool:
        bid = a_bid(market, SHOPS["cheap"], signed(entry), **changes).body
        return offers.is_eligible(bid, request, away, place)

    assert fits()
    assert not fits(price={"amount": 25_001})
    assert not fits(price={"currency": "USD"})
    assert not fits(delivery="ship")
    assert not fits(away=5_001)
    assert not fits(terms={"digest": "A" * 43})


async def test_an_alternative_is_shown_and_can_be_chosen(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    shop = a_key("another shop")
    other = a_bid(
        market, shop, signed(entry), price={"amount": 9_000},
        alternative=Alternative(title="Single stroller"),
    )  # fmt: skip
    await market.store(a_vendor(market, shop), other)
    await market.publish()
    entry = (await synced(wallet, client)).requests[-1]
    async with client:
        await offers.prefer(wallet, client, entry, listed=[other.digest])
    entry = await outcome(wallet, client, market, entry)
    assert entry.assigned is not None
    assert entry.assigned.bid == other.digest


@pytest.mark.parametrize(
    ("names", "error"),
    [(["nothing"], WalletError), ([""], WalletError), (["cheap", "cheap"], UsageError)],
)
async def test_an_order_that_names_no_bid_or_one_twice(
    wallet: Wallet,
    client: CustomerClient,
    market: ClockedMarket,
    names: list[str],
    error: type[Exception],
) -> None:
    entry = await bidden(wallet, client, market)
    listed = [digest(entry, name) if name in SHOPS else name for name in names]
    async with client:
        with pytest.raises(error):
            await offers.prefer(wallet, client, entry, listed=listed)
    assert wallet.read().requests[-1].preferences == []


async def test_an_order_on_a_request_that_is_not_public(
    wallet: Wallet, client: CustomerClient
) -> None:
    entry = await post(wallet, client)
    async with client:
        with pytest.raises(WalletError, match="public"):
            await offers.prefer(wallet, client, entry, listed=[])


async def test_an_order_after_the_cutoff(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    market.clock.set("2026-11-21T17:00:00Z")
    with pytest.raises(MarketRefused) as refused:
        await prefer(wallet, client, entry, "dear")
    assert refused.value.code == "preferences-closed"


async def test_an_order_whose_answer_was_lost_may_count(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    entry = await bidden(wallet, client, market)
    entry = await prefer(wallet, client, entry, "middle")
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await prefer(wallet, client, entry, "dear")
    wire.loses_answers = False
    entry = await outcome(wallet, client, market, entry)
    assert entry.assigned is not None
    assert entry.assigned.vendor == SHOPS["dear"].did
    assert entry.fault is None


async def test_a_market_that_passes_over_the_owners_order(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    entry = await prefer(wallet, client, entry, "dear")
    await market.execute("DELETE FROM pending")
    entry = await outcome(wallet, client, market, entry)
    assert entry.fault is not None
    words = " ".join(explaining.in_words(entry, market.rules, at(market)))
    assert "did not decide by the order that you gave" in words


async def test_a_market_that_decides_by_an_older_order(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    entry = await prefer(wallet, client, entry, "dear")
    await market.publish()
    entry = await prefer(wallet, client, entry, "middle")
    await market.execute("DELETE FROM pending")
    entry = await outcome(wallet, client, market, entry)
    assert entry.fault is not None


async def test_nothing_of_an_order_is_in_the_markets_lists_before_the_close(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    await prefer(wallet, client, entry, "dear")
    await market.publish()
    async with market.market.db.snapshot() as connection:
        assert await preferences.frozen(connection, "2026-11-21") == []
    assert not any(run["report"] for run in await market.items("/runs"))


# --- questions ---


async def test_a_question_and_its_answer(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    await market.store(a_question(market, SHOPS["cheap"], signed(entry)))
    await market.publish()
    [asked] = questions.asked((await synced(wallet, client)).requests)
    assert (asked.question.vendor, asked.answer) == (SHOPS["cheap"].did, None)
    async with client:
        answered = await questions.answer(wallet, client, asked.digest[:8], "Yes, 75 cm.")
        assert (answered.answer, answered.is_confirmed) == ("Yes, 75 cm.", True)
        with pytest.raises(WalletError, match="has its answer"):
            await questions.answer(wallet, client, asked.digest[:8], "No.")
    await market.publish()
    shown = await market.read(SHOPS["dear"], f"/board/{entry.digest}")
    assert [one["answer"]["text"] for one in shown["questions"]] == ["Yes, 75 cm."]


async def test_an_answer_whose_confirmation_was_lost_is_sent_as_it_was(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    entry = await bidden(wallet, client, market)
    question = a_question(market, SHOPS["cheap"], signed(entry))
    await market.store(question)
    await market.publish()
    await synced(wallet, client)
    async with client:
        wire.loses_answers = True
        with pytest.raises(MarketUnreachable):
            await questions.answer(wallet, client, question.digest, "Yes.")
        wire.loses_answers = False
        again = await questions.answer(wallet, client, question.digest, "No.")
    assert (again.answer, again.is_confirmed) == ("Yes.", True)


async def test_an_answer_that_comes_too_late_is_not_kept(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    entry = await bidden(wallet, client, market)
    question = a_question(market, SHOPS["cheap"], signed(entry))
    await market.store(question)
    await market.publish()
    await synced(wallet, client)
    market.clock.set("2026-11-21T16:30:00Z")
    async with client:
        with pytest.raises(MarketRefused):
            await questions.answer(wallet, client, question.digest, "Yes.")
        with pytest.raises(InvalidDocument):
            await questions.answer(wallet, client, question.digest, "x" * 501)
        with pytest.raises(WalletError, match="No question"):
            await questions.answer(wallet, client, "zzz", "Yes.")
    assert wallet.read().requests[-1].answers == {}
