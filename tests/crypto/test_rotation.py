from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import SigningKey, parse, proof
from crypto.canonical import canonical
from crypto.derivation import Root
from crypto.errors import CryptoError, KeyFormatError, RotationError
from crypto.rotation import Chain, commitment, compare, extend, follow, incept, rotate
from tests.crypto.strategies import mutations, values

KEYS = [Root.from_seed(bytes(32)).identity(n) for n in range(5)]
THIEF = SigningKey.from_seed(b"\x66" * 32)


def chain_of(length: int) -> tuple[list[dict[str, Any]], Chain]:
    documents: list[dict[str, Any]] = [dict(incept(KEYS[0], KEYS[1].did))]
    for at in range(1, length):
        documents.append(dict(rotate(follow(documents), KEYS[at], KEYS[at + 1].did)))
    return documents, follow(documents)


DOCUMENTS, CHAIN = chain_of(3)


def refusal(chain: Chain, document: dict[str, Any]) -> str:
    with pytest.raises(RotationError) as error:
        extend(chain, document)
    return error.value.code


def resigned(document: dict[str, Any], signer: SigningKey, **members: Any) -> dict[str, Any]:
    return dict(proof.sign({**document, **members}, signer, purpose="capabilityInvocation"))


def test_chain_keeps_its_subject_and_changes_its_key() -> None:
    assert CHAIN.subject == KEYS[0].did
    assert CHAIN.key == KEYS[2].did
    assert CHAIN.next == commitment(KEYS[3].did)
    assert CHAIN.seq == 2
    assert follow([parse(canonical(document)) for document in DOCUMENTS]) == CHAIN


def test_known_document_changes_nothing() -> None:
    for document in DOCUMENTS:
        assert extend(CHAIN, document) == CHAIN


def test_thief_of_the_current_key_cannot_rotate() -> None:
    """The current key signs a rotation to the thief's key, and to itself."""
    document = dict(rotate(CHAIN, KEYS[3], KEYS[4].did))
    assert refusal(CHAIN, resigned(document, THIEF, key=THIEF.did)) == "wrong-key"
    assert refusal(CHAIN, resigned(document, KEYS[2], key=KEYS[2].did)) == "wrong-key"
    assert refusal(CHAIN, resigned(document, KEYS[2])) == "wrong-key"
    with pytest.raises(RotationError):
        rotate(CHAIN, THIEF, THIEF.did)


def test_fork_is_detected() -> None:
    """Two documents by the right key at one place: a proof against whoever held the key."""
    earlier = follow(DOCUMENTS[:2])
    other = dict(rotate(earlier, KEYS[2], THIEF.did))
    assert refusal(CHAIN, other) == "fork"
    with pytest.raises(RotationError) as error:
        compare(CHAIN, extend(earlier, other))
    assert error.value.code == "fork"


def test_forged_fork_is_told_from_a_real_one() -> None:
    """Nobody but the key's holder can make a chain look forked."""
    forged = {**DOCUMENTS[2], "next": commitment(THIEF.did)}
    assert refusal(CHAIN, forged) == "bad-signature"


def test_rollback_is_detected() -> None:
    with pytest.raises(RotationError) as error:
        compare(CHAIN, follow(DOCUMENTS[:2]))
    assert error.value.code == "rollback"
    assert compare(follow(DOCUMENTS[:2]), CHAIN) == CHAIN
    assert compare(CHAIN, CHAIN) == CHAIN


def test_chain_of_another_identity_is_refused() -> None:
    other = follow([incept(THIEF, KEYS[1].did)])
    with pytest.raises(RotationError) as error:
        compare(CHAIN, other)
    assert error.value.code == "subject"
    assert refusal(CHAIN, dict(incept(THIEF, KEYS[1].did))) == "subject"


def test_gap_and_broken_link_are_refused() -> None:
    last = dict(rotate(CHAIN, KEYS[3], KEYS[4].did))
    assert refusal(follow(DOCUMENTS[:2]), last) == "gap"
    relinked = resigned(last, KEYS[3], previous=CHAIN.digests[0])
    assert refusal(CHAIN, relinked) == "broken"


def test_first_document_must_be_its_subjects_own() -> None:
    first = DOCUMENTS[0]
    cases = [
        [],
        [resigned(first, THIEF, key=THIEF.did)],
        [resigned(first, KEYS[0], seq=1)],
        [DOCUMENTS[1]],
        [{**first, "proof": None}],
    ]
    for documents in cases:
        with pytest.raises(RotationError):
            follow(documents)


@pytest.mark.parametrize(
    "members",
    [
        {"type": "Profile"},
        {"v": 2},
        {"v": True},
        {"seq": -1},
        {"seq": "3"},
        {"seq": True},
        {"key": None},
        {"next": "short"},
        {"extra": 1},
    ],
    ids=str,
)
def test_malformed_rotation_is_refused(members: dict[str, Any]) -> None:
    last = dict(rotate(CHAIN, KEYS[3], KEYS[4].did))
    assert refusal(CHAIN, resigned(last, KEYS[3], **members)) == "shape"


def test_rotation_signed_for_another_purpose_is_refused() -> None:
    last = dict(rotate(CHAIN, KEYS[3], KEYS[4].did))
    assert refusal(CHAIN, dict(proof.sign(last, KEYS[3]))) == "wrong-purpose"


def test_every_changed_byte_of_a_rotation_is_refused() -> None:
    last = canonical(rotate(CHAIN, KEYS[3], KEYS[4].did))
    extend(CHAIN, parse(last))
    for changed in mutations(last):
        with pytest.raises(CryptoError):
            extend(CHAIN, parse(changed))


def test_commitment_to_what_is_no_key_is_refused() -> None:
    with pytest.raises(KeyFormatError):
        incept(KEYS[0], "did:key:z6Mk")


@given(st.dictionaries(st.sampled_from([*DOCUMENTS[1]]), values, max_size=8))
def test_no_document_escapes_the_error_tree(document: dict[str, Any]) -> None:
    with pytest.raises(CryptoError):
        extend(CHAIN, document)
    with pytest.raises(CryptoError):
        follow([document])
    with pytest.raises(CryptoError):
        extend(CHAIN, {**DOCUMENTS[1], "subject": KEYS[0].did, **document, "extra": 0})
