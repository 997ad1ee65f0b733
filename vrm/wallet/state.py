"""What a wallet remembers, and how it is kept: encrypted, replaced as a whole, never by two at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import nacl.exceptions
from nacl.secret import SecretBox

from vrm.documents import (
    Contact,
    MarketDescriptor,
)
from vrm.documents.membership import Tier
from vrm.documents.scalars import DeliveryWay
from vrm.errors import WalletError
from vrm.keyfile import read_private, write_private
from vrm.wallet.devices import Device
from vrm.wallet.own import OwnRequest

VERSION: Final = 1

Slot = tuple[int, int]
"""A pseudonym's place in the wallet's derivation, which is its posting token's too: epoch and index."""


class NamedPlace(msgspec.Struct, frozen=True):
    """A place of the owner's with its one cell; the exact point is not kept."""

    name: str
    label: str
    cell: str


class LogFinding(msgspec.Struct, frozen=True):
    """What the market's log was once found to be at fault with, and the signed heads that show it."""

    code: str
    detail: str
    notes: tuple[str, ...] = ()


class MailFinding(msgspec.Struct, frozen=True):
    """A part of the market's mail that is at fault, and how."""

    detail: str
    segment: str = ""
    """Its name; nothing where the list itself is at fault."""
    instant: str = ""
    is_read: bool = False
    """Whether the rest of the segment was read."""


class OwnMembership(msgspec.Struct):
    """The owner's membership: the chain of the owner's keys, and what the market said last."""

    chain: list[dict[str, Any]]
    seq: int = 0
    """Of the newest registration or departure that was signed."""
    shows: list[str] = []
    """The facets that the market is shown."""
    devices: list[Device] = []
    """Of all wallets under this phrase, as registered last."""
    tier: Tier | None = None
    """None while the market has not admitted the owner, and after leaving."""
    heard_at: int = 0
    """When the market last heard from the owner by name, by its clock, in seconds since 1970."""

    @property
    def generation(self) -> int:
        """How often the key was rotated."""
        return len(self.chain) - 1


class OwnEpoch(msgspec.Struct):
    """The posting tokens that the wallet drew in one epoch; the token at an index is its pseudonym's."""

    epoch: int
    tier: Tier
    issuer: bytes
    """The IssuerKey under which they were drawn, as the market signed it."""
    tokens: list[bytes] = msgspec.field(default_factory=list)
    spent: list[int] = []
    """Places whose tokens were spent for requests that this wallet does not hold."""
    stamped: list[int] = []
    """Places whose tokens had their stamp, or are worth none."""
    came_back: bool = False
    """Drawn by a wallet that was lost. It took the first ones, perhaps for requests that are not public yet."""


class OwnStamp(msgspec.Struct, frozen=True):
    """An R-stamp that is not deposited yet."""

    epoch: int
    """In which it was given; it is deposited in a later one."""
    token: bytes


class Followed(msgspec.Struct, frozen=True):
    """A day of which something is still to come: the last tick that was read, and how many assignments of the
    day hold so far, accepted or not."""

    day: str
    tick: int
    holding: int


class State(msgspec.Struct, kw_only=True):
    """All that a wallet remembers. ``facets`` holds the profile's members in their wire form."""

    v: int = VERSION
    url: str
    rules: MarketDescriptor
    """The market's descriptor as the owner agreed to it (`vrm.wallet.consent`); its did:key never changes."""
    created: str
    membership: OwnMembership | None = None
    epochs: list[OwnEpoch] = []
    """Of those epochs whose tokens may be good still."""
    over: list[OwnEpoch] = []
    """Of those epochs whose tokens can be spent no more, and are worth a stamp perhaps."""
    stamps: list[OwnStamp] = []
    stamp_keys: list[bytes] = []
    """The market's keys for both kinds of stamps, of the epoch in which they were read last."""
    fulfilled: int | None = 0
    """How many stamps it was ever given for fulfilled requests; None after a recovery, which cannot tell."""
    deposited: int = -1
    """The epoch of the newest deposit of stamps."""
    facets: dict[str, Any] = {}
    places: list[NamedPlace] = []
    contacts: dict[DeliveryWay, Contact] = {}
    """Whom vendors are told without asking again, by the way of delivery."""
    by_hand: list[DeliveryWay] = []
    """Ways of delivery whose vendors the owner tells one by one."""
    agreements: dict[str, str] = {}
    """The texts of the agreements that were ever on the market's roster, by digest."""
    requests: list[OwnRequest] = []
    runs_read: list[str] = []
    following: list[Followed] = []
    """Those of the days read whose vendors have not all answered."""
    looked_at: str | None = None
    """When the wallet last did a round (`vrm.wallet.rounds`), by the market's clock."""
    name_rests: bool = False
    """Whether rounds do nothing under the member's name, since the last that did so failed, until one has done
    what is due under pseudonyms."""
    mail_cursor: str | None = None
    """Behind what was read of the mail's list."""
    mail_findings: list[MailFinding] = []
    """What was passed over of the mail that was read."""
    mail_told: int = 0
    """How many of these a round has told of."""
    sought: list[Slot] = []
    """After a recovery, those whose requests, if there are any, may still come by mail."""
    log_head: str = ""
    """The signed head of the market's log that was seen last."""
    batches_held: str = ""
    """The instant of the batch up to which the log was found to hold all of them."""
    log_findings: list[LogFinding] = []

    def unused(self, own: OwnEpoch) -> list[int]:
        """The places of an epoch whose tokens were given to no request, or came back."""
        gone = {entry.index for entry in self.requests if entry.epoch == own.epoch}
        gone.update(own.spent)
        return [index for index in range(len(own.tokens)) if index not in gone]

    def place(self, name: str | None) -> NamedPlace:
        """Find a named place; without a name, the only or first one.

        Raises:
            WalletError: there is none of that name, or none at all.
        """
        if not self.places:
            raise WalletError("The wallet knows no place yet; add one with: vrm place home 60601")
        for place in self.places:
            if name in {None, place.name}:
                return place
        known = ", ".join(place.name for place in self.places)
        raise WalletError(f"The wallet knows no place called {name}; it knows {known}.")

    def request(self, digest: str) -> OwnRequest:
        """Find a request by its digest or the beginning of it.

        Raises:
            WalletError: no request, or several, begin so.
        """
        found = [entry for entry in self.requests if entry.digest.startswith(digest)]
        if len(found) == 1:
            return found[0]
        trouble = "Several requests begin" if found else "No request of this wallet begins"
        raise WalletError(f"{trouble} with {digest}; list them with: vrm requests")


_DECODER: Final = msgspec.json.Decoder(State)
"""Made here, since wallets are opened in threads: see `vrm.documents.base.learn_types`."""


class StateFile:
    """The encrypted file that holds a wallet's `State`."""

    def __init__(self, path: Path, key: bytes) -> None:
        self._path = path
        self._box = SecretBox(key)

    def read(self) -> State:
        """Read the state as it was last written.

        Raises:
            WalletError: the file is damaged, of another wallet or of a newer program.
            KeyFileError: there is no such file, or others can read it.
        """
        return self._decoded(self._plain())

    def _plain(self) -> bytes:
        try:
            return self._box.decrypt(read_private(self._path))
        except (nacl.exceptions.CryptoError, ValueError):
            trouble = f"{self._path} is damaged, or belongs to another wallet."
            raise WalletError(trouble) from None

    def _decoded(self, plain: bytes) -> State:
        try:
            state = _DECODER.decode(plain)
        except msgspec.DecodeError:
            raise WalletError(f"{self._path} was written by another version.") from None
        if state.v != VERSION:
            raise WalletError(f"{self._path} was written by another version.")
        return state

    def create(self, state: State) -> None:
        """Write the first state.

        Raises:
            KeyFileError: there is one already.
        """
        write_private(self._path, self._box.encrypt(msgspec.json.encode(state)), replace=False)

    @contextmanager
    def editing(self) -> Iterator[State]:
        """Change the state: alone, on what is newest, and kept only when the block ends well.

        Another process that edits the same wallet waits. Do nothing slow inside.
        """
        lock = os.open(
            self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600
        )
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            before = self._plain()
            state = self._decoded(before)
            yield state
            after = msgspec.json.encode(state)
            if after != before:  # to write means to wait for the disk, twice
                write_private(self._path, self._box.encrypt(after))
        finally:
            os.close(lock)
