"""Commands for those who bring their own HTTP client: sign, sign-read."""

import secrets
import sys
import time
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

import crypto
from crypto.http_signatures import sign_request
from vrm import console, keyfile
from vrm.client.base import READ_TAG
from vrm.console import Json, PassphraseFile
from vrm.documents import (
    Acceptance,
    Bid,
    BidWithdrawal,
    Capacity,
    CatalogueItem,
    Decline,
    Document,
    SavedFilters,
    VendorProfile,
    Webhook,
    type_name,
)
from vrm.documents import sign as sign_document
from vrm.errors import UsageError
from vrm.vendor.hints import hint
from vrm.vendor_commands.common import HomeFolder, home_at

TYPES: Final[dict[str, type[Document]]] = {
    kind.__name__: kind
    for kind in (
        VendorProfile,
        Capacity,
        Bid,
        BidWithdrawal,
        CatalogueItem,
        Acceptance,
        Decline,
        Webhook,
        SavedFilters,
    )
}
"""What a vendor signs."""


def sign(
    file: Annotated[
        Path, typer.Argument(help="A JSON document without a proof; - for standard input.")
    ],
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
) -> None:
    """Sign a document as it is, and print the body that curl posts.

    The document is checked against its type first (VendorProfile, Capacity,
    Bid, BidWithdrawal, CatalogueItem, Acceptance, Decline, Webhook or
    SavedFilters), and must name this vendor. Nothing is added but the proof.

        vendor sign bid.json | curl --json @- https://market.example/bids
    """
    raw = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    body = check(crypto.parse(raw))
    key = home_at(home).key(keyfile.passphrase(passphrase_file))
    sys.stdout.write(sign_document(body, key).wire.decode() + "\n")


def check(document: dict[str, Any]) -> Document:
    """Read an unsigned document of a vendor exactly as it stands.

    Raises:
        UsageError: signed already, of another type, or not what the type allows.
    """
    if "proof" in document:
        raise UsageError(
            "The document carries a proof already; take the member out to sign it anew."
        )
    name = type_name(document)
    if name not in TYPES:
        raise UsageError(f"A vendor signs no document of type {name}; {hint(str(name), TYPES)}")
    try:
        body = msgspec.convert(document, TYPES[name])
    except msgspec.ValidationError as error:
        raise UsageError(f"{name}: {error}.") from None
    if msgspec.to_builtins(body) != document:
        raise UsageError(f"{name}: write v, type and every other member out; nothing is filled in.")
    return body


def sign_read(
    url: Annotated[str, typer.Argument(help="The whole address that will be read, query and all.")],
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Print the headers of a signed GET (RFC 9421), which hold for one call and a minute.

    URL="https://market.example/board?category=toys"

    vendor sign-read "$URL" | curl -H @- "$URL"
    """
    key = home_at(home).key(keyfile.passphrase(passphrase_file))
    nonce = secrets.token_urlsafe(16)
    now = int(time.time())
    headers = sign_request("GET", url, {}, None, key, tag=READ_TAG, created=now, nonce=nonce)
    if json:
        console.print_json(headers)
        return
    for name, value in headers.items():
        sys.stdout.write(f"{name}: {value}\n")
