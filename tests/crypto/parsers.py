"""Every parser of the package as a function of bytes: what fuzzing feeds.

Each may raise `CryptoError` and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crypto import SigningKey, VerifyKey, note, parse, rotation, sealed, vault
from crypto.canonical import canonical
from crypto.checkpoint import Checkpoint
from crypto.checkpoint import verify as verify_checkpoint
from crypto.derivation import seed_of_phrase
from crypto.encoding import base58_decode, base64url_decode
from crypto.errors import CryptoError
from crypto.http_signatures import verify_request
from crypto.issuance import Draw, issue, issue_batch, live_keys
from crypto.issuer_directory import Directory
from crypto.keys import ReplyKey, ReplyPublicKey
from crypto.merkle import verify_consistency, verify_inclusion
from crypto.messages import unseal
from crypto.proof import verify, verify_countersigned
from crypto.ristretto import Scalar
from crypto.token_http import parse_authorization, parse_www_authenticate
from crypto.tokens import Challenge, IssuerKey, IssuerPublicKey, Token
from crypto.voprf import Proof

KEY: Final = SigningKey.from_seed(b"\x01" * 32)
REPLY: Final = ReplyKey.from_seed(b"\x03" * 32)
ISSUER: Final = IssuerKey.from_seed(b"\x07" * 32, b"")
LOG: Final = note.Verifier("log", KEY.public)
CHAIN: Final = rotation.follow([rotation.incept(KEY, KEY.did)])
DRAW: Final = Draw(
    ISSUER.public, Challenge.of_market("m"), (b"\1" * 32,), (Scalar(b"\7" + bytes(31)),)
)
LIVE: Final = live_keys([ISSUER])


def text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def documents(raw: bytes) -> None:
    document = parse(raw)
    canonical(document)
    for check in (
        lambda: verify(document, signer=KEY.did),
        lambda: verify_countersigned(document, author=KEY.did, countersigner=KEY.did),
        lambda: rotation.extend(CHAIN, document),
        lambda: rotation.follow([document]),
    ):
        attempt(check)


def signed_request(raw: bytes) -> None:
    parts = raw.split(b"\n", 3)
    names = ("Signature-Input", "Signature", "Content-Digest", "Other")
    headers = {name: part.decode("latin-1") for name, part in zip(names, parts, strict=False)}
    verify_request("POST", "https://m.example/x?y", headers, b"body", tag="vrm", now=0)


def merkle_proofs(raw: bytes) -> None:
    nodes = [raw[at : at + 32] for at in range(2, len(raw), 32)]
    at, size = raw[:1], raw[1:2]
    numbers = int.from_bytes(at, "big"), int.from_bytes(size, "big")
    attempt(lambda: verify_inclusion(bytes(32), *numbers, nodes, bytes(32)))
    attempt(lambda: verify_consistency(*numbers, bytes(32), bytes(32), nodes))


def attempt(check: Callable[[], object]) -> None:
    try:
        check()
    except CryptoError:
        return


PARSERS: Final[dict[str, Callable[[bytes], object]]] = {
    "documents": documents,
    "did:key": lambda raw: VerifyKey.from_did(text(raw)),
    "did:key after its prefix": lambda raw: VerifyKey.from_did("did:key:z6Mk" + text(raw)),
    "reply key": lambda raw: ReplyPublicKey.from_text(text(raw)),
    "base58": lambda raw: base58_decode(text(raw), 64),
    "base64url": lambda raw: base64url_decode(text(raw)),
    "recovery phrase": lambda raw: seed_of_phrase(text(raw)),
    "vault": lambda raw: vault.unlock(raw, b"passphrase"),
    "vault after its magic": lambda raw: vault.unlock(vault.MAGIC + raw, b"passphrase"),
    "sealed box": lambda raw: sealed.unseal(raw.ljust(560, b"\0"), REPLY),
    "sealed message": lambda raw: unseal(
        sealed.seal(raw[:400], REPLY.public), REPLY, sender=None, request="r", purpose="p"
    ),
    "request signature": signed_request,
    "token": Token.parse,
    "token challenge": Challenge.parse,
    "issuer key": IssuerPublicKey.parse,
    "token proof": Proof.parse,
    "token request": lambda raw: issue(raw, LIVE),
    "token batch request": lambda raw: issue_batch(raw, LIVE),
    "token batch elements": lambda raw: issue_batch(
        b"\0\5" + bytes([ISSUER.public.truncated_id]) + raw, LIVE
    ),
    "token response": DRAW.finish,
    "token batch response": DRAW.finish_batch,
    "issuer directory": Directory.parse,
    "Authorization header": lambda raw: parse_authorization(text(raw)),
    "WWW-Authenticate header": lambda raw: parse_www_authenticate(text(raw)),
    "signed note": lambda raw: note.split(text(raw)),
    "note verifier key": lambda raw: note.Verifier.parse(text(raw)),
    "checkpoint": lambda raw: Checkpoint.parse(text(raw)),
    "signed checkpoint": lambda raw: verify_checkpoint(text(raw), LOG),
    "Merkle proofs": merkle_proofs,
}
