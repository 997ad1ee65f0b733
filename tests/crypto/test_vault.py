import os
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto import vault
from crypto.errors import (
    NotAVault,
    VaultCostRefused,
    VaultDamaged,
    VaultError,
    VaultHeaderChanged,
    VaultTruncated,
    WrongPassphrase,
)
from crypto.vault import Cost, lock, rewrap, unlock

HEADER = 86
BLOB = lock(b"a secret", b"correct horse", Cost.MINIMUM)


@settings(max_examples=20)
@given(st.binary(max_size=200), st.binary(max_size=40))
def test_what_is_locked_unlocks(secret: bytes, passphrase: bytes) -> None:
    assert unlock(lock(secret, passphrase, Cost.MINIMUM), passphrase) == secret


def test_wrong_passphrase_is_named() -> None:
    for wrong in (b"", b"correct horsf", b"correct horse ", b"CORRECT HORSE"):
        with pytest.raises(WrongPassphrase):
            unlock(BLOB, wrong)


def test_cut_file_is_named_at_every_length() -> None:
    for size in range(len(BLOB)):
        with pytest.raises(VaultTruncated):
            unlock(BLOB[:size], b"correct horse")


def test_every_changed_byte_is_named_by_the_part_it_lies_in() -> None:
    for at in range(len(BLOB)):
        changed = BLOB[:at] + bytes([BLOB[at] ^ 1]) + BLOB[at + 1 :]
        expected: type[VaultError] = VaultDamaged
        if at < len(vault.MAGIC):
            expected = NotAVault
        elif at < HEADER:
            expected = VaultHeaderChanged
        with pytest.raises(expected):
            unlock(changed, b"correct horse")


def forged(**fields: int | bytes) -> bytes:
    """`BLOB` with its header rewritten and the checksum made to fit."""
    layout = struct.Struct(">8sBBII16s24s16sI")
    names = ["magic", "version", "kdf", "passes", "memory", "salt", "nonce", "check", "size"]
    values = dict(zip(names, layout.unpack(BLOB[: layout.size]), strict=True)) | fields
    fixed = layout.pack(*(values[name] for name in names))
    return fixed + vault._checksum(fixed) + BLOB[HEADER:]


@pytest.mark.parametrize(
    "fields", [{"salt": bytes(16)}, {"passes": 2}, {"memory": 16}, {"check": bytes(16)}], ids=str
)
def test_header_rewritten_with_its_checksum_does_not_open(fields: dict[str, Any]) -> None:
    with pytest.raises(WrongPassphrase):
        unlock(forged(**fields), b"correct horse")


def test_nonce_rewritten_with_the_checksum_does_not_open() -> None:
    with pytest.raises(VaultDamaged):
        unlock(forged(nonce=bytes(24)), b"correct horse")


@pytest.mark.parametrize(
    "fields",
    [{"passes": 17}, {"passes": 0}, {"memory": 2**20 + 1}, {"memory": 2**32 - 1}, {"memory": 7}],
)
def test_file_that_asks_for_too_much_is_refused_before_any_work(fields: dict[str, int]) -> None:
    with pytest.raises(VaultCostRefused):
        unlock(forged(**fields), b"correct horse")


@pytest.mark.parametrize("fields", [{"version": 2}, {"version": 0}, {"kdf": 2}])
def test_unknown_version_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(NotAVault):
        unlock(forged(**fields), b"correct horse")


@pytest.mark.parametrize("size", [0, 15, 2**20 + 17, 2**32 - 1])
def test_impossible_length_is_refused(size: int) -> None:
    with pytest.raises(VaultHeaderChanged):
        unlock(forged(size=size), b"correct horse")


def test_bytes_after_the_end_are_refused() -> None:
    with pytest.raises(VaultDamaged):
        unlock(BLOB + b"\0", b"correct horse")


def test_secret_over_the_limit_is_refused() -> None:
    with pytest.raises(VaultError):
        lock(bytes(vault.MAX_SECRET + 1), b"", Cost.MINIMUM)


@given(st.binary(max_size=200) | st.binary(max_size=100).map(vault.MAGIC.__add__))
def test_no_bytes_escape_the_error_tree(blob: bytes) -> None:
    with pytest.raises(VaultError):
        unlock(blob, b"correct horse")


def test_same_secret_never_gives_the_same_file_unless_randomness_is_supplied() -> None:
    assert lock(b"s", b"p", Cost.MINIMUM) != lock(b"s", b"p", Cost.MINIMUM)
    fixed = [lock(b"s", b"p", Cost.MINIMUM, random=bytes) for _ in range(2)]
    assert fixed[0] == fixed[1]


def test_new_passphrase_replaces_the_old() -> None:
    fresh = rewrap(BLOB, b"correct horse", b"battery staple", Cost.MINIMUM)
    assert unlock(fresh, b"battery staple") == b"a secret"
    with pytest.raises(WrongPassphrase):
        unlock(fresh, b"correct horse")
    with pytest.raises(WrongPassphrase):
        rewrap(BLOB, b"guess", b"battery staple", Cost.MINIMUM)


def test_changing_the_passphrase_leaves_a_good_file_at_every_moment(tmp_path: Path) -> None:
    """Written as the module tells callers to, a stop after any step leaves a file that opens."""
    kept, beside = tmp_path / "vault", tmp_path / "vault.new"
    kept.write_bytes(BLOB)
    fresh = rewrap(kept.read_bytes(), b"correct horse", b"battery staple", Cost.MINIMUM)
    for written in range(len(fresh) + 1):
        beside.write_bytes(fresh[:written])
        assert unlock(kept.read_bytes(), b"correct horse") == b"a secret"
    os.replace(beside, kept)
    assert unlock(kept.read_bytes(), b"battery staple") == b"a secret"
