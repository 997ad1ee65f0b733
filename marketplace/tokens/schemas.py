"""What the calls about issuer keys answer."""

import msgspec


class IssuerKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An issuer key, and how many tokens were drawn and spent under it up to the newest batch instant."""

    key_id: str
    """SHA-256 of the key, base64url; tokens name it."""
    issued: int
    redeemed: int
    document: msgspec.Raw
    """The signed IssuerKey; its digest is a leaf of the log."""
