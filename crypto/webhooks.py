"""Signatures of the Standard Webhooks specification (1.0.0), both of its kinds side by side.

What is signed is ``ID.TIMESTAMP.BODY``. A receiver checks ``v1`` (HMAC-SHA256) with a secret that it shares
with the sender, or ``v1a`` (Ed25519) with a public key that lets it forge nothing; many libraries know the
first only. Each endpoint has keys of its own. Those of the generation before sign as well, so that a receiver
can change its keys when it likes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass, field

from crypto.keys import SigningKey


@dataclass(frozen=True, slots=True)
class WebhookKeys:
    """The keys of one endpoint, derived from a sender's seed and kept nowhere."""

    shared: bytes = field(repr=False)
    key: SigningKey

    @classmethod
    def derive(cls, seed: bytes, endpoint: str) -> WebhookKeys:
        """Derive the keys of an endpoint by keyed BLAKE2b (RFC 7693).

        Args:
            seed: the sender's, 32 bytes.
            endpoint: whatever tells the endpoint, and the generation of its keys, from all others.
        """
        return cls(
            _derived(seed, b"webhook v1", endpoint),
            SigningKey.from_seed(_derived(seed, b"webhook v1a", endpoint)),
        )

    @property
    def secret(self) -> str:
        """The shared secret as receivers' libraries take it."""
        return "whsec_" + _base64(self.shared)

    @property
    def public(self) -> str:
        """The public key as receivers' libraries take it."""
        return "whpk_" + _base64(bytes(self.key.public.raw))

    def sign(self, message_id: str, timestamp: int, body: bytes) -> str:
        """The value of ``webhook-signature``.

        Args:
            message_id: without a full stop, as the specification asks.
            timestamp: of this attempt, in seconds since 1970.
        """
        signed = f"{message_id}.{timestamp}.".encode() + body
        mac = hmac.digest(self.shared, signed, "sha256")
        return f"v1,{_base64(mac)} v1a,{_base64(self.key.sign(signed))}"


def _derived(seed: bytes, purpose: bytes, endpoint: str) -> bytes:
    return hashlib.blake2b(endpoint.encode(), key=seed, person=purpose, digest_size=32).digest()


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
