"""The day that is decided again: out of the market's own database, or out of a bundle that verifies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from marketplace.errors import MarketError
from marketplace.market import Market
from marketplace.resolver import Policy
from marketplace.runs.frozen import FrozenDay
from marketplace.runs.reading import published
from marketplace.runs.resolving import load_frozen
from marketplace.verify.checking import verify
from marketplace.verify.parallel import processes_for
from marketplace.whatif.deciding import decisions, trying, under
from marketplace.whatif.figures import Comparison, compare
from vrm.documents import MarketDescriptor, RunReport, recall


@dataclass(frozen=True)
class PastDay:
    """A published day: what its run decided from, and what it reported."""

    frozen: FrozenDay
    report: RunReport
    rules: MarketDescriptor


async def own_day(market: Market, day: str) -> PastDay:
    """Read a day of the operator's own market.

    Raises:
        Refused: no such run, or it is not published yet.
    """
    run = await published(market, day)
    return PastDay(await load_frozen(market.db, day), recall(run.report, RunReport), market.rules)


def bundled_day(file: BinaryIO) -> PastDay:
    """Read a day from its bundle.

    Raises:
        BundleFault: the file is no bundle.
        MarketError: the day does not verify.
    """
    length = file.seek(0, 2)
    file.seek(0)
    found = verify(file, processes=processes_for(length), progress=lambda *_: None)
    if (count := found.day.findings.count) > 0:
        raise MarketError(f"The day does not verify: {count} faults; see `market verify`.")
    return PastDay(found.frozen, found.day.report, found.day.rules)


def compared(
    day: PastDay, policies: Mapping[str, Policy], shares: Sequence[int] = ()
) -> Comparison:
    """Put a day as it was decided beside what other rules would have decided.

    Args:
        policies: each in place of those that the requests name.
        shares: of requests that try newcomers, in thousandths, each in place of the market's.

    Raises:
        MarketError: the day's inputs give another outcome than its report says.
    """
    market = day.frozen.matching
    others = {name: under(market, policy) for name, policy in policies.items()}
    others |= {f"newcomers-{share}": trying(market, share) for share in shares}
    try:
        decided, found = decisions(day.frozen, list(others.values()), day.report.outcome)
    except ValueError as error:
        raise MarketError(str(error)) from None
    return compare(
        day.report.day,
        day.rules.currency.code,
        market,
        decided,
        list(zip(others, found, strict=True)),
    )
