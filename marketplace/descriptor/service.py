"""What the market says about itself."""

from marketplace.descriptor.schemas import ClockView, ProblemKind
from marketplace.errors import PROBLEMS, Refused
from marketplace.instants import instant_text
from marketplace.log import service as log
from marketplace.market import Market
from marketplace.runs.service import next_day


async def announce(market: Market) -> None:
    """Have the log keep the market's rules as they are now."""
    async with market.db.unit_of_work() as connection:
        await log.record(connection, market.descriptor, market.did)


async def tell_time(market: Market) -> ClockView:
    """Tell the market's time and what comes next."""
    async with market.db.snapshot() as connection:
        now = await market.db.now(connection)
        cutoff = market.calendar.cutoff_at_or_after(now + 1)
        day = await next_day(market, connection, cutoff)
    batch = market.calendar.batch_at_or_before(now) + market.rules.schedule.batch_seconds
    return ClockView(
        now=instant_text(now),
        day=day,
        bids_close=instant_text(market.calendar.bids_close(cutoff)),
        cutoff=instant_text(cutoff),
        next_batch=instant_text(batch),
    )


def agreement_text(market: Market, terms: str) -> str:
    """The text of an agreement of the roster.

    Raises:
        Refused: no such agreement.
    """
    if terms not in market.terms:
        raise Refused("not-found", f"The roster has no {terms}.", "terms")
    return market.terms[terms]


def problem_kinds() -> list[ProblemKind]:
    """Every kind of refusal."""
    return [
        ProblemKind(code=code, status=kind.status, title=kind.title, remedy=kind.remedy)
        for code, kind in PROBLEMS.items()
    ]


def problem_kind(code: str) -> ProblemKind:
    """One kind of refusal: what the `type` of a problem document points to.

    Raises:
        Refused: no such kind.
    """
    for kind in problem_kinds():
        if kind.code == code:
            return kind
    raise Refused("not-found", f"There is no problem {code}.", "code")
