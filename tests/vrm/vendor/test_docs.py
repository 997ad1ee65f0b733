"""What docs/vendors.md shows is true."""

import re
import time
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import WebhookVerificationError

import crypto
from crypto.webhooks import WebhookKeys
from marketplace.errors import PROBLEMS
from tests.vrm.vendor.live import LiveMarket
from vrm.client.vendor import VendorClient
from vrm.documents import Need
from vrm.vendor.description import read_description

PAGE = Path(__file__).parents[3] / "docs" / "vendors.md"
TEXT = PAGE.read_text(encoding="utf-8")

ONLY_CUSTOMERS_MEET = {
    "already-answered",
    "cell-too-coarse",
    "created-forbidden",
    "foreign-request",
    "item-not-listed",
    "needed-by-too-soon",
    "not-a-cell",
    "preferences-closed",
    "off-item-price",
    "pseudonym-reused",
    "request-resolved",
    "too-fine",
    "too-unusual",
    "unknown-policy",
    "unlike-item",
    "unknown-question",
}


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", TEXT, flags=re.DOTALL)


async def test_the_python_examples_run_as_they_stand(live: LiveMarket) -> None:
    first, second, _ = blocks("python")
    digest, _ = await live.post(Need(title="Twin Stroller", category="baby"))
    await live.post(Need(title="Car seat", category="baby"))
    live.publish()
    key = crypto.SigningKey.generate()
    names: dict[str, Any] = {}
    exec(first + second, names)  # noqa: S102 - our own page
    await names["main"](live.url, key)
    async with VendorClient(live.url, key) as client:
        assert [own.bid.request async for own in client.my_bids()] == [digest]
    live.close_day()
    assert await names["winnings"](live.url, key) == ["Twin Stroller"]


def test_the_described_receiver_checks_what_it_is_sent() -> None:
    names: dict[str, Any] = {}
    exec(blocks("python")[2], names)  # noqa: S102 - our own page
    keys, now = WebhookKeys.derive(bytes(32), "shop"), int(time.time())
    body = b'{"data":{"assignment":"A"}}'
    headers = {"webhook-id": "evt_1", "webhook-timestamp": str(now)}
    good = {**headers, "webhook-signature": keys.sign("evt_1", now, body)}
    assert names["take"](keys.secret, body, good) == "A"
    for bad in (keys.sign("evt_2", now, body), keys.sign("evt_1", now - 600, body)):
        with pytest.raises(WebhookVerificationError):
            names["take"](keys.secret, body, {**headers, "webhook-signature": bad})


def test_an_integration_takes_about_ten_lines() -> None:
    lines = [line for line in blocks("python")[0].splitlines() if line.strip()]
    assert len(lines) <= 12


def test_the_described_vendor_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "vendor.toml").write_text(blocks("toml")[0])
    assert [place.id for place in read_description(tmp_path / "vendor.toml").place] == [
        "shop",
        "workshop",
    ]


def test_every_refusal_that_a_vendor_can_meet_is_explained() -> None:
    table = TEXT.partition("## Refusals")[2]
    rows = [row.split("|")[1] for row in table.splitlines() if row.startswith("| `")]
    explained = {code for row in rows for code in re.findall(r"`([a-z-]+)`", row)}
    assert explained == set(PROBLEMS) - ONLY_CUSTOMERS_MEET


def test_files_that_the_page_links_to_are_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", TEXT):
        assert (PAGE.parent / target).is_file(), target
