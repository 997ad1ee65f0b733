"""Every query about ratings."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, bindparam, func, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from marketplace.db import AnyRow, upsert
from marketplace.models import PublishedRequest, SignedAssignment
from marketplace.models.disputes import DisputedAssignment, StoredRuling
from marketplace.models.fulfilment import Delivery
from marketplace.models.mail import RunPreference
from marketplace.models.ratings import RatedAssignment, StoredRating, StoredRatingAnswer
from marketplace.ratings.rules import Rateable

NEVER: Final = 1 << 53
"""Later than any instant."""


async def find_rateable(connection: AsyncConnection, assignment: str) -> Rateable | None:
    """Find an assignment."""
    given, delivery, case = SignedAssignment, Delivery, DisputedAssignment
    query = (
        select(
            given.request,
            PublishedRequest.pseudonym,
            given.vendor,
            delivery.accepted_at,
            delivery.disclosed_at.is_not(None).label("is_disclosed"),
            RatedAssignment.closes_at,
            *(case.opened_at.label("disputed_at"), case.decided_at),
        )
        .join(PublishedRequest, PublishedRequest.digest == given.request)
        .outerjoin(delivery, delivery.assignment == given.digest)
        .outerjoin(case, case.assignment == given.digest)
        .outerjoin(RatedAssignment, RatedAssignment.assignment == given.digest)
        .where(given.digest == assignment)
    )
    row = (await connection.execute(query)).one_or_none()
    return None if row is None else Rateable(**row._mapping)


async def find(connection: AsyncConnection, assignment: str, *, by_customer: bool) -> AnyRow | None:
    """Find what one side of an assignment said."""
    query = select(StoredRating.__table__).where(
        StoredRating.assignment == assignment, StoredRating.by_customer.is_(by_customer)
    )
    return (await connection.execute(query)).one_or_none()


async def add(
    connection: AsyncConnection, rated: dict[str, Any], rows: Sequence[dict[str, Any]]
) -> None:
    """Store what sides of an assignment say, and when that is opened."""
    await upsert(connection, RatedAssignment, rated)
    await connection.execute(insert(StoredRating), list(rows))


async def find_answer(connection: AsyncConnection, rating: str) -> AnyRow | None:
    """Find the answer to a rating."""
    query = select(StoredRatingAnswer.__table__).where(StoredRatingAnswer.rating == rating)
    return (await connection.execute(query)).one_or_none()


async def add_answers(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store answers."""
    if rows:
        await connection.execute(insert(StoredRatingAnswer), list(rows))


async def any_to_reveal(connection: AsyncConnection, instant: int) -> bool:
    """Tell whether ratings are to be opened at an instant."""
    return bool(await to_reveal(connection, instant, 1))


async def to_reveal(connection: AsyncConnection, instant: int, limit: int) -> Sequence[AnyRow]:
    """What is to be opened at an instant, with both sides' words and what they are about."""
    row = RatedAssignment
    query = (
        _with_both(row.assignment, row.request, row.vendor, row.closes_at)
        .add_columns(
            PublishedRequest.category,
            PublishedRequest.tier,
            PublishedRequest.policy,
            SignedAssignment.wire.label("assignment_wire"),
            RunPreference.preference,
            *(StoredRuling.digest.label("ruling"), StoredRuling.finds_for),
        )
        .outerjoin(StoredRuling, StoredRuling.assignment == row.assignment)
        .join(PublishedRequest, PublishedRequest.digest == row.request)
        .join(SignedAssignment, SignedAssignment.digest == row.assignment)
        .outerjoin(
            RunPreference,
            (RunPreference.day == SignedAssignment.day) & (RunPreference.request == row.request),
        )
        .where(row.revealed_at.is_(None), row.closes_at <= instant)
        .order_by(row.closes_at, row.assignment)
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def find_hidden(connection: AsyncConnection, assignment: str) -> tuple[int, int] | None:
    """When an assignment's ratings are to be opened, and how many there are; none if it is open, or unrated."""
    row = RatedAssignment
    count = select(func.count()).where(StoredRating.assignment == assignment).scalar_subquery()
    query = select(row.closes_at, count).where(
        row.assignment == assignment, row.revealed_at.is_(None)
    )
    found = (await connection.execute(query)).one_or_none()
    return None if found is None else (int(found[0]), int(found[1]))


async def close_at(connection: AsyncConnection, assignment: str, instant: int) -> None:
    """Settle anew when an assignment's ratings are opened."""
    rated = update(RatedAssignment).where(RatedAssignment.assignment == assignment)
    await connection.execute(rated.values(closes_at=instant))


async def reveal(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Open the ratings of assignments."""
    row = RatedAssignment
    names = ("revealed_at", "reveal", "wire")
    rated = (
        update(row)
        .where(row.assignment == bindparam("of"))
        .values({name: bindparam(f"new_{name}") for name in names})
    )
    changes = [
        {"of": one["assignment"]} | {f"new_{name}": one[name] for name in names} for one in rows
    ]
    await connection.execute(rated, changes)
    said = StoredRating.assignment.in_([one["assignment"] for one in rows])
    await connection.execute(update(StoredRating).where(said).values(revealed=True))


async def page_of_vendor(
    connection: AsyncConnection, vendor: str, before: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """What was opened about a vendor's assignments, newest first."""
    row = RatedAssignment
    keys = tuple_(row.revealed_at, row.assignment)
    query = (
        _shown()
        .where(row.vendor == vendor, row.revealed_at.is_not(None), keys < before)
        .order_by(row.revealed_at.desc(), row.assignment.desc())
        .limit(limit)
    )
    return (await connection.execute(query)).all()


async def of_request(connection: AsyncConnection, request: str) -> Sequence[AnyRow]:
    """What was opened about a request's assignment, if anything was."""
    row = RatedAssignment
    query = _shown().where(row.request == request, row.revealed_at.is_not(None))
    return (await connection.execute(query)).all()


def _shown() -> Select[*tuple[Any, ...]]:
    row = RatedAssignment
    customers, vendors = aliased(StoredRatingAnswer), aliased(StoredRatingAnswer)
    query = _with_both(row.assignment, row.request, row.vendor, row.revealed_at, row.wire)
    said = query.selected_columns
    return (
        query.add_columns(
            PublishedRequest.tier,
            *(vendors.digest.label("answer"), vendors.wire.label("answer_wire")),
            *(customers.digest.label("back_answer"), customers.wire.label("back_answer_wire")),
        )
        .join(PublishedRequest, PublishedRequest.digest == row.request)
        .outerjoin(vendors, vendors.rating == said.rating)
        .outerjoin(customers, customers.rating == said.back)
    )


def _with_both(*columns: Any) -> Select[*tuple[Any, ...]]:
    """Assignments with what the customer says (`rating`) and what the vendor says (`back`)."""
    row, there, back = RatedAssignment, aliased(StoredRating), aliased(StoredRating)
    return (
        select(
            *columns,
            *(there.digest.label("rating"), there.stars, there.wire.label("rating_wire")),
            *(
                back.digest.label("back"),
                back.stars.label("back_stars"),
                back.wire.label("back_wire"),
            ),
        )
        .outerjoin(there, (there.assignment == row.assignment) & there.by_customer)
        .outerjoin(back, (back.assignment == row.assignment) & ~back.by_customer)
    )
