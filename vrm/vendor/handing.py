"""At the counter, without the network: a code to show, and the customer's answer to check.

The challenge follows from the vendor's key and the assignment, so there is nothing to keep until the answer
comes. What was answered stays in the ledger until the market has it.
"""

import hashlib
from dataclasses import dataclass
from typing import Final

import msgspec

import crypto
from crypto.errors import CryptoError
from vrm.documents import Assignment, Handover, PersonalRequest, Signed, recall
from vrm.documents.handover import CHALLENGE_BYTES, code_of, whole
from vrm.errors import InvalidDocument, UsageError
from vrm.vendor.ledger import Ledger

KEPT: Final = "handover:"
"""Begins the names of the marks that hold answers which the market does not have yet."""


class _Contract(msgspec.Struct):
    request: msgspec.Raw
    assignment: msgspec.Raw


@dataclass(frozen=True)
class Pickup:
    """A pickup that the ledger knows of."""

    assignment: str
    """Its digest."""
    given: Assignment
    request: PersonalRequest


def find(ledger: Ledger, beginning: str) -> Pickup:
    """Find a pickup by the beginning of its assignment's digest.

    Raises:
        UsageError: none or several begin so, or it is not to be picked up.
    """
    found = []
    for raw in ledger.contracts.all():
        contract = msgspec.json.decode(raw, type=_Contract)
        digest = crypto.digest(msgspec.json.decode(contract.assignment))
        if digest.startswith(beginning):
            request = recall(bytes(contract.request), PersonalRequest)
            given = recall(bytes(contract.assignment), Assignment)
            found.append(Pickup(digest, given, request))
    if len(found) != 1:
        what = f"{len(found)} begin so" if found else "none begins so"
        raise UsageError(
            f"Of what you were told whom to deliver to, {what}; see: vendor disclosures"
        )
    if found[0].given.delivery != "pickup":
        raise UsageError("It is not to be picked up.")
    return found[0]


def code(key: crypto.SigningKey, pickup: Pickup) -> str:
    """What to show the customer."""
    return code_of(pickup.assignment, _challenge(key, pickup.assignment))


def check(key: crypto.SigningKey, pickup: Pickup, answer: str) -> Signed[Handover]:
    """Verify what the customer answered.

    Raises:
        UsageError: it does not hold: do not hand anything over.
    """
    body = Handover(
        market=pickup.given.market,
        pseudonym=pickup.request.pseudonym,
        request=pickup.given.request,
        assignment=pickup.assignment,
        challenge=_challenge(key, pickup.assignment),
    )
    try:
        return whole(body, answer)
    except (CryptoError, InvalidDocument):
        raise UsageError(
            "This is no answer to your code by the customer of this assignment: hand nothing over."
        ) from None


def keep(ledger: Ledger, handover: Signed[Handover]) -> None:
    """Keep an answer until the market has it."""
    ledger.prepare([], **{f"{KEPT}{handover.body.assignment}": handover.wire.decode()})


def kept(ledger: Ledger) -> list[Signed[Handover]]:
    """The answers that the market does not have yet."""
    found = []
    for wire in ledger.marks(KEPT).values():
        document = msgspec.json.decode(wire)
        found.append(
            Signed(recall(wire.encode(), Handover), crypto.digest(document), wire.encode())
        )
    return found


def forget(ledger: Ledger, handover: Signed[Handover]) -> None:
    """Let go of an answer that the market has, or will not take."""
    ledger.forget(f"{KEPT}{handover.body.assignment}")


def _challenge(key: crypto.SigningKey, assignment: str) -> str:
    seed = hashlib.blake2b(
        assignment.encode(), key=key.seed, digest_size=CHALLENGE_BYTES, person=b"vrm.handover"
    )
    return crypto.base64url_encode(seed.digest())
