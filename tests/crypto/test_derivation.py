import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slip10 import SLIP10

from crypto.derivation import LANGUAGES, MAX_INDEX, PURPOSE, Node, Root, new_phrase, seed_of_phrase
from crypto.errors import CryptoError, KeyFormatError

PHRASE = "legal winner thank year wave sausage worth useful legal winner thank yellow"
indices = st.integers(0, MAX_INDEX)


@settings(max_examples=30)
@given(st.binary(min_size=16, max_size=64), st.lists(indices, max_size=5))
def test_agrees_with_an_independent_slip10(seed: bytes, path: list[int]) -> None:
    theirs = SLIP10.from_seed(seed, curve_name="ed25519")
    assert Node.master(seed).descend(*path).key == theirs.get_privkey_from_path(
        [index | 1 << 31 for index in path]
    )


def test_the_path_scheme_is_what_the_module_says() -> None:
    """Changing a path loses everybody's keys, so the scheme is written here a second time."""
    root, base = Root.from_phrase(PHRASE), Node.master(seed_of_phrase(PHRASE)).child(5657165)
    assert PURPOSE == 5657165
    assert root.identity(3).seed == base.descend(0, 3).key
    assert root.pseudonym(7, 8, 9).seed == base.descend(1, 7, 8, 9).key
    assert root.reply(7, 8, 9).seed == base.descend(2, 7, 8, 9).key
    assert root.blind_seed(7, 8, 9) == base.descend(3, 7, 8, 9).key
    assert root.log(1).seed == base.descend(4, 1).key
    assert root.webhook(1).seed == base.descend(5, 1).key
    assert root.issuer_seed(7, 2) == base.descend(6, 7, 2).key
    assert root.tie_break_seed() == base.descend(7).key


def test_the_keys_of_one_phrase_are_pinned() -> None:
    root = Root.from_phrase(PHRASE)
    assert root.identity(0).did == "did:key:z6Mko8xMXFfNHWS9ux7mzATUD5cnyDfBmd1yD6Rkh6JfR7Zn"
    assert root.pseudonym(1, 2, 3).did == "did:key:z6MkvWdsrvJiGZZKSBbts2AUwcGttwMebTcVRRgVFxTs6U9B"
    assert root.reply(1, 2, 3).public.text == "z6LSd3dSY6hCYwDvV3LF8Sypg4hPVGA8eorJSqN9CmBqqyUU"


@given(indices, indices, indices)
def test_no_two_purposes_share_a_key(epoch: int, device: int, index: int) -> None:
    root = Root.from_seed(bytes(32))
    keys = [
        root.identity(index).seed,
        root.pseudonym(epoch, device, index).seed,
        root.reply(epoch, device, index).seed,
        root.blind_seed(epoch, device, index),
        root.log(index).seed,
        root.webhook(index).seed,
        root.issuer_seed(epoch, index),
        root.tie_break_seed(),
    ]
    assert len(set(keys)) == len(keys)


@settings(max_examples=10)
@given(indices, indices)
def test_two_devices_share_no_pseudonym(one: int, other: int) -> None:
    root = Root.from_seed(bytes(32))
    shared = {root.pseudonym(1, one, n).did for n in range(3)} & {
        root.pseudonym(1, other, n).did for n in range(3)
    }
    assert bool(shared) == (one == other)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("words", [12, 24])
def test_new_phrase_reads_back_in_every_language(language: str, words: int) -> None:
    phrase = new_phrase(words=words, language=language, random=lambda size: b"\x7f" * size)
    assert len(phrase.split()) == words
    assert len(seed_of_phrase(phrase)) == 64


def test_new_phrases_differ() -> None:
    assert new_phrase() != new_phrase()
    assert len(new_phrase().split()) == 24


@pytest.mark.parametrize(
    "phrase", ["  " + PHRASE.upper(), PHRASE.replace(" ", "\n"), PHRASE + "\u3000"]
)
def test_capitals_and_spaces_are_forgiven(phrase: str) -> None:
    assert seed_of_phrase(phrase) == seed_of_phrase(PHRASE)


@pytest.mark.parametrize(
    "phrase",
    [
        "",
        PHRASE.removesuffix(" yellow"),
        PHRASE + " yellow",
        PHRASE.replace("yellow", "zebra"),
        PHRASE.replace("yellow", "yelow"),
        " ".join(reversed(PHRASE.split())),
        "abandon " * 12,
    ],
)
def test_misremembered_phrase_is_refused(phrase: str) -> None:
    with pytest.raises(KeyFormatError):
        seed_of_phrase(phrase)


def test_passphrase_leads_to_other_keys() -> None:
    assert Root.from_phrase(PHRASE, "x").identity(0) != Root.from_phrase(PHRASE).identity(0)


@given(st.text(max_size=80) | st.lists(st.sampled_from(PHRASE.split())).map(" ".join))
def test_no_phrase_escapes_the_error_tree(phrase: str) -> None:
    with contextlib.suppress(CryptoError):
        seed_of_phrase(phrase)


@pytest.mark.parametrize("index", [-1, 2**31, 2**32])
def test_index_out_of_range_is_refused(index: int) -> None:
    with pytest.raises(KeyFormatError):
        Root.from_seed(bytes(32)).identity(index)


@pytest.mark.parametrize("size", [0, 15, 65])
def test_seed_of_another_length_is_refused(size: int) -> None:
    with pytest.raises(KeyFormatError):
        Root.from_seed(bytes(size))


@pytest.mark.parametrize(("words", "language"), [(13, "english"), (24, "klingon")])
def test_no_such_phrase(words: int, language: str) -> None:
    with pytest.raises(KeyFormatError):
        new_phrase(words=words, language=language)


def test_secrets_stay_out_of_repr() -> None:
    assert repr(Root.from_seed(bytes(32))) == "Root(node=Node())"
