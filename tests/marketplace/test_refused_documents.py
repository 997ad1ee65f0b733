"""Attacks on documents themselves: every one is refused, with a problem document, and stores nothing.

What each kind of document meets is the same code, so most attacks use a personal request.
"""

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest

import crypto
from crypto.encoding import base58_encode
from tests.support import (
    ClockedMarket,
    a_bid,
    a_capacity,
    a_key,
    a_request,
    a_vendor,
    assert_refused,
    forged,
)
from tests.support.builders import a_bid_withdrawal, a_withdrawal
from vrm.documents import Document, PersonalRequest, Signed

PSEUDONYM = a_key("pseudonym")


@pytest.fixture
def database_kind() -> str:
    """One database is enough here: all this is refused before any is asked."""
    return "sqlite"


Attack = Callable[[Signed[PersonalRequest]], bytes]


def changed(request: Signed[PersonalRequest], old: bytes, new: bytes) -> bytes:
    assert request.wire.count(old) == 1
    return request.wire.replace(old, new)


def members(request: Signed[PersonalRequest]) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(request.wire)
    return value


def with_proof(request: Signed[PersonalRequest], **changes: Any) -> bytes:
    document = members(request)
    document["proof"] = {
        name: value for name, value in {**document["proof"], **changes}.items() if value is not None
    }
    return json.dumps(document).encode()


def small_order_key(request: Signed[PersonalRequest]) -> bytes:
    """The neutral point signs everything: R = identity, S = 0 verifies under naive code."""
    did = "did:key:" + base58_encode(b"\xed\x01" + b"\x01" + bytes(31))
    document = {**members(request), "pseudonym": did}
    document["proof"]["verificationMethod"] = f"{did}#{did.removeprefix('did:key:')}"
    document["proof"]["proofValue"] = base58_encode(b"\x01" + bytes(63))
    return json.dumps(document).encode()


def nested(depth: int) -> object:
    value: object = 0
    for _ in range(depth):
        value = [value]
    return value


ATTACKS: dict[str, tuple[Attack, int, str]] = {
    "a_changed_byte": (lambda r: changed(r, b"Twin", b"Twim"), 422, "bad-signature"),
    "a_changed_amount": (lambda r: changed(r, b":25000,", b":25001,"), 422, "bad-signature"),
    "a_signature_by_another_key": (
        lambda r: json.dumps(crypto.proof.sign(members(r), a_key("thief"))).encode(),
        422,
        "wrong-key",
    ),
    "another_key_under_the_signer_s_name": (
        lambda r: with_proof(
            r, proofValue=json.loads(forged(r, a_key("thief")))["proof"]["proofValue"]
        ),
        422,
        "bad-signature",
    ),
    "another_type_in_its_place": (lambda r: forged(r, PSEUDONYM, type="Bid"), 422, "wrong-type"),
    "another_version": (lambda r: forged(r, PSEUDONYM, v=2), 422, "unsupported-version"),
    "duplicate_keys": (lambda r: r.wire.replace(b"{", b'{"v":2,', 1), 400, "duplicate-key"),
    "duplicate_keys_deep_down": (
        lambda r: changed(r, b'"amount":', b'"amount":1,"amount":'),
        400,
        "duplicate-key",
    ),
    "a_float": (lambda r: changed(r, b":25000,", b":25000.0,"), 400, "float"),
    "an_exponent": (lambda r: changed(r, b":25000,", b":25e3,"), 400, "float"),
    "an_integer_beyond_2_53": (
        lambda r: changed(r, b":25000,", b":9007199254740992,"),
        400,
        "integer-range",
    ),
    "an_integer_of_ten_thousand_digits": (
        lambda r: changed(r, b":25000,", b":" + b"9" * 10_000 + b","),
        400,
        "integer-range",
    ),
    "not_a_number": (lambda r: changed(r, b":25000,", b":NaN,"), 400, "not-json"),
    "infinity": (lambda r: changed(r, b":25000,", b":-Infinity,"), 400, "not-json"),
    "a_name_outside_ascii": (
        lambda r: r.wire.replace(b"{", '{"v\u00e4":2,'.encode(), 1),
        400,
        "non-ascii-key",
    ),
    "half_a_surrogate_pair": (lambda r: changed(r, b"Twin", b"\\ud800"), 400, "lone-surrogate"),
    "nul_in_a_text": (lambda r: changed(r, b"Twin", b"\\u0000"), 400, "nul"),
    "bytes_that_are_not_utf_8": (lambda r: changed(r, b"Twin", b"\xff\xfe"), 400, "not-json"),
    "a_second_value_behind_the_document": (lambda r: r.wire + b"{}", 400, "not-json"),
    "a_list_instead_of_a_document": (lambda r: b"[" + r.wire + b"]", 400, "not-an-object"),
    "an_empty_body": (lambda _: b"", 400, "not-json"),
    "depth": (lambda r: b'{"a":' + b"[" * 40 + b"]" * 40 + b"}", 400, "depth"),
    "depth_behind_a_long_string": (
        lambda r: b'{"a":"' + b"[" * 50 + b'","b":' + b"[" * 40 + b"]" * 40 + b"}",
        400,
        "depth",
    ),
    "an_unknown_field": (lambda r: forged(r, PSEUDONYM, member=True), 422, "unknown-field"),
    "an_unknown_field_in_a_part": (
        lambda r: forged(r, PSEUDONYM, need={**members(r)["need"], "vendor": "x"}),
        422,
        "unknown-field",
    ),
    "a_missing_field": (lambda r: forged(r, PSEUDONYM, policy=None), 422, "invalid-field"),
    "a_field_of_another_kind": (
        lambda r: forged(r, PSEUDONYM, price={**members(r)["price"], "amount": "25000"}),
        422,
        "invalid-field",
    ),
    "a_negative_price": (
        lambda r: forged(r, PSEUDONYM, price={**members(r)["price"], "amount": -1}),
        422,
        "invalid-field",
    ),
    "a_text_that_reads_backwards": (
        lambda r: forged(r, PSEUDONYM, need={**members(r)["need"], "title": "safe\u202egnp"}),
        422,
        "unclean-text",
    ),
    "a_text_in_another_normal_form": (
        lambda r: forged(r, PSEUDONYM, need={**members(r)["need"], "title": "Cafe\u0301"}),
        422,
        "unclean-text",
    ),
    "no_proof": (
        lambda r: json.dumps({k: v for k, v in members(r).items() if k != "proof"}).encode(),
        422,
        "missing-proof",
    ),
    "two_proofs": (
        lambda r: json.dumps({**members(r), "proof": [members(r)["proof"]] * 2}).encode(),
        422,
        "proof-shape",
    ),
    "another_cryptosuite": (
        lambda r: with_proof(r, cryptosuite="eddsa-rdfc-2022"),
        422,
        "proof-shape",
    ),
    "a_proof_for_another_purpose": (
        lambda r: json.dumps(
            crypto.proof.sign(members(r), PSEUDONYM, purpose="authentication")
        ).encode(),
        422,
        "wrong-purpose",
    ),
    "created_in_a_pseudonym_s_proof": (
        lambda r: json.dumps(
            crypto.proof.sign(members(r), PSEUDONYM, created="2026-11-20T08:00:00Z")
        ).encode(),
        422,
        "created-forbidden",
    ),
    "a_cut_signature": (lambda r: with_proof(r, proofValue="z1111"), 422, "proof-shape"),
    "a_small_order_key": (small_order_key, 422, "wrong-key"),
    "no_signer": (
        lambda r: json.dumps({**members(r), "pseudonym": None}).encode(),
        422,
        "invalid-field",
    ),
    "a_signer_that_is_no_did": (
        lambda r: json.dumps({**members(r), "pseudonym": "mallory"}).encode(),
        422,
        "wrong-key",
    ),
    "another_market_s_document": (
        lambda r: forged(r, PSEUDONYM, market=a_key("market").did),
        422,
        "wrong-market",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
async def test_attack_on_a_request(market: ClockedMarket, attack: str) -> None:
    make, status, code = ATTACKS[attack]
    body = make(a_request(market, PSEUDONYM))
    answer = await assert_refused(market, market.post("/requests", body), status, code)
    assert b"Traceback" not in answer.content


DOCUMENTS: dict[str, Callable[[ClockedMarket], Signed[Document]]] = {
    "/vendors": lambda m: a_vendor(m, a_key("vendor")),
    "/capacities": lambda m: a_capacity(m, a_key("vendor"), "2026-11-20", 3),
    "/requests": lambda m: a_request(m, PSEUDONYM),
    "/request-withdrawals": lambda m: a_withdrawal(m, PSEUDONYM, a_request(m).digest),
    "/bids": lambda m: a_bid(m, a_key("vendor"), a_request(m)),
    "/bid-withdrawals": lambda m: a_bid_withdrawal(m, a_key("vendor"), a_request(m).digest),
}


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_document_of_another_type_in_its_place(market: ClockedMarket, path: str) -> None:
    for other in DOCUMENTS.keys() - {path}:
        document = DOCUMENTS[other](market)
        await assert_refused(market, market.post(path, document.wire), 422, "wrong-type")


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_another_market_s_document(market: ClockedMarket, path: str) -> None:
    key = PSEUDONYM if path.startswith("/request") else a_key("vendor")
    body = forged(DOCUMENTS[path](market), key, market=a_key("market").did)
    await assert_refused(market, market.post(path, body), 422, "wrong-market")


@pytest.mark.parametrize("path", DOCUMENTS)
async def test_a_signature_by_another_key(market: ClockedMarket, path: str) -> None:
    body = forged(DOCUMENTS[path](market), a_key("thief"))
    await assert_refused(market, market.post(path, body), 422, "wrong-key")


@pytest.mark.parametrize("path", DOCUMENTS)
@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", ""])
async def test_a_body_that_is_not_called_json(market: ClockedMarket, path: str, kind: str) -> None:
    call = market.post(path, DOCUMENTS[path](market).wire, {"Content-Type": kind})
    await assert_refused(market, call, 415, "unsupported-media-type")


async def test_json_with_a_character_set_is_json(market: ClockedMarket) -> None:
    kind = {"Content-Type": "application/json; charset=utf-8"}
    assert (await market.post("/requests", a_request(market).wire, kind)).status_code == 202


def padded(request: Signed[PersonalRequest], size: int) -> bytes:
    return request.wire + b" " * (size - len(request.wire))


async def test_an_oversized_body(market: ClockedMarket) -> None:
    body = padded(a_request(market), 65_537)
    await assert_refused(market, market.post("/requests", body), 413, "too-large")


async def test_an_oversized_body_without_a_length(market: ClockedMarket) -> None:
    """Chunked, so that only the bytes themselves tell how many there are."""
    body = padded(a_request(market), 65_537)
    read: list[int] = []

    async def chunks() -> AsyncIterator[bytes]:
        for start in range(0, 100 * len(body), 4096):
            read.append(start)
            yield body[start % len(body) :][:4096]

    call = market.http.post(
        "/requests", content=chunks(), headers={"Content-Type": "application/json"}
    )
    await assert_refused(market, call, 413, "too-large")
    assert len(read) < 40, "the market read on after the limit"


async def test_the_largest_body_is_taken(market: ClockedMarket) -> None:
    answer = await market.post("/requests", padded(a_request(market), 65_536))
    assert answer.status_code == 202


async def test_a_body_that_says_less_than_it_holds(market: ClockedMarket) -> None:
    """A false Content-Length changes nothing: what counts is what was sent."""
    body = padded(a_request(market), 70_000)
    call = market.post("/requests", body, {"Content-Length": "10"})
    await assert_refused(market, call, 413, "too-large")


async def test_methods_and_paths_that_do_not_exist(market: ClockedMarket) -> None:
    await assert_refused(market, market.http.get("/nowhere"), 404, "not-found")
    answer: httpx.Response = await assert_refused(
        market, market.http.delete("/requests"), 405, "method-not-allowed"
    )
    assert "POST" in answer.headers["Allow"]


@pytest.mark.parametrize("header", ["X-Content-Type-Options", "Content-Security-Policy"])
async def test_refusals_carry_security_headers(market: ClockedMarket, header: str) -> None:
    for answer in (await market.http.get("/nowhere"), await market.http.get("/health")):
        assert header in answer.headers
