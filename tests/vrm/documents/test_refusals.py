"""Every guard of a document's reader, by the attack that it stops."""

import json
from collections.abc import Callable
from typing import Any

import pytest

import crypto
from crypto import CryptoError, proof
from tests.vrm.client.test_base import descriptor
from tests.vrm.documents.samples import KEY, OTHER, a_request
from vrm.documents import (
    Bid,
    Capacity,
    MarketDescriptor,
    PersonalRequest,
    Profile,
    RequestWithdrawal,
    VendorProfile,
    read,
    sign,
)
from vrm.documents.place import resolution_of
from vrm.documents.scalars import MAX_INTEGER
from vrm.errors import InvalidDocument

Change = Callable[[dict[str, Any]], object]


def genuine() -> dict[str, Any]:
    """A signed request as JSON values."""
    value: dict[str, Any] = json.loads(sign(a_request(), KEY).wire)
    return value


def signed_anyway(document: dict[str, Any], key: crypto.SigningKey = KEY) -> bytes:
    """Sign whatever it is, without asking whether the protocol allows it."""
    return json.dumps(proof.sign(document, key)).encode()


def refusal(raw: bytes, kind: type[Any] = PersonalRequest) -> str:
    """The code with which a document is refused."""
    try:
        read(raw, kind)
    except (CryptoError, InvalidDocument) as error:
        return error.code
    pytest.fail("the document was taken")


def changed(change: Change) -> bytes:
    """A request with a change that its author made before signing."""
    document = genuine()
    del document["proof"]
    change(document)
    return signed_anyway(document)


# --- tampering ---


def test_a_changed_byte() -> None:
    wire = sign(a_request(), KEY).wire
    assert b"25000" in wire
    assert refusal(wire.replace(b"25000", b"25001")) == "bad-signature"


def test_every_changed_byte() -> None:
    wire = sign(a_request(), KEY).wire
    for at in range(0, len(wire), 7):
        tampered = wire[:at] + bytes([wire[at] ^ 1]) + wire[at + 1 :]
        assert refusal(tampered)


def test_a_signature_by_another_key() -> None:
    document = genuine()
    assert refusal(signed_anyway(document, OTHER)) == "wrong-key"


def test_a_signature_moved_from_another_document() -> None:
    document, other = genuine(), json.loads(sign(a_request(policy="nearest"), KEY).wire)
    document["proof"] = other["proof"]
    assert refusal(json.dumps(document).encode()) == "bad-signature"


def test_a_signature_for_another_purpose() -> None:
    document = genuine()
    raw = json.dumps(proof.sign(document, KEY, purpose="authentication")).encode()
    assert refusal(raw) == "wrong-purpose"


def test_no_signature() -> None:
    document = genuine()
    del document["proof"]
    assert refusal(json.dumps(document).encode()) == "missing-proof"


def test_two_signatures_where_one_is_due() -> None:
    document = genuine()
    document["proof"] = [document["proof"], document["proof"]]
    assert refusal(json.dumps(document).encode()) == "proof-shape"


def test_a_small_order_key_under_which_one_signature_fits_many_documents() -> None:
    identity = b"\x01" + bytes(31)  # the neutral element of the curve
    did = "did:key:" + crypto.encoding.base58_encode(b"\xed\x01" + identity)
    document = genuine() | {"pseudonym": did}
    document["proof"]["verificationMethod"] = f"{did}#{did.removeprefix('did:key:')}"
    assert refusal(json.dumps(document).encode()) == "wrong-key"


def test_a_clock_in_a_pseudonyms_proof() -> None:
    signed = sign(a_request(), KEY, created="2026-11-21T12:00:00Z")
    assert refusal(signed.wire) == "created-forbidden"


# --- the wrong document ---


def test_a_document_of_another_type_in_its_place() -> None:
    withdrawal = RequestWithdrawal(market=KEY.did, pseudonym=KEY.did, request="A" * 43)
    assert refusal(sign(withdrawal, KEY).wire) == "wrong-type"


def test_a_request_that_calls_itself_a_withdrawal() -> None:
    raw = changed(lambda document: document.update(type="RequestWithdrawal"))
    assert refusal(raw, RequestWithdrawal) == "unknown-field"


@pytest.mark.parametrize("version", [0, 2, True, "1", None])
def test_another_version(version: object) -> None:
    assert refusal(changed(lambda document: document.update(v=version))) == "unsupported-version"


def test_a_document_that_names_no_signer() -> None:
    assert refusal(changed(lambda document: document.pop("pseudonym"))) == "invalid-field"


# --- JSON that two readers read differently ---


def test_duplicate_keys() -> None:
    wire = sign(a_request(), KEY).wire
    doubled = wire.replace(b'"v":1', b'"v":1,"v":1')
    assert refusal(doubled) == "duplicate-key"


def test_duplicate_keys_spelt_differently() -> None:
    wire = sign(a_request(), KEY).wire
    assert refusal(wire.replace(b'"v":1', rb'"v":1,"\u0076":1')) == "duplicate-key"


def test_a_float_that_is_a_whole_number() -> None:
    wire = sign(a_request(), KEY).wire
    assert refusal(wire.replace(b"25000", b"25000.0")) == "float"


@pytest.mark.parametrize("number", [MAX_INTEGER + 1, 10**40])
def test_a_huge_integer(number: int) -> None:
    wire = sign(a_request(), KEY).wire
    assert refusal(wire.replace(b"25000", str(number).encode())) == "integer-range"


def test_not_a_number() -> None:
    assert refusal(sign(a_request(), KEY).wire.replace(b"25000", b"NaN")) == "not-json"


def test_an_oversized_body() -> None:
    assert refusal(b" " * 65_537) == "too-large"


def test_a_body_nested_too_deep() -> None:
    assert refusal(b'{"a":' * 40 + b"1" + b"}" * 40) == "depth"


def test_a_list_where_a_document_is_due() -> None:
    assert refusal(b"[]") == "not-an-object"


# --- members that the protocol does not have ---


@pytest.mark.parametrize("where", [(), ("need",), ("price",), ("area",), ("terms",)])
def test_an_unknown_field(where: tuple[str, ...]) -> None:
    def add(document: dict[str, Any]) -> None:
        for step in where:
            document = document[step]
        document["vip"] = 1

    assert refusal(changed(add)) == "unknown-field"


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(market="did:web:market.example"),
        lambda d: d.update(market=d["market"] + "\n"),
        lambda d: d.update(reply_key="z6LS"),
        lambda d: d.update(delivery=[]),
        lambda d: d.update(delivery=["ship", "ship"]),
        lambda d: d.update(delivery=["drone"]),
        lambda d: d.update(policy="cheapest"),
        lambda d: d.update(needed_by="2026-11-27T18:07:00Z"),
        lambda d: d.update(needed_by="2026-11-31T18:00:00Z"),
        lambda d: d.update(needed_by="2026-11-27T18:00:00+00:00"),
        lambda d: d.update(not_before="2026-11-27T18:00:00Z", needed_by="2026-11-27T18:00:00Z"),
        lambda d: d["need"].update(title=""),
        lambda d: d["need"].update(title="x" * 121),
        lambda d: d["need"].update(category="Baby"),
        lambda d: d["need"].update(quantity=0),
        lambda d: d["need"].update(quantity="1"),
        lambda d: d["need"].update(quantity=True),
        lambda d: d["need"].update(gtin="2000000100013"),
        lambda d: d["need"].update(gtin="٢٠٠٠٠٠٠١٠٠٠١٣"),
        lambda d: d["need"].update(attributes={"not a name": "x"}),
        lambda d: d["price"].update(amount=0),
        lambda d: d["price"].update(amount=-1),
        lambda d: d["price"].update(currency="usd"),
        lambda d: d["price"].update(kind="auction"),
        lambda d: d["area"].update(cell="862664C1FFFFFFF"),
        lambda d: d["area"].update(radius_m=99),
        lambda d: d["terms"].update(id="pdc-intent"),
        lambda d: d["terms"].update(digest="A" * 42),
        lambda d: d["terms"].update(digest="A" * 42 + "B"),
    ],
)  # fmt: skip
def test_a_value_that_the_protocol_does_not_allow(change: Change) -> None:
    assert refusal(changed(change)) == "invalid-field"


@pytest.mark.parametrize("title", ["stroller\u202e", "e\u0301clair", "a\x01b", "\ufeffstroller"])
def test_text_that_reads_otherwise_than_it_compares(title: str) -> None:
    assert refusal(changed(lambda d: d["need"].update(title=title))) == "unclean-text"


def test_the_refusal_names_the_member_at_fault() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read(changed(lambda document: document["need"].update(quantity=0)), PersonalRequest)
    assert caught.value.field == "need.quantity"


def test_a_cell_that_is_none() -> None:
    with pytest.raises(InvalidDocument):
        resolution_of("8fffffffffffffff")


# --- rules of single types ---


def test_a_profile_about_somebody_else() -> None:
    credential = {
        "v": 1,
        "type": ["VerifiableCredential", "Profile"],
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://www.w3.org/ns/credentials/undefined-terms/v2",
        ],
        "issuer": KEY.did,
        "validFrom": "2026-11-21T12:00:00Z",
        "credentialSubject": {"id": OTHER.did, "name": "Mallory's rival"},
    }
    assert refusal(signed_anyway(credential), Profile) == "invalid-field"
    vocabulary = {**credential, "credentialSubject": {"id": KEY.did}}
    vocabulary["@context"] = ["https://www.w3.org/ns/credentials/v2", "urn:other"]
    assert refusal(signed_anyway(vocabulary), Profile) == "invalid-field"


def test_a_price_whose_parts_do_not_add_up() -> None:
    bid = {
        "v": 1,
        "type": "Bid",
        "market": KEY.did,
        "request": "A" * 43,
        "vendor": KEY.did,
        "place": "shop",
        "price": {
            "amount": 1000,
            "currency": "USD",
            "parts": [{"label": "goods", "amount": 900}, {"label": "tax", "amount": 99}],
        },
        "delivery": "ship",
        "lead_time_hours": 1,
        "terms": {"id": "PDC-INTENT", "digest": "A" * 43},
        "seq": 1,
        "salt": "A" * 22,
    }
    assert refusal(signed_anyway(bid), Bid) == "invalid-field"
    padded = {**bid, "price": {"amount": 1000, "currency": "USD"}, "salt": "A" * 21 + "B"}
    assert refusal(signed_anyway(padded), Bid) == "invalid-field", "a salt has one spelling"


def test_two_places_under_one_id() -> None:
    place = {"id": "a", "name": "A", "lat_e6": 0, "lng_e6": 0, "reach_m": 1, "capacity": 1}
    profile = {
        "v": 1,
        "type": "VendorProfile",
        "market": KEY.did,
        "vendor": KEY.did,
        "seq": 1,
        "name": "Shop",
        "places": [place, place],
        "categories": ["baby"],
        "delivery": ["ship"],
        "terms": ["PDC-INTENT"],
    }
    assert refusal(signed_anyway(profile), VendorProfile) == "invalid-field"


def test_a_date_that_does_not_exist() -> None:
    capacity = {
        "v": 1,
        "type": "Capacity",
        "market": KEY.did,
        "vendor": KEY.did,
        "place": "shop",
        "date": "2026-02-30",
        "units": 1,
        "seq": 1,
    }
    assert refusal(signed_anyway(capacity), Capacity) == "invalid-field"


# --- signing is held to the same rules ---


def test_signing_in_anothers_name() -> None:
    with pytest.raises(InvalidDocument) as caught:
        sign(a_request(), OTHER)
    assert caught.value.code == "wrong-key"


def test_signing_what_no_reader_would_take() -> None:
    with pytest.raises(InvalidDocument):
        sign(a_request(policy="cheapest"), KEY)
    with pytest.raises(InvalidDocument):
        sign(a_request(reply_key="x"), KEY)


def test_a_market_that_asks_for_cells_the_size_of_a_house() -> None:
    good: dict[str, Any] = json.loads(descriptor())
    del good["proof"]
    for cells in ({"coarsest": 4, "finest": 10}, {"coarsest": 13, "finest": 15}):
        raw = signed_anyway(good | {"cells": cells})
        assert refusal(raw, MarketDescriptor) == "invalid-field"
    raw = signed_anyway(good | {"cells": {"coarsest": 4, "finest": 9}})
    assert read(raw, MarketDescriptor).body.cells.finest == 9
