"""Reads that vendors sign (RFC 9421): who may read, and what a signature is good for."""

import asyncio
from urllib.parse import urlsplit

import httpx
import pytest

import crypto
from crypto.http_signatures import sign_request
from marketplace.vendors import service as vendors
from tests.conftest import OpenMarket
from tests.support import ClockedMarket, a_key, a_vendor, assert_refused, problem
from tests.support.market import BASE_URL

VENDOR = a_key("vendor")
READS = [
    "/board",
    f"/board/{'A' * 43}",
    "/vendors/self/bids",
    "/vendors/self/assignments",
    "/events",
    "/vendors/self/webhook",
    "/vendors/self/filters",
]


def signed(
    market: ClockedMarket, url: str, key: crypto.SigningKey = VENDOR, tag: str = "vrm-read"
) -> dict[str, str]:
    return sign_request(
        "GET", url, {}, None, key, tag=tag, created=market.clock.now, nonce="n" * 22
    )


async def test_a_read_without_a_signature(market: ClockedMarket) -> None:
    for path in READS:
        answer = await assert_refused(market, market.http.get(path), 401, "signature-required")
        assert answer.headers["WWW-Authenticate"].startswith("Signature")


async def test_a_read_by_a_vendor_that_is_not_admitted(market: ClockedMarket) -> None:
    for path in READS:
        await assert_refused(market, market.ask(VENDOR, path), 403, "not-admitted")


async def test_a_read_by_a_suspended_vendor(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    await vendors.suspend(market.market, VENDOR.did, "It sent nothing")
    refused = await assert_refused(market, market.ask(VENDOR, "/board"), 403, "suspended")
    assert refused.json()["detail"] == "This vendor is suspended: It sent nothing"


async def test_a_replayed_nonce(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    answers = [await market.ask(VENDOR, "/board", nonce="n" * 22) for _ in range(2)]
    assert answers[0].status_code == 200
    assert problem(answers[1]) == (401, "nonce-replayed")


@pytest.mark.on_postgresql
async def test_a_nonce_replayed_at_once(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    answers = await asyncio.gather(
        *(market.ask(VENDOR, "/board", nonce="n" * 22) for _ in range(10))
    )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9


async def test_two_vendors_may_use_one_nonce(market: ClockedMarket) -> None:
    other = a_key("other")
    await market.store(a_vendor(market, VENDOR), a_vendor(market, other))
    for key in (VENDOR, other):
        assert (await market.ask(key, "/board", nonce="n" * 22)).status_code == 200


@pytest.mark.parametrize("off", [-61, 61])
async def test_a_signature_that_is_too_old_or_from_the_future(
    market: ClockedMarket, off: int
) -> None:
    await market.store(a_vendor(market, VENDOR))
    call = market.ask(VENDOR, "/board", created=market.clock.now + off)
    await assert_refused(market, call, 401, "signature-invalid")


async def test_a_nonce_is_kept_as_long_as_its_signature_holds(market: ClockedMarket) -> None:
    """Purging never opens a gap: what the purge forgets, its age refuses."""
    await market.store(a_vendor(market, VENDOR))
    created = market.clock.now + 60
    assert (await market.ask(VENDOR, "/board", nonce="n" * 22, created=created)).is_success
    for _ in range(130):
        market.clock.advance(1)
        await vendors.purge_nonces(market.market)
    assert (await market.contents(but=()))["read_nonces"] == []
    answer = await market.ask(VENDOR, "/board", nonce="n" * 22, created=created)
    assert problem(answer) == (401, "signature-invalid")


async def test_a_purge_keeps_what_could_be_replayed(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    created = market.clock.now + 60
    assert (await market.ask(VENDOR, "/board", nonce="n" * 22, created=created)).is_success
    market.clock.advance(120)  # the last second in which the signature holds
    await vendors.purge_nonces(market.market)
    answer = await market.ask(VENDOR, "/board", nonce="n" * 22, created=created)
    assert problem(answer) == (401, "nonce-replayed")


MISUSES: dict[str, tuple[str, str]] = {
    "for_another_path": (f"{BASE_URL}/vendors/self/bids", "/board"),
    "for_another_query": (f"{BASE_URL}/board?state=open", "/board?state=all"),
    "without_the_query": (f"{BASE_URL}/board", "/board?state=all"),
    "for_another_market": ("http://elsewhere.test/board", "/board"),
}


@pytest.mark.parametrize("misuse", MISUSES)
async def test_a_signature_made_for_something_else(market: ClockedMarket, misuse: str) -> None:
    await market.store(a_vendor(market, VENDOR))
    made_for, used_for = MISUSES[misuse]
    call = market.http.get(used_for, headers=signed(market, made_for))
    await assert_refused(market, call, 401, "signature-invalid")


async def test_a_signature_by_another_key_under_the_vendor_s_name(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    thief = a_key("thief")
    headers = signed(market, f"{BASE_URL}/board", thief)
    headers["Signature-Input"] = headers["Signature-Input"].replace(thief.did, VENDOR.did)
    await assert_refused(
        market, market.http.get("/board", headers=headers), 401, "signature-invalid"
    )


async def test_a_signature_for_another_purpose(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    headers = signed(market, f"{BASE_URL}/board", tag="vrm-webhook")
    await assert_refused(
        market, market.http.get("/board", headers=headers), 401, "signature-invalid"
    )


JUNK = [
    "",
    "sig1",
    'sig1=("@path")',
    'sig1=();keyid="did:key:z6Mk"',
    "\x7f",
    "sig1=(((",
    "=" * 5000,
]


@pytest.mark.parametrize("junk", JUNK)
async def test_junk_for_a_signature(market: ClockedMarket, junk: str) -> None:
    await market.store(a_vendor(market, VENDOR))
    for headers in (
        {"Signature-Input": junk, "Signature": "sig1=:AAAA:"},
        {**signed(market, f"{BASE_URL}/board"), "Signature": junk},
    ):
        call: httpx.Response = await market.http.get("/board", headers=headers)
        assert problem(call)[0] == 401


async def test_a_signature_by_a_key_of_small_order(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    headers = signed(market, f"{BASE_URL}/board")
    small = "did:key:z6Mk" + "1" * 44
    headers["Signature-Input"] = headers["Signature-Input"].replace(VENDOR.did, small)
    await assert_refused(
        market, market.http.get("/board", headers=headers), 401, "signature-invalid"
    )


async def test_a_signature_is_for_the_public_name_of_the_market(open_market: OpenMarket) -> None:
    """Behind a proxy the Host header may be anything: what counts is the operator's own word."""
    market = await open_market(public_url="https://market.example")
    await market.store(a_vendor(market, VENDOR))
    good = signed(market, "https://market.example/board?limit=5")
    assert (await market.http.get("/board?limit=5", headers=good)).status_code == 200
    bad = signed(market, f"{BASE_URL}/board")
    assert problem(await market.http.get("/board", headers=bad)) == (401, "signature-invalid")


@pytest.mark.on_postgresql
async def test_a_query_with_escapes_is_read_as_it_was_signed(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    for query in ("?day=2026-11-20%232", "?day=2026-11-20%232&limit=10", "?cursor=WyJhIl0"):
        path = f"/vendors/self/bids{query}"
        assert urlsplit(BASE_URL + path).query
        assert (await market.ask(VENDOR, path)).status_code == 200
