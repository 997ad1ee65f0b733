from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto import ReplyKey, SigningKey, messages, parse, proof, sealed
from crypto.canonical import canonical
from crypto.errors import DocumentError, SealError
from tests.crypto.strategies import documents, mutations

SENDER = SigningKey.from_seed(b"\x01" * 32)
OTHER = SigningKey.from_seed(b"\x02" * 32)
RECIPIENT = ReplyKey.from_seed(b"\x03" * 32)
THIRD = ReplyKey.from_seed(b"\x04" * 32)
REQUEST = "R" * 43
CONTENT = {"name": "Ada", "phone": "+44 20 7946 0000"}


def box(**how: Any) -> bytes:
    arguments: dict[str, Any] = {
        "sender": SENDER,
        "recipient": RECIPIENT.public,
        "request": REQUEST,
        "purpose": "disclosure",
    }
    return messages.seal(CONTENT, **(arguments | how))


def opened(raw: bytes, key: ReplyKey = RECIPIENT, **how: Any) -> messages.Message:
    arguments: dict[str, Any] = {"sender": SENDER.did, "request": REQUEST, "purpose": "disclosure"}
    return messages.unseal(raw, key, **(arguments | how))


def refusal(raw: bytes, key: ReplyKey = RECIPIENT, **how: Any) -> str:
    with pytest.raises(SealError) as error:
        opened(raw, key, **how)
    return error.value.code


def sealed_document(document: Any, key: ReplyKey = RECIPIENT) -> bytes:
    return sealed.seal(canonical(document), key.public)


@given(documents)
def test_message_opens(content: dict[str, Any]) -> None:
    raw = messages.seal(
        content, sender=SENDER, recipient=RECIPIENT.public, request=REQUEST, purpose="message"
    )
    message = opened(raw, purpose="message")
    assert message.content == content
    assert (message.sender, message.request) == (SENDER.did, REQUEST)
    proof.verify(message.document, signer=SENDER.did, allow_created=False)


def test_message_may_introduce_its_sender() -> None:
    assert opened(box(), sender=None).sender == SENDER.did


def test_message_forwarded_to_somebody_else_is_refused() -> None:
    forwarded = sealed_document(opened(box()).document, THIRD)
    assert refusal(forwarded, THIRD) == "recipient"


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"sender": OTHER.did}, "sender"),
        ({"request": "Q" * 43}, "request"),
        ({"purpose": "message"}, "purpose"),
    ],
)
def test_message_taken_for_another_is_refused(how: dict[str, Any], code: str) -> None:
    assert refusal(box(), **how) == code


@pytest.mark.parametrize(
    "members",
    [
        {"request": "Q" * 43},
        {"purpose": "message"},
        {"content": {"name": "Eve"}},
        {"sender": OTHER.did},
        {"recipient": THIRD.public.text},
    ],
    ids=str,
)
def test_message_rewritten_by_its_recipient_is_refused(members: dict[str, Any]) -> None:
    document = {**opened(box()).document, **members}
    key = THIRD if "recipient" in members else RECIPIENT
    expected = {name: members[name] for name in ("sender", "request", "purpose") if name in members}
    assert refusal(sealed_document(document, key), key, **expected) == "signature"


def test_message_in_anothers_name_is_refused() -> None:
    document = dict(opened(box()).document)
    forged = proof.sign(document, OTHER)
    assert refusal(sealed_document(forged)) == "signature"


def test_message_that_tells_its_time_is_refused() -> None:
    document = proof.sign(opened(box()).document, SENDER, created="2026-11-21T12:00:00Z")
    assert refusal(sealed_document(document)) == "signature"


@pytest.mark.parametrize(
    "members",
    [{"type": "Bid"}, {"v": 2}, {"v": True}, {"content": []}, {"extra": 1}, {"sender": 1}],
    ids=str,
)
def test_sealed_document_of_another_kind_is_refused(members: dict[str, Any]) -> None:
    document = proof.sign({**opened(box()).document, **members}, SENDER)
    refusal(sealed_document(document))


def test_every_changed_byte_inside_the_box_is_refused() -> None:
    for changed in mutations(canonical(opened(box()).document)):
        refusal(sealed.seal(changed, RECIPIENT.public), sender=None)


def test_changed_box_is_refused() -> None:
    raw = box()
    for at in (0, 31, 32, 47, 48, len(raw) - 1):
        assert refusal(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]) == "sealed"


def test_message_over_the_largest_size_class_is_refused() -> None:
    with pytest.raises(SealError):
        messages.seal(
            {"text": "x" * sealed.MAX_MESSAGE},
            sender=SENDER,
            recipient=RECIPIENT.public,
            request=REQUEST,
            purpose="message",
        )


def test_content_outside_the_strict_subset_is_refused() -> None:
    with pytest.raises(DocumentError):
        messages.seal(
            {"price": 1.5},
            sender=SENDER,
            recipient=RECIPIENT.public,
            request=REQUEST,
            purpose="message",
        )


def test_what_is_inside_is_strict_json() -> None:
    raw = canonical(opened(box()).document)
    twice = raw.replace(b'"v":1', b'"v":1,"v":1')
    assert refusal(sealed.seal(twice, RECIPIENT.public)) == "content"


@given(st.binary(max_size=400))
def test_nothing_inside_a_box_escapes_the_error_tree(inside: bytes) -> None:
    refusal(sealed.seal(inside, RECIPIENT.public))


def test_parse_is_the_same_as_for_every_document() -> None:
    message = opened(box())
    assert parse(canonical(message.document)) == message.document
