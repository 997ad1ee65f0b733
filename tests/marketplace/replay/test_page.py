"""The report: whole in itself, the same each time, and without a place in it."""

import re
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest

from marketplace.replay.figures import figures
from marketplace.replay.page import page
from marketplace.replay.plan import Plan
from marketplace.replay.points import Sites
from marketplace.replay.simulate import play
from marketplace.replay.svg import decades, linear
from tests.marketplace.replay.country import country

LOADING = {"script", "link", "img", "iframe", "object", "embed", "base", "form", "audio", "video"}
VOID = {"meta"}


class Outline(HTMLParser):
    """Elements and attributes; fails where an element is not closed in its place."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag


def made(orders: Sites, sellers: Sites, plan: Plan) -> str:
    found = play(orders, sellers, plan)
    return page(found, figures(found, len(sellers), plan))


@pytest.fixture(scope="module")
def text() -> str:
    return made(*country(), Plan(capacity=3, days=2))


def test_nothing_is_loaded(text: str) -> None:
    outline = Outline(text)
    assert not LOADING & set(outline.tags)
    names = {name for name, _ in outline.attributes}
    assert not names & {"src", "href", "srcset", "action", "style", "onload"}
    assert "url(" not in text
    assert "@import" not in text
    assert "://" not in text
    assert "default-src 'none'" in text


def test_every_chart_has_a_title_and_a_description_of_its_own(text: str) -> None:
    charts = re.findall(r'<svg class="chart".*?</svg>', text, re.DOTALL)
    assert len(charts) == 4
    ids = []
    for chart in charts:
        root = ElementTree.fromstring(chart)  # noqa: S314
        assert root.get("role") == "img"
        title, description = list(root)[:2]
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert title.text
        assert description.text
        ids += [title.get("id"), description.get("id")]
    assert len(set(ids)) == 8


def test_axes_name_their_units(text: str) -> None:
    labels = re.findall(r'<text class="label"[^>]*>([^<]*)<', text)
    assert "distance from order to seller, km (logarithmic)" in labels
    assert labels.count("share of all orders") == 3
    assert "orders over all days (logarithmic)" in labels


def test_no_coordinate_and_no_name_is_in_the_page() -> None:
    """The same distances a quarter of the globe away make the same page."""
    orders, sellers = country()

    def turned(at: Sites) -> Sites:
        return replace(at, lng_e6=at.lng_e6 - 90_000_000)

    assert made(turned(orders), turned(sellers), Plan()) == made(orders, sellers, Plan())


def test_the_same_replay_gives_the_same_bytes(text: str) -> None:
    assert made(*country(), Plan(capacity=3, days=2)) == text


@pytest.mark.parametrize("plan", [Plan(capacity=0), Plan(radius_m=0)])
def test_a_market_that_serves_nobody_still_has_a_page(plan: Plan) -> None:
    orders, sellers = country(orders=3, sellers=1)
    outline = Outline(made(orders, sellers, plan))
    assert outline.tags.count("figure") == 4


def test_orders_at_the_door_of_the_only_seller_have_a_page() -> None:
    _, sellers = country(orders=1, sellers=1)
    Outline(made(sellers, sellers, Plan()))


@pytest.mark.parametrize("highest", [0.0, 0.3, 1.0, 7.0, 10.0, 99.0, 100.0, 3_086.0, 1e7])
def test_a_linear_axis_ends_at_or_above_its_data_in_few_round_steps(highest: float) -> None:
    axis = linear("orders", highest)
    assert axis.high >= highest * (1 - 1e-9)
    assert axis.high <= max(highest, 1e-9) * 2.01
    assert 2 <= len(axis.ticks) <= 11
    assert np.isclose([value for value, _ in axis.ticks][-1], axis.high)


@pytest.mark.parametrize("highest", [0.0, 0.1, 0.11, 1.0, 999.0, 1_000.0, 1_001.0])
def test_a_logarithmic_axis_holds_its_data(highest: float) -> None:
    axis = decades("km", 0.1, highest)
    assert axis.high >= highest
    assert axis.at(0.0) == 0.0
    assert axis.at(axis.high) == 1.0
    assert axis.high <= max(highest, 0.1) * 10.01
