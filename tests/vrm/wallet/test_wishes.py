"""From what a person types to a request, and back into words."""

import json
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.vrm.client.test_base import descriptor
from tests.vrm.documents.samples import KEY, REPLY, points
from vrm.documents import MarketDescriptor, PersonalRequest, read
from vrm.documents.place import Point, cell_at, point, resolution_of
from vrm.documents.scalars import parse_instant
from vrm.errors import UsageError
from vrm.wallet.cloaking import USUAL_RESOLUTION, choose_cell
from vrm.wallet.wishes import (
    Wish,
    area_in_words,
    compose,
    metres,
    quarter_hour,
    read_wish,
    what_is_public,
)

MARKET = msgspec.structs.replace(
    read(descriptor(), MarketDescriptor).body, facets={"age": ("20s", "30s")}
)
HOME = choose_cell(point(41.88, -87.62), MARKET)
CHICAGO = ZoneInfo("America/Chicago")


def made(**members: Any) -> PersonalRequest:
    wish = Wish(**({"title": "Twin stroller", "at_most": "250.00"} | members))
    return compose(wish, MARKET, cell=HOME, pseudonym=KEY.did, reply_key=REPLY)


def test_the_plainest_wish() -> None:
    request = made()
    assert (request.price.kind, request.price.amount, request.price.currency) == (
        "ceiling",
        25_000,
        "USD",
    )
    assert request.need.category == "other"
    assert request.terms.id == "PDC-INTENT"
    assert request.area.radius_m == 25_000
    assert request.delivery == ("ship", "pickup")


def test_the_policy_follows_the_price_where_the_market_has_it() -> None:
    both = msgspec.structs.replace(MARKET, policies=("nearest", "best-value", "best-nearby"))
    for price, policy in (("fixed", "best-nearby"), ("at_most", "best-value")):
        wish = read_wish(None, {"title": "x", price: "1.00"})
        assert compose(wish, both, cell=HOME, pseudonym=KEY.did, reply_key=REPLY).policy == policy
    assert made().policy == "best-nearby", "the only one here"


def test_amounts_have_the_currencys_digits() -> None:
    yen = msgspec.structs.replace(
        MARKET, currency=msgspec.structs.replace(MARKET.currency, code="JPY", digits=0)
    )
    wish = Wish(title="x", fixed="2500")
    request = compose(wish, yen, cell=HOME, pseudonym=KEY.did, reply_key=REPLY)
    assert request.price.amount == 2500


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"title": ""}, "title"),
        ({"at_most": None}, "Name one price"),
        ({"fixed": "250.00"}, "Name one price"),
        ({"at_most": "250,00"}, "250,00"),
        ({"at_most": "250.001"}, "2 digits"),
        ({"at_most": "0"}, "price.amount"),
        ({"category": "yachts"}, "no category yachts; it has other"),
        ({"terms": "PDC-NONE"}, "PDC-INTENT; not PDC-NONE"),
        ({"policy": "lowest-price"}, "best-nearby; not by lowest-price"),
        ({"within": "15"}, "15km"),
        ({"within": "501km"}, "at most 500 km"),
        ({"needed_by": "friday"}, "2026-11-27"),
        ({"needed_by": "9999-12-31T23:59:59-12:00"}, "2026-11-27"),
        ({"delivery": ("drone",)}, "delivery"),
        ({"gtin": "2000000100013"}, "check digit"),
        ({"condition": "shiny"}, "condition"),
        ({"attributes": {"not a name": "x"}}, "attributes"),
    ],
)
def test_a_wish_that_cannot_be(members: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError) as caught:
        made(**members)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_cell_that_the_market_no_longer_takes() -> None:
    fine = choose_cell(point(41.88, -87.62), MARKET, resolution=7)
    stricter = msgspec.structs.replace(
        MARKET, cells=msgspec.structs.replace(MARKET.cells, finest=5)
    )
    with pytest.raises(UsageError, match="add the place again"):
        compose(Wish(title="x", fixed="1"), stricter, cell=fine, pseudonym=KEY.did, reply_key=REPLY)


# --- files ---


def test_flags_go_before_a_file(tmp_path: Path) -> None:
    file = tmp_path / "stroller.toml"
    file.write_text('title = "Twin stroller"\nfixed = "250.00"\ndelivery = ["pickup"]\n')
    wish = read_wish(file, {"at_most": "230.00", "title": None})
    assert (wish.title, wish.fixed, wish.at_most) == ("Twin stroller", None, "230.00")
    assert wish.delivery == ("pickup",)


def test_a_json_file_reads_alike(tmp_path: Path) -> None:
    file = tmp_path / "stroller.json"
    file.write_text(json.dumps({"title": "Twin stroller", "attributes": {"color": "red"}}))
    assert read_wish(file, {}).attributes == {"color": "red"}


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", "{", "is not JSON"),
        ("a.toml", "= 1", "is not TOML"),
        ("a.json", "[]", "one object"),
        ("a.json", '{"titel": "x"}', "titel"),
        ("a.json", '{"fixed": 250.0}', "fixed"),
    ],
)
def test_a_file_that_is_wrong(tmp_path: Path, name: str, text: str, told: str) -> None:
    file = tmp_path / name
    file.write_text(text)
    with pytest.raises(UsageError) as caught:
        read_wish(file, {})
    assert told in str(caught.value)


# --- distances, times, cells ---


@pytest.mark.parametrize(
    ("within", "metres_shown"),
    [("50m", 1000), ("8317m", 10_000), ("10mi", 20_000), ("25km", 25_000)],
)
def test_a_radius_that_is_ones_own_to_the_metre(within: str, metres_shown: int) -> None:
    assert made(within=within).area.radius_m == metres_shown


def test_ways_of_delivery_in_ones_own_order() -> None:
    assert made(delivery=("pickup", "ship")) == made(delivery=("ship", "pickup", "ship"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [("15km", 15_000), ("800m", 800), ("10mi", 16_093), ("1.5 km", 1500), ("2KM", 2000)],
)
def test_distances(text: str, expected: int) -> None:
    assert metres(text) == expected


@pytest.mark.parametrize("text", ["", "km", "-1km", "1e3m", "15 furlongs", "１５km"])
def test_distances_that_are_none(text: str) -> None:
    with pytest.raises(UsageError):
        metres(text)


@pytest.mark.parametrize(
    ("text", "bound", "expected"),
    [
        ("2026-11-27", "end", "2026-11-28T05:45:00Z"),
        ("2026-11-27", "start", "2026-11-27T06:00:00Z"),
        ("2026-11-27T18:00", "end", "2026-11-28T00:00:00Z"),
        ("2026-11-27 18:14", "end", "2026-11-28T00:00:00Z"),
        ("2026-11-27T18:00:59Z", "end", "2026-11-27T18:00:00Z"),
        ("2026-07-01T12:00+05:45", "end", "2026-07-01T06:15:00Z"),
    ],
)
def test_times_are_the_markets_and_cut_to_quarters(text: str, bound: Any, expected: str) -> None:
    assert quarter_hour(text, CHICAGO, bound=bound) == expected


@given(st.datetimes(datetime(2020, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_a_time_is_never_later_than_it_was_said(when: datetime) -> None:
    cut = quarter_hour(when.isoformat(), ZoneInfo("UTC"), bound="end")
    said = when.replace(tzinfo=parse_instant(cut).tzinfo)
    assert 0 <= (said - parse_instant(cut)).total_seconds() < 900


@given(points)
def test_a_places_cell_has_the_default_resolution(where: Point) -> None:
    assert resolution_of(choose_cell(where, MARKET)) == USUAL_RESOLUTION


def test_the_default_resolution_bends_to_the_market() -> None:
    where = point(41.88, -87.62)
    for coarsest, finest, expected in ((7, 9, 7), (2, 4, 4), (4, 7, 6)):
        cells = msgspec.structs.replace(MARKET.cells, coarsest=coarsest, finest=finest)
        market = msgspec.structs.replace(MARKET, cells=cells)
        assert resolution_of(choose_cell(where, market)) == expected
    with pytest.raises(UsageError, match="4 to 7"):
        choose_cell(where, MARKET, resolution=8)


def with_cells(coarsest: int, finest: int) -> MarketDescriptor:
    cells = msgspec.structs.replace(MARKET.cells, coarsest=coarsest, finest=finest)
    return msgspec.structs.replace(MARKET, cells=cells)


def test_a_market_that_asks_for_the_very_house() -> None:
    """How precise a place is shown is not the market's to decide."""
    where = point(41.88, -87.62)
    for greedy in (with_cells(8, 9), with_cells(13, 15)):
        with pytest.raises(UsageError, match="none finer than 7"):
            choose_cell(where, greedy)
    with pytest.raises(UsageError, match="4 to 7"):
        choose_cell(where, with_cells(4, 9), resolution=8)


def test_a_fine_cell_kept_from_before_is_not_shown() -> None:
    cell = cell_at(point(41.88, -87.62), 9)
    wish = Wish(title="x", fixed="1.00")
    with pytest.raises(UsageError, match="add the place again"):
        compose(wish, with_cells(4, 9), cell=cell, pseudonym=KEY.did, reply_key=REPLY)


def test_facets_in_words_of_one_s_own() -> None:
    """A word that nobody else uses is a name."""
    assert made(facets={"age": "30s"}).facets == {"age": "30s"}
    with pytest.raises(UsageError, match="age is one of 20s, 30s"):
        made(facets={"age": "37"})
    with pytest.raises(UsageError, match="no facet of this market"):
        made(facets={"shoe": "39"})


# --- in words ---


def test_all_that_becomes_public_is_said() -> None:
    request = made(
        text="With rain cover", brand="Pramwell", gtin="2000000100012", attributes={"color": "red"},
        facets={"age": "30s"}, needed_by="2026-11-27", not_before="2026-11-25", newcomers=True,
    )  # fmt: skip
    said = " ".join(f"{name} {text}" for name, text in what_is_public(request, MARKET))
    for public in (
        "Twin stroller", "With rain cover", "Pramwell", "2000000100012", "color: red", "age: 30s",
        "at most 250.00 USD", "25 km", "ship or pickup", "2026-11-27T23:45:00Z",
        "2026-11-25T00:00:00Z", "PDC-INTENT", request.area.cell, request.pseudonym, "best-nearby",
        "go first if the lot falls on it (10 in 100)",
    ):  # fmt: skip
        assert public in said


def test_an_area_is_said_by_its_size() -> None:
    assert "about 36 km² round 41.88, -87.61" in area_in_words(HOME)


def test_a_small_area_is_not_said_to_be_none() -> None:
    assert "about 0 " not in area_in_words(cell_at(point(41.88, -87.62), 9))
    assert " m² round" in area_in_words(cell_at(point(41.88, -87.62), 9))
