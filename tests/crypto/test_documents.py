"""Strict ingest and canonical form."""

import json

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from crypto import digest, parse
from crypto.canonical import canonical
from crypto.errors import DocumentError
from tests.crypto import reference
from tests.crypto.strategies import documents, texts, values

ATTACKS = {
    "duplicate key": (b'{"a":1,"a":2}', "duplicate-key"),
    "duplicate key far apart": (b'{"a":1,"b":{"a":1,"c":2},"a":1}', "duplicate-key"),
    "duplicate key by escape": (rb'{"a":1,"\u0061":2}', "duplicate-key"),
    "duplicate key deep inside": (b'{"x":[{"a":1,"a":1}]}', "duplicate-key"),
    "float": (b'{"a":1.5}', "float"),
    "whole float": (b'{"a":1.0}', "float"),
    "exponent": (b'{"a":1e3}', "float"),
    "huge exponent": (b'{"a":1e999}', "float"),
    "minus zero float": (b'{"a":-0.0}', "float"),
    "NaN": (b'{"a":NaN}', "not-json"),
    "Infinity": (b'{"a":-Infinity}', "not-json"),
    "2^53": (b'{"a":9007199254740992}', "integer-range"),
    "-2^53": (b'{"a":-9007199254740992}', "integer-range"),
    "2^64": (b'{"a":18446744073709551616}', "integer-range"),
    "integer of 10000 digits": (b'{"a":' + b"9" * 10_000 + b"}", "integer-range"),
    "non-ASCII key": ('{"é":1}'.encode(), "non-ascii-key"),
    "non-ASCII key by escape": (rb'{"\u00e9":1}', "non-ascii-key"),
    "lone surrogate": (rb'{"a":"\ud800"}', "lone-surrogate"),
    "lone low surrogate": (rb'{"a":"\udc00x"}', "lone-surrogate"),
    "lone surrogate in a key": (rb'{"\udc00":1}', "lone-surrogate"),
    "surrogate in UTF-8": (b'{"a":"\xed\xa0\x80"}', "not-json"),
    "overlong UTF-8": (b'{"a":"\xc0\xaf"}', "not-json"),
    "NUL": (rb'{"a":"\u0000"}', "nul"),
    "raw control character": (b'{"a":"\x01"}', "not-json"),
    "byte order mark": (b"\xef\xbb\xbf{}", "not-json"),
    "UTF-16": ("{}".encode("utf-16-le"), "not-json"),
    "33 levels": (b'{"a":' * 32 + b"[]" + b"}" * 32, "depth"),
    "stack exhaustion": (b"[" * 65_536, "depth"),
    "stack exhaustion in an object": (b'{"a":' * 10_000, "depth"),
    "array": (b"[]", "not-an-object"),
    "text": (b'"x"', "not-an-object"),
    "null": (b"null", "not-an-object"),
    "nothing": (b"", "not-json"),
    "trailing comma": (b'{"a":1,}', "not-json"),
    "leading zero": (b'{"a":01}', "not-json"),
    "comment": (b"{}//", "not-json"),
    "two documents": (b"{}{}", "not-json"),
    "single quotes": (b"{'a':1}", "not-json"),
    "too large": (b'{"a":"' + b"x" * 65_536 + b'"}', "too-large"),
}


@pytest.mark.parametrize(("raw", "code"), ATTACKS.values(), ids=ATTACKS)
def test_refused(raw: bytes, code: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        parse(raw)
    assert refusal.value.code == code


def test_the_edges_of_the_subset_are_inside() -> None:
    assert parse(b'{"a":[9007199254740991,-9007199254740991]}')
    assert parse(b'{"a":' * 31 + b"[]" + b"}" * 31)
    assert parse(b'{"a":"' + b"[" * 1000 + b'"}')
    assert parse(rb'{"a":"\\u0000"}') == {"a": r"\u0000"}
    assert parse(rb'{"a":"\ud83d\ude02"}') == {"a": "😂"}
    assert parse(b"x" * 0 + b'{"a":1}', max_bytes=7)
    with pytest.raises(DocumentError):
        parse(b'{"a":1}', max_bytes=6)


def spelled(value: object, draw: st.DrawFn) -> str:
    """`value` as JSON, with white space, escapes and repeated members as chance has it."""
    space = st.sampled_from(["", "", " ", "\n\t"])
    if isinstance(value, dict):
        pairs = list(value.items())
        if pairs and draw(st.integers(0, 9)) == 0:
            pairs.append(draw(st.sampled_from(pairs)))
        inner = [
            f"{draw(space)}{spelled(name, draw)}{draw(space)}:{spelled(item, draw)}"
            for name, item in pairs
        ]
        return "{" + ",".join(inner) + draw(space) + "}"
    if isinstance(value, list):
        return "[" + ",".join(draw(space) + spelled(item, draw) for item in value) + "]"
    return json.dumps(value, ensure_ascii=draw(st.booleans()))


@st.composite
def spellings(draw: st.DrawFn) -> bytes:
    value = draw(st.dictionaries(texts, values | st.floats() | st.integers(), max_size=4))
    raw = spelled(value, draw).encode("utf-8", "surrogatepass")
    for _ in range(draw(st.integers(0, 2))):
        at = draw(st.integers(0, len(raw)))
        change = draw(st.binary(max_size=2) | st.sampled_from([b"{", b'"', b"\\u0061", b"1", b","]))
        raw = raw[:at] + change + raw[at + draw(st.integers(0, 1)) :]
    return raw


@given(spellings() | st.binary(max_size=60))
@example(b'{"":0,"":0}')
@example(rb'{"a":"\\\u0000"}')
def test_agrees_with_an_obvious_parser(raw: bytes) -> None:
    try:
        expected = reference.parse(raw)
    except reference.Refused:
        with pytest.raises(DocumentError):
            parse(raw)
    else:
        assert parse(raw) == expected


@given(values)
def test_canonical_form_agrees_with_rfc8785(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]


@given(documents)
def test_canonical_form_reads_back(document: dict[str, object]) -> None:
    raw = canonical(document)
    assert parse(raw) == document
    assert canonical(parse(raw)) == raw


@given(documents)
def test_digest_names_the_unsigned_document(document: dict[str, object]) -> None:
    name = digest(document)
    assert len(name) == 43
    assert digest({**document, "proof": {"any": "thing"}}) == name
    assert digest(dict(reversed(document.items()))) == name
    assert digest({**document, "added": "member!"}) != name


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.0, "float"),
        ({"a": [float("nan")]}, "float"),
        (2**53, "integer-range"),
        ({1: "a"}, "type"),
        ({"é": 1}, "non-ascii-key"),
        ("\ud800", "lone-surrogate"),
        (b"bytes", "type"),
        ({"a": {1, 2}}, "type"),
        (json, "type"),
    ],
)
def test_value_outside_the_subset_has_no_canonical_form(value: object, code: str) -> None:
    with pytest.raises(DocumentError) as refusal:
        canonical(value)
    assert refusal.value.code == code


def test_value_that_contains_itself_has_no_canonical_form() -> None:
    loop: list[object] = []
    loop.append(loop)
    with pytest.raises(DocumentError) as refusal:
        canonical(loop)
    assert refusal.value.code == "depth"


def test_a_string_that_never_ends_is_scanned_once() -> None:
    """Scanning it again from each quote inside would take hours; the suite's time limit would say so."""
    hostile = b"[" * 33 + b'"' + b'\\"' * 2_000_000
    with pytest.raises(DocumentError) as refusal:
        parse(hostile, max_bytes=len(hostile))
    assert refusal.value.code == "depth"
