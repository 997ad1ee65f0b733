"""`market replay`: read the files, play, tell."""

from __future__ import annotations

import math
import resource
import sys
import time
from fractions import Fraction
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from marketplace.replay.figures import Figures, figures
from marketplace.replay.page import page
from marketplace.replay.plan import WIDEST_SPREAD, Plan
from marketplace.replay.points import Sites, read_sites
from marketplace.replay.simulate import Play, play, sample
from marketplace.replay.text import assumptions, distance_table, load_table, outcome_table
from marketplace.resolver import Policy
from marketplace.resolver.tables import label
from vrm import console

POLICIES = {label(policy): policy for policy in Policy}
FACTOR = "1.2"
HALF_THE_GIRTH_KM = 20_016


def replay(
    orders: Annotated[
        Path, typer.Option(help="CSV of orders: order,lat,lng.", exists=True, dir_okay=False)
    ],
    vendors: Annotated[
        Path, typer.Option(help="CSV of sellers: seller,lat,lng.", exists=True, dir_okay=False)
    ],
    bids: Annotated[
        int, typer.Option(help="Bids per request, where so many are near.", min=1)
    ] = 10,
    among: Annotated[
        int, typer.Option(help="Draw who bids among so many nearest sellers.", min=1, max=10_000)
    ] = 40,
    radius: Annotated[
        int,
        typer.Option(help="Kilometres; farther sellers do not bid.", max=HALF_THE_GIRTH_KM, min=0),
    ] = 200,
    capacity: Annotated[
        int | None, typer.Option(help="Units per seller and day.", min=0, show_default=False)
    ] = None,
    capacity_factor: Annotated[
        str | None,
        typer.Option(
            help="Instead: all sellers' units as a multiple of the orders, the same for each seller.",
            show_default=FACTOR,
        ),
    ] = None,
    policy: Annotated[str, typer.Option(help=f"{', '.join(POLICIES)}.")] = label(
        Policy.BEST_NEARBY
    ),
    days: Annotated[int, typer.Option(help="Deal the orders over so many days.", min=1)] = 1,
    band_spread: Annotated[
        int,
        typer.Option(
            help="Draw reputation bands so far round the prior's; 0: all alike.",
            min=0,
            max=WIDEST_SPREAD,
        ),
    ] = 0,
    seed: Annotated[int, typer.Option(help="Another seed draws otherwise.", min=0)] = 2026,
    sample_size: Annotated[
        int | None,
        typer.Option(
            "--sample", help="Replay so many of the orders only.", min=1, show_default=False
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(help="Write a page with charts here.", file_okay=False, show_default=False),
    ] = None,
    as_json: console.Json = False,
) -> None:
    """Try the resolver on real places: how far would orders go, to whom, and which stay unfilled?

    Where orders and sellers are is read from the files; who bids, capacity, prices and days are simulated by
    the seed. The same command gives the same bytes.

    Example: market replay --orders orders.csv --vendors sellers.csv --days 30 --report replay
    """
    if capacity is not None and capacity_factor is not None:
        console.fail("Give --capacity or --capacity-factor, not both.")
    if policy not in POLICIES:
        console.fail(f"{policy} is no policy; there are {', '.join(POLICIES)}.")
    if among < bids:
        console.fail(f"--among {among} is too few for {bids} bids per request.")
    plan = Plan(
        policy=POLICIES[policy],
        bids=bids,
        among=among,
        radius_m=radius * 1000,
        capacity=_factor(capacity_factor or FACTOR) if capacity is None else capacity,
        days=days,
        band_spread=band_spread,
        seed=seed,
    )
    started = time.monotonic()
    bought, selling = read_sites(orders, "order"), read_sites(vendors, "seller")
    if sample_size is not None:
        bought = sample(bought, sample_size, seed)
    if days > len(bought):
        console.fail(f"{len(bought)} orders cannot be dealt over {days} days.")
    found = _played(bought, selling, plan)
    summary = figures(found, len(selling), plan)
    if report is not None:
        _write(report, found, summary)
    if as_json:
        console.print_json(summary)
    else:
        _tell(summary)
    seconds = time.monotonic() - started
    console.note(f"{seconds:.1f} s, {_peak_mib()} MiB of memory at the peak.")


def _factor(text: str) -> Fraction:
    """A capacity factor, exactly as written: 1.2 is six fifths."""
    try:
        factor = Fraction(text) if math.isfinite(float(text)) else None
    except ValueError:
        factor = None
    if factor is None or not 0 <= factor <= 1_000_000:
        console.fail("--capacity-factor is a number from 0 to 1000000, such as 1.2.")
    return factor


def _played(orders: Sites, sellers: Sites, plan: Plan) -> Play:
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    is_seen = console.err.is_terminal
    with Progress(*columns, console=console.err, transient=True, disable=not is_seen) as progress:
        bars = {
            "orders": progress.add_task("sellers bid on orders", total=len(orders)),
            "days": progress.add_task("days are resolved", total=plan.days),
        }
        return play(orders, sellers, plan, lambda stage, done: progress.advance(bars[stage], done))


def _write(folder: Path, found: Play, summary: Figures) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "index.html"
    path.write_text(page(found, summary), encoding="utf-8")
    console.note(f"Wrote {path}.")


def _tell(summary: Figures) -> None:
    console.say(assumptions(summary))
    for text in (distance_table(summary), outcome_table(summary), load_table(summary)):
        console.out.print()
        console.out.print(console.table(text.headings, text.rows, title=text.title))


def _peak_mib() -> int:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak // (1 << 20 if sys.platform == "darwin" else 1 << 10)
