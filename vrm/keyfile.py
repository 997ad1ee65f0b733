"""Key files: a secret under a passphrase, in one file that only its owner can read.

The file's bytes are a `crypto.vault`. It is written with mode 0600 beside its final name, flushed, and then
moved there, so that at every moment there is either the old file or the new one, whole. A file that others
can read is refused rather than quietly used, as is a passphrase file open to everybody.

A passphrase comes from a prompt, or from a file named by an option or by the environment. It is never the
value of a flag: command lines stand in process lists and shell histories.
"""

import getpass
import os
import stat
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from crypto import vault
from crypto.vault import Cost
from vrm.errors import KeyFileError

PASSPHRASE_FILE_VARIABLE: Final = "VRM_PASSPHRASE_FILE"  # noqa: S105 - a name, not a secret
"""The environment variable that may name a file with the passphrase on its first line."""

MINIMUM_LENGTH: Final = 8
"""Characters of a new passphrase."""


def create(
    path: Path,
    secret: bytes,
    passphrase: bytes,
    *,
    cost: Cost = Cost.DEFAULT,
    replace: bool = False,
) -> None:
    """Write a new key file with mode 0600.

    Raises:
        KeyFileError: the file exists already and ``replace`` is not set.
        crypto.VaultError: the secret is over 1 MiB, or memory is short for ``cost``.
        OSError: the folder cannot be written.
    """
    if not replace and path.exists():
        raise _exists(path)
    write_private(path, vault.lock(secret, passphrase, cost), replace=replace)


def load(path: Path, passphrase: bytes) -> bytes:
    """Read the secret of a key file.

    Raises:
        KeyFileError: there is no such file, or others can read it.
        crypto.VaultError: the passphrase is wrong or the file damaged; the subclass tells which.
    """
    return vault.unlock(read_private(path), passphrase)


def read_private(path: Path) -> bytes:
    """Read a file that only its owner may read.

    Raises:
        KeyFileError: there is no such file, it is no regular file, or others can read it.
    """
    try:
        # Without O_NONBLOCK a named pipe in the file's place would make this wait for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        raise KeyFileError(f"There is no file {path}.") from None
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise KeyFileError(f"{path} is no regular file.")
        if mode & (stat.S_IRWXG | stat.S_IRWXO):
            raise KeyFileError(f"Others can read {path}; close it with: chmod 600 {path}")
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return file.read()
    finally:
        os.close(descriptor)


def write_private(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Put a file with mode 0600 in place as a whole or not at all; its folder is made with mode 0700.

    Raises:
        KeyFileError: the file exists already and ``replace`` is not set.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor, beside = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        if replace:
            os.replace(beside, path)
        else:
            # A link fails where a file stands, even one that appeared just now; a rename would not.
            os.link(beside, path)
            os.unlink(beside)
    except BaseException as error:
        Path(beside).unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            raise _exists(path) from None
        raise
    _flush_folder(path.parent)


def passphrase(
    file: Path | None = None,
    *,
    confirm: bool = False,
    environment: Mapping[str, str] = os.environ,
    ask: Callable[[str], str] | None = None,
) -> bytes:
    """Obtain a passphrase: from ``file``, else the file that the environment names, else a prompt.

    With ``confirm`` (for a new key file) the prompt asks twice and short passphrases are refused.
    The text is brought to Unicode form NFKC, since keyboards spell one letter in several ways.

    Raises:
        KeyFileError: the file is missing, empty or open to everybody; the two answers differ; the passphrase
            is too short; or there is no terminal to ask on.
    """
    named = file or environment.get(PASSPHRASE_FILE_VARIABLE)
    text = _from_file(Path(named)) if named else _from_prompt(confirm, ask)
    text = unicodedata.normalize("NFKC", text)
    if confirm and len(text) < MINIMUM_LENGTH:
        raise KeyFileError(f"A passphrase has at least {MINIMUM_LENGTH} characters.")
    return text.encode()


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            line = file.readline(4097).rstrip(b"\r\n").decode()
    except FileNotFoundError:
        raise KeyFileError(f"There is no passphrase file {path}.") from None
    except UnicodeDecodeError:
        raise KeyFileError(f"The passphrase file {path} is not UTF-8 text.") from None
    if stat.S_ISREG(mode) and mode & stat.S_IRWXO:
        raise KeyFileError(f"Everybody can read {path}; close it with: chmod 600 {path}")
    if not line or len(line) > 4096:
        raise KeyFileError(f"The first line of {path} is no passphrase.")
    return line


def _from_prompt(confirm: bool, ask: Callable[[str], str] | None) -> str:
    if ask is None:
        if not sys.stdin.isatty():
            raise KeyFileError(
                "There is no terminal to ask for the passphrase on; "
                f"give --passphrase-file or set {PASSPHRASE_FILE_VARIABLE}."
            )
        ask = getpass.getpass
    first = ask("New passphrase: " if confirm else "Passphrase: ")
    if not first:
        raise KeyFileError("The passphrase is empty.")
    if confirm and ask("The same again: ") != first:
        raise KeyFileError("The two passphrases differ.")
    return first


def _exists(path: Path) -> KeyFileError:
    return KeyFileError(f"{path} exists already and is left as it is.")


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
