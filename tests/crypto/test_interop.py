"""Interoperation with independent JavaScript: Data Integrity, VOPRF, sealed boxes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from nacl.public import PrivateKey

from crypto import ReplyKey, SigningKey, digest, parse, proof, voprf
from crypto.canonical import canonical
from crypto.issuance import Draw, derive_blind, issue_batch, live_keys
from crypto.ristretto import element
from crypto.sealed import seal, unseal
from crypto.tokens import Challenge, IssuerKey, Token, token_input, verify
from crypto.wire import Reader, vector
from tests.crypto import node

# One worker installs, and all of these run there.
pytestmark = pytest.mark.xdist_group("node")

SCRIPT = Path(__file__).parent / "interop" / "interop.mjs"
EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "node-verify" / "verify.mjs"
KEY = SigningKey.from_seed(b"\x01" * 32)
ISSUER = IssuerKey.from_seed(b"\x07" * 32, b"known/2026-11")
CHALLENGE = Challenge.of_market("market.example")
NONCES = tuple(SigningKey.from_seed(bytes([n]) * 32).public.raw for n in (1, 2, 3))
REPLY = ReplyKey.from_seed(b"\x03" * 32)

PROFILE = {
    "@context": [
        "https://www.w3.org/ns/credentials/v2",
        "https://www.w3.org/ns/credentials/undefined-terms/v2",
    ],
    "type": ["VerifiableCredential", "Profile"],
    "v": 1,
    "issuer": KEY.did,
    "validFrom": "2026-11-21T12:00:00Z",
    "credentialSubject": {"id": KEY.did, "name": "Zoë 🚲", "languages": ["fr", "en"]},
}
BID = {"type": "Bid", "v": 1, "vendor": KEY.did, "price": {"amount": 24900, "currency": "EUR"}}

Ask = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def ask() -> Ask:
    node.install(SCRIPT.parent)

    def send(command: str, **options: Any) -> dict[str, Any]:
        code, output = node.run(SCRIPT, {"command": command, **options})
        assert code == 0, output
        answer: dict[str, Any] = json.loads(output)
        return answer

    return send


@pytest.mark.parametrize("document", [PROFILE, BID], ids=["profile", "bid"])
@pytest.mark.parametrize("created", [None, "2026-11-21T12:00:00Z"])
def test_document_signed_here_verifies_there(
    ask: Ask, document: dict[str, Any], created: str | None
) -> None:
    signed = proof.sign(document, KEY, created=created)
    assert ask("verify", document=signed) == {"verified": True, "error": ""}
    assert not ask("verify", document={**signed, "v": 2})["verified"]


@pytest.mark.parametrize("document", [PROFILE, BID], ids=["profile", "bid"])
def test_document_signed_there_verifies_here(ask: Ask, document: dict[str, Any]) -> None:
    answer = ask("sign", document=document, seed=KEY.seed.hex(), created="2026-11-21T12:00:00Z")
    signed = parse(json.dumps(answer["document"]).encode())
    proof.verify(signed, signer=KEY.did)
    if "@context" in document:  # their suite adds one where there is none
        again = proof.sign(document, KEY, created="2026-11-21T12:00:00Z")
        assert canonical(signed) == canonical(again)


def test_token_blinded_there_is_issued_here_and_redeems(ask: Ask) -> None:
    public = ISSUER.public
    inputs = [token_input(nonce, CHALLENGE.digest, public.key_id) for nonce in NONCES]
    blinded = ask("blind", inputs=[raw.hex() for raw in inputs], publicKey=public.element.hex())
    elements = b"".join(bytes.fromhex(item) for item in blinded["blinded"])
    request = b"\x00\x05" + bytes([public.truncated_id]) + vector(elements)
    response = issue_batch(request, live_keys([ISSUER]))

    reader = Reader(response)
    evaluated, dleq = reader.vector(), reader.take(voprf.PROOF_SIZE)
    finished = ask(
        "finalize",
        state=blinded["state"],
        evaluated=[evaluated[at : at + 32].hex() for at in range(0, len(evaluated), 32)],
        proof=dleq.hex(),
        publicKey=public.element.hex(),
    )
    for nonce, output in zip(NONCES, finished["outputs"], strict=True):
        token = Token(nonce, CHALLENGE.digest, public.key_id, bytes.fromhex(output))
        verify(token, challenge=CHALLENGE, key=ISSUER)


def test_token_blinded_here_is_issued_there_and_redeems(ask: Ask) -> None:
    blinds = tuple(derive_blind(b"\x09" * 32, ISSUER.public, nonce) for nonce in NONCES)
    draw = Draw(ISSUER.public, CHALLENGE, NONCES, blinds)
    reader = Reader(draw.batch_request())
    reader.take(3)
    raw = reader.vector()
    blinded = [element(raw[at : at + 32]).hex() for at in range(0, len(raw), 32)]
    answer = ask("evaluate", secret=ISSUER.secret.hex(), blinded=blinded)
    evaluated = b"".join(bytes.fromhex(item) for item in answer["evaluated"])
    for token in draw.finish_batch(vector(evaluated) + bytes.fromhex(answer["proof"])):
        verify(token, challenge=CHALLENGE, key=ISSUER)


def test_box_sealed_here_opens_there(ask: Ask) -> None:
    secret = bytes(PrivateKey(REPLY.seed)).hex()
    answer = ask("open", sealed=seal(b"a message", REPLY.public).hex(), secret=secret)
    padded = b"a message\x80".ljust(512, b"\0")
    assert bytes.fromhex(answer["message"]) == padded


def test_box_sealed_there_opens_here(ask: Ask) -> None:
    padded = b"a message\x80".ljust(512, b"\0").hex()
    answer = ask("seal", message=padded, recipient=REPLY.public.raw.hex())
    assert unseal(bytes.fromhex(answer["sealed"]), REPLY) == b"a message"


@pytest.fixture(scope="module")
def example() -> Path:
    node.install(EXAMPLE.parent)
    return EXAMPLE


def test_the_documented_example_verifies_a_document(example: Path) -> None:
    signed = proof.sign(PROFILE, KEY)
    code, output = node.run(example, signed)
    assert code == 0
    assert output.splitlines() == [f"signed by {KEY.did}", f"identity  {digest(PROFILE)}"]


def test_the_documented_example_refuses_a_changed_document(example: Path) -> None:
    signed: dict[str, Any] = dict(proof.sign(BID, KEY))
    for changed in (
        {**signed, "price": {"amount": 1, "currency": "EUR"}},
        {**signed, "proof": {**signed["proof"], "proofPurpose": "authentication"}},
        BID,
    ):
        code, output = node.run(example, changed)
        assert code == 1
        assert output.startswith("refused")
