"""What customers say of a day's assignments: each by whom it should be, as the market revealed it."""

from collections.abc import Iterator

import numpy as np

from marketplace.verify.cascade import assignment_of
from marketplace.verify.day import Day, found_in, joined
from marketplace.verify.documents import ACCEPTANCE
from marketplace.verify.rating_rows import RATING


def check_ratings(day: Day) -> None:
    """Look at every rating: the owner of an assigned request signed it, after its vendor accepted."""
    rows = joined(day.ratings, RATING)
    answers = joined(day.acceptances, ACCEPTANCE)
    accepted = set(answers["assignment"].tolist())
    for row, given in rated(day):
        name = f"Reveal {row['digest'].decode()}"
        if given is None or given["digest"] != row["assignment"]:
            day.findings.add("ratings", name, "it is about no assignment of the day")
        elif bytes(row["assignment"]) not in accepted:
            day.findings.add("ratings", name, "its assignment was not accepted")
        if row["pseudonym"] and row["pseudonym"] != _owner(day, row["request"]):
            day.findings.add("ratings", name, "somebody else than the request's owner rated it")
    day.findings.checked["ratings"] += len(rows)


def rated(day: Day) -> Iterator[tuple[np.void, np.void | None]]:
    """The day's ratings, each with the assignment that it should be about."""
    for row in joined(day.ratings, RATING):
        yield row, assignment_of(day, row["request"], int(row["tick"]))


def _owner(day: Day, request: bytes) -> bytes:
    at, there = found_in(day.requests["digest"], np.array([request], dtype="S43"))
    return bytes(day.requests["pseudonym"][at[0]]) if there[0] else b""
