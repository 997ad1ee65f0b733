"""What the operator could guess by once orders are under way: who says what and when, and who falls silent.

Scores are those of `marketplace.audit.attacks`. Compared are the requests whose vendors accepted.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Callable
from math import log
from typing import Any, Final

import numpy as np

from crypto.encoding import base64url_encode
from marketplace.audit.after import WORDS, is_failed
from marketplace.audit.after_evidence import names_in
from marketplace.audit.attacks import (
    NEAR_ROWS,
    Attack,
    Scores,
    against_members,
    among_requests,
    by_blinded,
    by_fetches,
    by_pair_log,
    by_stamps,
    names_of,
)
from marketplace.audit.evidence import Evidence, Member, Request, signer
from marketplace.audit.tap import Call
from marketplace.audit.world import BATCH

NOTHING: Final = float("nan")
COMMON: Final = 4
"""What more than one in so many requests name says nothing about any of them."""
ROUGHLY: Final = 16
"""Bytes that may come and go with the digits of a number."""
BY_HAND: Final = ("message", "confirmation", "cancellation", "rating", "dispute")


def by_signed_connection(evidence: Evidence) -> Scores:
    """Something was said over a connection over which the member signed something."""
    signed = defaultdict(set)
    for call in evidence.calls:
        if (key := signer(call)) is not None:
            signed[key].add(call.connection)
    own = [set().union(*(signed[key] for key in member.keys)) for member in evidence.members]
    return against_members(evidence, lambda one, nth, _: len(_connections(one) & own[nth]))


def by_reading(evidence: Evidence) -> Scores:
    """When something was said, the member's wallet read what others did not read then.

    As if the operator knew whose each round is, which it can where members come without Tor.
    """
    readers: dict[int, Counter[str]] = defaultdict(Counter)
    read: dict[tuple[str, int], frozenset[str]] = {}
    for one in evidence.rounds:
        readers[one.batch].update(one.paths)
        read[one.member, one.batch] = one.paths
    everybody = len(evidence.members)

    def score(one: Request, _nth: int, member: Member) -> float:
        found = 0.0
        for batch in {call.at // BATCH for call in one.words}:
            paths = read.get((member.did, batch), frozenset())
            found += sum(log(everybody / readers[batch][path]) for path in paths)
        return found if one.words else NOTHING

    return against_members(evidence, score)


def by_returned(evidence: Evidence) -> Scores:
    """The member deposited a stamp for something received, of the key under which the request's was claimed."""
    deposited = [
        {base64url_encode(stamp.key_id) for _, stamps in member.deposits for stamp in stamps}
        for member in evidence.members
    ]
    ripe = set().union(*deposited)

    def score(one: Request, nth: int, _member: Member) -> float:
        claims = [json.loads(call.body) for call in one.claims]
        keys = {claim["issuer_key"] for claim in claims if claim["stamp"] == "stamp-f"} & ripe
        return len(keys & deposited[nth]) if keys else NOTHING

    return against_members(evidence, score)


def by_told_member(evidence: Evidence) -> Scores:
    """What an accomplice was told names something that the market knows of the member."""
    keys = [{base64url_encode(key) for key in member.keys} for member in evidence.members]

    def score(one: Request, nth: int, member: Member) -> float:
        told = evidence.opened.get(one.digest)
        if told is None:
            return NOTHING
        known = keys[nth] | {member.did, member.did.removeprefix("did:key:")}
        return len(known & names_in(told))

    return against_members(evidence, score)


def by_connection(evidence: Evidence) -> Scores:
    """Something was said of both over one connection."""
    return among_requests(evidence, lambda a, b: len(_connections(a) & _connections(b)))


def by_length(evidence: Evidence) -> Scores:
    """What was said of both, and its answers, were as long as each other, where not all are as long."""
    lengths = [
        {
            call.path: (len(call.body) // ROUGHLY, call.length // ROUGHLY)
            for call in one.words
            if call.length
        }
        for one in evidence.requests
    ]
    known = {path: {of[path] for of in lengths if path in of} for path in WORDS}
    telling = {path for path, found in known.items() if len(found) > 1}
    at = {one.digest: nth for nth, one in enumerate(evidence.requests)}

    def score(a: Request, b: Request) -> float:
        ours, theirs = lengths[at[a.digest]], lengths[at[b.digest]]
        both = ours.keys() & theirs.keys() & telling
        if telling and not both:
            return NOTHING
        return -sum(
            abs(x - y) for path in both for x, y in zip(ours[path], theirs[path], strict=True)
        )

    return among_requests(evidence, score)


def by_names(evidence: Evidence) -> Scores:
    """What was said of both has a salt, a key or another name in common, which others have not."""
    return _in_common(evidence, [_said(one) for one in evidence.requests])


def by_rows(evidence: Evidence) -> Scores:
    """Their rows lie side by side in some table."""
    near = NEAR_ROWS / max(len(evidence.requests), 1)

    def score(a: Request, b: Request) -> float:
        tables = a.places.keys() & b.places.keys()
        return -sum(min(abs(a.places[name] - b.places[name]), near) for name in tables)

    return among_requests(evidence, score)


def by_times(*kinds: str) -> Callable[[Evidence], Scores]:
    """Make the attack that says: what was said of both came with the same batches."""

    def batches(one: Request) -> set[int]:
        return {call.at // BATCH for call in one.words if WORDS[call.path] in kinds}

    def score(a: Request, b: Request) -> float:
        if is_failed(a.body.pseudonym) or is_failed(b.body.pseudonym):
            return NOTHING
        ours, theirs = batches(a), batches(b)
        return len(ours & theirs) / len(ours | theirs) if ours and theirs else NOTHING

    return lambda evidence: among_requests(evidence, score)


def by_silence(evidence: Evidence) -> Scores:
    """One falls silent whenever the operator fails a call of the other."""

    def batches(one: Request) -> set[int]:
        return {call.at // BATCH for call in one.words}

    def score(a: Request, b: Request) -> float:
        if not is_failed(a.body.pseudonym) or is_failed(b.body.pseudonym):
            return NOTHING
        return -len(batches(a) & batches(b))

    return among_requests(evidence, score)


def by_told(evidence: Evidence) -> Scores:
    """What an accomplice was told of one names something that was said of the other, to another vendor."""
    told = [
        names_in(evidence.opened.get(one.digest, "")) - _public(one) for one in evidence.requests
    ]
    said = [_said(one) for one in evidence.requests]
    often = Counter(name for names in said for name in names)
    common = {name for name, times in often.items() if times > len(said) / COMMON}
    return np.array(
        [
            [
                NOTHING
                if not ours or evidence.opened.get(b.digest)
                else len((ours & of_b) - common)
                for b, of_b in zip(evidence.requests, said, strict=True)
            ]
            for ours in told
        ],
        dtype=np.float64,
    )


ATTACKS_AFTER: Final = (
    Attack("connections", "member", by_signed_connection),
    Attack("tokens and draws", "member", by_blinded),
    Attack("stamps", "member", by_stamps),
    Attack(
        "stamps for what came",
        "member",
        by_returned,
        granted="standing is counted by name: each member's orders that came, epoch by epoch",
    ),
    Attack("what rounds read", "member", by_reading),
    Attack("what accomplices were told", "member", by_told_member),
    Attack("connections", "request", by_connection),
    Attack("sizes", "request", by_length),
    Attack("salts and names", "request", by_names),
    Attack("order of rows", "request", by_rows),
    Attack("times of disclosures", "request", by_times("disclosure")),
    Attack("times of words", "request", by_times(*BY_HAND)),
    Attack("times of stamps", "request", by_times("stamp")),
    Attack("silence after failures", "request", by_silence),
    Attack("fetch patterns", "request", by_fetches),
    Attack("logs", "request", by_pair_log),
    Attack("what accomplices were told", "request", by_told),
)


def _connections(one: Request) -> set[str]:
    return {call.connection for call in one.words}


def _said(one: Request) -> set[str]:
    """All names in what was said of a request, but its own."""
    return {name for call in one.words for name in _names(call)} - _public(one)


def _public(one: Request) -> set[str]:
    """The names of a request that everybody knows."""
    return names_of(one) | {one.body.market, one.body.terms.digest}


def _names(call: Call) -> set[str]:
    document: dict[str, Any] = json.loads(call.body)
    document.pop("proof", None)
    document.pop("issuer_key", None)  # that of the epoch, for everybody
    return names_in(json.dumps(document))


def _in_common(evidence: Evidence, names: list[set[str]]) -> Scores:
    often = Counter(name for of_one in names for name in of_one)
    telling = {name for name, times in often.items() if 1 < times <= len(names) / COMMON}
    shared = [of_one & telling for of_one in names]
    return np.array([[len(a & b) for b in shared] for a in shared], dtype=np.float64)
