"""Hypothesis strategies that several tests of this folder share."""

from __future__ import annotations

from hypothesis import strategies as st

from crypto.ijson import MAX_INTEGER, JsonValue

# Cs: halves of surrogate pairs. NUL is refused at ingest.
names = st.text(st.characters(min_codepoint=1, max_codepoint=127), max_size=12)
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)
integers = st.integers(-MAX_INTEGER, MAX_INTEGER)
scalars: st.SearchStrategy[JsonValue] = st.none() | st.booleans() | integers | texts
values: st.SearchStrategy[JsonValue] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
    max_leaves=20,
)
documents = st.dictionaries(names.filter(lambda name: name != "proof"), values, max_size=6)
seeds = st.binary(min_size=32, max_size=32)


def mutations(raw: bytes) -> list[bytes]:
    """`raw` with each byte changed in turn: its lowest bit, its highest, and all of them."""
    return [
        raw[:at] + bytes([raw[at] ^ mask]) + raw[at + 1 :]
        for at in range(len(raw))
        for mask in (0x01, 0x80, 0xFF)
    ]
