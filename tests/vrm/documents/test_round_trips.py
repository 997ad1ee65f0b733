"""Whatever is signed reads back as it was, and its identity never depends on how it is written."""

import json

import pytest
import rfc8785
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.vrm.documents.samples import KEY, SORTS, Sort, a_request
from tests.vrm.documents.samples_conversation import CONVERSATION_SORTS
from tests.vrm.documents.samples_fulfilment import FULFILMENT_SORTS
from tests.vrm.documents.samples_members import MEMBER_SORTS
from tests.vrm.documents.samples_ratings import RATING_SORTS
from vrm.documents import Need, read, recall, sign, type_name

each_sort = pytest.mark.parametrize(
    "sort",
    [*SORTS, *MEMBER_SORTS, *RATING_SORTS, *FULFILMENT_SORTS, *CONVERSATION_SORTS],
    ids=lambda sort: sort.kind.__name__,
)


@each_sort
@settings(max_examples=30)
@given(data=st.data())
def test_a_signed_document_reads_back_as_it_was(sort: Sort, data: st.DataObject) -> None:
    body = data.draw(sort.bodies())
    signed = sign(body, KEY)
    again = read(signed.wire, sort.kind)
    assert again == signed
    assert recall(signed.wire, sort.kind) == body


@each_sort
@settings(max_examples=15)
@given(data=st.data())
def test_a_document_is_the_same_however_it_is_written(sort: Sort, data: st.DataObject) -> None:
    signed = sign(data.draw(sort.bodies()), KEY)
    value = json.loads(signed.wire)
    pretty = json.dumps(dict(reversed(value.items())), indent=2).encode()
    assert read(pretty, sort.kind) == signed


@each_sort
@settings(max_examples=15)
@given(data=st.data())
def test_the_wire_is_canonical_json_by_an_independent_implementation(
    sort: Sort, data: st.DataObject
) -> None:
    signed = sign(data.draw(sort.bodies()), KEY)
    assert rfc8785.dumps(json.loads(signed.wire)) == signed.wire


@settings(max_examples=30)
@given(data=st.data())
def test_the_identity_does_not_hang_on_the_signature(data: st.DataObject) -> None:
    sort = data.draw(st.sampled_from([s for s in SORTS if not s.kind.PSEUDONYMOUS]))
    body = data.draw(sort.bodies())
    plain, dated = sign(body, KEY), sign(body, KEY, created="2026-11-21T12:00:00Z")
    assert plain.digest == dated.digest
    assert plain.wire != dated.wire
    assert read(dated.wire, sort.kind).digest == plain.digest


@settings(max_examples=30)
@given(data=st.data())
def test_two_bodies_have_two_identities(data: st.DataObject) -> None:
    sort = data.draw(st.sampled_from(SORTS))
    one, other = data.draw(sort.bodies()), data.draw(sort.bodies())
    assert (sign(one, KEY).digest == sign(other, KEY).digest) == (one == other)


def test_a_default_is_written_out() -> None:
    """So that one body has one spelling when it is signed here."""
    need = Need(title="Twin stroller", category="baby")
    written = json.loads(sign(a_request(need=need), KEY).wire)["need"]
    assert (written["quantity"], written["unit"], written["condition"]) == (1, "piece", "any")


def test_a_credential_is_known_by_the_last_of_its_types() -> None:
    assert type_name({"type": ["VerifiableCredential", "Profile"]}) == "Profile"
    assert type_name({"type": "Bid"}) == "Bid"
    assert type_name({"type": [1]}) is None
    assert type_name({}) is None
