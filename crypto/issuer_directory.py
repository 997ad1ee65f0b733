"""The issuer directory of RFC 9578 section 4: which keys tokens are issued under, and where.

It is a JSON document at `PATH`. A directory shown to one wallet only could mark that wallet, so the
wallet compares what it gets with the log; here it is only read strictly. Keys of other token types
are skipped, as the RFC has clients do.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from crypto.encoding import base64url_decode, base64url_encode
from crypto.errors import DocumentError, EncodingError, TokenError
from crypto.ijson import MAX_INTEGER, JsonValue, parse
from crypto.tokens import TOKEN_TYPE, IssuerPublicKey

PATH: Final = "/.well-known/private-token-issuer-directory"
MEDIA_TYPE: Final = "application/private-token-issuer-directory"


@dataclass(frozen=True)
class ListedKey:
    """A public key and the second since the epoch from which it is used, if one is stated."""

    key: IssuerPublicKey
    not_before: int | None = None


@dataclass(frozen=True)
class Directory:
    """An issuer's directory.

    Attributes:
        request_uri: where to send token requests, absolute or relative to the directory.
        keys: those of this token type, in the issuer's order of preference.
    """

    request_uri: str
    keys: tuple[ListedKey, ...]

    def __post_init__(self) -> None:
        if len({listed.key.truncated_id for listed in self.keys}) != len(self.keys):
            raise TokenError("Two issuer keys share a truncated id.", code="ambiguous-key")

    @classmethod
    def parse(cls, raw: bytes) -> Directory:
        """Read a directory.

        Raises:
            TokenError: it is not JSON, not a directory, or lists a bad key of this token type.
        """
        try:
            content = parse(raw)
        except DocumentError as error:
            raise TokenError("The issuer directory is malformed.", code="directory") from error
        uri, listed = content.get("issuer-request-uri"), content.get("token-keys")
        if not isinstance(uri, str) or not uri or not isinstance(listed, list):
            raise TokenError("The issuer directory is incomplete.", code="directory")
        entries = [_entry(item) for item in listed]
        return cls(uri, tuple(entry for entry in entries if entry is not None))

    def encode(self) -> bytes:
        return json.dumps(
            {
                "issuer-request-uri": self.request_uri,
                "token-keys": [_listing(listed) for listed in self.keys],
            }
        ).encode()

    def find(self, key_id: bytes) -> ListedKey | None:
        """The listed key with this whole id."""
        return next((listed for listed in self.keys if listed.key.key_id == key_id), None)


def _listing(listed: ListedKey) -> dict[str, object]:
    # RFC 9578 asks for base64url with its padding.
    listing: dict[str, object] = {
        "token-type": TOKEN_TYPE,
        "token-key": base64url_encode(listed.key.element) + "=",
    }
    if listed.not_before is not None:
        listing["not-before"] = listed.not_before
    return listing


def _entry(item: JsonValue) -> ListedKey | None:
    if not isinstance(item, dict) or type(item.get("token-type")) is not int:
        raise TokenError("The issuer directory is malformed.", code="directory")
    if item["token-type"] != TOKEN_TYPE:
        return None
    text, not_before = item.get("token-key"), item.get("not-before")
    if not isinstance(text, str) or not _is_time(not_before):
        raise TokenError("The issuer directory is malformed.", code="directory")
    try:
        raw = base64url_decode(text.removesuffix("="))
    except EncodingError as error:
        raise TokenError("The issuer directory lists a malformed key.", code="directory") from error
    return ListedKey(IssuerPublicKey.parse(raw), not_before if type(not_before) is int else None)


def _is_time(value: JsonValue) -> bool:
    return value is None or (type(value) is int and 0 <= value <= MAX_INTEGER)


def keys_to_use(directory: Directory, now: int) -> Sequence[ListedKey]:
    """Those whose time has come, in the issuer's order; `now` in seconds since the epoch."""
    return [
        listed for listed in directory.keys if listed.not_before is None or listed.not_before <= now
    ]
