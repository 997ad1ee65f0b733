"""What follows an assignment: each attack finds the link where there is one, and none in what is released."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from crypto.encoding import base64url_encode
from crypto.tokens import Token
from marketplace.audit import after_attacks as attacks
from marketplace.audit.after import PROTECTIONS_AFTER, fill_after, is_failed
from marketplace.audit.after_attacks import ATTACKS_AFTER
from marketplace.audit.after_evidence import gather_after
from marketplace.audit.attacks import Scores, by_fetches, by_pair_log
from marketplace.audit.evidence import Evidence, Member, Request
from marketplace.audit.measuring import Finding, measure
from marketplace.audit.tap import Call
from marketplace.audit.world import BATCH, Plan, Reading
from marketplace.cli import app
from tests.support import a_key, a_request
from tests.vrm.wallet.test_wallet import RULES

AUTHORS = (0, 0, 1, 1, 2, 2, 3, 3, 4, 4)
"""Who posted each request."""
SALT = "salt-of-one-person-{}"


@dataclass
class Market:
    """What a request is addressed to."""

    rules = RULES


@pytest.fixture
def evidence() -> Evidence:
    """Ten requests of five members, nothing said yet, none that the operator fails."""
    requests: list[Request] = []
    while len(requests) < len(AUTHORS):
        made = a_request(Market())
        if not is_failed(made.body.pseudonym):
            requests.append(Request(made.digest, made.body, 0, set()))
    members = [
        Member(a_key(f"member {nth}").did, "new", "", {nth.to_bytes(32, "big")})
        for nth in range(max(AUTHORS) + 1)
    ]
    return Evidence(members, requests, [], [])


def says(
    one: Request, path: str, at: int = 0, connection: str | None = None, size: int = 0, **more: str
) -> None:
    """Let a pseudonym say something."""
    body = json.dumps({"pseudonym": one.body.pseudonym, **more, "filled": "x " * size}).encode()
    carried = connection or f"{one.digest} {path} {at}"
    one.words.append(Call(carried, at * BATCH, "POST", path, {}, body, b"", 2048))


def is_linked(scores: Scores, target: str = "request") -> bool:
    """Whether each request's other one, or its member, stands before all others that are compared."""
    for first, own in enumerate(AUTHORS):
        of = AUTHORS if target == "request" else range(len(set(AUTHORS)))
        true = [scores[first, nth] for nth, who in enumerate(of) if who == own and nth != first]
        if target == "member":
            true = [scores[first, own]]
        others = [scores[first, nth] for nth, who in enumerate(of) if who != own]
        others = [one for one in others if not np.isnan(one)]
        if not np.isnan(true[0]) and not (true[0] > max(others)):
            return False
    return not np.isnan(scores).all()


def test_two_words_over_one_connection_are_found(evidence: Evidence) -> None:
    for one, own in zip(evidence.requests, AUTHORS, strict=True):
        says(one, "/confirmations", connection=f"of {own}")
    assert is_linked(attacks.by_connection(evidence))


def test_a_word_over_a_members_connection_is_found(evidence: Evidence) -> None:
    for one, own in zip(evidence.requests, AUTHORS, strict=True):
        says(one, "/ratings", connection=f"of {own}")
    for nth, member in enumerate(evidence.members):
        key = a_key(f"member {nth}")
        member.keys = {key.public.raw}
        named = {"signature-input": f'sig=();keyid="{key.did}"'}
        evidence.calls.append(Call(f"of {nth}", 0, "GET", "/members/self", named, b"", b""))
    assert is_linked(attacks.by_signed_connection(evidence), "member")


def test_words_as_long_as_each_other_are_found(evidence: Evidence) -> None:
    for one, own in zip(evidence.requests, AUTHORS, strict=True):
        says(one, "/messages", size=100 * own)
    assert is_linked(attacks.by_length(evidence))


def test_a_salt_that_comes_again_is_found(evidence: Evidence) -> None:
    for nth, (one, own) in enumerate(zip(evidence.requests, AUTHORS, strict=True)):
        says(one, ("/confirmations", "/ratings")[nth % 2], salt=SALT.format(own) * 2)
    assert is_linked(attacks.by_names(evidence))


def test_rows_that_lie_as_they_came_are_found(evidence: Evidence) -> None:
    for nth, one in enumerate(evidence.requests):
        one.places["messages"] = nth / len(evidence.requests) + AUTHORS[nth]
    assert is_linked(attacks.by_rows(evidence))


def test_words_that_come_with_the_same_batches_are_found(evidence: Evidence) -> None:
    for one, own in zip(evidence.requests, AUTHORS, strict=True):
        says(one, "/confirmations", at=own)
        says(one, "/ratings", at=own + 1)
    assert is_linked(attacks.by_times(*attacks.BY_HAND)(evidence))
    assert np.isnan(attacks.by_times("disclosure")(evidence)).all(), "nobody was told anything"


def test_whoever_falls_silent_when_another_fails_is_found(evidence: Evidence) -> None:
    failed = next(
        made for _ in range(2000) if is_failed((made := a_request(Market())).body.pseudonym)
    )
    evidence.requests[0] = Request(failed.digest, failed.body, 0, set())
    for nth, one in enumerate(evidence.requests):
        says(one, "/disclosures", at=1 if nth != 1 else 2)
    assert is_linked(attacks.by_silence(evidence))


def test_what_an_accomplice_was_told_is_held_against_other_orders(evidence: Evidence) -> None:
    for nth, (one, own) in enumerate(zip(evidence.requests, AUTHORS, strict=True)):
        if nth % 2:
            says(one, "/confirmations", salt=SALT.format(own) * 2)
        else:
            evidence.opened[one.digest] = f'{{"salt": "{SALT.format(own) * 2}"}}'
    assert is_linked(attacks.by_told(evidence))


def test_what_an_accomplice_was_told_is_held_against_members(evidence: Evidence) -> None:
    for one, own in zip(evidence.requests, AUTHORS, strict=True):
        evidence.opened[one.digest] = f"It is for {evidence.members[own].did} at home."
    assert is_linked(attacks.by_told_member(evidence), "member")


def test_whoever_reads_what_few_read_when_something_is_said_is_found(evidence: Evidence) -> None:
    for one, own in zip(evidence.requests, AUTHORS, strict=True):
        says(one, "/disclosures", at=own)
    for nth, member in enumerate(evidence.members):
        for batch in range(len(evidence.members)):
            read = {"/mail", "/terms/X"} if nth == batch else {"/mail"}
            evidence.rounds.append(Reading(member.did, batch, frozenset(read)))
    assert is_linked(attacks.by_reading(evidence), "member")


def test_a_stamp_that_returns_is_found(evidence: Evidence) -> None:
    for one, own in zip(evidence.requests, AUTHORS, strict=True):
        key = base64url_encode(bytes([own]) * 32)
        body = json.dumps({"stamp": "stamp-f", "issuer_key": key}).encode()
        one.claims.append(Call("", 0, "POST", "/stamps", {}, body, b""))
    for nth, member in enumerate(evidence.members):
        member.deposits.append((0, [Token(b"", b"", bytes([nth]) * 32, b"")]))
    assert is_linked(attacks.by_returned(evidence), "member")


def test_a_log_or_a_read_that_names_two_orders_is_found(evidence: Evidence) -> None:
    for nth, (one, own) in enumerate(zip(evidence.requests, AUTHORS, strict=True)):
        one.also.add(f"assignment-{nth}")
        evidence.calls.append(Call(f"of {own}", 0, "GET", f"/log/assignment-{nth}", {}, b"", b""))
    evidence.lines = [f"rated assignment-{nth} assignment-{nth + 1}" for nth in range(0, 10, 2)]
    assert is_linked(by_pair_log(evidence))
    assert is_linked(by_fetches(evidence))


def linking(found: list[Finding]) -> set[tuple[str, str]]:
    return {(one.attack, one.links) for one in found if one.breaks}


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_released_programs_are_not_linked_by_what_follows(tmp_path: Path) -> None:
    world = fill_after(tmp_path / "world", Plan(members=12, requests=48, days=2, seed=1))
    evidence = gather_after(world)
    said = {call.path for one in evidence.requests for call in one.words}
    assert said >= {"/disclosures", "/messages", "/confirmations", "/ratings", "/stamps"}
    found = {
        (one.attack, one.links): one
        for one in measure(evidence, world.authors, world.members, ATTACKS_AFTER)
    }
    for exact in ("connections", "tokens and draws", "stamps", "what accomplices were told"):
        assert (found[exact, "member"].low, found[exact, "member"].high) == (0, 0), exact
    for exact in ("salts and names", "fetch patterns", "logs"):
        assert (found[exact, "request"].low, found[exact, "request"].high) == (0, 0), exact


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_command_plays_what_follows(tmp_path: Path) -> None:
    words = ["audit-privacy", "--part", "after", "--members", "6", "--requests", "12", "--json"]
    done = CliRunner().invoke(app, words)
    assert len(json.loads(done.stdout)["findings"]) == len(ATTACKS_AFTER)


CONTROLS: tuple[tuple[str, str, str, int, int], ...] = (
    ("no-blinding", "stamps", "member", 12, 48),
    ("one-connection", "connections", "request", 12, 48),
    ("unpadded", "sizes", "request", 16, 96),
    ("asks-for-own", "fetch patterns", "request", 12, 48),
    ("one-salt", "salts and names", "request", 12, 48),
    ("names-itself", "what accomplices were told", "member", 12, 48),
    # Nearly everybody has something to tell where few members post much.
    ("reads-at-need", "what rounds read", "member", 24, 24),
    ("gives-up", "silence after failures", "request", 16, 96),
    ("at-once", "times of words", "request", 16, 64),
)
"""What is switched off, which attack finds what then, and how many members and requests show it."""


def test_each_protection_has_its_control() -> None:
    assert {without for without, *_ in CONTROLS} == set(PROTECTIONS_AFTER)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("without", "attack", "links", "members", "requests"), CONTROLS)
def test_without_a_protection_the_link_is_found(
    tmp_path: Path, without: str, attack: str, links: str, members: int, requests: int
) -> None:
    plan = Plan(members=members, requests=requests, days=2, seed=1, careless=without)
    world = fill_after(tmp_path / "world", plan)
    found = measure(gather_after(world), world.authors, world.members, ATTACKS_AFTER)
    assert (attack, links) in linking(found)


def test_a_part_takes_its_own_protections_only() -> None:
    done = CliRunner().invoke(app, ["audit-privacy", "--part", "after", "--without", "no-batches"])
    assert done.exit_code != 0
    assert "no-batches is no protection" in str(done.exception) + done.output
