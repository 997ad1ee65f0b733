"""What all documents share: a type, a version, one signer, and the two ways in and out.

`sign` turns a body into a signed document; `read` is the only way back. Reading goes in fixed steps:

1. strict JSON (`crypto.ijson`), so that every reader sees the same thing;
2. type and version are among those expected here;
3. the proof is by the key that the body itself names as its signer, for the purpose of its type;
4. the body decodes into a frozen struct with no unknown member, and its own rules hold.

A signed document is kept and passed on as the canonical bytes of what was signed, never as a re-encoding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

import msgspec

import crypto
from crypto import proof
from crypto.canonical import canonical, unsigned
from vrm.documents.scalars import text_is_clean
from vrm.errors import InvalidDocument

VERSION = 1


class Document(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document's body, without its proof.

    Each subclass adds ``type`` with its own name as the only value, and says who signs.
    """

    SIGNER: ClassVar[str]
    """The field that holds the signer's did:key."""

    PSEUDONYMOUS: ClassVar[bool] = False
    """Whether a pseudonym signs: then the proof may carry no clock."""

    v: int = VERSION

    @property
    def signer(self) -> str:
        """The did:key that must have signed this body."""
        return str(getattr(self, self.SIGNER))


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A group of members inside a document."""


D = TypeVar("D", bound=Document)
D_co = TypeVar("D_co", bound=Document, covariant=True)


@dataclass(frozen=True, slots=True)
class Signed(Generic[D_co]):
    """A document whose proof has been made or verified here."""

    body: D_co
    digest: str
    """The document's identity: SHA-256 of the canonical unsigned form, base64url (43 characters)."""
    wire: bytes
    """Canonical JSON with the proof."""


def sign(body: D, key: crypto.SigningKey, *, created: str | None = None) -> Signed[D]:
    """Sign a body with the key that it names as its signer.

    Raises:
        InvalidDocument: when the body breaks its own rules, or names another signer.
    """
    kind = type(body)
    if body.signer != key.did:
        raise InvalidDocument(
            "wrong-key", f"{kind.__name__}.{kind.SIGNER} names another key than the one given."
        )
    bare = msgspec.to_builtins(body)
    _check_texts(bare)
    _decode(bare, kind)
    signed = proof.sign(bare, key, created=created)
    return Signed(body, crypto.digest(bare), canonical(signed))


def read(raw: bytes, expected: type[D]) -> Signed[D]:
    """Read and verify a signed document of one type.

    Raises:
        crypto.CryptoError: not strict JSON, or the proof does not hold.
        InvalidDocument: another type or version, an unknown member, or a broken rule.
    """
    return accept(crypto.parse(raw), expected)


def accept(document: dict[str, Any], expected: type[D]) -> Signed[D]:
    """Verify a document that strict parsing has already produced (see `read`)."""
    body, digest = examine(document, expected)
    return Signed(body, digest, canonical(document))


def examine(document: dict[str, Any], expected: type[D]) -> tuple[D, str]:
    """Do the same, for whoever needs only the body and the digest."""
    name = expected.__name__
    if type_name(document) != name:
        raise InvalidDocument("wrong-type", f"A document of type {name} belongs here.", "type")
    version = document.get("v")
    if type(version) is not int or version != VERSION:
        raise InvalidDocument("unsupported-version", f"Set v to {VERSION}.", "v")
    signer = document.get(expected.SIGNER)
    if not isinstance(signer, str):
        detail = f"The document must name its signer in {expected.SIGNER}."
        raise InvalidDocument("invalid-field", detail, expected.SIGNER)
    identity = proof.verify(document, signer=signer, allow_created=not expected.PSEUDONYMOUS)
    bare = unsigned(document)
    _check_texts(bare)
    return _decode(bare, expected), crypto.base64url_encode(identity)


def recall(wire: bytes, expected: type[D]) -> D:
    """Decode the body of a document that was verified before it was stored."""
    return msgspec.convert(unsigned(msgspec.json.decode(wire)), expected)


def learn_types() -> None:
    """Let msgspec learn all types of documents that are declared so far, in the thread that imports them.

    By itself it learns a type when it first decodes one, and two threads that do so at once crash the process
    (seen with msgspec 0.22).
    """
    for kind in _below(Document):
        msgspec.json.Decoder(kind)


def _below(kind: type[Document]) -> Iterator[type[Document]]:
    for below in kind.__subclasses__():
        yield below
        yield from _below(below)


def type_name(document: dict[str, Any]) -> str | None:
    """Tell a document's type: the text in ``type``, or the last of a credential's list of types."""
    named = document.get("type")
    if isinstance(named, list) and named:
        named = named[-1]
    return named if isinstance(named, str) else None


def _decode(bare: dict[str, Any], expected: type[D]) -> D:
    try:
        return msgspec.convert(bare, expected)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        code = "unknown-field" if "unknown field" in message else "invalid-field"
        field = path.rstrip("`").removeprefix(".") or None
        where = f" (in {field})" if field else ""
        raise InvalidDocument(code, f"{expected.__name__}: {message}{where}.", field) from None


def _check_texts(value: object) -> None:
    for text in _texts(value):
        if not text_is_clean(text):
            raise InvalidDocument(
                "unclean-text",
                "Text must be in Unicode normal form C, without control or direction characters.",
            )


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)
