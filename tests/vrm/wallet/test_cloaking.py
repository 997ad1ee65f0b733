"""How a wallet hides its owner among others: the size of a place's cell, and what is said before posting."""

import msgspec
import pytest

from tests.vrm.documents.samples import a_request
from tests.vrm.vendor.builders import market
from vrm.client.customer import Crowds
from vrm.documents import Area, Need
from vrm.documents.place import cell_at, point, resolution_of
from vrm.errors import UsageError
from vrm.wallet.cloaking import NO_CROWD, choose_cell, in_words, look_alikes

RULES = market()
HOME = point(48.2082, 16.3738)
CELLS = {resolution: cell_at(HOME, resolution) for resolution in range(4, 8)}
ELSEWHERE = cell_at(point(47.0707, 15.4395), 4)


def crowds(counts: dict[int, int], elsewhere: int = 99) -> Crowds:
    """So many requests in the cells round home, by resolution."""
    cells = {CELLS[resolution]: number for resolution, number in counts.items()}
    number = max(counts.values(), default=0) + elsewhere
    return Crowds(days=7, requests=number, cells=cells | {ELSEWHERE: elsewhere})


@pytest.mark.parametrize(
    ("counts", "chosen"),
    [
        ({4: 400, 5: 120, 6: 30, 7: 10}, 7),
        ({4: 400, 5: 120, 6: 30}, 6),
        ({4: 400, 5: 12}, 5),
        ({4: 12}, 4),
        ({}, 4),
        ({4: 70}, 5),
        ({4: 490}, 6),
    ],
    ids=[
        "a crowd everywhere",
        "down to a district",
        "down to a county",
        "only in the region",
        "a lonely place",
        "some to be expected nearer",
        "many to be expected nearer",
    ],
)
def test_the_finest_cell_with_company(counts: dict[int, int], chosen: int) -> None:
    assert choose_cell(HOME, RULES, crowds(counts)) == CELLS[chosen]


def test_a_market_without_a_crowd_anywhere_gets_the_usual_cell() -> None:
    assert choose_cell(HOME, RULES, NO_CROWD) == CELLS[6]


def test_a_market_that_invents_a_crowd_learns_no_address() -> None:
    greedy = msgspec.structs.replace(RULES, cells=msgspec.structs.replace(RULES.cells, finest=9))
    invented = {cell_at(HOME, resolution): 10**9 for resolution in range(16)}
    found = choose_cell(HOME, greedy, Crowds(days=7, requests=10**9, cells=invented))
    assert resolution_of(found) == 7


def test_the_owner_has_the_last_word() -> None:
    assert choose_cell(HOME, RULES, crowds({}), 5) == CELLS[5]
    with pytest.raises(UsageError):
        choose_cell(HOME, RULES, crowds({}), 8)


REQUEST = a_request(
    area=Area(cell=CELLS[6], radius_m=5000),
    need=Need(title="Twin stroller", category="baby"),
    facets={"age": "30s"},
)
MANY = Crowds(
    days=7,
    requests=1000,
    cells={CELLS[6]: 400},
    categories={"baby": 500},
    facets={"age=30s": 200},
)


def test_company_is_told_before_posting() -> None:
    assert look_alikes(REQUEST, MANY) == 40
    [line] = in_words(REQUEST, MANY)
    assert line.startswith("About 40 requests of the last 7 days look like this one")


@pytest.mark.parametrize(
    ("missing", "hint"),
    [
        ({"cells": {}}, "a larger one"),
        ({"categories": {}}, "--category other"),
        ({"facets": {}}, "Few say age=30s"),
        ({"cells": {CELLS[6]: 20}, "categories": {"baby": 100}}, "together they are rare"),
        ({"requests": 3}, "The market is young"),
    ],
)
def test_what_makes_a_request_rare_is_named(missing: dict[str, object], hint: str) -> None:
    first, *rest = in_words(REQUEST, msgspec.structs.replace(MANY, **missing))
    assert first.startswith("Fewer than 10 requests")
    assert any(hint in line for line in rest)


def test_counts_that_contradict_each_other_do_not_flatter() -> None:
    """More of a category than there are requests is a market's lie or mistake."""
    lying = msgspec.structs.replace(MANY, categories={"baby": 10**9}, facets={"age=30s": 10**9})
    assert look_alikes(REQUEST, lying) == 400
