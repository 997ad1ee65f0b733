import base64
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver
from hypothesis import given
from hypothesis import strategies as st

from crypto import SigningKey, VerifyKey
from crypto.errors import HttpSignatureError
from crypto.http_signatures import Ed25519, VerifiedRequest, sign_request, verify_request

KEY = SigningKey.from_seed(b"\x01" * 32)
URL = "https://market.example/v1/bids?status=open&limit=5"
NONCE = "nonce-nonce-nonce-nonce"
NOW = 1_795_000_000
AT = datetime.fromtimestamp(NOW, UTC)
BODY = b'{"type":"Bid"}'
FIGURES = Path(__file__).parent / "vectors" / "rfc9421-b26.json"


def signed(body: bytes | None = BODY, **how: Any) -> dict[str, str]:
    arguments: dict[str, Any] = {"tag": "vrm", "created": NOW, "nonce": NONCE} | how
    return sign_request("POST", URL, {}, body, KEY, **arguments)


def check(headers: dict[str, str], body: bytes | None = BODY, **how: Any) -> VerifiedRequest:
    arguments: dict[str, Any] = {"method": "POST", "url": URL, "tag": "vrm", "now": NOW} | how
    return verify_request(headers=headers, body=body, **arguments)


def refusal(headers: dict[str, str], body: bytes | None = BODY, **how: Any) -> str:
    with pytest.raises(HttpSignatureError) as error:
        check(headers, body, **how)
    return error.value.code


class Signer(HTTPSignatureKeyResolver):
    def resolve_private_key(self, key_id: str) -> SigningKey:
        return KEY


class Message:
    def __init__(self, method: str, url: str, headers: dict[str, str]) -> None:
        self.method, self.url, self.headers = method, url, headers


def signed_otherwise(**how: Any) -> dict[str, str]:
    """A signature by the same library that does not follow this module's rules."""
    message = Message("POST", URL, {})
    arguments: dict[str, Any] = {
        "key_id": KEY.did,
        "nonce": NONCE,
        "tag": "vrm",
        "body": BODY,
        "covered_component_ids": ("@method", "@authority", "@path", "@query"),
    }
    HTTPMessageSigner(signature_algorithm=Ed25519, key_resolver=Signer()).sign(
        message, **(arguments | how)
    )
    return message.headers


@pytest.mark.parametrize("body", [BODY, b"", None])
def test_signed_request_verifies(body: bytes | None) -> None:
    expected = VerifiedRequest(did=KEY.did, nonce=NONCE, created=NOW, expires=NOW + 61)
    assert check(signed(body), body) == expected


@pytest.mark.parametrize(
    "how",
    [
        {"method": "PUT"},
        {"url": URL.replace("bids", "requests")},
        {"url": URL.replace("market", "other")},
        {"url": URL.replace("limit=5", "limit=6")},
        {"url": URL + "&x"},
        {"url": URL.partition("?")[0]},
        {"tag": "webhook"},
        {"body": BODY + b" "},
        {"body": b""},
        {"body": None},
    ],
    ids=str,
)
def test_signature_moved_to_another_request_is_refused(how: dict[str, Any]) -> None:
    refusal(signed(), **how)


def test_scheme_may_change_behind_a_proxy() -> None:
    check(signed(), url=URL.replace("https", "http"))


def test_unsigned_request_is_refused() -> None:
    assert refusal({}) == "missing"
    for name in ("Signature", "Signature-Input"):
        assert refusal({k: v for k, v in signed().items() if k != name}) == "missing"


def test_body_under_a_signature_made_without_one_is_refused() -> None:
    assert refusal(signed(None)) == "http-signature"


def test_body_under_an_unsigned_digest_is_refused() -> None:
    digest = {"Content-Digest": signed()["Content-Digest"]}
    refusal(signed(None) | digest)


@pytest.mark.parametrize(
    "how",
    [
        {"covered_component_ids": ("@method", "@authority", "@path")},
        {"covered_component_ids": ("@method", "@authority", "@query")},
        {"covered_component_ids": ("@method", "@path", "@query")},
        {"covered_component_ids": ("@authority", "@path", "@query")},
        {"covered_component_ids": ()},
    ],
    ids=str,
)
def test_signature_that_covers_too_little_is_refused(how: dict[str, Any]) -> None:
    headers = signed_otherwise(created=AT, **how)
    assert refusal(headers) == "coverage"


@pytest.mark.parametrize("how", [{"nonce": None}, {"nonce": "short"}, {"nonce": "?" * 22}], ids=str)
def test_signature_without_a_good_nonce_is_refused(how: dict[str, Any]) -> None:
    headers = signed_otherwise(created=AT, **how)
    assert refusal(headers) == "parameters"


def test_signature_with_a_lifetime_of_its_own_is_refused() -> None:
    assert refusal(signed_otherwise(created=AT, expires=AT)) == "parameters"


def test_signature_without_tag_is_refused() -> None:
    assert refusal(signed_otherwise(tag=None)) == "http-signature"


def test_two_signatures_of_one_tag_are_refused() -> None:
    one = signed()
    two = {
        name: value if name == "Content-Digest" else f"{value}, {value.replace('sig1', 'sig2')}"
        for name, value in one.items()
    }
    assert refusal(two) == "parameters"


@pytest.mark.parametrize(("age", "fresh"), [(-61, False), (-60, True), (60, True), (61, False)])
def test_signature_outside_the_window_is_refused(age: int, fresh: bool) -> None:
    if fresh:
        check(signed(created=NOW - age))
    else:
        assert refusal(signed(created=NOW - age)) == "expired"


@pytest.mark.parametrize(
    "keyid", ["did:key:z6LSbysY2xFMRpGMhb7tFTLMpeuPRaqaWM1yECx2AtzE3KCc", "me", "did:key:z", ""]
)
def test_key_that_is_no_signing_key_is_refused(keyid: str) -> None:
    assert refusal(signed_otherwise(key_id=keyid)) == "http-signature"


def test_every_changed_character_of_a_signature_header_is_refused() -> None:
    headers = signed()
    for name in ("Content-Digest", "Signature-Input", "Signature"):
        value = headers[name]
        label = value.index("=")
        for at in range(label, len(value)):
            for changed in {chr(ord(value[at]) ^ 1), "A", "\0"} - {value[at]}:
                altered = headers | {name: value[:at] + changed + value[at + 1 :]}
                with pytest.raises(HttpSignatureError):
                    check(altered)


def test_oversized_signature_header_is_refused() -> None:
    headers = signed()
    headers["Signature-Input"] += ", " + ", ".join(f"a{n}=()" for n in range(1000))
    assert refusal(headers) == "too-large"


@pytest.mark.parametrize(
    "how", [{"nonce": "short"}, {"nonce": "ü" * 22}, {"tag": "é"}, {"created": 10**18}], ids=str
)
def test_request_that_could_not_verify_is_not_signed(how: dict[str, Any]) -> None:
    with pytest.raises(HttpSignatureError):
        signed(**how)


@pytest.mark.parametrize("url", ["/relative", "https://exämple/", "https://a b/", ""])
def test_url_that_is_no_url_is_refused(url: str) -> None:
    refusal(signed(), url=url)
    with pytest.raises(HttpSignatureError):
        sign_request("GET", url, {}, None, KEY, tag="vrm", created=NOW, nonce=NONCE)


fields = st.text(st.sampled_from('sig1=()";:,@method?0 AZ\\\n\0é-*'), max_size=40) | st.text()


@given(fields, fields, fields)
def test_no_header_escapes_the_error_tree(given_input: str, signature: str, digest: str) -> None:
    headers = {"Signature-Input": given_input, "Signature": signature, "Content-Digest": digest}
    with pytest.raises(HttpSignatureError):
        check(headers)
    with pytest.raises(HttpSignatureError):
        check(signed() | {"Signature-Input": "sig1=" + given_input})


def test_rfc_9421_b_2_6() -> None:
    figures = json.loads(FIGURES.read_text())
    raw = base64.b64decode(figures["public_key_spki_base64"])[-32:]

    class Keys(HTTPSignatureKeyResolver):
        def resolve_public_key(self, key_id: str) -> VerifyKey:
            return VerifyKey.from_bytes(raw)

    class Verifier(HTTPMessageVerifier):
        def validate_created_and_expires(self, sig_input: Any, max_age: Any = None) -> None:
            return None

    message = Message(figures["method"], figures["url"], figures["headers"])
    verifier = Verifier(signature_algorithm=Ed25519, key_resolver=Keys())
    (result,) = verifier.verify(message, max_age=None)
    assert result.parameters["keyid"] == "test-key-ed25519"
    assert refusal(figures["headers"], now=1618884473) == "http-signature"
