"""A customer asks for a brand's item, and learns that the brand ships it."""

from typing import Any

import msgspec
import pytest

from tests.support import ClockedMarket, a_bid, a_key, a_vendor, an_item
from tests.vrm.wallet.conftest import Wire
from tests.vrm.wallet.scenes import at
from vrm.client.customer import CustomerClient
from vrm.client.public import Item
from vrm.documents import CatalogueItem, Fallback, PersonalRequest, Signed
from vrm.errors import MarketRefused, UsageError
from vrm.wallet import Wallet, explaining, items, outcomes, requests
from vrm.wallet.own import OwnRequest
from vrm.wallet.wishes import Wish, what_is_public

BRAND, SHOP = a_key("brand"), a_key("shop")


@pytest.fixture
async def item(market: ClockedMarket) -> Signed[CatalogueItem]:
    made = an_item(
        market,
        BRAND,
        brand="Pramwell",
        model="Duo 2",
        gtin="2000000100012",
        delivery=("ship", "pickup"),
    )
    await market.store(a_vendor(market, BRAND, name="Pramwell"), a_vendor(market, SHOP), made)
    return made


async def post(wallet: Wallet, client: CustomerClient, wish: Wish) -> OwnRequest:
    """Ask for what a wish names, as the command line does."""
    async with client:
        market = await client.descriptor()
        [found] = items.find([one async for one in client.catalogue(listed=True)], wish.item or "")
        wish = items.taken(wish, found.item.body, market)
        entry = requests.prepare(wallet, wish, market)
        return await requests.send(wallet, client, entry)


async def followed(wallet: Wallet, client: CustomerClient) -> OwnRequest:
    async with client:
        return (await outcomes.sync(wallet, client)).requests[-1]


async def test_an_item_that_the_brand_ships(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, item: Signed[CatalogueItem]
) -> None:
    entry = await post(wallet, client, Wish(item="twin STROLLER", delivery=("pickup",)))
    body = entry.body
    assert (body.price.kind, body.price.amount, body.delivery) == ("fixed", 24_900, ("pickup",))
    assert (body.need.title, body.need.category) == ("Twin stroller Duo 2", "baby")
    assert (body.need.gtin, body.need.model, body.policy) == (
        "2000000100012",
        "Duo 2",
        "best-nearby",
    )
    told = dict(what_is_public(body, market.rules))
    assert told["item"] == f"duo of the brand {BRAND.did}"
    await market.publish()
    await market.reach_cutoff(_signed(entry))
    entry = await followed(wallet, client)
    assert entry.status(at(market)) == "fallback"
    assert not entry.is_open()
    (words,) = explaining.in_words(entry, market.rules, at(market))
    assert "the brand itself ships duo for 249.00 EUR" in words
    assert entry.shipped is not None
    async with client:
        (named,) = await explaining.brand(client, entry.shipped)
    assert named == f"The brand is Pramwell ({BRAND.did})."


async def test_an_item_that_a_shop_nearby_serves(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, item: Signed[CatalogueItem]
) -> None:
    entry = await post(wallet, client, Wish(item=items.name_of(item.body), quantity=2))
    assert entry.body.price.amount == 49_800
    await market.publish()
    await market.store(a_bid(market, SHOP, _signed(entry)))
    await market.reach_cutoff(_signed(entry))
    assert (await followed(wallet, client)).status(at(market)) == "assigned"


async def test_a_price_that_changed_before_the_request_arrived(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, item: Signed[CatalogueItem]
) -> None:
    async with client:
        wish = items.taken(Wish(item="duo"), item.body, await client.descriptor())
        entry = requests.prepare(wallet, wish, market.rules)
        await market.store(an_item(market, BRAND, seq=2, amount=30_000))
        with pytest.raises(MarketRefused) as caught:
            await requests.send(wallet, client, entry)
    assert caught.value.code == "off-item-price"
    assert wallet.read().requests == [], "it can be asked for again"


async def test_the_market_cannot_see_which_item_is_looked_for(
    wallet: Wallet, client: CustomerClient, wire: Wire, item: Signed[CatalogueItem]
) -> None:
    await post(wallet, client, Wish(item="duo"))
    asked = [path for method, path in wire.asked if method == "GET"]
    assert not [path for path in asked if BRAND.did in path or item.digest in path]


@pytest.mark.parametrize(
    ("wish", "said"),
    [
        (Wish(fixed="240.00"), "price is fixed at 249.00 EUR"),
        (Wish(at_most="250.00"), "price is fixed"),
        (Wish(delivery=("on-site",)), "delivered by ship, pickup only"),
        (Wish(terms="PDC-NONE"), "accepts PDC-INTENT only"),
    ],
)
async def test_a_wish_that_the_item_does_not_grant(
    market: ClockedMarket, item: Signed[CatalogueItem], wish: Wish, said: str
) -> None:
    with pytest.raises(UsageError, match=said):
        items.taken(wish, item.body, market.rules)


async def test_finding_by_name_and_by_words(
    market: ClockedMarket, item: Signed[CatalogueItem]
) -> None:
    other = an_item(market, BRAND, id="duo-rain", title="Rain cover for the Duo 2")
    known = [Item("Pramwell", item), Item("Pramwell", other)]

    def found(wanted: str) -> list[str]:
        return [one.item.body.id for one in items.find(known, wanted)]

    assert found(f"{BRAND.did}/duo") == ["duo"]
    assert found("duo 2") == ["duo", "duo-rain"]
    assert found("pramwell rain") == ["duo-rain"]
    assert found("piano") == []


# --- what a market might do ---


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 24_901},
        {"currency": "USD"},
        {"item": "trio"},
        {"principal": SHOP.did},
    ],
)
async def test_a_fallback_beyond_the_request(
    wallet: Wallet,
    client: CustomerClient,
    market: ClockedMarket,
    item: Signed[CatalogueItem],
    change: dict[str, Any],
) -> None:
    entry = await post(wallet, client, Wish(item="duo"))
    right = Fallback(
        market=market.did,
        day="2026-11-21",
        request=entry.digest,
        principal=BRAND.did,
        item="duo",
        amount=24_900,
        currency="EUR",
        tick=0,
    )
    wrong = msgspec.structs.replace(right, **change)
    outcomes.match_fallback(entry, Signed(wrong, "A" * 43, b"{}"))
    assert entry.status(at(market)) == "market-at-fault"
    assert entry.fallback is None


async def test_a_fallback_of_a_request_that_names_no_item(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    wish = Wish(title="Twin stroller", category="baby", fixed="249.00")
    entry = requests.prepare(wallet, wish, market.rules)
    said = Fallback(
        market=market.did,
        day="2026-11-21",
        request=entry.digest,
        principal=BRAND.did,
        item="duo",
        amount=24_900,
        currency="EUR",
        tick=0,
    )
    outcomes.match_fallback(entry, Signed(said, "A" * 43, b"{}"))
    assert entry.fault is not None


def _signed(entry: OwnRequest) -> Signed[PersonalRequest]:
    return Signed(entry.body, entry.digest, entry.wire)
