"""How many requests look alike: counted with a batch, for a week, and told from k on."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from marketplace.crowds.rules import Counts, counted, together, told
from tests.support import HERE, ClockedMarket, a_key, a_request
from tests.vrm.documents.samples import a_request as a_sample
from vrm.documents import Area, Need, PersonalRequest
from vrm.documents.place import cell_at, centre_of

CELLS = [cell_at(HERE, resolution) for resolution in (4, 5, 6, 7)]


def sample(cell: str, category: str, **changes: Any) -> PersonalRequest:
    area, need = Area(cell=cell, radius_m=5000), Need(title="A thing", category=category)
    return a_sample(area=area, need=need, **changes)


requests = st.lists(
    st.builds(
        sample,
        st.sampled_from(CELLS),
        st.sampled_from(["baby", "toys"]),
        facets=st.sampled_from([{"age": "30s"}, {"age": "20s", "household": "a couple"}]),
    ),
    max_size=12,
)


def test_a_request_counts_in_its_cell_and_in_coarser_ones() -> None:
    counts = counted([sample(CELLS[2], "baby", facets={"age": "30s"})], 4)
    coarser = [cell_at(centre_of(CELLS[2]), resolution) for resolution in (4, 5)]
    assert counts == Counts(
        requests=1,
        cells=dict.fromkeys([CELLS[2], *coarser], 1),
        categories={"baby": 1},
        facets={"age=30s": 1},
    )


@given(requests, requests)
def test_batches_add_up(first: list[PersonalRequest], second: list[PersonalRequest]) -> None:
    apart = together([counted(first, 4), counted(second, 4)])
    assert apart == counted([*first, *second], 4)
    shown = told(apart, 3)
    for kind in ("cells", "categories", "facets"):
        of_all, of_some = getattr(apart, kind), getattr(shown, kind)
        assert of_some == {name: times for name, times in of_all.items() if times > 2}


async def test_counts_move_with_batches_and_are_forgotten_after_a_week(
    sqlite_market: ClockedMarket,
) -> None:
    market = sqlite_market
    await market.reset()
    nobody = {"days": 7, "minimum": 10, "requests": 0, "cells": {}, "categories": {}, "facets": {}}
    assert await market.get("/crowds") == nobody
    alike = [a_request(market, a_key(), facets={"age": "30s"}) for _ in range(10)]
    other = a_request(market, need={"category": "books"})
    await market.store(*alike[:9], other)
    assert await market.get("/crowds") == nobody, "nothing moves when a request comes"
    await market.publish()
    found = await market.get("/crowds")
    assert (found["requests"], found["facets"], found["categories"]) == (10, {}, {})
    assert found["cells"], "all ten are of one place"
    await market.store(alike[9])
    await market.publish()
    found = await market.get("/crowds")
    assert found["requests"] == 11
    assert (found["facets"], found["categories"]) == ({"age=30s": 10}, {"baby": 10})
    assert found["cells"][alike[0].body.area.cell] == 11
    market.clock.advance(7 * 86_400)
    await market.store(a_request(market))
    await market.publish()
    assert await market.get("/crowds") == nobody | {"requests": 1}


async def test_an_answer_that_marks_who_asks(sqlite_market: ClockedMarket) -> None:
    first, second = [await sqlite_market.http.get("/crowds") for _ in range(2)]
    assert first.content == second.content
    assert first.headers["ETag"] == second.headers["ETag"]
