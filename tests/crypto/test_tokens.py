import contextlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from voprf import ristretto as independent

from crypto import SigningKey, voprf
from crypto.derivation import Root
from crypto.errors import TokenError
from crypto.issuance import Draw, derive_blind, issue, issue_batch, live_keys
from crypto.ristretto import Element, Scalar, add, element, multiply, multiply_base, scalar
from crypto.tokens import TOKEN_SIZE, Challenge, IssuerKey, IssuerPublicKey, Token, verify
from crypto.wire import Reader, vector
from tests.crypto.strategies import mutations, seeds

KEY = IssuerKey.from_seed(b"\x07" * 32, b"known/2026-11")
OTHER = IssuerKey.from_seed(b"\x08" * 32, b"known/2026-11")
KEYS = live_keys([KEY])
CHALLENGE = Challenge.of_market("market.example")
ORDER = 2**252 + 27742317777372353535851937790883648493
IDENTITY = bytes(32)


def draw(count: int = 1, key: IssuerPublicKey = KEY.public) -> Draw:
    nonces = tuple(SigningKey.from_seed(bytes([n]) * 32).public.raw for n in range(1, count + 1))
    blinds = tuple(derive_blind(b"\x09" * 32, key, nonce) for nonce in nonces)
    return Draw(key, CHALLENGE, nonces, blinds)


TOKEN = draw().finish(issue(draw().request(), KEYS))


def refusal(token: Token, key: IssuerKey = KEY, challenge: Challenge = CHALLENGE) -> str:
    with pytest.raises(TokenError) as error:
        verify(token, challenge=challenge, key=key)
    return error.value.code


@settings(max_examples=15)
@given(seeds, seeds, st.integers(1, 5))
def test_drawn_tokens_are_spent(issuer: bytes, wallet: bytes, count: int) -> None:
    key, root = IssuerKey.from_seed(issuer, b"epoch"), Root.from_seed(wallet)
    nonces = tuple(root.pseudonym(1, 2, index).public.raw for index in range(count))
    blinds = tuple(
        derive_blind(root.blind_seed(1, 2, index), key.public, nonce)
        for index, nonce in enumerate(nonces)
    )
    pending = Draw(key.public, CHALLENGE, nonces, blinds)
    tokens = pending.finish_batch(issue_batch(pending.batch_request(), live_keys([key])))
    for token, nonce in zip(tokens, nonces, strict=True):
        assert token.nonce == nonce
        verify(Token.parse(token.encode()), challenge=CHALLENGE, key=key)


def test_batch_and_single_issuance_give_the_same_token() -> None:
    batch = draw().finish_batch(issue_batch(draw().batch_request(), KEYS))
    assert batch == [TOKEN]


def test_repeated_draw_makes_the_same_request() -> None:
    assert draw(3).batch_request() == draw(3).batch_request()
    assert draw(1, OTHER.public).batch_request() != draw(1).batch_request()


def test_every_changed_byte_of_a_token_is_refused() -> None:
    for changed in mutations(TOKEN.encode()):
        with pytest.raises(TokenError):
            verify(Token.parse(changed), challenge=CHALLENGE, key=KEY)


def test_token_stolen_for_another_pseudonym_is_refused() -> None:
    thief = SigningKey.from_seed(b"\x66" * 32).public.raw
    stolen = Token(thief, TOKEN.challenge_digest, TOKEN.key_id, TOKEN.authenticator)
    assert refusal(stolen) == "token"


def test_token_of_another_market_is_refused() -> None:
    assert refusal(TOKEN, challenge=Challenge.of_market("other.example")) == "challenge"


def test_token_of_another_epoch_or_tier_is_refused() -> None:
    assert refusal(TOKEN, key=OTHER) == "unknown-key"


def test_challenge_made_for_one_wallet_is_another_challenge() -> None:
    marked = Challenge("market.example", "market.example", redemption_context=b"\1" * 32)
    assert marked.digest != CHALLENGE.digest
    assert refusal(TOKEN, challenge=marked) == "challenge"


def test_issuer_key_made_for_one_wallet_is_found_by_the_proof() -> None:
    """The issuer answers one wallet under a key of its own, in place of the published one."""
    secret = live_keys([IssuerKey(OTHER.secret)])
    impostor = {KEY.public.truncated_id: next(iter(secret.values()))}
    for answer in (
        lambda: draw().finish(issue(draw().request(), impostor)),
        lambda: draw(3).finish_batch(issue_batch(draw(3).batch_request(), impostor)),
    ):
        with pytest.raises(TokenError) as error:
            answer()
        assert error.value.code == "proof"


def test_issuer_key_mixed_into_one_place_of_a_batch_is_found_by_the_proof() -> None:
    blinded = [voprf.blind(bytes([n]), scalar(bytes([n + 1]).ljust(32, b"\0"))) for n in range(3)]
    evaluated, proof = voprf.blind_evaluate(KEY.secret, blinded, lambda size: b"\x11" * size)
    voprf.verify_proof(KEY.public.element, blinded, evaluated, proof)
    evaluated[1] = multiply(OTHER.secret, blinded[1])
    with pytest.raises(TokenError):
        voprf.verify_proof(KEY.public.element, blinded, evaluated, proof)


def test_answers_exchanged_within_a_batch_are_found_by_the_proof() -> None:
    response = issue_batch(draw(2).batch_request(), KEYS)
    reader = Reader(response)
    elements = reader.vector()
    swapped = vector(elements[32:] + elements[:32]) + reader.take(64)
    with pytest.raises(TokenError):
        draw(2).finish_batch(swapped)


def test_every_changed_byte_of_a_response_is_refused() -> None:
    pending, single = draw(2), draw()
    for changed in mutations(issue(single.request(), KEYS)):
        with pytest.raises(TokenError):
            single.finish(changed)
    for changed in mutations(issue_batch(pending.batch_request(), KEYS)):
        with pytest.raises(TokenError):
            pending.finish_batch(changed)


def test_every_changed_byte_of_a_request_is_refused_or_gives_no_token() -> None:
    pending = draw(2)
    for changed in mutations(pending.batch_request()):
        with pytest.raises(TokenError):
            pending.finish_batch(issue_batch(changed, KEYS))


HEAD = b"\x00\x05" + bytes([KEY.public.truncated_id])
ELEMENT = bytes(KEY.public.element)


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (HEAD + IDENTITY, "element"),
        (HEAD + b"\xff" * 32, "element"),
        (HEAD + b"\x01" + bytes(31), "element"),
        (HEAD + ELEMENT[:-1], "shape"),
        (HEAD + ELEMENT + b"\0", "shape"),
        (b"\x00\x01" + HEAD[2:] + ELEMENT, "token-type"),
        (HEAD[:2] + bytes([HEAD[2] ^ 1]) + ELEMENT, "unknown-key"),
        (b"", "shape"),
    ],
)
def test_bad_request_is_refused(request_: bytes, code: str) -> None:
    with pytest.raises(TokenError) as error:
        issue(request_, KEYS)
    assert error.value.code == code


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        (HEAD + vector(ELEMENT + IDENTITY), "element"),
        (HEAD + vector(b""), "batch-size"),
        (HEAD + vector(ELEMENT * 65), "batch-size"),
        (HEAD + vector(ELEMENT + b"\0"), "batch-size"),
        (HEAD + vector(ELEMENT) + b"\0", "shape"),
        (HEAD + b"\x40\x20" + ELEMENT, "shape"),
        (HEAD + b"\x80\x00\x00\x20" + ELEMENT, "shape"),
        (HEAD + b"\xc0" + ELEMENT, "shape"),
        (HEAD + b"\x20" + ELEMENT[:-1], "shape"),
        (HEAD, "shape"),
        (b"\x00\x02" + HEAD[2:] + vector(ELEMENT), "token-type"),
        (HEAD[:2] + bytes([HEAD[2] ^ 1]) + vector(ELEMENT), "unknown-key"),
    ],
)
def test_bad_batch_request_is_refused(request_: bytes, code: str) -> None:
    with pytest.raises(TokenError) as error:
        issue_batch(request_, KEYS)
    assert error.value.code == code


def test_batch_within_another_limit_is_issued() -> None:
    assert len(draw(65).finish_batch(issue_batch(draw(65).batch_request(), KEYS, max_batch=65)))


def test_two_keys_of_one_truncated_id_are_refused() -> None:
    by_id: dict[int, IssuerKey] = {}
    for number in range(300):
        key = IssuerKey.from_seed(number.to_bytes(32, "big"), b"")
        if key.public.truncated_id in by_id:
            with pytest.raises(TokenError):
                live_keys([by_id[key.public.truncated_id], key])
            return
        by_id[key.public.truncated_id] = key
    pytest.fail("300 keys have 256 truncated ids at most")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Draw(KEY.public, CHALLENGE, (), ()),
        lambda: Draw(KEY.public, CHALLENGE, (b"\1" * 32,), ()),
        lambda: draw(2).request(),
        lambda: draw(2).finish(b""),
        lambda: Draw(KEY.public, CHALLENGE, (b"\1" * 31,), draw().blinds).request(),
        lambda: derive_blind(b"short", KEY.public, b""),
        lambda: IssuerKey.from_seed(b"short", b""),
        lambda: IssuerPublicKey.parse(IDENTITY),
        lambda: Challenge(""),
        lambda: Challenge("market.example", "exämple"),
        lambda: Challenge("market.example", redemption_context=b"\1" * 31),
        lambda: scalar(bytes(32)),
        lambda: scalar(ORDER.to_bytes(32, "little")),
        lambda: scalar(b"\xff" * 32),
        lambda: scalar(b"\1"),
        lambda: element(b"\1"),
        lambda: add(KEY.public.element, Element(negative(KEY.public.element))),
        lambda: multiply(Scalar(bytes(32)), KEY.public.element),
        lambda: multiply_base(Scalar(bytes(32))),
        lambda: vector(bytes(2**30)),
    ],
)
def test_malformed_or_degenerate_value_is_refused(make: Any) -> None:
    with pytest.raises(TokenError):
        make()


def negative(point: Element) -> bytes:
    return multiply(Scalar((ORDER - 1).to_bytes(32, "little")), point)


@given(st.binary(max_size=300))
def test_no_bytes_escape_the_error_tree(raw: bytes) -> None:
    parsers: list[Any] = [
        Token.parse,
        Challenge.parse,
        IssuerPublicKey.parse,
        voprf.Proof.parse,
        lambda raw: issue(raw, KEYS),
        lambda raw: issue_batch(HEAD + raw, KEYS),
        draw().finish,
        draw(2).finish_batch,
    ]
    for read in parsers:
        with contextlib.suppress(TokenError):
            read(raw)


@given(st.binary(min_size=TOKEN_SIZE - 2, max_size=TOKEN_SIZE - 2))
def test_token_reads_back(raw: bytes) -> None:
    assert Token.parse(b"\0\5" + raw).encode() == b"\0\5" + raw


@given(st.integers(0, 2**14).map(bytes))
def test_vector_reads_back(content: bytes) -> None:
    reader = Reader(vector(content))
    assert reader.vector() == content
    reader.end()


inputs_ = st.lists(st.binary(min_size=1, max_size=40), min_size=1, max_size=4)


@settings(max_examples=20)
@given(seeds, st.binary(max_size=40), inputs_)
def test_agrees_with_an_independent_voprf(seed: bytes, info: bytes, inputs: list[bytes]) -> None:
    """Their client finishes what this issuer evaluates, and the reverse."""
    ours, theirs = voprf.derive_key(seed, info), independent.Evaluator.from_seed(seed, info)
    public = multiply_base(ours)
    assert theirs.public_key.serialize() == public
    expected = [voprf.evaluate(ours, message) for message in inputs]
    assert [theirs.evaluate_known_input(message) for message in inputs] == expected

    pairs = [independent.Client.blind(message) for message in inputs]
    elements = [element(blinded.serialize()) for _, blinded in pairs]
    evaluated, proof = voprf.blind_evaluate(ours, elements, lambda size: b"\x21" * size)
    answer = independent.VerifiableBatchOutput.deserialize(proof.encode() + b"".join(evaluated))
    clients = [client for client, _ in pairs]
    assert independent.Client.finalize_batch(clients, answer, theirs.public_key) == expected

    blinds = [scalar((7 + at).to_bytes(32, "little")) for at in range(len(inputs))]
    mine = [voprf.blind(message, by) for message, by in zip(inputs, blinds, strict=True)]
    blinded = [independent.BlindedInput.deserialize(item) for item in mine]
    raw = bytes(theirs.evaluate_batch(blinded).serialize())
    evaluated = [element(raw[at : at + 32]) for at in range(64, len(raw), 32)]
    proof = voprf.Proof.parse(raw[:64])
    assert voprf.finalize(public, inputs, blinds, mine, evaluated, proof=proof) == expected
