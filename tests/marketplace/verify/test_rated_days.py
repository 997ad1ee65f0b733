"""A day's ratings are by its customers, and are those that the market opened."""

from typing import Any

import pytest

import crypto
from tests.marketplace.verify.forging import Forgery, is_named, steps
from tests.support import a_key


@pytest.fixture
def database_kind() -> str:
    """What is in the bundle does not depend on it."""
    return "sqlite"


def rated(forgery: Forgery) -> dict[str, Any]:
    (line,) = forgery.of("rating")
    return line


def reveal(forgery: Forgery, **changes: Any) -> None:
    """Let the market reveal something else than it did."""
    line = rated(forgery)
    body = line["reveal"] | changes
    line["reveal"] = crypto.proof.sign(body, forgery.identity.key)
    forgery.log()


async def test_a_market_that_gives_a_rating_other_stars(forgery: Forgery) -> None:
    line = rated(forgery)
    line["document"]["stars"] = 5
    reveal(forgery, rating=crypto.digest(line["document"]))
    assert is_named(forgery.pack(), "signatures", "Rating")


async def test_a_market_that_rates_in_place_of_the_customer(forgery: Forgery) -> None:
    line, friend = rated(forgery), a_key("the market's friend")
    body = line["document"] | {"pseudonym": friend.did, "stars": 5}
    line["document"] = crypto.proof.sign(body, friend)
    reveal(forgery, rating=crypto.digest(line["document"]))
    assert is_named(forgery.pack(), "ratings", "somebody else than the request's owner")


async def test_a_reveal_of_another_rating_than_is_shown(forgery: Forgery) -> None:
    reveal(forgery, rating="A" * 43)
    assert is_named(forgery.pack(), "ratings", "opens another rating")


async def test_a_rating_of_what_was_never_accepted(forgery: Forgery) -> None:
    for line in forgery.of("acceptance"):
        forgery.drop(line)
    forgery.log()
    assert is_named(forgery.pack(), "ratings", "was not accepted")


def ruling(forgery: Forgery, **changes: Any) -> dict[str, Any]:
    """A market's decision against the customer that rated."""
    said = rated(forgery)["reveal"]
    body = {
        "type": "Ruling",
        "v": 1,
        "market": said["market"],
        "request": said["request"],
        "assignment": said["assignment"],
        "vendor": a_key("vendor").did,
        "finds_for": "vendor",
        "disputes": ["A" * 43],
        "reason": "The road was closed.",
    }
    return dict(crypto.proof.sign(body | changes, forgery.identity.key))


async def test_a_rating_that_a_ruling_makes_void(forgery: Forgery) -> None:
    line = rated(forgery)
    line["ruling"] = ruling(forgery)
    reveal(forgery, void_by=crypto.digest(line["ruling"]))
    assert steps(forgery.pack()) == set()


@pytest.mark.parametrize("changes", [None, {"finds_for": "neither"}, {"assignment": "A" * 43}])
async def test_a_market_that_takes_the_weight_off_a_rating_by_itself(
    forgery: Forgery, changes: dict[str, Any] | None
) -> None:
    line = rated(forgery)
    made = ruling(forgery, **(changes or {}))
    if changes is not None:
        line["ruling"] = made
    reveal(forgery, void_by=crypto.digest(made))
    assert is_named(forgery.pack(), "ratings", "no ruling against the customer")


async def test_a_reveal_that_the_log_does_not_hold(forgery: Forgery) -> None:
    line = rated(forgery)
    line["reveal"] = crypto.proof.sign(line["reveal"] | {"tier": "trusted"}, forgery.identity.key)
    assert steps(forgery.pack()) == {"log"}


async def test_ratings_logged_again_are_still_honest(forgery: Forgery) -> None:
    forgery.log()
    assert steps(forgery.pack()) == set()
