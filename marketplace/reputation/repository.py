"""Every query about evidence."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Select, and_, case, delete, func, insert, literal, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.db import AnyRow, insert_found_new
from marketplace.models.reputation import Evidence, EvidenceDay, FullValue
from marketplace.reputation.rules import FULL_VALUE_MINIMUM, FULL_VALUE_PERCENT, Kind

WHOLE_MARKET: Final = ""
MOST_NAMED: Final = 500

_SUMS: Final = [
    func.sum(case((Evidence.good, Evidence.weight), else_=0)).label("good"),
    func.sum(case((Evidence.good, 0), else_=Evidence.weight)).label("bad"),
    func.sum(case((Evidence.good, 1), else_=0)).label("good_pieces"),
    func.sum(case((Evidence.good, 0), else_=1)).label("bad_pieces"),
]
_KIND: Final = case(
    (and_(Evidence.tier.is_(None), Evidence.good), int(Kind.WEAK)),
    (Evidence.tier.is_(None), int(Kind.FAILING)),
    (Evidence.directed | (Evidence.tier == "new"), int(Kind.WEAK)),
    else_=int(Kind.FIRM),
)
"""As `rules.kind_of` tells it."""
_NAMES: Final = ["vendor", "date", "kind", "good", "bad", "good_pieces", "bad_pieces"]


async def add(connection: AsyncConnection, rows: Sequence[dict[str, Any]]) -> None:
    """Store evidence."""
    await connection.execute(insert(Evidence), list(rows))


async def full_values(connection: AsyncConnection, epoch: int) -> dict[str, int]:
    """The full values of an epoch, by category; a category with too little history has none."""
    query = select(FullValue.category, FullValue.amount).where(FullValue.epoch == epoch)
    return {row.category: row.amount for row in await connection.execute(query)}


async def fix_full_values(connection: AsyncConnection, epoch: int, until: str) -> None:
    """Take an epoch's full values from the evidence up to a date."""
    ranked = (
        select(
            Evidence.category,
            Evidence.amount,
            func.row_number()
            .over(partition_by=Evidence.category, order_by=Evidence.amount)
            .label("rank"),
            func.count().over(partition_by=Evidence.category).label("pieces"),
        )
        .where(Evidence.date <= until)
        .subquery()
    )
    found = (
        select(ranked.c.category, literal(epoch), func.min(ranked.c.amount))
        .where(
            ranked.c.pieces >= FULL_VALUE_MINIMUM,
            ranked.c.rank * 100 >= ranked.c.pieces * FULL_VALUE_PERCENT,
        )
        .group_by(ranked.c.category)
    )
    await insert_found_new(connection, FullValue, ["category", "epoch", "amount"], found)


async def sum_up(connection: AsyncConnection, before: str) -> None:
    """Make all sums of the evidence before a date anew."""
    day = EvidenceDay
    await connection.execute(delete(day))
    await connection.execute(
        insert(day).from_select(_NAMES, _grouped().where(Evidence.date < before))
    )
    sums = [func.sum(column) for column in (day.good, day.bad, day.good_pieces, day.bad_pieces)]
    whole = select(literal(WHOLE_MARKET), day.date, day.kind, *sums).group_by(day.date, day.kind)
    await connection.execute(insert(day).from_select(_NAMES, whole))


async def sums_before(connection: AsyncConnection, vendors: Sequence[str]) -> Sequence[AnyRow]:
    """The sums that were made, of these vendors at least and of the whole market."""
    query = select(EvidenceDay.__table__)
    if len(vendors) < MOST_NAMED:
        query = query.where(EvidenceDay.vendor.in_([WHOLE_MARKET, *vendors]))
    return (await connection.execute(query)).all()


async def sums_since(connection: AsyncConnection, date: str) -> Sequence[AnyRow]:
    """The sums of the evidence since a date, of all vendors."""
    return (await connection.execute(_grouped().where(Evidence.date >= date))).all()


def _grouped() -> Select[*tuple[Any, ...]]:
    kind = _KIND.label("kind")
    return select(Evidence.vendor, Evidence.date, kind, *_SUMS).group_by(
        Evidence.vendor, Evidence.date, kind
    )
