"""Key files: closed to others, whole at every moment, never written over by mistake."""

import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from crypto.errors import VaultDamaged, VaultError, WrongPassphrase
from crypto.vault import Cost
from vrm import keyfile
from vrm.errors import KeyFileError

SECRET = b"s" * 32
PASSPHRASE = b"correct horse"


@pytest.fixture
def key(tmp_path: Path) -> Path:
    path = tmp_path / "home" / "wallet.key"
    keyfile.create(path, SECRET, PASSPHRASE, cost=Cost.MINIMUM)
    return path


def private(path: Path, text: str | bytes, mode: int = 0o600) -> Path:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    path.chmod(mode)
    return path


def test_a_secret_comes_back(key: Path) -> None:
    assert keyfile.load(key, PASSPHRASE) == SECRET


def test_a_key_file_is_its_owners_alone(key: Path) -> None:
    assert key.stat().st_mode & 0o777 == 0o600
    assert key.parent.stat().st_mode & 0o777 == 0o700
    assert SECRET not in key.read_bytes()
    assert os.listdir(key.parent) == [key.name], "nothing else is left beside it"


def test_a_wrong_passphrase(key: Path) -> None:
    with pytest.raises(WrongPassphrase):
        keyfile.load(key, b"wrong horse")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_key_file_that_others_can_read(key: Path, mode: int) -> None:
    key.chmod(mode)
    with pytest.raises(KeyFileError, match="chmod 600") as caught:
        keyfile.load(key, PASSPHRASE)
    assert "\n" not in str(caught.value)


def test_a_key_file_that_is_missing_or_none(tmp_path: Path, key: Path) -> None:
    with pytest.raises(KeyFileError, match="no file"):
        keyfile.load(tmp_path / "none", PASSPHRASE)
    with pytest.raises(KeyFileError, match="regular"):
        keyfile.load(key.parent, PASSPHRASE)
    os.mkfifo(tmp_path / "pipe", 0o600)
    with pytest.raises(KeyFileError, match="regular"):
        keyfile.load(tmp_path / "pipe", PASSPHRASE)
    with pytest.raises(VaultError):
        keyfile.load(private(tmp_path / "text", "hello"), PASSPHRASE)


def test_a_changed_key_file(key: Path) -> None:
    private(key, key.read_bytes()[:-1] + b"\0")
    with pytest.raises(VaultDamaged):
        keyfile.load(key, PASSPHRASE)


def test_a_key_file_is_not_written_over_unless_told(key: Path) -> None:
    with pytest.raises(KeyFileError, match="exists already"):
        keyfile.create(key, b"other", PASSPHRASE, cost=Cost.MINIMUM)
    assert keyfile.load(key, PASSPHRASE) == SECRET
    keyfile.create(key, b"other", PASSPHRASE, cost=Cost.MINIMUM, replace=True)
    assert keyfile.load(key, PASSPHRASE) == b"other"


def test_two_that_create_one_file_at_once(tmp_path: Path) -> None:
    path, made = tmp_path / "wallet.key", []

    def create(content: bytes) -> None:
        try:
            keyfile.write_private(path, content, replace=False)
        except KeyFileError:
            return
        made.append(content)

    racers = [threading.Thread(target=create, args=(b"%d" % n,)) for n in range(8)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert len(made) == 1
    assert path.read_bytes() == made[0]
    assert os.listdir(tmp_path) == [path.name]


def test_a_reader_never_sees_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "state"
    keyfile.write_private(path, b"0" * 100_000)
    seen: set[bytes] = set()
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            seen.add(keyfile.read_private(path))

    reader = threading.Thread(target=read)
    reader.start()
    for digit in b"123456789":
        keyfile.write_private(path, bytes([digit]) * 100_000)
    done.set()
    reader.join()
    assert all(len(content) == 100_000 and len(set(content)) == 1 for content in seen)


# --- passphrases ---


def answers(*lines: str) -> Callable[[str], str]:
    waiting = list(lines)
    return lambda _: waiting.pop(0)


def test_a_passphrase_from_a_file(tmp_path: Path) -> None:
    file = private(tmp_path / "p", "correct horse\r\nsecond line\n")
    assert keyfile.passphrase(file, environment={}) == PASSPHRASE
    named = {"VRM_PASSPHRASE_FILE": str(file)}
    assert keyfile.passphrase(environment=named) == PASSPHRASE
    other = private(tmp_path / "q", "another one")
    assert keyfile.passphrase(other, environment=named) == b"another one", "the option goes first"


def test_a_passphrase_is_asked_for_twice_when_it_is_new() -> None:
    asked = answers("correct horse", "correct horse")
    assert keyfile.passphrase(confirm=True, environment={}, ask=asked) == PASSPHRASE
    with pytest.raises(KeyFileError, match="differ"):
        keyfile.passphrase(
            confirm=True, environment={}, ask=answers("correct horse", "other horse")
        )
    assert keyfile.passphrase(environment={}, ask=answers("old")) == b"old"


def test_a_letter_has_one_spelling() -> None:
    """One keyboard sends é as one character, another as two."""
    spellings = ("caf\u00e9 au lait", "cafe\u0301 au lait")
    assert len({keyfile.passphrase(environment={}, ask=answers(text)) for text in spellings}) == 1


@pytest.mark.parametrize(
    ("content", "mode", "told"),
    [
        ("", 0o600, "no passphrase"),
        ("\n", 0o600, "no passphrase"),
        ("x" * 5000, 0o600, "no passphrase"),
        (b"\xff\xfe", 0o600, "not UTF-8"),
        ("correct horse", 0o604, "chmod 600"),
    ],
)
def test_a_passphrase_file_that_is_wrong(
    tmp_path: Path, content: str | bytes, mode: int, told: str
) -> None:
    with pytest.raises(KeyFileError, match=told):
        keyfile.passphrase(private(tmp_path / "p", content, mode), environment={})


def test_a_passphrase_that_is_missing_or_weak(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="no passphrase file"):
        keyfile.passphrase(tmp_path / "none", environment={})
    with pytest.raises(KeyFileError, match="8 characters"):
        keyfile.passphrase(confirm=True, environment={}, ask=answers("short", "short"))
    with pytest.raises(KeyFileError, match="empty"):
        keyfile.passphrase(environment={}, ask=answers(""))


def test_where_nobody_can_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with Path(os.devnull).open() as nobody:
        monkeypatch.setattr("sys.stdin", nobody)
        with pytest.raises(KeyFileError, match="VRM_PASSPHRASE_FILE"):
            keyfile.passphrase(environment={})
