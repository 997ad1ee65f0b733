"""Strict ingest: one JSON object, of the subset that every implementation reads alike.

Beyond RFC 8259 and RFC 7493 (I-JSON) this refuses: a body over `max_bytes`, bytes that are not
UTF-8, duplicate member names, member names outside ASCII, any number with a fraction or an
exponent, integers beyond 2^53 - 1 either way, nesting over 32 levels, lone surrogates,
NUL (which databases cannot hold as text), and everything that is not an object at the top.

Speed: a body that already is compact goes through two passes of C code. Written out again in the
same order it gives the same bytes, and that cannot be when a member was dropped as a duplicate, so
only other bodies need a parser that looks at every pair.
"""

from __future__ import annotations

import json
import re
from typing import Any, Final, NoReturn, TypeAlias, cast

import msgspec

from crypto.errors import DocumentError

JsonValue: TypeAlias = bool | int | str | list["JsonValue"] | dict[str, "JsonValue"] | None

MAX_BYTES: Final = 65536
MAX_DEPTH: Final = 32
MAX_INTEGER: Final = 2**53 - 1

# The closing quote is optional: a string that never ends must not be scanned again from each quote inside.
_STRINGS: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
_NOT_BRACKETS: Final = bytes(set(range(256)) - set(b"[]{}"))
_PLAIN: Final = frozenset((bool, type(None)))
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")
_encode: Final = msgspec.json.Encoder().encode


def parse(raw: bytes, *, max_bytes: int = MAX_BYTES) -> dict[str, JsonValue]:
    """The object that `raw` holds.

    Raises:
        DocumentError: with code `too-large`, `not-json`, `depth`, `duplicate-key`, `float`,
            `integer-range`, `non-ascii-key`, `lone-surrogate`, `nul` or `not-an-object`.
    """
    if len(raw) > max_bytes:
        raise DocumentError(f"The document is larger than {max_bytes} bytes.", code="too-large")
    if b"\\u0000" in raw and _NUL.search(raw):
        raise DocumentError("A string holds the character NUL.", code="nul")
    value = _decode(raw)
    if type(value) is not dict:
        raise DocumentError("The document is no JSON object.", code="not-an-object")
    check(value)
    return cast(dict[str, JsonValue], value)


def check(value: object) -> None:
    """Refuse a value outside the subset, save for lone surrogates, which encoding refuses.

    Raises:
        DocumentError: with code `depth`, `float`, `integer-range`, `non-ascii-key` or `type`.
    """
    try:
        ascii_only = "".join(_walk(value)).isascii()
    except TypeError:
        raise DocumentError("A member's name is not text.", code="type") from None
    if not ascii_only:
        raise DocumentError("A member's name is not ASCII.", code="non-ascii-key")


def _walk(value: object) -> list[str]:
    """Check everything but member names level by level, and return these."""
    names: list[str] = []
    level: list[Any] = [value]
    for depth in range(MAX_DEPTH + 1):
        below: list[Any] = []
        for item in level:
            kind = type(item)
            if kind is str or kind in _PLAIN:
                continue
            if kind is int:
                if not -MAX_INTEGER <= item <= MAX_INTEGER:
                    _refuse_integer()
            elif depth == MAX_DEPTH:
                _refuse_depth()
            elif kind is dict:
                names += item
                below += item.values()
            elif kind is list or kind is tuple:
                below += item
            else:
                _refuse_type(kind)
        if not below:
            break
        level = below
    return names


def _decode(raw: bytes) -> object:
    try:
        value: object = msgspec.json.decode(raw)
        if _encode(value) == raw:
            return value
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass  # the careful parser finds the words for it
    _check_depth(raw)
    return _decode_with_care(raw)


def _decode_with_care(raw: bytes) -> object:
    try:
        value: object = _CAREFUL.decode(raw.decode("utf-8"))
        if b"\\u" in raw:
            _encode(value)
    except UnicodeDecodeError:
        raise DocumentError("The document is not UTF-8.", code="not-json") from None
    except UnicodeEncodeError:
        raise DocumentError(
            "A string holds half of a surrogate pair.", code="lone-surrogate"
        ) from None
    except json.JSONDecodeError:
        raise DocumentError("The document is not JSON.", code="not-json") from None
    return value


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DocumentError("An object names a member twice.", code="duplicate-key")
    return members


def _integer(digits: str) -> int:
    if len(digits) > 17:
        _refuse_integer()
    return int(digits)


def _refuse_integer() -> NoReturn:
    raise DocumentError("An integer lies beyond 2^53 - 1.", code="integer-range")


def _refuse_float(_: str) -> NoReturn:
    raise DocumentError("Numbers in a document are integers.", code="float")


def _refuse_type(kind: type) -> NoReturn:
    if kind is float:
        _refuse_float("")
    raise DocumentError(f"A {kind.__name__} has no place in a document.", code="type")


def _refuse_constant(_: str) -> NoReturn:
    raise DocumentError("The document is not JSON.", code="not-json")


def _refuse_depth() -> NoReturn:
    raise DocumentError(f"The document nests over {MAX_DEPTH} levels.", code="depth")


def _check_depth(raw: bytes) -> None:
    """Bound the nesting before a parser recurses; brackets inside strings do not count."""
    if raw.count(b"{") + raw.count(b"[") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _STRINGS.sub(b"", raw).translate(None, _NOT_BRACKETS):
        if bracket in b"[{":
            depth += 1
            if depth > MAX_DEPTH:
                _refuse_depth()
        else:
            depth -= 1


_CAREFUL: Final = json.JSONDecoder(
    object_pairs_hook=_pairs,
    parse_float=_refuse_float,
    parse_int=_integer,
    parse_constant=_refuse_constant,
)
