"""A start-up check of the library underneath, by what it does rather than by what it says it is.

CVE-2025-69277: libsodium's `crypto_core_ed25519_is_valid_point` looked at one coordinate only and
so let mixed-order points through. A version number tells little, since distributors backport.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import nacl.bindings as sodium

from crypto.errors import LibraryUnsafe

BASE_POINT: Final = bytes.fromhex("58" + "66" * 31)
"""The generator B of the prime-order subgroup (RFC 8032 section 5.1), sign bit as defined there."""

MIXED_ORDER_POINT: Final = bytes.fromhex("95" + "99" * 30 + "99")
"""B plus the point of order two."""


def check_libsodium(
    is_valid_point: Callable[[bytes], bool] = sodium.crypto_core_ed25519_is_valid_point,
) -> None:
    """Refuse a libsodium that takes mixed-order points for safe ones.

    Raises:
        LibraryUnsafe: this libsodium has CVE-2025-69277, or judges points wrongly otherwise.
    """
    if not is_valid_point(BASE_POINT) or is_valid_point(MIXED_ORDER_POINT):
        raise LibraryUnsafe(
            "This libsodium accepts mixed-order keys (CVE-2025-69277); install pynacl 1.6.2 or later."
        )
