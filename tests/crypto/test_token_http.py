import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.encoding import base64url_encode
from crypto.errors import TokenError
from crypto.issuer_directory import Directory, ListedKey, keys_to_use
from crypto.token_http import (
    authorization,
    parse_authorization,
    parse_www_authenticate,
    www_authenticate,
)
from crypto.tokens import Challenge, IssuerKey, Token
from tests.crypto.strategies import mutations

KEYS = [IssuerKey.from_seed(bytes([n]) * 32, b"").public for n in (1, 2, 3)]
CHALLENGE = Challenge.of_market("market.example")
TOKEN = Token(b"\1" * 32, b"\2" * 32, b"\3" * 32, b"\4" * 64)
DIRECTORY = Directory(
    "/tokens/request",
    (ListedKey(KEYS[0], 1000), ListedKey(KEYS[1]), ListedKey(KEYS[2], 3000)),
)


def test_headers_read_back() -> None:
    assert parse_authorization(authorization(TOKEN)) == TOKEN
    asked = parse_www_authenticate(www_authenticate(CHALLENGE, KEYS[0]))
    assert asked == (CHALLENGE, KEYS[0])


def test_padding_may_be_left_out() -> None:
    bare = www_authenticate(CHALLENGE, KEYS[0]).replace('="', "=").replace('"', "")
    assert parse_www_authenticate(bare.replace("==", "").replace("=,", ","))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "PrivateToken",
        "Bearer abc",
        "PrivateToken token=",
        'PrivateToken token=""',
        authorization(TOKEN) + ', token="x"',
        authorization(TOKEN)[:-2] + '"',
        authorization(TOKEN) + "\n",
        authorization(TOKEN).replace("PrivateToken", "Privatetoken "[:-1] + "s"),
    ],
)
def test_malformed_authorization_is_refused(header: str) -> None:
    with pytest.raises(TokenError):
        parse_authorization(header)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "PrivateToken challenge=",
        www_authenticate(CHALLENGE, KEYS[0]) + ", PrivateToken challenge=x",
        www_authenticate(CHALLENGE, KEYS[0]).partition(",")[0],
        www_authenticate(CHALLENGE, KEYS[0]).replace("AA", "A+"),
    ],
)
def test_malformed_challenge_header_is_refused(header: str) -> None:
    with pytest.raises(TokenError):
        parse_www_authenticate(header)


@given(st.text(max_size=300) | st.text('PrivateTokn chlg=",-_A9', max_size=80))
def test_no_header_escapes_the_error_tree(header: str) -> None:
    for read in (parse_authorization, parse_www_authenticate):
        with contextlib.suppress(TokenError):
            read(header)


def test_directory_reads_back() -> None:
    assert Directory.parse(DIRECTORY.encode()) == DIRECTORY
    assert DIRECTORY.find(KEYS[1].key_id) == ListedKey(KEYS[1])
    assert DIRECTORY.find(bytes(32)) is None
    assert [listed.key for listed in keys_to_use(DIRECTORY, 2000)] == KEYS[:2]


def test_directory_has_the_form_of_rfc_9578() -> None:
    listing = json.loads(DIRECTORY.encode())
    assert listing["issuer-request-uri"] == "/tokens/request"
    assert listing["token-keys"][0] == {
        "token-type": 5,
        "token-key": base64url_encode(KEYS[0].element) + "=",
        "not-before": 1000,
    }


def test_keys_of_other_token_types_are_skipped() -> None:
    listing = json.loads(DIRECTORY.encode())
    listing["token-keys"].insert(0, {"token-type": 2, "token-key": "AAAA"})
    assert Directory.parse(json.dumps(listing).encode()) == DIRECTORY


def changed(**members: Any) -> bytes:
    listing = json.loads(DIRECTORY.encode())
    listing["token-keys"][0] |= members
    return json.dumps(listing).encode()


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b'{"issuer-request-uri":"","token-keys":[]}',
        b'{"issuer-request-uri":"/x","token-keys":{}}',
        b'{"issuer-request-uri":"/x","token-keys":[1]}',
        b'{"issuer-request-uri":"/x","token-keys":[{}]}',
        b'{"issuer-request-uri":"/x","token-keys":[],"token-keys":[]}',
        changed(**{"token-type": True}),
        changed(**{"token-type": "5"}),
        changed(**{"token-key": None}),
        changed(**{"token-key": "AAAA"}),
        changed(**{"token-key": "A" * 43 + "="}),
        changed(**{"token-key": "!" * 43}),
        changed(**{"not-before": -1}),
        changed(**{"not-before": "soon"}),
        changed(**{"token-key": base64url_encode(KEYS[1].element)}),
    ],
)
def test_malformed_directory_is_refused(raw: bytes) -> None:
    with pytest.raises(TokenError):
        Directory.parse(raw)


def test_every_changed_byte_of_a_directory_is_refused_or_seen() -> None:
    for raw in mutations(DIRECTORY.encode()):
        with contextlib.suppress(TokenError):
            assert Directory.parse(raw) != DIRECTORY


@given(st.binary(max_size=100))
def test_no_directory_escapes_the_error_tree(raw: bytes) -> None:
    with pytest.raises(TokenError):
        Directory.parse(raw)
