"""The replay in docs/replay.md, on the orders that it was measured with."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from marketplace.replay.figures import figures
from marketplace.replay.plan import Plan
from marketplace.replay.points import read_sites
from marketplace.replay.simulate import play

ROOT = Path(__file__).parents[3]
OLIST = ROOT.parent / "shared" / "data" / "olist"
KEPT = json.loads(Path(__file__).with_name("olist.json").read_text())


@pytest.fixture(scope="module")
def found() -> Any:
    if not OLIST.is_dir():
        pytest.skip(f"no Olist data set at {OLIST}")
    orders = read_sites(OLIST / "orders.csv", "order")
    sellers = read_sites(OLIST / "sellers.csv", "seller")
    plan = Plan(days=30)
    return msgspec.to_builtins(figures(play(orders, sellers, plan), len(sellers), plan))


def leaves(value: Any, path: str = "") -> dict[str, Any]:
    if isinstance(value, dict):
        return {k: v for key in value for k, v in leaves(value[key], f"{path}.{key}").items()}
    return {path: value}


def test_figures_are_those_that_the_page_tells(found: Any) -> None:
    kept = KEPT["figures"]
    assert found.pop("assumed") == kept["assumed"]
    # Another processor may round a sine otherwise, which may turn a metre and then a choice.
    for path, value in leaves(found).items():
        assert value == pytest.approx(leaves(kept)[path], rel=1e-3, abs=3), path


def test_the_page_tells_the_kept_figures() -> None:
    text = (ROOT / "docs" / "replay.md").read_text()
    kept = KEPT["figures"]
    for name in ("random", "nearest", "resolver"):
        sums = kept["distance"][name]
        for metres in (sums["median_m"], sums["mean_m"], sums["p90_m"]):
            assert f" {metres / 1000:,.1f} " in text
    for count in (kept["served"], *kept["unfilled"].values()):
        assert f"{count:,}" in text
    assert KEPT["licence"] in text
