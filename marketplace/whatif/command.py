"""`market whatif`: judge a policy on a day that was, before it is announced."""

from pathlib import Path
from typing import Annotated

import typer

from marketplace.bundle.source import is_day, opened
from marketplace.replay.text import km
from marketplace.resolver import Policy
from marketplace.resolver.tables import label
from marketplace.unlocking import Home, unlocked, with_market
from marketplace.whatif.days import bundled_day, compared, own_day
from marketplace.whatif.figures import Comparison, Moved, Side
from vrm import console
from vrm.documents import MarketDescriptor
from vrm.money import format_amount

POLICIES = {label(policy): policy for policy in Policy}


def whatif(
    source: Annotated[
        str,
        typer.Argument(help="A day of the market in --home, or a bundle's file or address."),
    ],
    home: Home,
    policy: Annotated[
        list[str] | None,
        typer.Option(
            help=f"{', '.join(POLICIES)}; repeat it for several. Default: all of them.",
            show_default=False,
        ),
    ] = None,
    newcomers: Annotated[
        list[int] | None,
        typer.Option(
            help="On how many of 1000 requests that allow it newcomers go first; repeat it for several.",
            min=0,
            max=1000,
            show_default=False,
        ),
    ] = None,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Decide a day again by another rule for all requests, side by side with what was decided.

    Requests, bids, customers' own orders, units, bands, newcomers' quotas and the seed are those of the day. A
    bundle is verified first.

    Example: market whatif 2026-11-21 --policy nearest --newcomers 0
    """
    shares = list(dict.fromkeys(newcomers or ()))
    names = list(dict.fromkeys(policy or (() if shares else POLICIES)))
    for name in names:
        if name not in POLICIES:
            console.fail(f"{name} is no policy; there are {', '.join(POLICIES)}.")
    if is_day(source) and not Path(source).is_file():
        settings, identity = unlocked(home, passphrase_file)
        day = console.run(with_market(settings, identity, lambda market: own_day(market, source)))
    else:
        with opened(source, home, passphrase_file) as file:
            day = bundled_day(file)
    found = compared(day, {name: POLICIES[name] for name in names}, shares)
    if as_json:
        console.print_json(found)
    else:
        _tell(found, day.rules)


def _tell(found: Comparison, rules: MarketDescriptor) -> None:
    sides = {"as decided": found.decided, **found.policies}
    rows = _rows(sides, rules)
    title = f"Market day {found.day}: {found.requests} requests, {found.bids} bids"
    console.out.print(console.table(("", *sides), rows, title=title))
    lines = [
        (name, *(getattr(moved, member) for moved in found.moved.values()))
        for member, name in _MOVED.items()
    ]
    console.out.print(console.table(("against what was decided", *found.moved), lines))


_MOVED = dict(
    zip(
        Moved.__dataclass_fields__,
        (
            "requests that go elsewhere",
            "  given to somebody only now",
            "  no longer given to anybody",
            "  nearer",
            "  farther",
            "  cheaper",
            "  dearer",
            "  to a better band",
            "  to a worse band",
        ),
        strict=True,
    )
)


def _rows(sides: dict[str, Side], rules: MarketDescriptor) -> list[tuple[object, ...]]:
    def row(name: str, *values: object) -> tuple[object, ...]:
        return name, *values

    every = list(sides.values())
    reasons = every[0].unfilled
    return [
        row("assigned", *(side.assigned for side in every)),
        row("  to the bid they liked best", *(side.first_choice for side in every)),
        row("  to newcomers, which went first", *(side.led for side in every)),
        row("shipped by brands", *(side.shipped for side in every)),
        *(row(f"unfilled: {why}", *(side.unfilled[why] for side in every)) for why in reasons),
        row("median km", *(km(side.distance.median_m) for side in every)),
        row("mean km", *(km(side.distance.mean_m) for side in every)),
        row("90 % within km", *(km(side.distance.p90_m) for side in every)),
        row("mean price", *(_price(side.mean_price, rules) for side in every)),
        row("mean band", *("–" if side.mean_band is None else side.mean_band for side in every)),
        row("vendors that got something", *(side.vendors for side in every)),
        row("  most to one", *(side.load.most for side in every)),
        row("  Gini over all that bid", *(side.load.gini for side in every)),
    ]


def _price(amount: int | None, rules: MarketDescriptor) -> str:
    return "–" if amount is None else format_amount(amount, rules.currency)
