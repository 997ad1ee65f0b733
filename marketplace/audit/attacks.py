"""What the operator could guess by: each attack scores who posted a request, or which requests go together.

A score says nothing by its size, only by which of two candidates it puts first. What requests openly say (area,
category, facets, batch) is no attack: it is what every attack is measured against; see `measuring`.
"""

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final, Literal

import nacl.bindings as sodium
import nacl.exceptions
import numpy as np
from numpy.typing import NDArray

from crypto import voprf
from crypto.encoding import base64url_decode
from crypto.errors import EncodingError
from crypto.tokens import Challenge, Token
from marketplace.audit.evidence import Evidence, Member, Request, signer

Scores = NDArray[np.float64]
Target = Literal["member", "request"]

NEAR_SECONDS: Final = 3600
NEAR_ROWS: Final = 3
RARE: Final = 10
"""A value that fewer requests show is rare."""


@dataclass(frozen=True)
class Attack:
    """One way of guessing.

    ``score`` gives (requests, members), or (requests, requests): higher is likelier, and NaN where the attack
    says nothing, so that nothing is compared there.
    """

    name: str
    target: Target
    score: Callable[[Evidence], Scores]
    guesses_by: str = ""
    """The open fact that it goes by, if it does, and that is therefore not taken as given: area or facets."""
    granted: str = ""
    """Why a market must learn what it goes by, if it must."""


def by_keys(evidence: Evidence) -> Scores:
    """A key of the request is one of the member's, or is made of it as X25519 keys are made of Ed25519 ones."""
    known = [member.keys | set(_turned(member.keys)) for member in evidence.members]
    return against_members(evidence, lambda one, nth, _: len(one.keys & known[nth]))


def by_blinded(evidence: Evidence) -> Scores:
    """The member's draw holds the very point of the request's token, or a string of the token itself."""
    drawn = [_strings(member) for member in evidence.members]
    points = [_token_strings(one) for one in evidence.requests]
    at = {one.digest: nth for nth, one in enumerate(evidence.requests)}
    return against_members(evidence, lambda one, nth, _: len(points[at[one.digest]] & drawn[nth]))


def by_challenge(evidence: Evidence) -> Scores:
    """The token answers a challenge that only this member would have been given."""
    market = evidence.requests[0].body.market.removeprefix("did:key:") if evidence.requests else ""
    own = [
        Challenge(market, market, hashlib.sha256(member.did.encode()).digest()).digest
        for member in evidence.members
    ]
    return against_members(
        evidence, lambda one, nth, _: bool(one.token and one.token.challenge_digest == own[nth])
    )


def by_issuer_key(evidence: Evidence) -> Scores:
    """The token was issued under a key, by its truncated id, under which the member has drawn."""
    drawn = [{call.body[2] for call in member.drawn} for member in evidence.members]
    return against_members(
        evidence, lambda one, nth, _: bool(one.token and one.token.key_id[-1] in drawn[nth])
    )


def by_tier(evidence: Evidence) -> Scores:
    """The token's tier is the member's."""
    return against_members(evidence, lambda one, _nth, member: one.tier == member.tier)


def by_draw_time(evidence: Evidence) -> Scores:
    """The member drew shortly before the request was published."""

    def score(one: Request, _nth: int, member: Member) -> float:
        before = [
            one.published_at - call.at for call in member.drawn if call.at <= one.published_at
        ]
        return -min(before) if before else -np.inf

    return against_members(evidence, score)


def by_place_of_rows(evidence: Evidence) -> Scores:
    """The request's rows lie where the member's do, as far into their tables."""

    def score(one: Request, _nth: int, member: Member) -> float:
        return -sum(abs(a - b) for a in one.places.values() for b in member.places.values())

    return against_members(evidence, score)


def by_size(evidence: Evidence) -> Scores:
    """What the member registered is as long as what was posted."""
    return against_members(evidence, lambda one, _nth, member: -abs(one.size - member.size))


def by_connection(evidence: Evidence) -> Scores:
    """The post came over a connection over which the member signed something."""
    signed = defaultdict(set)
    for call in evidence.calls:
        if (key := signer(call)) is not None:
            signed[key].add(call.connection)
    own = [set().union(*(signed[key] for key in member.keys)) for member in evidence.members]
    return against_members(evidence, lambda one, nth, _: one.connection in own[nth])


def by_stamps(evidence: Evidence) -> Scores:
    """The member deposited the very point, or a string, of a stamp that the request's pseudonym asked for."""
    asked = [_claimed(one) for one in evidence.requests]
    at = {one.digest: nth for nth, one in enumerate(evidence.requests)}
    deposited = [
        set().union(*(_strings_of(stamp) for _, stamps in member.deposits for stamp in stamps))
        for member in evidence.members
    ]
    return against_members(
        evidence, lambda one, nth, _: len(asked[at[one.digest]] & deposited[nth])
    )


def by_deposits(evidence: Evidence) -> Scores:
    """The member deposited many stamps after the request was there."""

    def score(one: Request, _nth: int, member: Member) -> float:
        return sum(len(stamps) for at, stamps in member.deposits if at > one.published_at)

    return against_members(evidence, score)


def by_member_log(evidence: Evidence) -> Scores:
    """A line of the log names both."""
    said = mentions(evidence.lines, [{member.did} for member in evidence.members])
    named = mentions(evidence.lines, [names_of(one) for one in evidence.requests])
    return np.array([[len(a & b) for b in said] for a in named], dtype=np.float64)


def by_reply_key(evidence: Evidence) -> Scores:
    """Both have a key in common."""
    return among_requests(evidence, lambda a, b: len(a.keys & b.keys))


def by_pair_size(evidence: Evidence) -> Scores:
    """Both posts were as long as each other."""
    return among_requests(evidence, lambda a, b: -abs(a.size - b.size))


def by_pair_time(evidence: Evidence) -> Scores:
    """Both were published at nearly the same time."""
    return among_requests(
        evidence, lambda a, b: -min(abs(a.published_at - b.published_at), NEAR_SECONDS)
    )


def by_pair_rows(evidence: Evidence) -> Scores:
    """Their rows lie side by side."""
    near = NEAR_ROWS / max(len(evidence.requests), 1)

    def score(a: Request, b: Request) -> float:
        return -sum(min(abs(a.places[name] - b.places[name]), near) for name in ("requests", "log"))

    return among_requests(evidence, score)


def by_pair_connection(evidence: Evidence) -> Scores:
    """Both came over one connection."""
    return among_requests(evidence, lambda a, b: a.connection == b.connection)


def by_preferences(evidence: Evidence) -> Scores:
    """Their Preferences came over one connection, or were as long as each other."""

    def score(a: Request, b: Request) -> float:
        if not a.preferences or not b.preferences:
            return 0  # who sends one is public
        joint = {one.connection for one in a.preferences} & {
            one.connection for one in b.preferences
        }
        apart = abs(len(a.preferences[0].body) - len(b.preferences[0].body))
        return len(joint) - apart

    return among_requests(evidence, score)


def by_pair_tokens(evidence: Evidence) -> Scores:
    """Their tokens answer one challenge, which few others answer."""
    common = Counter(one.token.challenge_digest for one in evidence.requests if one.token)

    def score(a: Request, b: Request) -> float:
        if a.token is None or b.token is None:
            return 0
        same = a.token.challenge_digest == b.token.challenge_digest
        return same / common[a.token.challenge_digest]

    return among_requests(evidence, score)


def by_fetches(evidence: Evidence) -> Scores:
    """One connection asked for both by name."""
    asked: dict[str, list[str]] = defaultdict(list)
    for call in evidence.calls:
        if call.method == "GET":
            asked[call.connection].append(call.path)
    lines = [" ".join(paths) for paths in asked.values()]
    return named_together(lines, [names_of(one) for one in evidence.requests])


def by_pair_log(evidence: Evidence) -> Scores:
    """A line of the log names both."""
    return named_together(evidence.lines, [names_of(one) for one in evidence.requests])


def by_rare_place(evidence: Evidence) -> Scores:
    """Both show the same area, which hardly anybody else shows."""
    return _rare(evidence, lambda one: one.body.area.cell)


def by_rare_facets(evidence: Evidence) -> Scores:
    """Both show the same facets, which hardly anybody else shows."""
    return _rare(evidence, lambda one: one.facets)


ATTACKS: Final = (
    Attack("keys", "member", by_keys),
    Attack("tokens and draws", "member", by_blinded),
    Attack("challenges", "member", by_challenge),
    Attack("issuer keys", "member", by_issuer_key),
    Attack("tiers", "member", by_tier),
    Attack("time of the draw", "member", by_draw_time),
    Attack("order of rows", "member", by_place_of_rows),
    Attack("sizes", "member", by_size),
    Attack("connections", "member", by_connection),
    Attack("stamps", "member", by_stamps),
    Attack("deposits of stamps", "member", by_deposits),
    Attack("logs", "member", by_member_log),
    Attack("reply keys", "request", by_reply_key),
    Attack("tokens", "request", by_pair_tokens),
    Attack("sizes", "request", by_pair_size),
    Attack("time of publication", "request", by_pair_time),
    Attack("order of rows", "request", by_pair_rows),
    Attack("connections", "request", by_pair_connection),
    Attack("preferences", "request", by_preferences),
    Attack("fetch patterns", "request", by_fetches),
    Attack("logs", "request", by_pair_log),
    Attack("rare places", "request", by_rare_place, "area"),
    Attack("rare facets", "request", by_rare_facets, "facets"),
)


def against_members(evidence: Evidence, score: Callable[[Request, int, Member], float]) -> Scores:
    return np.array(
        [
            [score(one, nth, member) for nth, member in enumerate(evidence.members)]
            for one in evidence.requests
        ],
        dtype=np.float64,
    )


def among_requests(evidence: Evidence, score: Callable[[Request, Request], float]) -> Scores:
    return np.array(
        [[score(a, b) for b in evidence.requests] for a in evidence.requests], dtype=np.float64
    )


def _rare(evidence: Evidence, value: Callable[[Request], Any]) -> Scores:
    values = [value(one) for one in evidence.requests]
    shown = Counter(values)
    rare = [shown[one] < RARE for one in values]
    return np.array(
        [[a == b and is_rare for b in values] for a, is_rare in zip(values, rare, strict=True)],
        dtype=np.float64,
    )


def named_together(lines: list[str], names: list[set[str]]) -> Scores:
    """How many lines name both of two; a line that names most of all says nothing."""
    told = mentions(lines, names)
    often = Counter(line for mentioned in told for line in mentioned)
    telling = {line for line, times in often.items() if times <= len(names) // 4}
    return np.array([[len(a & b & telling) for b in told] for a in told], dtype=np.float64)


def mentions(lines: list[str], names: list[set[str]]) -> list[set[int]]:
    """In which lines each of some things is named."""
    owner = {name: nth for nth, one in enumerate(names) for name in one}
    found: list[set[int]] = [set() for _ in names]
    for number, line in enumerate(lines):
        for word in set(_words(line)):
            if word in owner:
                found[owner[word]].add(number)
    return found


def _words(line: str) -> Iterable[str]:
    word = []
    for character in line:
        if character.isalnum() or character in "-_:":
            word.append(character)
        elif word:
            yield "".join(word)
            word = []
    if word:
        yield "".join(word)


def names_of(one: Request) -> set[str]:
    return {one.digest, one.body.pseudonym, one.body.reply_key, *one.also}


def _turned(keys: set[bytes]) -> Iterable[bytes]:
    for key in keys:
        try:
            yield sodium.crypto_sign_ed25519_pk_to_curve25519(key)
        except (nacl.exceptions.CryptoError, RuntimeError):
            continue


def _strings(member: Member) -> set[bytes]:
    """Each 32 bytes that the member sent and got when it drew."""
    found = set()
    for call in member.drawn:
        for raw in (call.body, call.answer):
            found |= {raw[at : at + 32] for at in range(len(raw) - 31)}
    return found


def _token_strings(one: Request) -> set[bytes]:
    return set() if one.token is None else _strings_of(one.token)


def _claimed(one: Request) -> set[bytes]:
    """Each 32 bytes of the blinded points and answers of a request's claims."""
    found = set()
    for call in one.claims:
        for text in re.findall(rb'"([A-Za-z0-9_-]{43,})"', call.body + call.answer):
            with suppress(EncodingError):  # what only looks like base64url
                raw = base64url_decode(text.decode())
                found |= {raw[at : at + 32] for at in range(len(raw) - 31)}
    return found


def _strings_of(token: Token) -> set[bytes]:
    point = bytes(voprf.hash_to_group(token.input))
    return {token.nonce, token.authenticator[:32], token.authenticator[32:], point}
