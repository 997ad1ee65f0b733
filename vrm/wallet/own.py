"""One request of the owner's: what was signed about it, what came of it, and how it stands."""

from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from vrm.client.cascade import Lost
from vrm.documents import (
    Assignment,
    Confirmation,
    Fallback,
    Moderation,
    PersonalRequest,
    Preference,
    Promise,
    Shipment,
    Told,
    VendorCancellation,
    recall,
)
from vrm.documents.scalars import UnfilledReason, parse_instant

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
    "shipped",
    "ready",
    "received",
    "not-received",
    "cancelling",
    "cancelled",
    "vendor-cancelled",
    "lapsed",
    "closed",
    "fallback",
    "unfilled",
    "promise-broken",
    "market-at-fault",
]

GRACE: Final = timedelta(minutes=1)
"""How far this machine's clock may be ahead before a promise counts as broken."""


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


class OwnMessage(OwnPreference):
    """A message to the vendor as the owner signed it."""

    inside: bytes | None = None
    """The signed message that is sealed in it; None where only a copy came back, as of a Disclosure."""
    at: str | None = None
    """When it was signed."""


class Heard(msgspec.Struct, frozen=True):
    """A vendor's message, opened and checked against what it commits to."""

    wire: bytes
    inside: bytes | None
    """The signed message that was sealed in it; None where that is not what it should be."""
    at: str
    """With which instant's mail it came."""
    fault: str = ""


class TheirWord(msgspec.Struct, frozen=True):
    """What a vendor says of the owner, or of what the owner says of it."""

    digest: str
    wire: bytes


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
    newcomer_share: int = 0
    """On how many requests of a thousand newcomers went first when it was signed, or found again."""
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
    disclose_by: str | None = None
    """Until when it must be said whom to deliver to."""
    is_over: bool = False
    """Whether the market takes no further word about it."""
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
    shipments: dict[str, bytes] = {}
    """What vendors said of shipping it; `shipment` tells which of them counts."""
    vendor_cancellations: dict[str, bytes] = {}
    """Likewise; what vendors said of not delivering it after all."""
    answers: dict[str, OwnAnswer] = {}
    """By the question's digest."""
    disclosures: list[OwnDisclosure] = []
    """All that were signed, in order."""
    confirmations: list[OwnPreference] = []
    """Likewise; what the owner said about whether it came."""
    messages: list[OwnMessage] = []
    """All that were signed, in order."""
    heard: dict[str, Heard] = {}
    """What vendors wrote about it, by digest."""
    rating: OwnPreference | None = None
    """Of what its vendor made of it; hidden until the vendor's is open too."""
    vendor_rating: TheirWord | None = None
    """What its vendor says of the owner, once that is open."""
    vendor_answer: TheirWord | None = None
    """The vendor's answer to the owner's rating."""
    rating_answer: OwnPreference | None = None
    """The owner's answer to the vendor's."""
    handover: OwnPreference | None = None
    """What the owner signed at the counter; the vendor brings it to the market."""
    cancellations: list[OwnPreference] = []
    """That the owner wants no delivery any more: one at most, but for other devices."""
    disputes: list[OwnPreference] = []
    """What the owner said in a dispute: at most one."""
    vendor_disputes: dict[str, bytes] = {}
    """What vendors said, by digest."""
    rulings: dict[str, bytes] = {}
    """What the market decided, by digest."""
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
    def shipment(self) -> Shipment | None:
        """The word of the vendor to whom it was given that it is on its way, or ready."""
        said = [recall(wire, Shipment) for wire in self.shipments.values()]
        return next(filter(self._is_by_vendor, said), None)

    @property
    def vendor_cancellation(self) -> VendorCancellation | None:
        """The word of that vendor that it will not deliver."""
        said = [recall(wire, VendorCancellation) for wire in self.vendor_cancellations.values()]
        return next(filter(self._is_by_vendor, said), None)

    def _is_by_vendor(self, said: Shipment | VendorCancellation) -> bool:
        given = self.assigned
        return given is not None and (said.vendor, said.assignment) == (
            given.vendor,
            self.assignment_digest,
        )

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
            return self._fulfilled(now) if self.acceptance else "assigned"
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

    def _fulfilled(self, now: datetime) -> Status:
        """How an accepted request stands."""
        confirmed = [recall(own.wire, Confirmation).received for own in self.confirmations[-1:]]
        if confirmed == [True] or self.handover:
            return "received"
        if self.vendor_cancellation:
            return "vendor-cancelled"
        if any(own.came_back for own in self.cancellations):
            return "cancelled"
        if self.cancellations and not self.shipment:
            return "cancelling"
        if confirmed:
            return "not-received"
        if not self.disclosures and self._is_too_late(now):
            return "lapsed"
        if self.is_over:
            return "closed"
        return self.shipment.state if self.shipment else "accepted"

    def _is_too_late(self, now: datetime) -> bool:
        """Whether it was to be said before now whom to deliver to."""
        return self.disclose_by is not None and parse_instant(self.disclose_by) <= now

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
