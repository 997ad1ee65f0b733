import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.public import PrivateKey, SealedBox

from crypto import ReplyKey
from crypto.errors import SealError
from crypto.sealed import MAX_MESSAGE, OVERHEAD, SIZE_CLASSES, seal, unseal
from tests.crypto.strategies import mutations, seeds

KEY = ReplyKey.from_seed(b"\x03" * 32)


@given(st.binary(max_size=3000), seeds)
def test_what_is_sealed_opens(message: bytes, seed: bytes) -> None:
    key = ReplyKey.from_seed(seed)
    assert unseal(seal(message, key.public), key) == message


@given(st.binary(max_size=600))
def test_libsodium_opens_what_is_sealed(message: bytes) -> None:
    padded = SealedBox(PrivateKey(KEY.seed)).decrypt(seal(message, KEY.public))
    assert padded.startswith(message + b"\x80")


@given(st.binary(max_size=511))
def test_what_libsodium_seals_opens(message: bytes) -> None:
    padded = (message + b"\x80").ljust(512, b"\0")
    sealed = SealedBox(PrivateKey(KEY.seed).public_key).encrypt(padded)
    assert unseal(sealed, KEY) == message


@given(st.integers(0, MAX_MESSAGE))
def test_length_tells_only_the_size_class(size: int) -> None:
    assert len(seal(bytes(size), KEY.public)) - OVERHEAD == min(c for c in SIZE_CLASSES if c > size)


def test_message_beyond_the_largest_class_is_refused() -> None:
    with pytest.raises(SealError) as refusal:
        seal(bytes(MAX_MESSAGE + 1), KEY.public)
    assert refusal.value.code == "too-large"


def test_every_changed_byte_is_refused() -> None:
    for changed in mutations(seal(b"a message", KEY.public)):
        with pytest.raises(SealError):
            unseal(changed, KEY)


def test_message_for_another_key_does_not_open() -> None:
    with pytest.raises(SealError):
        unseal(seal(b"a message", KEY.public), ReplyKey.from_seed(b"\x04" * 32))


@pytest.mark.parametrize(
    "padded",
    [
        bytes(512),
        b"\x80".ljust(2048, b"\0"),
        b"m\x80".ljust(511, b"\0") + b"\x01",
        b"m" * 512,
    ],
    ids=["no mark", "class too large", "noise in the padding", "no padding"],
)
def test_padding_of_a_hostile_sender_is_refused(padded: bytes) -> None:
    sealed = SealedBox(PrivateKey(KEY.seed).public_key).encrypt(padded)
    with pytest.raises(SealError) as refusal:
        unseal(sealed, KEY)
    assert refusal.value.code == "padding"


@given(st.binary(max_size=700) | st.binary(min_size=560, max_size=560))
def test_no_bytes_escape_the_error_tree(sealed: bytes) -> None:
    with pytest.raises(SealError):
        unseal(sealed, KEY)


def test_randomness_can_be_supplied() -> None:
    fixed = b"\x05" * 32
    assert seal(b"m", KEY.public, random=lambda _: fixed) == seal(
        b"m", KEY.public, random=lambda _: fixed
    )
    assert seal(b"m", KEY.public) != seal(b"m", KEY.public)
