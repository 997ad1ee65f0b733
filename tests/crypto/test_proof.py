import hashlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import SigningKey, digest, parse
from crypto.canonical import canonical
from crypto.encoding import base58_decode, base58_encode
from crypto.errors import CryptoError, DocumentError, ProofError
from crypto.proof import countersign, sign, verify, verify_countersigned
from tests.crypto.strategies import documents, mutations, seeds

KEY = SigningKey.from_seed(b"\x01" * 32)
OTHER = SigningKey.from_seed(b"\x02" * 32)
DOCUMENT: dict[str, Any] = {"type": "Bid", "v": 1, "price": {"total": 24900, "currency": "EUR"}}
SMALL_ORDER_DID = "did:key:" + base58_encode(b"\xed\x01" + bytes([1]) + bytes(31))


def refusal(document: dict[str, Any], signer: str = KEY.did, **how: Any) -> str:
    with pytest.raises(ProofError) as error:
        verify(document, signer=signer, **how)
    return error.value.code


def with_proof(**members: Any) -> dict[str, Any]:
    signed: dict[str, Any] = dict(sign(DOCUMENT, KEY))
    return {**signed, "proof": {**signed["proof"], **members}}


@given(documents, seeds)
def test_what_is_signed_verifies(document: dict[str, Any], seed: bytes) -> None:
    key = SigningKey.from_seed(seed)
    signed = sign(document, key)
    verify(signed, signer=key.did)
    verify(parse(canonical(signed)), signer=key.did, allow_created=False)
    assert digest(signed) == digest(document)


@settings(max_examples=20)
@given(documents.filter(bool))
def test_every_changed_byte_of_the_wire_form_is_refused(document: dict[str, Any]) -> None:
    for changed in mutations(canonical(sign(document, KEY))):
        with pytest.raises(CryptoError):
            verify(parse(changed), signer=KEY.did)


def test_every_changed_byte_of_the_canonical_form_is_refused() -> None:
    signed: dict[str, Any] = dict(sign(DOCUMENT, KEY))
    signature = base58_decode(signed["proof"]["proofValue"], 64)
    options = {name: v for name, v in signed["proof"].items() if name != "proofValue"}
    hashes = hashlib.sha256(canonical(options)).digest()
    for changed in mutations(canonical(DOCUMENT)):
        with pytest.raises(ProofError):
            KEY.public.verify(hashes + hashlib.sha256(changed).digest(), signature)


def test_unsigned_document_is_refused() -> None:
    assert refusal(DOCUMENT) == "missing-proof"


def test_signature_by_another_key_is_refused() -> None:
    assert refusal(dict(sign(DOCUMENT, OTHER))) == "wrong-key"


def test_signature_by_another_key_under_the_signers_name_is_refused() -> None:
    forged: dict[str, Any] = dict(sign(DOCUMENT, OTHER))
    forged["proof"]["verificationMethod"] = KEY.verification_method
    assert refusal(forged) == "bad-signature"


def test_proof_moved_to_another_document_is_refused() -> None:
    moved = {**DOCUMENT, "v": 2, "proof": sign(DOCUMENT, KEY)["proof"]}
    assert refusal(moved) == "bad-signature"


def test_document_retyped_under_its_proof_is_refused() -> None:
    assert refusal({**sign(DOCUMENT, KEY), "type": "Capacity"}) == "bad-signature"


def test_proof_for_another_purpose_is_refused() -> None:
    signed = sign(DOCUMENT, KEY, purpose="authentication")
    verify(signed, signer=KEY.did, purpose="authentication")
    assert refusal(dict(signed)) == "wrong-purpose"


def test_purpose_rewritten_in_the_proof_is_refused() -> None:
    signed: dict[str, Any] = dict(sign(DOCUMENT, KEY, purpose="authentication"))
    signed["proof"]["proofPurpose"] = "assertionMethod"
    assert refusal(signed) == "bad-signature"


def test_time_in_a_pseudonyms_proof_is_refused() -> None:
    signed = dict(sign(DOCUMENT, KEY, created="2026-11-21T12:00:00Z"))
    verify(signed, signer=KEY.did)
    assert refusal(signed, allow_created=False) == "created-forbidden"


@pytest.mark.parametrize(
    "created",
    ["2026-11-21T12:00:00+01:00", "2026-11-21", "today", "2026-11-21T12:00:00.5Z", "", 5, None],
)
def test_misspelt_time_is_refused(created: Any) -> None:
    assert refusal(with_proof(created=created)) == "proof-shape"
    if isinstance(created, str):
        with pytest.raises(ProofError):
            sign(DOCUMENT, KEY, created=created)


@pytest.mark.parametrize(
    "members",
    [
        {"domain": "elsewhere.example"},
        {"id": "urn:x"},
        {"previousProof": "urn:x"},
        {"expires": "2026-11-21T12:00:00Z"},
        {"@context": "https://www.w3.org/ns/credentials/v2"},
        {"type": "Ed25519Signature2020"},
        {"cryptosuite": "eddsa-rdfc-2022"},
        {"cryptosuite": None},
        {"proofPurpose": ["assertionMethod"]},
        {"proofValue": 7},
        {"verificationMethod": {}},
    ],
)
def test_proof_of_another_shape_is_refused(members: dict[str, Any]) -> None:
    assert refusal(with_proof(**members)) == "proof-shape"


@pytest.mark.parametrize(
    "name", ["type", "cryptosuite", "verificationMethod", "proofPurpose", "proofValue"]
)
def test_proof_without_a_member_is_refused(name: str) -> None:
    signed = with_proof()
    del signed["proof"][name]
    assert refusal(signed) == "proof-shape"


@pytest.mark.parametrize("proof", [[], "z", 1, True, [[]], [{}], {}])
def test_proof_that_is_no_single_proof_is_refused(proof: Any) -> None:
    assert refusal({**DOCUMENT, "proof": proof}) == "proof-shape"


def test_proof_set_in_place_of_a_single_proof_is_refused() -> None:
    signed = sign(DOCUMENT, KEY)
    assert refusal({**signed, "proof": [signed["proof"]]}) == "proof-shape"


@pytest.mark.parametrize(
    "change",
    [
        lambda value: value[1:],
        lambda value: "z1" + value[1:],
        lambda value: value + "1",
        lambda value: value + "\n",
        lambda value: "u" + value[1:],
        lambda value: "z" + "z" * 88,
        lambda _: "z",
        lambda _: "",
    ],
)
def test_second_spelling_of_a_signature_is_refused(change: Any) -> None:
    value = sign(DOCUMENT, KEY)["proof"]["proofValue"]  # type: ignore[index, call-overload]
    assert refusal(with_proof(proofValue=change(value))) == "proof-shape"


@pytest.mark.parametrize(
    "method", [KEY.did, KEY.did + "#", KEY.did + "#key-1", KEY.verification_method + "?"]
)
def test_verification_method_that_is_not_the_keys_own_is_refused(method: str) -> None:
    assert refusal(with_proof(verificationMethod=method)) == "wrong-key"


def test_small_order_signer_is_refused() -> None:
    fragment = SMALL_ORDER_DID.removeprefix("did:key:")
    forged = with_proof(verificationMethod=f"{SMALL_ORDER_DID}#{fragment}")
    assert refusal(forged, signer=SMALL_ORDER_DID) == "wrong-key"


def test_signed_float_is_refused() -> None:
    with pytest.raises(DocumentError):
        sign({"a": 1.5}, KEY)
    with pytest.raises(DocumentError):
        verify({**sign(DOCUMENT, KEY), "v": 1.0}, signer=KEY.did)


def test_context_of_a_credential_is_inside_its_proof() -> None:
    credential: dict[str, Any] = {"@context": ["https://www.w3.org/ns/credentials/v2"], "type": []}
    signed: dict[str, Any] = dict(sign(credential, KEY))
    assert signed["proof"]["@context"] == credential["@context"]
    verify(signed, signer=KEY.did)
    without = {**signed["proof"]}
    del without["@context"]
    assert refusal({**signed, "proof": without}) == "proof-shape"
    other = {**signed, "@context": ["https://evil.example/v2"]}
    assert refusal(other) == "proof-shape"


def test_countersigned_document_verifies_for_both() -> None:
    both = countersign(sign(DOCUMENT, KEY), OTHER, created="2026-11-21T12:00:00Z")
    verify_countersigned(both, author=KEY.did, countersigner=OTHER.did)
    assert digest(both) == digest(DOCUMENT)
    assert refusal(dict(both)) == "proof-shape"


def test_countersignature_with_roles_exchanged_is_refused() -> None:
    both: dict[str, Any] = dict(countersign(sign(DOCUMENT, KEY), OTHER))
    swapped = {**both, "proof": both["proof"][::-1]}
    for document, author, countersigner in (
        (swapped, KEY.did, OTHER.did),
        (both, OTHER.did, KEY.did),
        (both, KEY.did, KEY.did),
    ):
        with pytest.raises(ProofError):
            verify_countersigned(document, author=author, countersigner=countersigner)


def test_countersignature_left_out_or_forged_is_refused() -> None:
    both: dict[str, Any] = dict(countersign(sign(DOCUMENT, KEY), OTHER))
    author, second = both["proof"]
    for proofs in ([author], author, [author, author], [author, second, second], [], None):
        with pytest.raises(ProofError):
            verify_countersigned({**both, "proof": proofs}, author=KEY.did, countersigner=OTHER.did)


def test_every_changed_byte_of_a_countersigned_document_is_refused() -> None:
    for changed in mutations(canonical(countersign(sign(DOCUMENT, KEY), OTHER))):
        with pytest.raises(CryptoError):
            verify_countersigned(parse(changed), author=KEY.did, countersigner=OTHER.did)


def test_only_a_second_party_countersigns_a_signed_document() -> None:
    signed = sign(DOCUMENT, KEY)
    for document, key in ((signed, KEY), (DOCUMENT, OTHER), (countersign(signed, OTHER), OTHER)):
        with pytest.raises(ProofError):
            countersign(document, key)


proofs = st.recursive(
    st.none() | st.booleans() | st.text(max_size=5) | st.sampled_from(list(with_proof()["proof"])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(list(with_proof()["proof"])), inner, max_size=6)
    ),
    max_leaves=8,
)


@given(documents, proofs)
def test_no_proof_escapes_the_error_tree(document: dict[str, Any], proof: Any) -> None:
    forged = {**document, "proof": proof}
    with pytest.raises(CryptoError):
        verify(forged, signer=KEY.did)
    with pytest.raises(CryptoError):
        verify_countersigned(forged, author=KEY.did, countersigner=OTHER.did)
