"""Every query about disputes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, insert, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.orm import aliased

from marketplace.db import AnyRow, insert_new
from marketplace.models import PublishedRequest, SignedAssignment
from marketplace.models.cascade import AssignmentAnswer
from marketplace.models.disputes import DisputedAssignment, StoredDispute, StoredRuling
from marketplace.models.fulfilment import Delivery
from marketplace.models.messages import StoredMessage, StoredVendorMessage
from marketplace.models.ratings import RatedAssignment


async def find(connection: AsyncConnection, assignment: str, *, by_customer: bool) -> AnyRow | None:
    """Find what one side said."""
    query = select(StoredDispute.__table__).where(
        StoredDispute.assignment == assignment, StoredDispute.by_customer.is_(by_customer)
    )
    return (await connection.execute(query)).one_or_none()


async def find_given(connection: AsyncConnection, assignment: str) -> AnyRow | None:
    """Find an accepted assignment, with its dispute if there is one, and when its ratings close if one came."""
    given, case = Delivery, DisputedAssignment
    query = (
        select(
            *(given.request, given.pseudonym, given.vendor, given.accepted_at),
            *(case.opened_at, case.decided_at, RatedAssignment.closes_at),
        )
        .outerjoin(case, case.assignment == given.assignment)
        .outerjoin(RatedAssignment, RatedAssignment.assignment == given.assignment)
        .where(given.assignment == assignment)
    )
    return (await connection.execute(query)).one_or_none()


async def keys(connection: AsyncConnection, assignment: str) -> AnyRow:
    """The Acceptance of an assignment and its request: to their keys both sides' messages are sealed."""
    query = (
        select(AssignmentAnswer.wire.label("acceptance"), PublishedRequest.wire.label("request"))
        .join(PublishedRequest, PublishedRequest.digest == AssignmentAnswer.request)
        .where(AssignmentAnswer.assignment == assignment, AssignmentAnswer.accepted)
    )
    return (await connection.execute(query)).one()


async def messages(
    connection: AsyncConnection, assignment: str
) -> tuple[Sequence[AnyRow], Sequence[AnyRow]]:
    """What the market knows of the customer's and of the vendor's messages about an assignment."""

    async def of(table: type[StoredMessage] | type[StoredVendorMessage]) -> Sequence[AnyRow]:
        query = select(table.digest, table.number, table.commitment)
        found = await connection.execute(query.where(table.assignment == assignment))
        return found.all()

    return await of(StoredMessage), await of(StoredVendorMessage)


async def open_case(connection: AsyncConnection, row: dict[str, Any]) -> bool:
    """Open a dispute unless it is there; tell whether this did it."""
    return await insert_new(connection, DisputedAssignment, row | {"decided_at": None})


async def add(connection: AsyncConnection, row: dict[str, Any]) -> None:
    """Store what a side says."""
    await connection.execute(insert(StoredDispute), row)


async def decide(connection: AsyncConnection, row: dict[str, Any], instant: int) -> None:
    """Store a Ruling, by which the dispute is over."""
    await connection.execute(insert(StoredRuling), row)
    case = update(DisputedAssignment).where(DisputedAssignment.assignment == row["assignment"])
    await connection.execute(case.values(decided_at=instant))


async def forget(connection: AsyncConnection, before: int) -> None:
    """Forget what was said in disputes that were decided before an instant."""
    over = select(DisputedAssignment.assignment).where(DisputedAssignment.decided_at < before)
    old = update(StoredDispute).where(
        StoredDispute.assignment.in_(over), StoredDispute.wire.is_not(None)
    )
    await connection.execute(old.values(wire=None))


async def show(connection: AsyncConnection, assignment: str) -> AnyRow | None:
    """A dispute with what was said and decided."""
    query = _shown().where(DisputedAssignment.assignment == assignment)
    return (await connection.execute(query)).one_or_none()


async def of_vendor(
    connection: AsyncConnection, vendor: str, after: tuple[int, str], limit: int
) -> Sequence[AnyRow]:
    """The disputes about a vendor's assignments, in the order in which they were opened."""
    row = DisputedAssignment
    keys = (row.opened_at, row.assignment)
    query = _shown().where(row.vendor == vendor, tuple_(*keys) > after)
    return (await connection.execute(query.order_by(*keys).limit(limit))).all()


async def undecided(connection: AsyncConnection) -> Sequence[AnyRow]:
    """The open disputes, in the order in which they were opened."""
    row = DisputedAssignment
    query = _shown().where(row.decided_at.is_(None)).order_by(row.opened_at, row.assignment)
    return (await connection.execute(query)).all()


def _shown() -> Select[*tuple[Any, ...]]:
    row, customers, vendors = DisputedAssignment, aliased(StoredDispute), aliased(StoredDispute)
    return (
        select(
            *(row.assignment, row.request, row.vendor, row.opened_at, row.decided_at),
            *(customers.digest.label("customer"), customers.wire.label("customer_wire")),
            *(vendors.digest.label("vendors"), vendors.wire.label("vendors_wire")),
            StoredRuling.wire.label("ruling_wire"),
            SignedAssignment.wire.label("assignment_wire"),
            PublishedRequest.wire.label("request_wire"),
        )
        .join(SignedAssignment, SignedAssignment.digest == row.assignment)
        .join(PublishedRequest, PublishedRequest.digest == row.request)
        .outerjoin(customers, (customers.assignment == row.assignment) & customers.by_customer)
        .outerjoin(vendors, (vendors.assignment == row.assignment) & ~vendors.by_customer)
        .outerjoin(StoredRuling, StoredRuling.assignment == row.assignment)
    )
