"""What `docs/resolver.md` shows runs, and the example says what the page says."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from marketplace.resolver import sentences
from tests.marketplace.resolver.scene import REQUEST, bid, day, explained, shop

PAGE = (Path(__file__).parents[3] / "docs" / "resolver.md").read_text()


def test_code_on_the_page_runs() -> None:
    code = re.search(r"```python\n(.*?)```", PAGE, re.DOTALL)
    assert code
    exec(compile(code[1], "docs/resolver.md", "exec"), {})  # noqa: S102 - our own page


def test_example_on_the_page_is_what_the_resolver_says() -> None:
    anna, ben = replace(REQUEST, id=b"a" * 32), replace(REQUEST, id=b"b" * 32)
    bids = [
        bid("A", anna),
        bid("A", ben, distance_m=1200),
        bid("B", anna, distance_m=4100, price=240_00),
        bid("B", ben, distance_m=6300, price=240_00),
    ]
    market = day([anna, ben], [shop("A", band=18), shop("B", capacity=2)], bids)
    said = sentences(
        explained(market, anna), lambda b: b.vendor[-1], lambda minor: f"{minor / 100:.2f}"
    )
    for line in said:
        assert f"> {line}" in PAGE
