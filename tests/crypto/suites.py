"""One check for each suite of published vectors, whichever place they were read from."""

from __future__ import annotations

import base64
import hashlib
import json
from typing import Any

import pytest
import rfc8785

from crypto import ReplyPublicKey, SigningKey, VerifyKey, canonical, checkpoint, note, parse, voprf
from crypto.derivation import Node, seed_of_phrase
from crypto.encoding import base58_decode, base58_encode
from crypto.errors import DocumentError, LogError, ProofError
from crypto.issuance import Draw, issue, issue_batch, live_keys
from crypto.merkle import verify_inclusion
from crypto.proof import verify
from crypto.ristretto import multiply, multiply_base, scalar, scalar_inverse
from crypto.tokens import Challenge, IssuerKey, Token
from crypto.tokens import verify as verify_token
from tests.crypto.oprf import Mode, scalar_sum

OUTSIDE_THE_SUBSET = {
    "french": "non-ascii-key",
    "structures": "float",
    "values": "float",
    "weird": "non-ascii-key",
}


def jcs(case: dict[str, Any]) -> None:
    """Inside the strict subset the form is RFC 8785's; outside, ingest refuses."""
    raw, expected = case["input"].encode(), case["output"].strip().encode()
    assert rfc8785.dumps(json.loads(raw)) == expected
    wrapped = b'{"value":' + raw + b"}"
    if case["name"] in OUTSIDE_THE_SUBSET:
        with pytest.raises(DocumentError) as refusal:
            parse(wrapped)
        assert refusal.value.code == OUTSIDE_THE_SUBSET[case["name"]]
    else:
        assert canonical.canonical(parse(wrapped)["value"]) == expected


def eddsa_jcs_2022(figures: dict[str, Any]) -> None:
    secret = base58_decode(figures["keyPair"]["privateKeyMultibase"], 34)
    key = SigningKey.from_seed(secret.removeprefix(b"\x80\x26"))
    signed = figures["signedJCS"]
    options = {name: value for name, value in signed["proof"].items() if name != "proofValue"}
    assert key.did == "did:key:" + figures["keyPair"]["publicKeyMultibase"]
    assert canonical.canonical(figures["unsigned"]).decode() == figures["canonDocJCS"].strip()
    assert canonical.canonical(options).decode() == figures["proofCanonJCS"].strip()
    document_hash = hashlib.sha256(canonical.canonical(figures["unsigned"]))
    proof_hash = hashlib.sha256(canonical.canonical(options))
    assert document_hash.hexdigest() == figures["docHashJCS"].strip()
    assert proof_hash.hexdigest() == figures["proofHashJCS"].strip()
    signature = key.sign(proof_hash.digest() + document_hash.digest())
    assert base58_encode(signature) == figures["sigBTC58JCS"].strip()
    verify(signed, signer=key.did)
    with pytest.raises(ProofError):
        verify({**signed, "name": "Alumna Credential"}, signer=key.did)


def did_key(case: dict[str, Any]) -> None:
    assert VerifyKey.from_did(case["did"]).did == case["did"]
    assert ReplyPublicKey.from_text(case["x25519"]).text == case["x25519"]
    if case["seed"]:
        assert SigningKey.from_seed(bytes.fromhex(case["seed"])).did == case["did"]


def bip39(case: list[str]) -> None:
    _, phrase, seed, _ = case
    assert seed_of_phrase(phrase, "TREZOR").hex() == seed


def slip_0010(figures: dict[str, Any]) -> None:
    master = Node.master(bytes.fromhex(figures["seed"]))
    for expected in figures["nodes"]:
        path = [int(step.rstrip("'")) for step in expected["path"].split("/")[1:]]
        node = master.descend(*path)
        assert node.key.hex() == expected["private"]
        assert SigningKey(node.key).public.raw.hex() == expected["public"]


def rfc9497(mode: dict[str, Any]) -> None:
    for vector in mode["vectors"]:
        (voprf_mode if mode["mode"] == 1 else other_mode)(mode, vector)


def voprf_mode(mode: dict[str, Any], vector: dict[str, Any]) -> None:
    key = voprf.derive_key(bytes.fromhex(mode["seed"]), bytes.fromhex(mode["keyInfo"]))
    assert key.hex() == mode["skSm"]
    public = multiply_base(key)
    assert public.hex() == mode["pkSm"]
    messages, blinds = split(vector["Input"]), [scalar(raw) for raw in split(vector["Blind"])]
    blinded = [voprf.blind(message, by) for message, by in zip(messages, blinds, strict=True)]
    assert blinded == split(vector["BlindedElement"])
    nonce = bytes.fromhex(vector["Proof"]["r"])
    evaluated, proof = voprf.blind_evaluate(key, blinded, lambda size: nonce.ljust(size, b"\0"))
    assert evaluated == split(vector["EvaluationElement"])
    assert proof.encode().hex() == vector["Proof"]["proof"]
    outputs = voprf.finalize(public, messages, blinds, blinded, evaluated, proof=proof)
    assert outputs == split(vector["Output"])
    assert [voprf.evaluate(key, message) for message in messages] == outputs


def other_mode(mode: dict[str, Any], vector: dict[str, Any]) -> None:
    suite, info = Mode(mode["mode"]), None
    key = suite.derive_key(bytes.fromhex(mode["seed"]), bytes.fromhex(mode["keyInfo"]))
    assert key.hex() == mode["skSm"]
    if mode["mode"] == 2:
        assert multiply_base(key).hex() == mode["pkSm"]
        info = bytes.fromhex(vector["Info"])
        key = scalar_sum(key, suite.tweak(info))
    by = key if info is None else scalar_inverse(key)
    messages, blinds = split(vector["Input"]), [scalar(raw) for raw in split(vector["Blind"])]
    blinded = [suite.blind(message, blind) for message, blind in zip(messages, blinds, strict=True)]
    assert blinded == split(vector["BlindedElement"])
    evaluated = [multiply(by, item) for item in blinded]
    assert evaluated == split(vector["EvaluationElement"])
    if info is not None:
        proof = suite.prove(key, evaluated, blinded, scalar(bytes.fromhex(vector["Proof"]["r"])))
        assert proof.hex() == vector["Proof"]["proof"]
    outputs = [
        suite.output(message, info, multiply(scalar_inverse(blind), item))
        for message, blind, item in zip(messages, blinds, evaluated, strict=True)
    ]
    assert outputs == split(vector["Output"])


def privacy_pass_single(case: dict[str, Any]) -> None:
    key, challenge = issuer(case)
    draw = Draw(
        key.public,
        challenge,
        (bytes.fromhex(case["nonce"]),),
        (scalar(bytes.fromhex(case["blind"])),),
    )
    assert draw.request().hex() == case["token_request"]
    token = draw.finish(bytes.fromhex(case["token_response"]))
    assert token.encode().hex() == case["token"]
    assert Token.parse(bytes.fromhex(case["token"])) == token
    verify_token(token, challenge=challenge, key=key)
    assert draw.finish(issue(draw.request(), live_keys([key]))) == token


def privacy_pass_batch(case: dict[str, Any]) -> None:
    key, challenge = issuer(case)
    draw = Draw(
        key.public,
        challenge,
        tuple(bytes.fromhex(nonce) for nonce in case["nonces"]),
        tuple(scalar(bytes.fromhex(blind)) for blind in case["blinds"]),
    )
    assert draw.batch_request().hex() == case["token_request"]
    tokens = draw.finish_batch(bytes.fromhex(case["token_response"]))
    assert [token.encode().hex() for token in tokens] == case["tokens"]
    for token in tokens:
        verify_token(token, challenge=challenge, key=key)
    assert draw.finish_batch(issue_batch(draw.batch_request(), live_keys([key]))) == tokens


def issuer(case: dict[str, Any]) -> tuple[IssuerKey, Challenge]:
    key = IssuerKey(scalar(bytes.fromhex(case["skS"])))
    assert key.public.element.hex() == case["pkS"]
    challenge = Challenge.parse(bytes.fromhex(case["token_challenge"]))
    assert challenge.encode().hex() == case["token_challenge"]
    return key, challenge


def merkle_inclusion(case: dict[str, Any]) -> None:
    leaf, root = (base64.b64decode(case[name] or "") for name in ("leafHash", "root"))
    proof = [base64.b64decode(node) for node in case["proof"] or []]
    if case["wantErr"]:
        with pytest.raises(LogError):
            verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)
    else:
        verify_inclusion(leaf, case["leafIdx"], case["treeSize"], proof, root)


def signed_note(figures: dict[str, Any]) -> None:
    verifier = note.Verifier.parse(figures["verifier_key"])
    assert verifier.text == figures["verifier_key"]
    text, signatures = note.verify(figures["note"], [verifier])
    assert text == "This is an example message.\n"
    assert signatures == [note.Signature(verifier)]
    said, lines = note.split(figures["checkpoint"])
    parsed = checkpoint.Checkpoint.parse(said)
    assert (parsed.origin, parsed.size) == ("example.com/behind-the-sofa", 20852163)
    assert parsed.text == said
    assert [name for name, _ in lines] == [parsed.origin]


def split(figures: str) -> list[Any]:
    return [bytes.fromhex(part) for part in figures.split(",")]
