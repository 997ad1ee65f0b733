"""What a market lists as ratings is believed only where its authors signed it, and the market the opening."""

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from tests.vrm.client.test_vendor_client import client
from tests.vrm.vendor.builders import MARKET, PSEUDONYM, VENDOR, some_digest
from vrm.client.ratings import Ratings
from vrm.documents import Rating, RatingAnswer, Reveal, Signed, VendorRating, sign
from vrm.errors import MarketMisbehaved

ABOUT: dict[str, Any] = {
    "market": MARKET.did,
    "request": some_digest("R"),
    "assignment": some_digest("A"),
}
SALT = "A" * 22
SAID = sign(Rating(**ABOUT, pseudonym=PSEUDONYM.did, salt=SALT, stars=2), PSEUDONYM)
BACK = sign(VendorRating(**ABOUT, vendor=VENDOR.did, salt=SALT, stars=5), VENDOR)
REPLY = sign(RatingAnswer(**ABOUT, vendor=VENDOR.did, rating=SAID.digest, text="Sorry."), VENDOR)
OPENED = sign(Reveal(**ABOUT, rating=SAID.digest, vendor_rating=BACK.digest, tier="known"), MARKET)

Entry = dict[str, Any]


def shown(document: Signed[Any]) -> Entry:
    return {"digest": document.digest, "document": plain(document), "hidden": None}


def plain(document: Signed[Any]) -> Any:
    return msgspec.json.decode(document.wire)


def listed() -> Entry:
    return {
        "request": ABOUT["request"],
        "assignment": ABOUT["assignment"],
        "vendor": VENDOR.did,
        "revealed_at": "2026-11-22T18:00:00Z",
        "tier": "known",
        "reveal": plain(OPENED),
        "by_customer": {"stars": 2, "rating": shown(SAID), "answer": shown(REPLY)},
        "by_vendor": {"stars": 5, "rating": shown(BACK), "answer": None},
    }


async def read(entry: Entry) -> list[Ratings]:
    async with client(lambda _: {"items": [entry], "next": None}) as reader:
        return [one async for one in reader.ratings(VENDOR.did)]


async def test_what_is_signed_is_believed() -> None:
    [found] = await read(listed())
    assert found.by_customer is not None
    assert found.by_customer.answer is not None
    assert found.by_customer.answer.body.text == "Sorry."
    assert found.reveal.body.tier == "known"


def _other_stars(entry: Entry) -> None:
    entry["by_customer"]["stars"] = 5


def _another_tier(entry: Entry) -> None:
    entry["tier"] = "trusted"


def _left_out(entry: Entry) -> None:
    entry["by_customer"] = None


def _another_rating(entry: Entry) -> None:
    made_up = sign(Rating(**ABOUT, pseudonym=PSEUDONYM.did, salt=SALT, stars=5), PSEUDONYM)
    entry["by_customer"] = {"stars": 5, "rating": shown(made_up), "answer": None}


def _changed_words(entry: Entry) -> None:
    entry["by_customer"]["rating"]["document"]["stars"] = 5


def _hidden_without_decision(entry: Entry) -> None:
    entry["by_customer"]["rating"] |= {"document": None, "hidden": plain(OPENED)}


def _answer_to_another(entry: Entry) -> None:
    other = RatingAnswer(**ABOUT, vendor=VENDOR.did, rating=BACK.digest, text="Thanks!")
    entry["by_customer"]["answer"] = shown(sign(other, VENDOR))


def _opened_by_somebody_else(entry: Entry) -> None:
    body = msgspec.structs.replace(OPENED.body, market=VENDOR.did)
    entry["reveal"] = plain(sign(body, VENDOR))


@pytest.mark.parametrize(
    "attack",
    [
        _other_stars,
        _another_tier,
        _left_out,
        _another_rating,
        _changed_words,
        _hidden_without_decision,
        _answer_to_another,
        _opened_by_somebody_else,
    ],
)
async def test_a_market_that_tells_ratings_otherwise(attack: Callable[[Entry], None]) -> None:
    entry = listed()
    attack(entry)
    with pytest.raises(MarketMisbehaved):
        await read(entry)
