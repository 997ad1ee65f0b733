"""A wallet in its folder: the secret in a key file, all else encrypted under a key made from the secret."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from crypto import ReplyKey, SigningKey
from crypto.vault import Cost
from vrm import keyfile
from vrm.documents import Facets, MarketDescriptor, Profile, Signed, sign
from vrm.documents.scalars import format_instant
from vrm.errors import UsageError
from vrm.wallet.secret import Secret
from vrm.wallet.state import NamedPlace, State, StateFile

KEY_FILE: Final = "wallet.key"
STATE_FILE: Final = "wallet.state"


class Wallet:
    """An open wallet. `create` makes one, `open` unlocks one."""

    def __init__(self, home: Path, secret: Secret) -> None:
        self.home = home
        self._secret = secret
        self._file = StateFile(home / STATE_FILE, secret.state_key)

    @classmethod
    def create(
        cls,
        home: Path,
        passphrase: bytes,
        *,
        url: str,
        rules: MarketDescriptor,
        now: datetime,
        places: Sequence[NamedPlace] = (),
        cost: Cost = Cost.DEFAULT,
        secret: Secret | None = None,
    ) -> Self:
        """Make a wallet for one market, with a fresh secret unless one is given.

        Raises:
            KeyFileError: the folder holds a wallet already; it is left as it is.
        """
        secret = secret or Secret.generate()
        keyfile.create(home / KEY_FILE, secret.to_bytes(), passphrase, cost=cost)
        wallet = cls(home, secret)
        state = State(url=url, rules=rules, created=format_instant(now), places=list(places))
        wallet._file.create(state)
        return wallet

    @classmethod
    def open(cls, home: Path, passphrase: bytes) -> Self:
        """Unlock a wallet.

        Raises:
            WalletError: its state is damaged.
            KeyFileError: there is no wallet in the folder, or others can read one of its files.
            crypto.VaultError: the passphrase is wrong, or the key file damaged.
        """
        wallet = cls(home, Secret.from_bytes(keyfile.load(home / KEY_FILE, passphrase)))
        wallet.read()
        return wallet

    @staticmethod
    def exists(home: Path) -> bool:
        """Tell whether a folder holds a wallet."""
        return (home / KEY_FILE).exists()

    def read(self) -> State:
        """Read the state; changes to it are not kept."""
        return self._file.read()

    def editing(self) -> AbstractContextManager[State]:
        """Change the state; see `StateFile.editing`."""
        return self._file.editing()

    def pseudonym(self, epoch: int, index: int, device: int | None = None) -> SigningKey:
        """The key of the request at this place, of this device or another one under its phrase."""
        return self._secret.pseudonym(epoch, index, device)

    def reply_key(self, epoch: int, index: int) -> ReplyKey:
        """The key to which answers to the request at this place are sealed."""
        return self._secret.reply_key(epoch, index)

    def blind_seed(self, epoch: int, index: int, device: int | None = None) -> bytes:
        """The seed of the blind of the posting token for the pseudonym at this place."""
        return self._secret.blind_seed(epoch, index, device)

    @property
    def device(self) -> int:
        """The branch of this device."""
        return self._secret.device

    @property
    def devices_key(self) -> bytes:
        """The key under which the list of the owner's devices lies with the market."""
        return self._secret.devices_key

    @property
    def phrase(self) -> str:
        """The recovery phrase, out of which all of the wallet's keys come."""
        return self._secret.phrase

    def alias(self, text: str) -> str:
        """A name for something of the wallet's that tells nobody else what it stands for."""
        return self._secret.alias(text)

    def identity(self, generation: int) -> SigningKey:
        """The owner's own key after so many rotations."""
        return self._secret.identity(generation)

    @property
    def profile_did(self) -> str:
        """The did:key that names the owner as a member, whatever key signs now; no request is made under it."""
        return self._secret.identity(0).did

    def profile(self, now: datetime, shows: Sequence[str] | None = None) -> Signed[Profile]:
        """Sign the owner's facets, or some of them by their names, as a Verifiable Credential."""
        state = self.read()
        key = self.identity(state.membership.generation if state.membership else 0)
        shown = {
            name: state.facets[name] for name in state.facets if shows is None or name in shows
        }
        facets = _facets(key.did, shown)
        profile = Profile(issuer=key.did, valid_from=format_instant(now), credential_subject=facets)
        return sign(profile, key, created=format_instant(now))

    def set_facets(self, changes: dict[str, Any]) -> dict[str, Any]:
        """Set facets by their wire names; None takes one away. Returns all facets.

        Raises:
            UsageError: an unknown facet, or a value that the profile does not allow.
        """
        with self.editing() as state:
            merged = {**state.facets, **changes}
            state.facets = {name: value for name, value in merged.items() if value}
            _facets(self.profile_did, state.facets)
        return state.facets


def _facets(did: str, members: dict[str, Any]) -> Facets:
    try:
        return msgspec.convert({"id": did, **members}, Facets)
    except msgspec.ValidationError as error:
        raise UsageError(f"The profile cannot hold this: {error}.") from None
