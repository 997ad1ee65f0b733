"""What a registration must satisfy beyond its own shape."""

from collections.abc import Mapping, Sequence
from typing import Any

from crypto import rotation
from crypto.errors import CryptoError, RotationError
from crypto.rotation import Chain
from marketplace.errors import Refused
from vrm.documents import Membership, Profile, Signed, Sponsorship, TokenRules, accept
from vrm.errors import InvalidDocument


def chain_of(body: Membership) -> Chain:
    """The chain of keys of a registration, checked from its first document.

    Raises:
        Refused: it does not hold, or is not the one that ends with the registration's key.
    """
    chain = _followed(body.keys)
    if (chain.subject, chain.key) != (body.member, body.key):
        raise Refused("keys-refused", "The chain of keys ends with another key.", "keys")
    return chain


def check_continues(known: Sequence[Mapping[str, Any]], shown: Chain) -> None:
    """Refuse a chain that does not continue the one that counts: a fork or a rollback."""
    try:
        rotation.compare(_followed(known), shown)
    except RotationError as error:
        raise Refused("keys-refused", str(error), "keys") from None


def check_profile(body: Membership) -> None:
    """Refuse a profile that another key signed."""
    try:
        profile = accept(body.profile, Profile)
    except (CryptoError, InvalidDocument) as error:
        raise Refused("profile-refused", str(error), "profile") from None
    if profile.body.issuer != body.key:
        raise Refused("profile-refused", "Another key signed the profile.", "profile")


def check_newer(seq: int, stored: int) -> None:
    """Refuse a registration or departure that is not newer than what counts."""
    if seq <= stored:
        raise Refused("stale-sequence", f"Number {stored} counts already; use a higher one.", "seq")


def read_sponsorship(body: Membership) -> Signed[Sponsorship] | None:
    """The sponsorship that a registration carries, if any.

    Raises:
        Refused: it is none for this candidate at this market.
    """
    if not body.sponsorship:
        return None
    try:
        found = accept(body.sponsorship, Sponsorship)
    except (CryptoError, InvalidDocument) as error:
        raise Refused("sponsorship-invalid", str(error), "sponsorship") from None
    if (found.body.market, found.body.candidate) != (body.market, body.member):
        raise Refused("sponsorship-invalid", "It is for somebody else.", "sponsorship")
    return found


def check_epoch(sponsorship: Sponsorship, rules: TokenRules, now: int) -> None:
    """Refuse a sponsorship of another epoch than the one that runs."""
    epoch = rules.epoch_at(now)
    if sponsorship.epoch != epoch:
        detail = f"It was given for epoch {sponsorship.epoch}; this is {epoch}."
        raise Refused("sponsorship-invalid", detail, "sponsorship")


def _followed(keys: Sequence[Mapping[str, Any]]) -> Chain:
    try:
        return rotation.follow(keys)
    except CryptoError as error:
        raise Refused("keys-refused", str(error), "keys") from None
