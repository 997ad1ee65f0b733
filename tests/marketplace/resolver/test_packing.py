"""One packed sort gives what sorting field by field gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from marketplace.resolver.packing import ranks, sort_packed

narrow = st.integers(0, 3)
wide = st.sampled_from([0, 1, 2**40, 2**53])


@given(st.lists(st.tuples(narrow, narrow)) | st.lists(st.tuples(wide, wide)))
def test_sorts_by_major_then_minor_then_payload(pairs: list[tuple[int, int]]) -> None:
    major, minor = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    payload = np.arange(len(pairs))[::-1]
    rows = sorted(zip(major.tolist(), minor.tolist(), payload.tolist(), strict=True))
    ordered, ties = sort_packed(major, minor, payload)
    assert ordered.tolist() == [row[2] for row in rows]
    assert ties.tolist() == [i for i in range(len(rows) - 1) if rows[i][:2] == rows[i + 1][:2]]


@given(st.lists(wide, min_size=1))
def test_ranks_compare_as_the_values_do(values: list[int]) -> None:
    narrowed = ranks(np.array(values)).tolist()
    assert np.argsort(narrowed, kind="stable").tolist() == sorted(
        range(len(values)), key=values.__getitem__
    )
    assert max(narrowed) == len(set(values)) - 1
