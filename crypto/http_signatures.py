"""Signed HTTP requests: RFC 9421 with Ed25519 by did:key, Content-Digest by RFC 9530.

What a signature must cover is fixed here, not chosen by the sender:

    "@method" "@authority" "@path" "@query", and "content-digest" when there is a body

with the parameters `created`, `keyid` (a did:key), `nonce` and `tag`, and optionally
`alg="ed25519"`; no others. The scheme is left out since a proxy that ends TLS changes it. A server
behind a proxy passes the URL under its public name, or the authority will not match.

Exactly one signature carries the expected tag. The caller supplies the time, and after
verification stores (did, nonce) under a unique constraint until `VerifiedRequest.expires`; a
second store of the same pair is a replay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from http_message_signatures import (
    HTTPMessageSigner,
    HTTPMessageVerifier,
    HTTPSignatureAlgorithm,
    HTTPSignatureKeyResolver,
)
from http_message_signatures.exceptions import HTTPMessageSignaturesException

from crypto.errors import HttpSignatureError
from crypto.keys import SigningKey, VerifyKey

COVERED: Final = ("@method", "@authority", "@path", "@query")
COVERED_WITH_BODY: Final = (*COVERED, "content-digest")

_PARAMETERS: Final = frozenset(("created", "keyid", "nonce", "tag"))
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,86}\Z")
_MAX_HEADER: Final = 4096
_YEAR_9999: Final = 253370764800


@dataclass(frozen=True)
class VerifiedRequest:
    """Who signed a request, and what its replay guard needs.

    Attributes:
        did: the signer's did:key.
        nonce: 16 to 86 base64url characters, to be seen once.
        created: seconds since the epoch, by the signer's clock.
        expires: from this second on the signature is refused, and the nonce can be forgotten.
    """

    did: str
    nonce: str
    created: int
    expires: int


def sign_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    key: SigningKey,
    *,
    tag: str,
    created: int,
    nonce: str,
) -> dict[str, str]:
    """The headers to add: Signature-Input and Signature, and Content-Digest when there is a body.

    Args:
        method: in capitals.
        url: absolute, percent-encoded as it is sent.
        created: seconds since the epoch.
        nonce: 16 to 86 base64url characters, fresh for each request.

    Raises:
        HttpSignatureError: method, URL, headers, tag or nonce cannot be signed.
    """
    if not _NONCE.match(nonce):
        raise HttpSignatureError("A nonce is 16 to 86 base64url characters.", code="nonce")
    if not 0 <= created < _YEAR_9999:
        raise HttpSignatureError("A signature's time lies out of range.", code="created")
    added = dict(headers)
    signer = HTTPMessageSigner(signature_algorithm=Ed25519, key_resolver=_Signer(key))
    try:
        signer.sign(
            _Request(method, url, added),
            key_id=key.did,
            created=datetime.fromtimestamp(created, UTC),
            nonce=nonce,
            tag=tag,
            label="sig1",
            covered_component_ids=COVERED,
            body=body or None,
        )
    except (HTTPMessageSignaturesException, ValueError) as error:
        raise HttpSignatureError("The request cannot be signed as it stands.") from error
    return {
        name: added[name]
        for name in ("Content-Digest", "Signature-Input", "Signature")
        if name in added and name not in headers
    }


def verify_request(
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None,
    *,
    tag: str,
    now: int,
    window: int = 60,
) -> VerifiedRequest:
    """Who signed this request, if a signature with `tag` covers enough, is fresh, and holds.

    Args:
        now: seconds since the epoch; `created` may lie up to `window` seconds to either side.

    Raises:
        HttpSignatureError: with code `missing`, `too-large`, `coverage`, `parameters`, `expired`
            or `http-signature`.
    """
    names = {name.lower(): value for name, value in headers.items()}
    for name in ("signature-input", "signature"):
        if name not in names:
            raise HttpSignatureError("The request is not signed.", code="missing")
        if len(names[name]) > _MAX_HEADER:
            raise HttpSignatureError("A signature header is too long.", code="too-large")
    verifier = _Verifier(signature_algorithm=Ed25519, key_resolver=_DidKeys())
    try:
        results = verifier.verify(
            _Request(method, url, dict(headers)), max_age=None, expect_tag=tag, body=body or b""
        )
    except HTTPMessageSignaturesException as error:
        raise HttpSignatureError("The request's signature does not hold.") from error
    if len(results) != 1:
        raise HttpSignatureError("Several signatures carry the same tag.", code="parameters")
    parameters = results[0].parameters
    if parameters.keys() - {"alg"} != _PARAMETERS or not _NONCE.match(str(parameters["nonce"])):
        raise HttpSignatureError(
            "The signature has parameters too many, too few or malformed.", code="parameters"
        )
    covered = {component.strip('"') for component in results[0].covered_components}
    if not covered.issuperset(COVERED_WITH_BODY if body else COVERED):
        raise HttpSignatureError("The signature covers too little.", code="coverage")
    created = int(parameters["created"])
    if abs(now - created) > window:
        raise HttpSignatureError("The signature is too old, or not yet valid.", code="expired")
    return VerifiedRequest(
        did=str(parameters["keyid"]),
        nonce=str(parameters["nonce"]),
        created=created,
        expires=created + window + 1,
    )


class Ed25519(HTTPSignatureAlgorithm):
    """RFC 9421 section 3.3.6 by this package's keys, so that libsodium's acceptance holds here too."""

    algorithm_id = "ed25519"

    def __init__(
        self, public_key: VerifyKey | None = None, private_key: SigningKey | None = None
    ) -> None:
        self._public = public_key
        self._private = private_key

    def sign(self, message: bytes) -> bytes:
        if self._private is None:
            raise HttpSignatureError("There is no key to sign with.")
        return self._private.sign(message)

    def verify(self, signature: bytes, message: bytes) -> None:
        if self._public is None:
            raise HttpSignatureError("There is no key to verify with.")
        self._public.verify(message, signature)


class _DidKeys(HTTPSignatureKeyResolver):
    def resolve_public_key(self, key_id: str) -> VerifyKey:
        return VerifyKey.from_did(key_id)


class _Signer(HTTPSignatureKeyResolver):
    def __init__(self, key: SigningKey) -> None:
        self._key = key

    def resolve_private_key(self, key_id: str) -> SigningKey:
        return self._key


class _Verifier(HTTPMessageVerifier):
    """The library's verifier without its clock: `verify_request` compares times itself."""

    def validate_created_and_expires(
        self, sig_input: object, max_age: timedelta | None = None
    ) -> None:
        return None


@dataclass
class _Request:
    method: str
    url: str
    headers: dict[str, str]
