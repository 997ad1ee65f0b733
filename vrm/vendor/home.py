"""A vendor's own folder: the key file, which market it belongs to, and the ledger of bids."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

import crypto
from crypto.vault import Cost
from vrm import keyfile
from vrm.errors import UsageError
from vrm.vendor.ledger import Ledger

KEY: Final = "vendor.key"
MARKET: Final = "market.json"
LEDGER: Final = "bids.sqlite"


class Market(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The market that a folder belongs to: its address, and the did:key that it must have."""

    url: str
    did: str


class Home:
    """The folder of one vendor at one market, open to its owner only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def exists(self) -> bool:
        return (self.folder / KEY).exists()

    def create(self, market: Market, passphrase: bytes, *, cost: Cost = Cost.DEFAULT) -> str:
        """Make a vendor: a fresh key under the passphrase. Returns its did:key.

        Raises:
            KeyFileError: the folder holds a vendor already.
        """
        key = crypto.SigningKey.generate()
        keyfile.create(self.folder / KEY, key.seed, passphrase, cost=cost)
        keyfile.write_private(self.folder / MARKET, msgspec.json.encode(market))
        return key.did

    def key(self, passphrase: bytes) -> crypto.SigningKey:
        """Unlock the vendor's key.

        Raises:
            UsageError: the folder holds no vendor.
            crypto.VaultError: the passphrase is wrong or the file damaged.
        """
        self._check()
        return crypto.SigningKey.from_seed(keyfile.load(self.folder / KEY, passphrase))

    def market(self) -> Market:
        """Tell which market the folder belongs to.

        Raises:
            UsageError: the folder holds no vendor, or its note of the market is damaged.
        """
        self._check()
        try:
            return msgspec.json.decode(keyfile.read_private(self.folder / MARKET), type=Market)
        except msgspec.DecodeError:
            raise UsageError(f"{self.folder / MARKET} is damaged.") from None

    def ledger(self) -> Ledger:
        """Open the ledger of bids; close it again with ``with``."""
        return Ledger(self.folder / LEDGER)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hold the folder for one bidding program.

        Raises:
            UsageError: another one holds it.
        """
        descriptor = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(f"Another `vendor run` works in {self.folder}.") from None
        else:
            yield
        finally:
            os.close(descriptor)

    def _check(self) -> None:
        if not self.exists:
            raise UsageError(f"There is no vendor in {self.folder}; make one with: vendor init")
