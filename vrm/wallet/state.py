"""What a wallet remembers, and how it is kept: encrypted, replaced as a whole, never by two at once."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import nacl.exceptions
from nacl.secret import SecretBox

from vrm.client.cascade import Lost
from vrm.documents import (
    Assignment,
    Confirmation,
    Contact,
    Fallback,
    MarketDescriptor,
    Moderation,
    PersonalRequest,
    Preference,
    Promise,
    Told,
    recall,
)
from vrm.documents.membership import Tier
from vrm.documents.scalars import DeliveryWay, UnfilledReason, parse_instant
from vrm.errors import WalletError
from vrm.keyfile import read_private, write_private
from vrm.wallet.devices import Device

VERSION: Final = 1

Status = Literal[
    "unsent",
    "scheduled",
    "refused",
    "pending",
    "published",
    "rolled-over",
    "withdrawing",
    "withdrawn",
    "hidden",
    "assigned",
    "accepted",
    "received",
    "not-received",
    "fallback",
    "unfilled",
    "promise-broken",
    "market-at-fault",
]

GRACE: Final = timedelta(minutes=1)
"""How far this machine's clock may be ahead before a promise counts as broken."""


Slot = tuple[int, int]
"""A pseudonym's place in the wallet's derivation, which is its posting token's too: epoch and index."""


class NamedPlace(msgspec.Struct, frozen=True):
    """A place of the owner's with its one cell; the exact point is not kept."""

    name: str
    label: str
    cell: str


class OwnPreference(msgspec.Struct):
    """An order over the bids on a request as the owner signed it."""

    digest: str
    wire: bytes
    promise: bytes | None = None
    came_back: bool = False
    """Whether a copy came by mail: the market has it, promised or not."""

    @property
    def has_arrived(self) -> bool:
        """Whether the market has said that it has it."""
        return self.promise is not None or self.came_back


class OwnAnswer(OwnPreference):
    """An answer to a vendor's question as the owner signed it."""


class OwnDisclosure(OwnPreference):
    """A Disclosure as the owner signed it, and what is sealed in it; the last one of a request counts."""

    vendor: str = ""
    told: Told | None = None
    """None where only the market's copy came back: nobody but the vendor can open that."""
    at: str | None = None
    """When it was signed."""


class Failed(msgspec.Struct, frozen=True):
    """An assignment that its vendor declined or did not answer, found so at a tick."""

    assignment: bytes
    reason: Lost
    tick: int


class Rolled(msgspec.Struct, frozen=True):
    """A day (and its tick, 0 for the run) that left the request unfilled, and the cutoff that it joined."""

    day: str
    tick: int
    reason: UnfilledReason
    cutoff: str


class LogFinding(msgspec.Struct, frozen=True):
    """What the market's log was once found to be at fault with, and the signed heads that show it."""

    code: str
    detail: str
    notes: tuple[str, ...] = ()


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


class OwnRequest(msgspec.Struct):
    """One request of the owner's, and what the public lists said about it."""

    epoch: int
    index: int
    """Which pseudonym it was made under, and with which posting token."""
    digest: str
    wire: bytes
    place: str
    send_at: str | None = None
    """The instant before which the wallet does not send it."""
    came_back: bool = False
    """Whether it was found by mail: the wallet was lost, and may not know all that it signed about it."""
    promise: bytes | None = None
    withdrawal: bytes | None = None
    withdrawal_promise: bytes | None = None
    published_at: str | None = None
    leaf: int | None = None
    """Where the log holds it, proven: its receipt."""
    crowd: int | None = None
    """How many requests became public with it, itself among them."""
    withdrawn_at: str | None = None
    day: str | None = None
    """The market day that decided it, and the tick of that day: 0 is its run."""
    tick: int = 0
    assignment: bytes | None = None
    assignment_digest: str | None = None
    acceptance: bytes | None = None
    """The vendor's, of that assignment."""
    failed: list[Failed] = []
    rolled: list[Rolled] = []
    fallback: bytes | None = None
    moderation: bytes | None = None
    """The operator's newest decision to hide it, or to show it again."""
    reason: UnfilledReason | None = None
    lost: bool = False
    """Whether an attempt to send it had no answer, so that the market may have it."""
    refusal: str | None = None
    """Why the market did not take it, where it may have it all the same."""
    fault: str | None = None
    """What the market did with it against its own rules, in a sentence."""
    bids: dict[str, bytes] = {}
    """Verified bids on it, out of the mail, by digest; likewise below."""
    bid_withdrawals: dict[str, bytes] = {}
    questions: dict[str, bytes] = {}
    answers: dict[str, OwnAnswer] = {}
    """By the question's digest."""
    disclosures: list[OwnDisclosure] = []
    """All that were signed, in order."""
    confirmations: list[OwnPreference] = []
    """Likewise; what the owner said about whether it came."""
    preferences: list[OwnPreference] = []
    """All that were sent, in order; the last one counts."""

    @property
    def body(self) -> PersonalRequest:
        """The request as signed."""
        return recall(self.wire, PersonalRequest)

    @property
    def assigned(self) -> Assignment | None:
        """The market's decision, verified when it was read."""
        return recall(self.assignment, Assignment) if self.assignment else None

    @property
    def preference(self) -> Preference | None:
        """The owner's newest order over the bids."""
        return recall(self.preferences[-1].wire, Preference) if self.preferences else None

    @property
    def shipped(self) -> Fallback | None:
        """The market's word that the brand of the item ships it, verified when it was read."""
        return recall(self.fallback, Fallback) if self.fallback else None

    @property
    def publish_by(self) -> str | None:
        """The instant by which the market promised to publish the request."""
        return recall(self.promise, Promise).publish_by if self.promise else None

    @property
    def promises(self) -> list[bytes]:
        """The market's signed promises about it, kept for good."""
        return [wire for wire in (self.promise, self.withdrawal_promise) if wire]

    def is_hidden(self) -> bool:
        """Whether the operator has hidden it, so that no run takes it."""
        return self.moderation is not None and recall(self.moderation, Moderation).hidden

    def is_due(self, now: datetime) -> bool:
        """Whether the instant has come from which on it may be sent."""
        return self.send_at is None or parse_instant(self.send_at) <= now

    def is_open(self) -> bool:
        """Whether no decision about it stands."""
        return not (self.assignment or self.fallback or self.reason)

    def status(self, now: datetime) -> Status:
        """Say how it stands, as far as the wallet has read."""
        if self.assignment:
            return self._fulfilled() or ("accepted" if self.acceptance else "assigned")
        if self.fallback:
            return "fallback"
        if self.reason:
            return "unfilled"
        if self.withdrawn_at:
            return "withdrawn"
        if self.fault:
            return "market-at-fault"
        if self.is_hidden():
            return "hidden"
        if not (self.promise or self.came_back or self.published_at or self.withdrawal_promise):
            if self.refusal:
                return "refused"
            return "unsent" if self.is_due(now) else "scheduled"
        return self._waiting(now)

    def _fulfilled(self) -> Literal["received", "not-received"] | None:
        if not self.confirmations:
            return None
        said = recall(self.confirmations[-1].wire, Confirmation)
        return "received" if said.received else "not-received"

    def _waiting(self, now: datetime) -> Status:
        due = [self.promise] if not self.published_at else []
        due += [self.withdrawal_promise] if self.withdrawal_promise else []
        for promise in due:
            if promise and now > parse_instant(recall(promise, Promise).publish_by) + GRACE:
                return "promise-broken"
        if self.withdrawal_promise:
            return "withdrawing"
        if self.rolled:
            return "rolled-over"
        return "published" if self.published_at else "pending"


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
    fulfilled: int | None = 0
    """How many stamps it was ever given for fulfilled requests; None after a recovery, which cannot tell."""
    deposited: int = -1
    """The epoch of the newest deposit of stamps."""
    facets: dict[str, Any] = {}
    places: list[NamedPlace] = []
    contacts: dict[DeliveryWay, Contact] = {}
    """Whom vendors are told without asking again, by the way of delivery."""
    agreements: dict[str, str] = {}
    """The texts of the agreements under which something was disclosed, by digest."""
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
        try:
            plain = self._box.decrypt(read_private(self._path))
        except (nacl.exceptions.CryptoError, ValueError):
            trouble = f"{self._path} is damaged, or belongs to another wallet."
            raise WalletError(trouble) from None
        try:
            state = msgspec.json.decode(plain, type=State)
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
            state = self.read()
            yield state
            write_private(self._path, self._box.encrypt(msgspec.json.encode(state)))
        finally:
            os.close(lock)
