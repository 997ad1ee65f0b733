"""The code that a vendor shows, and the answer that a wallet gives."""

from typing import Any

import pytest
from hypothesis import given

import crypto
from crypto.errors import ProofError
from tests.vrm.documents.samples import KEY, OTHER, digests, salts
from vrm.documents import Handover, sign
from vrm.documents.handover import answer_of, code_of, read_code, whole


def a_body(**changes: str) -> Handover:
    facts: dict[str, Any] = {
        "request": "A" * 43,
        "assignment": "B" * 42 + "A",
        "challenge": "C" * 21 + "A",
    }
    return Handover(market=OTHER.did, pseudonym=KEY.did, **(facts | changes))


@given(digests, salts)
def test_a_code_reads_back_however_it_is_written(assignment: str, challenge: str) -> None:
    code = code_of(assignment, challenge)
    for written in (code, code.lower(), code.replace("-", " ")):
        beginning, read = read_code(written)
        assert crypto.base64url_decode(assignment).startswith(beginning)
        assert read == challenge


@pytest.mark.parametrize("code", ["", "5HBL", "0189-" * 8, "z" * 200, "ÄÖÜ"])
def test_what_is_no_code(code: str) -> None:
    with pytest.raises(ValueError, match="no code"):
        read_code(code)


def test_the_answer_makes_the_document_whole() -> None:
    signed = sign(a_body(), KEY)
    assert whole(a_body(), answer_of(signed)) == signed


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(answer_of(sign(a_body(challenge="D" * 21 + "A"), KEY)), id="another code"),
        pytest.param(answer_of(sign(a_body(assignment="D" * 42 + "A"), KEY)), id="another order"),
        pytest.param("z" + "1" * 87, id="no signature"),
        pytest.param("", id="nothing"),
    ],
)
def test_an_answer_that_does_not_hold(answer: str) -> None:
    with pytest.raises(ProofError):
        whole(a_body(), answer)
