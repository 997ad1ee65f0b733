"""`market replay` as a person or a program calls it."""

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import pytest

from marketplace import cli
from marketplace.replay.command import POLICIES
from marketplace.replay.points import Sites
from tests.marketplace.replay.country import country, degrees


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


class Replay(Protocol):
    def __call__(self, *words: str | Path) -> Ran: ...


def written(path: Path, kind: str, found: Sites) -> Path:
    rows = [f"{n},{at.lat_e6 / 1e6},{at.lng_e6 / 1e6}\n" for n, at in enumerate(degrees(found))]
    path.write_text(f"{kind},lat,lng\n{''.join(rows)}")
    return path


@pytest.fixture
def replay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Replay:
    orders, sellers = country()
    files = (
        *("--orders", written(tmp_path / "orders.csv", "order", orders)),
        *("--vendors", written(tmp_path / "sellers.csv", "seller", sellers)),
    )
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words: str | Path) -> Ran:
        capsys.readouterr()
        monkeypatch.setattr(sys, "argv", ["market", "replay", *map(str, (*files, *words))])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        told = capsys.readouterr()
        return Ran(int(ended.value.code or 0), told.out, told.err)

    return run


def test_table_says_what_became_of_the_orders(replay: Replay) -> None:
    ran = replay("--capacity", "3", "--days", "2")
    assert ran.code == 0
    assert "300 orders and 40 sellers, 2 days" in ran.out
    for told in ("a random seller", "the nearest seller", "the resolver", "unfilled: capacity"):
        assert told in ran.out
    assert "of memory at the peak" in ran.err


def test_json_is_one_object_of_the_same_bytes_each_time(replay: Replay) -> None:
    ran = replay("--json", "--band-spread", "2")
    assert ran.json["orders"] == 300
    assert ran.out.count("\n") == 1
    assert replay("--json", "--band-spread", "2").out == ran.out


def test_options_are_told_in_the_json(replay: Replay) -> None:
    options = {
        "--bids": "4",
        "--among": "9",
        "--radius": "60",
        "--capacity-factor": "1.50",
        "--policy": "best-value",
        "--days": "3",
        "--band-spread": "1",
        "--seed": "7",
        "--sample": "100",
    }
    ran = replay("--json", *(word for pair in options.items() for word in pair))
    assert ran.json["orders"] == 100
    assert ran.json["assumed"] == {
        "policy": "best-value",
        "bids_per_request": 4,
        "among": 9,
        "radius_km": 60,
        "capacity": None,
        "capacity_factor": "1.5",
        "days": 3,
        "band_spread": 1,
        "seed": 7,
    }
    assert ran.json["bids"] <= 400


@pytest.mark.parametrize("policy", POLICIES)
def test_every_policy_plays(replay: Replay, policy: str) -> None:
    assert replay("--json", "--policy", policy, "--sample", "50").json["served"] > 0


def test_report_makes_its_folder_and_writes_over_an_older_one(
    replay: Replay, tmp_path: Path
) -> None:
    folder = tmp_path / "deep" / "report"
    ran = replay("--report", folder, "--json")
    assert ran.json["served"] > 0
    assert f"Wrote {folder / 'index.html'}" in ran.err
    first = (folder / "index.html").read_bytes()
    replay("--report", folder, "--json", "--seed", "3")
    assert (folder / "index.html").read_bytes() != first
    replay("--report", folder, "--json")
    assert (folder / "index.html").read_bytes() == first


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--policy", "dearest"), "dearest is no policy"),
        (("--capacity", "1", "--capacity-factor", "2"), "not both"),
        (("--capacity-factor", "nan"), "number from 0"),
        (("--capacity-factor", "-1"), "number from 0"),
        (("--capacity-factor", "1e999"), "number from 0"),
        (("--capacity-factor", "lots"), "number from 0"),
        (("--bids", "50"), "--among 40 is too few"),
        (("--days", "301"), "300 orders cannot be dealt over 301 days"),
        (("--sample", "0"), "--sample"),
        (("--radius", "20017"), "--radius"),
        (("--orders", "/nowhere.csv"), "nowhere.csv"),
    ],
)
def test_a_wrong_option_is_one_line_and_exit_2(
    replay: Replay, words: tuple[str, ...], told: str
) -> None:
    ran = replay(*words)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert ran.err.count("\n") == 1


def test_a_bad_row_is_one_line_with_its_number_and_exit_2(replay: Replay, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("seller,lat,lng\n1,2,3\n2,\x1b[31m,4\n")
    ran = replay("--vendors", bad)
    assert (ran.code, ran.out) == (2, "")
    assert f"{bad}, line 3: lat is" in ran.err
    assert "\x1b" not in ran.err
    assert ran.err.count("\n") == 1
