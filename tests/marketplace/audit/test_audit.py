"""The audit bites: it finds a link wherever there is one, and none where there is none."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from marketplace.audit.after import PROTECTIONS_AFTER
from marketplace.audit.attacks import by_fetches, by_tier
from marketplace.audit.evidence import Evidence, gather
from marketplace.audit.measuring import Finding, measure
from marketplace.audit.tap import Call
from marketplace.audit.world import PROTECTIONS, Plan, World, fill
from marketplace.cli import app
from vrm.demo.careless import CARELESS

pytestmark = pytest.mark.xdist_group("audit")

SMALL = Plan(members=6, requests=12, days=1, seed=3)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return fill(tmp_path_factory.mktemp("audit") / "world", SMALL)


@pytest.fixture
def evidence(world: World) -> Evidence:
    return gather(world)


def linking(found: list[Finding]) -> set[tuple[str, str]]:
    return {(one.attack, one.links) for one in found if one.found}


def author_of(evidence: Evidence, world: World) -> list[int]:
    """The row of each request's author among the evidence's members."""
    rows = {member.did: row for row, member in enumerate(evidence.members)}
    return [rows[world.members[world.authors[one.digest]]] for one in evidence.requests]


def test_everything_that_was_posted_is_in_the_evidence(evidence: Evidence, world: World) -> None:
    assert {one.digest for one in evidence.requests} == set(world.authors)
    assert {one.did for one in evidence.members} == set(world.members)
    assert all(one.token and one.size and one.connection for one in evidence.requests)
    assert all(len(one.drawn) == SMALL.days for one in evidence.members)
    assert all(one.places.keys() == {"requests", "log", "pending"} for one in evidence.requests)


def test_the_released_wallet_is_not_linked_by_what_it_sends(
    evidence: Evidence, world: World
) -> None:
    found = {
        (one.attack, one.links): one for one in measure(evidence, world.authors, world.members)
    }
    for exact in ("keys", "tokens and draws", "challenges", "issuer keys", "connections", "logs"):
        assert (found[exact, "member"].low, found[exact, "member"].high) == (0, 0), exact
    for exact in ("reply keys", "tokens", "sizes", "connections", "fetch patterns", "logs"):
        assert (found[exact, "request"].low, found[exact, "request"].high) == (0, 0), exact


def test_an_issuer_key_for_each_member_is_found(evidence: Evidence, world: World) -> None:
    for row, member in enumerate(evidence.members):
        member.drawn = [
            dataclasses.replace(call, body=call.body[:2] + bytes([row]) + call.body[3:])
            for call in member.drawn
        ]
    for one, row in zip(evidence.requests, author_of(evidence, world), strict=True):
        assert one.token is not None
        one.token = dataclasses.replace(one.token, key_id=one.token.key_id[:-1] + bytes([row]))
    found = measure(evidence, world.authors, world.members)
    assert ("issuer keys", "member") in linking(found)


def test_a_tier_of_few_is_found(evidence: Evidence, world: World) -> None:
    author = author_of(evidence, world)
    for row, member in enumerate(evidence.members):
        member.tier = ("new", "known", "trusted")[row % 3]
    for one, row in zip(evidence.requests, author, strict=True):
        one.tier = evidence.members[row].tier
    for row, scores in zip(author, by_tier(evidence), strict=True):
        of_the_tier = [nth for nth in range(len(evidence.members)) if nth % 3 == row % 3]
        assert np.flatnonzero(scores == scores[row]).tolist() == of_the_tier


def test_a_log_that_names_member_and_pseudonym_is_found(evidence: Evidence, world: World) -> None:
    evidence.lines = [
        f'{{"event": "posted", "by": "{evidence.members[row].did}", "under": "{one.body.pseudonym}"}}'
        for one, row in zip(evidence.requests, author_of(evidence, world), strict=True)
    ]
    assert ("logs", "member") in linking(measure(evidence, world.authors, world.members))


def test_a_call_that_names_two_requests_is_found(evidence: Evidence, world: World) -> None:
    author = author_of(evidence, world)
    assert not by_fetches(evidence).any()
    evidence.calls += [
        Call(f"asks {row}", 0, "GET", f"/requests/{one.digest}", {}, b"", b"")
        for one, row in zip(evidence.requests, author, strict=True)
        if author.count(row) <= len(author) // 4
    ]
    together = by_fetches(evidence) > 0
    assert together.any()
    assert all(author[a] == author[b] for a, b in zip(*np.nonzero(together), strict=True))


def test_each_protection_is_the_wallets_or_the_worlds() -> None:
    assert set(CARELESS) < {*PROTECTIONS, *PROTECTIONS_AFTER}
    assert set(PROTECTIONS_AFTER) < set(CARELESS)


def test_a_protection_that_does_not_exist_is_named() -> None:
    done = CliRunner().invoke(app, ["audit-privacy", "--without", "trust"])
    assert done.exit_code != 0
    assert "trust is no protection" in str(done.exception) + done.output


@pytest.mark.long
def test_the_command_tells_as_json(tmp_path: Path) -> None:
    words = ["audit-privacy", "--members", "30", "--requests", "90", "--days", "2", "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    assert len(json.loads(done.stdout)["findings"]) == 23


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("without", "attack", "links"),
    [
        ("profile-reply-key", "keys", "member"),
        ("no-blinding", "tokens and draws", "member"),
        ("no-blinding", "stamps", "member"),
        ("any-challenge", "challenges", "member"),
        ("late-draw", "time of the draw", "member"),
        ("one-reply-key", "reply keys", "request"),
        ("any-challenge", "tokens", "request"),
        ("unpadded", "sizes", "request"),
        ("no-batches", "time of publication", "request"),
        ("no-batches", "order of rows", "request"),
        ("one-connection", "connections", "request"),
        ("asks-for-own", "fetch patterns", "request"),
        ("exact-place", "rare places", "request"),
        ("tells-all", "rare facets", "request"),
    ],
)
def test_without_a_protection_the_link_is_found(
    tmp_path: Path, without: str, attack: str, links: str
) -> None:
    days = 4 if attack == "stamps" else 2  # a stamp is deposited in a later epoch
    plan = Plan(members=30, requests=90, days=days, seed=1, careless=without)
    filled = fill(tmp_path / "world", plan)
    found = measure(gather(filled), filled.authors, filled.members)
    assert (attack, links) in linking(found)
