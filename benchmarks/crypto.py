"""What each operation of `crypto` costs, in bare signature verifications.

The unit is PyNaCl's `VerifyKey.verify` of a 1 KiB message, measured in the same run:
`python -m benchmarks.crypto [--json] [--bars]`.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable
from functools import partial

import nacl.signing

from benchmarks._harness import Bar, Report, fastest, ratio, run
from benchmarks._pure_voprf import draw_and_redeem
from crypto import (
    ReplyKey,
    SigningKey,
    VerifyKey,
    http_signatures,
    messages,
    parse,
    proof,
    sealed,
    vault,
)
from crypto.canonical import canonical
from crypto.derivation import Root
from crypto.issuance import Draw, derive_blind, issue_batch, live_keys
from crypto.keys import forget_keys
from crypto.merkle import Tree, leaf_hash, verify_inclusion
from crypto.ristretto import Scalar
from crypto.tokens import Challenge, IssuerKey, token_input, verify

KEY = SigningKey.from_seed(b"\x01" * 32)
ISSUER = IssuerKey.from_seed(b"\x07" * 32, b"benchmark")
CHALLENGE = Challenge.of_market("market.example")
NOW = 1_795_000_000
TOKENS = 20
BARE = "bare verification, 1 KiB"
NEW_SIGNER = "verify a 1 KiB document, new signer"
FLOW = f"draw and redeem {TOKENS} tokens"
PURE = "the same in pure Python"

Call = Callable[[], object]


def measure() -> Report:
    """Measure the crypto package in units of one bare Ed25519 verification."""
    message = secrets.token_bytes(1024)
    bare_key = nacl.signing.SigningKey(KEY.seed)
    signature = bare_key.sign(message).signature
    quick: dict[str, Call] = {
        BARE: lambda: bare_key.verify_key.verify(message, signature),
        **documents(),
        **keys(),
        **envelopes(),
        **log(),
        **tokens(),
    }
    times = fastest(quick) | fastest(slow(), rounds=3)
    bare = times[BARE]
    report = Report("crypto", ("operation", "microseconds", "bare verifications"))
    report.rows = [(name, taken * 1e6, taken / bare) for name, taken in times.items()]
    report.bars = [
        Bar(
            "1 KiB document, new signer, in bare verifications",
            ratio(quick[NEW_SIGNER], quick[BARE]),
            2.5,
        ),
        Bar(
            f"{TOKENS} tokens, times faster than in pure Python",
            times[PURE] / times[FLOW],
            5,
            at_least=True,
        ),
    ]
    return report


def document() -> dict[str, object]:
    """A bid whose signed canonical form has 1 KiB."""
    body: dict[str, object] = {
        "type": "Bid",
        "v": 1,
        "vendor": KEY.did,
        "request": "R" * 43,
        "salt": "S" * 22,
        "price": {
            "amount": 24900,
            "currency": "EUR",
            "parts": [{"what": "goods", "amount": 20000}, {"what": "tax", "amount": 4900}],
        },
        "place": "p1",
        "terms": {"id": "PDC-INTENT", "digest": "T" * 43},
        "delivery": ["ship", "pickup"],
        "text": "",
    }
    missing = 1024 - len(canonical(proof.sign(body, KEY)))
    body["text"] = ("Größe L, neu. " * 40).encode()[:missing].decode(errors="ignore")
    return body


def documents() -> dict[str, Call]:
    signed = proof.sign(document(), KEY)
    raw = canonical(signed)
    spaced = json.dumps(signed, indent=1, ensure_ascii=False).encode()

    def whole(text: bytes) -> None:
        proof.verify(parse(text), signer=KEY.did)

    def as_new(text: bytes) -> None:
        forget_keys()
        whole(text)

    return {
        "parse 1 KiB": lambda: parse(raw),
        "parse 1 KiB with spaces": lambda: parse(spaced),
        "canonical form of 1 KiB": lambda: canonical(signed),
        "sign a 1 KiB document": lambda: proof.sign(signed, KEY),
        NEW_SIGNER: lambda: as_new(raw),
        "verify a 1 KiB document, known signer": lambda: whole(raw),
        "verify a 1 KiB document with spaces, new signer": lambda: as_new(spaced),
    }


def keys() -> dict[str, Call]:
    root = Root.from_seed(bytes(32))
    return {
        "check a public key": lambda: VerifyKey(KEY.public.raw),
        "derive a pseudonym": lambda: root.pseudonym(1, 2, 3).did,
    }


def envelopes() -> dict[str, Call]:
    reply = ReplyKey.from_seed(b"\x03" * 32)
    box = sealed.seal(bytes(400), reply.public)
    letter = messages.seal(
        {"text": "hello"},
        sender=KEY,
        recipient=reply.public,
        request="R" * 43,
        purpose="message",
    )
    url = "https://market.example/v1/board"
    headers = http_signatures.sign_request(
        "GET", url, {}, None, KEY, tag="vrm", created=NOW, nonce="n" * 22
    )
    return {
        "seal 400 bytes": lambda: sealed.seal(bytes(400), reply.public),
        "open a sealed box": lambda: sealed.unseal(box, reply),
        "open and verify a sealed message": lambda: messages.unseal(
            letter, reply, sender=KEY.did, request="R" * 43, purpose="message"
        ),
        "sign an HTTP request": lambda: http_signatures.sign_request(
            "GET", url, {}, None, KEY, tag="vrm", created=NOW, nonce="n" * 22
        ),
        "verify an HTTP request": lambda: http_signatures.verify_request(
            "GET", url, headers, None, tag="vrm", now=NOW
        ),
        "lock a vault at the least cost": lambda: vault.lock(b"s", b"p", vault.Cost.MINIMUM),
    }


def log() -> dict[str, Call]:
    leaves = [leaf_hash(index.to_bytes(4, "big")) for index in range(100_000)]
    tree = Tree(leaves)
    root, size = tree.root(), len(tree)
    path = tree.inclusion_proof(54_321, size)
    return {
        "append 1,000 leaves to a log": lambda: Tree(leaves[:1000]),
        "prove inclusion among 100,000": lambda: tree.inclusion_proof(54_321, size),
        "verify inclusion among 100,000": lambda: verify_inclusion(
            leaves[54_321], 54_321, size, path, root
        ),
    }


def tokens() -> dict[str, Call]:
    live = live_keys([ISSUER])
    draw = Draw(ISSUER.public, CHALLENGE, *wallet())
    request = draw.batch_request()
    token = draw.finish_batch(issue_batch(request, live))[0]
    return {
        FLOW: draw_and_redeem_here,
        f"issue {TOKENS} tokens, the issuer's part": lambda: issue_batch(request, live),
        "redeem a token": lambda: verify(token, challenge=CHALLENGE, key=ISSUER),
    }


def slow() -> dict[str, Call]:
    """What is measured a few times only."""
    nonces, blinds = wallet()
    inputs = [token_input(nonce, CHALLENGE.digest, ISSUER.public.key_id) for nonce in nonces]
    by = [int.from_bytes(blind, "little") for blind in blinds]
    secret = int.from_bytes(ISSUER.secret, "little")
    pure = partial(draw_and_redeem, secret, inputs, by, nonce=12345)
    assert pure() == draw_and_redeem_here()
    return {PURE: pure, "lock a vault at the default cost": lambda: vault.lock(b"s", b"p")}


def wallet() -> tuple[tuple[bytes, ...], tuple[Scalar, ...]]:
    """Nonces and blinds for one draw."""
    root = Root.from_seed(bytes(32))
    nonces = tuple(root.pseudonym(1, 2, index).public.raw for index in range(TOKENS))
    return nonces, tuple(derive_blind(b"\x09" * 32, ISSUER.public, nonce) for nonce in nonces)


def draw_and_redeem_here() -> list[bytes]:
    draw = Draw(ISSUER.public, CHALLENGE, *wallet())
    drawn = draw.finish_batch(issue_batch(draw.batch_request(), live_keys([ISSUER])))
    for token in drawn:
        verify(token, challenge=CHALLENGE, key=ISSUER)
    return [token.authenticator for token in drawn]


if __name__ == "__main__":
    run(measure)
