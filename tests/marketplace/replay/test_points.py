"""Files of orders and sellers: what reads, and every refusal with its line."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketplace.replay.points import read_sites, sites
from tests.marketplace.replay.country import degrees
from vrm.documents.place import Point
from vrm.errors import UsageError


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "orders.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_reads_degrees_as_millionths(tmp_path: Path) -> None:
    found = read_sites(written(tmp_path, "order,lat,lng\na,-20.5099,-47.39787\n"), "order")
    assert degrees(found) == [Point(-20_509_900, -47_397_870)]


@pytest.mark.parametrize(
    "content",
    [
        "\ufefforder,lat,lng\r\na,1,2\r\nb,3,4\r\n",
        'order,lat,lng\n"a",1,2\n\nb,3.0,+4.\n\n',
        "order,lat,lng\nb,3,4\na,1.0000001,2e0",
    ],
)
def test_reads_what_spreadsheets_write(tmp_path: Path, content: str) -> None:
    plain = sites("order", [("a", Point(1_000_000, 2_000_000)), ("b", Point(3_000_000, 4_000_000))])
    found = read_sites(written(tmp_path, content), "order")
    assert np.array_equal(found.digest, plain.digest)
    assert degrees(found) == degrees(plain)


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "line 1: the first line must be order,lat,lng"),
        ("seller,lat,lng\na,1,2\n", "line 1: the first line must be order,lat,lng"),
        ("order,lng,lat\na,1,2\n", "line 1: the first line must be order,lat,lng"),
        ("order,lat,lng\n", "no order below the heading"),
        ("order,lat,lng\na,1,2\nb,1\n", "line 3: 2 cells where order,lat,lng are 3"),
        ("order,lat,lng\na,1,2,3\n", "line 2: 4 cells where order,lat,lng are 3"),
        ("order,lat,lng\n,1,2\n", "line 2: the order has no name"),
        ("order,lat,lng\na,1,2\n\na,1,2\n", "line 4: order 'a' is on line 2 already"),
        ("order,lat,lng\na,north,2\n", "line 2: lat is 'north', not a number of degrees"),
        ("order,lat,lng\na,1,\n", "line 2: lng is '', not a number of degrees"),
        ("order,lat,lng\na,nan,2\n", "line 2: lat is 'nan', not a number of degrees"),
        ("order,lat,lng\na,1,inf\n", "line 2: lng is 'inf', not a number of degrees"),
        ("order,lat,lng\na,1_0,2\n", "line 2: lat is '1_0', not a number of degrees"),
        ("order,lat,lng\na,١,2\n", "line 2: lat is '١', not a number of degrees"),
        ("order,lat,lng\na,90.1,2\n", "line 2: lat is '90.1', beyond 90 degrees"),
        ("order,lat,lng\na,1,-1e999\n", "line 2: lng is '-1e999', beyond 180 degrees"),
        ('order,lat,lng\n"a,1,2\n', "line 2: unexpected end of data"),
        (b"order,lat,lng\na,1,2\n\xff,1,2\n", "line 3: not UTF-8"),
    ],
)
def test_refuses_a_bad_row_by_its_line(tmp_path: Path, content: str | bytes, told: str) -> None:
    path = written(tmp_path, content)
    with pytest.raises(UsageError) as refused:
        read_sites(path, "order")
    assert str(refused.value).removeprefix(str(path)).lstrip(", :") == told


def test_refuses_a_huge_cell_in_a_short_line(tmp_path: Path) -> None:
    path = written(tmp_path, f"order,lat,lng\na,{'x' * 100_000},2\n")
    with pytest.raises(UsageError, match="not a number") as refused:
        read_sites(path, "order")
    assert len(str(refused.value).removeprefix(str(path))) < 100


@given(st.permutations([(str(n), Point(n * 1000, -n)) for n in range(12)]))
def test_the_order_of_rows_decides_nothing(rows: list[tuple[str, Point]]) -> None:
    found, expected = sites("order", rows), sites("order", sorted(rows))
    assert np.array_equal(found.digest, expected.digest)
    assert degrees(found) == degrees(expected)
    assert len(np.unique(found.key)) == len(rows)
