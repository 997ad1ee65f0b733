"""Verifying a bundle's ratings, and making rows of figures of them; see `documents`."""

from typing import Any, Final

import msgspec
import numpy as np

from marketplace.bundle.lines import (
    RatingLine,
)
from marketplace.bundle.parts import RatingFigures
from marketplace.verify.documents import (
    DID,
    DIGEST,
    Checked,
    decoded,
    read_document,
    read_shown,
)
from marketplace.verify.findings import Fault
from marketplace.verify.reading import Batch
from vrm.documents import Rating, Reveal, Ruling

RATING: Final = np.dtype(
    [
        ("digest", DIGEST), ("leaf", "i8"), ("request", DIGEST), ("tick", "i8"),
        ("assignment", DIGEST), ("pseudonym", DID), ("stars", "i8"), ("tier", "S7"), ("void", "?"),
    ]
)  # fmt: skip
"""``digest`` is the Reveal's; ``pseudonym`` is who rated, empty where that is hidden; what is ``void`` by a
ruling weighs nothing."""


def check_rows(batch: Batch, market: str) -> Checked:
    """Verify the ratings of a batch, and the market's Reveals of them.

    Raises:
        BundleFault: a line is not of its kind's form.
    """
    rows: list[tuple[Any, ...]] = []
    faults: list[Fault] = []
    decisions: list[tuple[int, str]] = []
    lines = decoded(batch, RatingLine)
    for number, line in enumerate(lines, start=batch.number):
        reveal = read_document(line.reveal, Reveal, market)
        said = read_shown(line, number, Rating, market)
        faults += [*reveal.faults, *said.faults]
        decisions += [said.decision] if said.decision else []
        if reveal.body is None or said.body is None:
            continue
        body: Rating | RatingFigures = said.body
        named = (reveal.body.request, reveal.body.assignment, reveal.body.rating)
        if named != (line.request, body.assignment, said.digest):
            what = "it opens another rating than the one that stands with it"
            faults.append(Fault("ratings", f"Reveal {reveal.digest}", what))
        faults += _check_void(reveal.body, line, market)
        by = body.pseudonym if isinstance(body, Rating) else ""
        rows.append(
            (
                reveal.digest, line.leaf, line.request, line.tick, body.assignment, by, body.stars,
                reveal.body.tier, bool(reveal.body.void_by),
            )
        )  # fmt: skip
    found = np.array(rows, dtype=RATING)
    return Checked(batch.kind, found, faults, documents=2 * len(lines), decisions=decisions)


def _check_void(reveal: Reveal, line: RatingLine, market: str) -> list[Fault]:
    """Whether a rating weighs nothing by a ruling against the customer, and by no other reason."""
    if not (reveal.void_by or line.ruling):
        return []
    wire = line.ruling or msgspec.Raw(b"null")
    ruling = read_document(wire, Ruling, market)
    if ruling.body is not None:
        stated = (ruling.digest, ruling.body.assignment, ruling.body.finds_for)
        if stated == (reveal.void_by, reveal.assignment, "vendor"):
            return ruling.faults
    what = "its rating weighs nothing, and no ruling against the customer says so"
    return [*ruling.faults, Fault("ratings", f"Reveal about {reveal.assignment}", what)]
