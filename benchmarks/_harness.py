"""What every benchmark shares: timing, a table, `--json`, and `--bars` to fail on.

A benchmark module has a function that measures and returns a `Report`, and ends with

    if __name__ == "__main__":
        run(measure)

Figures are ratios to a floor that was measured in the same run wherever there is one, since they
then hold on other machines.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bar:
    """A figure that must not get worse than its limit."""

    what: str
    value: float
    limit: float
    at_least: bool = False
    """Whether the limit is a floor; else it is a ceiling."""

    @property
    def holds(self) -> bool:
        return self.value >= self.limit if self.at_least else self.value <= self.limit


@dataclass
class Report:
    """A benchmark's table: one tuple of cells for each row, in the order of the columns."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str | float, ...]] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)


def fastest(calls: Mapping[str, Callable[[], object]], *, rounds: int = 150) -> dict[str, float]:
    """Seconds that each call takes: the least of `rounds` averages over about 4 ms each.

    The least is what the code costs. What is above it is the machine's other work, which short
    windows have a chance to miss. Rounds go through all calls in turn, so that a slow spell of
    the machine meets them alike.
    """
    counts = {name: max(1, int(0.004 / max(_once(call), 1e-7))) for name, call in calls.items()}
    least = dict.fromkeys(calls, float("inf"))
    for _ in range(rounds):
        for name, call in calls.items():
            start = time.perf_counter()
            for _ in range(counts[name]):
                call()
            least[name] = min(least[name], (time.perf_counter() - start) / counts[name])
    return least


def ratio(call: Callable[[], object], floor: Callable[[], object], *, rounds: int = 800) -> float:
    """How many times what `floor` costs `call` costs, each at its least over windows of 1 ms.

    In processor time and in turns, so that it holds on a machine that does other work too. For
    what computes only; waiting does not count.
    """
    number = max(1, int(0.001 / max(_once(floor), 1e-7)))
    pairs = [(_cpu(call, number), _cpu(floor, number)) for _ in range(rounds)]
    return min(one for one, _ in pairs) / min(other for _, other in pairs)


def _cpu(call: Callable[[], object], number: int) -> float:
    start = time.process_time()
    for _ in range(number):
        call()
    return time.process_time() - start


def _once(call: Callable[[], object]) -> float:
    call()
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def run(measure: Callable[[], Report]) -> None:
    """Measure, print, and with `--bars` exit 1 when a bar does not hold."""
    parser = argparse.ArgumentParser(description=measure.__doc__)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--bars", action="store_true", help="exit 1 when a bar does not hold")
    arguments = parser.parse_args()
    report = measure()
    print(as_json(report) if arguments.json else as_text(report))
    if arguments.bars and not all(bar.holds for bar in report.bars):
        sys.exit(1)


def as_json(report: Report) -> str:
    return json.dumps(
        {
            "title": report.title,
            "machine": _machine(),
            "rows": [dict(zip(report.columns, row, strict=True)) for row in report.rows],
            "bars": [
                {"what": bar.what, "value": bar.value, "limit": bar.limit, "holds": bar.holds}
                for bar in report.bars
            ],
        }
    )


def as_text(report: Report) -> str:
    cells = [report.columns, *([_cell(value) for value in row] for row in report.rows)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(report.columns))]
    lines = [f"{report.title} ({_machine()})", ""]
    lines += [_line(row, widths) for row in cells]
    for bar in report.bars:
        verdict = "holds" if bar.holds else "MISSED"
        side = "at least" if bar.at_least else "at most"
        lines.append(f"bar {verdict}: {bar.what} {bar.value:.2f}, {side} {bar.limit:g}")
    return "\n".join(lines)


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    first = row[0].ljust(widths[0])
    rest = [cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True)]
    return "  ".join([first, *rest])


def _cell(value: str | float) -> str:
    if isinstance(value, str):
        return value
    return (
        f"{value:,}"
        if isinstance(value, int)
        else f"{value:,.3g}"
        if value < 100
        else f"{value:,.0f}"
    )


def _machine() -> str:
    return f"{platform.machine()}, Python {platform.python_version()}"
