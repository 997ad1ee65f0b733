"""How vendors delivered what they accepted: what speaks for them and against them."""

from collections.abc import Iterator

import numpy as np

from marketplace.verify.cascade import assignment_of
from marketplace.verify.day import Day, joined
from marketplace.verify.documents import ACCEPTANCE, DELIVERY

Spoken = tuple[bytes, int, bool]
"""A document, its leaf, and whether it speaks for its vendor."""


def check_deliveries(day: Day) -> None:
    """Whatever a vendor says of a delivery is its own word on an assignment of the day that it accepted.

    When it was told whom to deliver to, and when it said that it shipped, is in no document: so whether that
    was in time is the market's word. The vendor reads both.
    """
    rows = joined(day.deliveries, DELIVERY)
    accepted = joined(day.acceptances, ACCEPTANCE)[["request", "tick"]].tolist()
    known = {(bytes(request), int(tick)) for request, tick in accepted}
    for row in rows:
        name = f"delivery of request {row['request'].decode()}"
        given = assignment_of(day, row["request"], int(row["tick"]))
        if given is None or (bytes(row["request"]), int(row["tick"])) not in known:
            day.findings.add("deliveries", name, "its assignment was not accepted")
            continue
        for word in ("shipped", "cancelled"):
            if row[f"{word}_leaf"] < 0:
                continue
            said = (row[f"{word}_vendor"], row[f"{word}_assignment"])
            if said != (given["vendor"], given["digest"]):
                what = (
                    f"what says that it is {word} is by another vendor, or about another assignment"
                )
                day.findings.add("deliveries", name, what)
        if row["overdue"] >= 0 or row["shipped_leaf"] >= 0:
            day.findings.on_word["whether deliveries were in time"] += 1
    day.findings.checked["deliveries"] += len(rows)


def spoken(row: np.void, assignment: bytes) -> Iterator[Spoken]:
    """What a delivery says for its vendor and against it: never twice against.

    Args:
        assignment: the digest of its assignment, which is the document where the vendor let its time pass.
    """
    failed = bool(row["overdue"] >= 0)
    if failed:
        yield assignment, int(row["overdue"]), False
    elif row["shipped_leaf"] >= 0:
        failed = bool(row["late"])
        yield bytes(row["shipped_digest"]), int(row["shipped_leaf"]), not failed
    if row["cancelled_leaf"] >= 0 and not failed:
        yield bytes(row["cancelled_digest"]), int(row["cancelled_leaf"]), False
