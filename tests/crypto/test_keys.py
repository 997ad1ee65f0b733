import contextlib

import nacl.bindings as sodium
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from crypto import ReplyKey, ReplyPublicKey, SigningKey, VerifyKey, check_libsodium
from crypto.encoding import base58_encode, base64url_decode, base64url_encode
from crypto.errors import CryptoError, EncodingError, KeyFormatError, LibraryUnsafe, ProofError
from crypto.selfcheck import BASE_POINT, MIXED_ORDER_POINT
from tests.crypto.strategies import mutations, seeds

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493

# The eight points of small order, with their non-canonical spellings (the set that libsodium's
# ge25519_has_small_order guards against).
SMALL_ORDER = [
    bytes(32),
    (1).to_bytes(32, "little"),
    bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"),
    bytes.fromhex("c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"),
    (P - 1).to_bytes(32, "little"),
    P.to_bytes(32, "little"),
    (P + 1).to_bytes(32, "little"),
]
WITH_SIGN = [raw[:31] + bytes([raw[31] | 0x80]) for raw in SMALL_ORDER]


def test_libsodium_refuses_mixed_order_points_cve_2025_69277() -> None:
    check_libsodium()


@pytest.mark.parametrize("answer", [True, False])
def test_libsodium_that_takes_every_point_or_none_is_refused_at_start(answer: bool) -> None:
    with pytest.raises(LibraryUnsafe):
        check_libsodium(lambda _: answer)


def test_the_mixed_order_probe_is_the_base_point_plus_the_point_of_order_two() -> None:
    order_two = (P - 1).to_bytes(32, "little")
    assert sodium.crypto_core_ed25519_add(BASE_POINT, order_two) == MIXED_ORDER_POINT


@pytest.mark.parametrize("raw", SMALL_ORDER + WITH_SIGN, ids=bytes.hex)
def test_small_order_key_is_refused(raw: bytes) -> None:
    with pytest.raises(KeyFormatError):
        VerifyKey.from_bytes(raw)
    with pytest.raises(KeyFormatError):
        VerifyKey.from_did("did:key:" + base58_encode(b"\xed\x01" + raw))


@given(seeds, st.sampled_from(SMALL_ORDER[2:5]))
def test_mixed_order_key_is_refused(seed: bytes, torsion: bytes) -> None:
    mixed = sodium.crypto_core_ed25519_add(SigningKey.from_seed(seed).public.raw, torsion)
    with pytest.raises(KeyFormatError):
        VerifyKey.from_bytes(mixed)


@pytest.mark.parametrize("y", range(P, 2**255))
def test_non_canonical_point_is_refused(y: int) -> None:
    for sign in (0, 1 << 255):
        with pytest.raises(KeyFormatError):
            VerifyKey.from_bytes((y | sign).to_bytes(32, "little"))


def test_signature_with_s_beyond_the_group_order_is_refused() -> None:
    key = SigningKey.from_seed(bytes(32))
    signature = key.sign(b"message")
    s = int.from_bytes(signature[32:], "little") + L
    with pytest.raises(ProofError):
        key.public.verify(b"message", signature[:32] + s.to_bytes(32, "little"))


def test_every_changed_byte_of_a_signature_or_its_message_is_refused() -> None:
    key = SigningKey.from_seed(bytes(32))
    message = b"a message"
    signature = key.sign(message)
    key.public.verify(message, signature)
    for changed in mutations(signature):
        with pytest.raises(ProofError):
            key.public.verify(message, changed)
    for changed in mutations(message):
        with pytest.raises(ProofError):
            key.public.verify(changed, signature)


@pytest.mark.parametrize("length", [0, 31, 63, 65, 128])
def test_signature_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ProofError):
        SigningKey.from_seed(bytes(32)).public.verify(b"", bytes(length))


@given(seeds)
def test_did_names_its_key(seed: bytes) -> None:
    key = SigningKey.from_seed(seed)
    assert VerifyKey.from_did(key.did) == key.public
    assert key.verification_method == f"{key.did}#{key.did.removeprefix('did:key:')}"
    assert key.did.startswith("did:key:z6Mk")


@pytest.mark.parametrize(
    "change",
    [
        lambda did: did + "1",
        lambda did: did[:-1],
        lambda did: did.replace("did:key:z", "did:key:z1"),
        lambda did: did.replace("did:key:z", "did:key:f"),
        lambda did: did.replace("did:key:", "DID:key:"),
        lambda did: did.replace("did:key:", ""),
        lambda did: did + "#" + did[8:],
        lambda did: did[:-1] + "0",
        lambda did: did[:-1] + "\n",
        lambda did: " " + did,
        lambda did: "did:key:z" + "z" * 10_000,
        lambda _: "",
        lambda _: "did:key:" + ReplyKey.from_seed(bytes(32)).public.text,
    ],
)
def test_misspelt_did_is_refused(change) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(KeyFormatError):
        VerifyKey.from_did(change(SigningKey.from_seed(bytes(32)).did))


@given(st.text() | st.text("123456789ABCabc", min_size=47, max_size=49).map("did:key:z".__add__))
def test_no_text_escapes_the_error_tree(text: str) -> None:
    for read in (VerifyKey.from_did, ReplyPublicKey.from_text, base64url_decode):
        with contextlib.suppress(CryptoError):
            read(text)


@given(seeds, st.binary(max_size=200))
def test_agrees_with_cryptography_on_honest_signatures(seed: bytes, message: bytes) -> None:
    ours, theirs = SigningKey.from_seed(seed), Ed25519PrivateKey.from_private_bytes(seed)
    signature = ours.sign(message)
    assert theirs.sign(message) == signature
    Ed25519PublicKey.from_public_bytes(ours.public.raw).verify(signature, message)


@given(seeds, st.binary(max_size=60), st.integers(0, 511))
def test_agrees_with_cryptography_on_changed_signatures(
    seed: bytes, message: bytes, bit: int
) -> None:
    key = SigningKey.from_seed(seed)
    number = int.from_bytes(key.sign(message), "little") ^ (1 << bit)
    changed = number.to_bytes(64, "little")
    with pytest.raises(ProofError):
        key.public.verify(message, changed)
    with pytest.raises(InvalidSignature):
        Ed25519PublicKey.from_public_bytes(key.public.raw).verify(changed, message)


@given(seeds)
def test_reply_key_text_names_its_key(seed: bytes) -> None:
    public = ReplyKey.from_seed(seed).public
    assert public.text.startswith("z6LS")
    assert ReplyPublicKey.from_text(public.text) == public


@pytest.mark.parametrize(
    "raw",
    [
        bytes(32),
        (1).to_bytes(32, "little"),
        (P - 1).to_bytes(32, "little"),
        P.to_bytes(32, "little"),
        (2**255 - 1).to_bytes(32, "little"),
        (2**255 + 9).to_bytes(32, "little"),
        bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
        bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
        bytes(31),
        bytes(33),
    ],
    ids=bytes.hex,
)
def test_low_order_or_misspelt_reply_key_is_refused(raw: bytes) -> None:
    with pytest.raises(KeyFormatError):
        ReplyPublicKey(raw)


def test_secrets_stay_out_of_repr_and_randomness_can_be_supplied() -> None:
    signing = SigningKey.generate(lambda size: b"\x5a" * size)
    reply = ReplyKey.generate(lambda size: b"\x5a" * size)
    assert signing == SigningKey.from_seed(b"\x5a" * 32)
    for key in (signing, reply):
        _ = key.public
        assert "5a" not in repr(key)
        assert "ZZZ" not in repr(key)
    assert SigningKey.generate() != SigningKey.generate()


@pytest.mark.parametrize("make", [SigningKey.from_seed, ReplyKey.from_seed])
@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_seed_of_another_length_is_refused(make, size: int) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(KeyFormatError):
        make(bytes(size))


@given(st.binary(max_size=70))
def test_base64url_has_one_spelling(raw: bytes) -> None:
    text = base64url_encode(raw)
    assert base64url_decode(text) == raw
    with pytest.raises(EncodingError):
        base64url_decode(text + "=")


@pytest.mark.parametrize("text", ["AB", "A", "AA==", "A+/A", "AAA\n", "é"])
def test_second_spelling_of_base64url_is_refused(text: str) -> None:
    with pytest.raises(EncodingError):
        base64url_decode(text)
