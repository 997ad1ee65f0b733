"""Commands about requests that are posted: requests, withdraw."""

from typing import Annotated, Any

import msgspec
import typer

from vrm import console
from vrm.commands.common import PAUSE, SHORT, HomeFolder, Pause, client_of, now, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketDescriptor
from vrm.money import format_amount
from vrm.wallet import explaining, outcomes, rating
from vrm.wallet import requests as own
from vrm.wallet.own import OwnRequest
from vrm.wallet.state import State
from vrm.wallet.wishes import what_is_public


def requests(
    digest: Annotated[
        str | None,
        typer.Argument(help="One request, by the beginning of its digest.", show_default=False),
    ] = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Show what the wallet knows; ask nobody.")
    ] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """List your requests and how they stand, or explain one of them.

    The wallet downloads the market's public lists whole and finds its own requests in them, so the market
    does not learn which ones are yours.

        vrm requests

        vrm requests 7pQx2 --json
    """
    wallet = open_wallet(home, passphrase_file)

    if offline:
        _show(wallet.read(), digest, [], json)
        return

    async def look() -> None:
        async with client_of(wallet) as client:
            state = await outcomes.sync(wallet, client)
            more: list[str] = []
            entry = None if digest is None else state.request(digest)
            if entry is not None and (assignment := entry.assigned) is not None:
                more = await explaining.runners_up(client, assignment, state.rules)
            if entry is not None and (fallback := entry.shipped) is not None:
                more = await explaining.brand(client, fallback)
        _show(state, digest, more, json)
        if state.log_findings:
            console.note("ALARM: the market's log is at fault; see: vrm receipts")

    console.run(look())


def withdraw(
    digest: Annotated[str, typer.Argument(help="The request, by the beginning of its digest.")],
    *,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Take a request back. The withdrawal becomes public with the next batch.

    vrm withdraw 7pQx2
    """
    wallet = open_wallet(home, passphrase_file)

    async def take_back() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            return await own.withdraw(wallet, client, wallet.read().request(digest))

    entry = console.run(take_back())
    forgotten = entry.withdrawal is None
    if json:
        status = "forgotten" if forgotten else entry.status(now())
        console.print_json({"request": entry.digest, "status": status})
    elif forgotten:
        console.say(f"{entry.digest} never reached the market and is forgotten.")
    else:
        console.say(f"The withdrawal of {entry.digest} will be public with a batch.")


def _show(state: State, digest: str | None, more: list[str], as_json: bool) -> None:
    if digest is None:
        _list(state.requests, state.rules, as_json)
        return
    entry = state.request(digest)
    lines = [*explaining.in_words(entry, state.rules, now()), *more, *rating.in_words(entry)]
    _explain(entry, state.rules, lines, as_json)


def _list(entries: list[OwnRequest], market: MarketDescriptor, as_json: bool) -> None:
    if as_json:
        console.print_json([in_json(entry, market) for entry in entries])
        return
    if not entries:
        console.note('No request yet; make one: vrm request "Twin stroller" --at-most 250.00')
        return
    rows = []
    for entry in entries:
        price = entry.body.price
        bound = "=" if price.kind == "fixed" else "<="
        rows.append(
            (
                entry.digest[:SHORT],
                entry.body.need.title,
                f"{bound} {format_amount(price.amount, market.currency)}",
                entry.status(now()),
                _remark(entry, market),
            )
        )
    console.out.print(
        console.table(("request", "need", "price", "status", "since, or result"), rows)
    )


def _remark(entry: OwnRequest, market: MarketDescriptor) -> str:
    if (assignment := entry.assigned) is not None:
        price = format_amount(assignment.amount, market.currency)
        told = "" if entry.acceptance else f"; its vendor answers by {assignment.accept_by}"
        return f"for {price} on {assignment.day}{told}"
    if (fallback := entry.shipped) is not None:
        return f"for {format_amount(fallback.amount, market.currency)} on {fallback.day}"
    if entry.rolled and entry.is_open() and not entry.withdrawn_at:
        return f"to the cutoff of {entry.rolled[-1].cutoff}"
    return (
        entry.reason
        or entry.withdrawn_at
        or entry.published_at
        or entry.publish_by
        or entry.send_at
        or ""
    )


def _explain(entry: OwnRequest, market: MarketDescriptor, lines: list[str], as_json: bool) -> None:
    if as_json:
        console.print_json(in_json(entry, market) | {"explanation": lines})
        return
    rows = [("request", entry.digest), *what_is_public(entry.body, market)]
    console.out.print(console.table(("public", ""), rows))
    for line in lines:
        console.say(console.plain(line))


def in_json(entry: OwnRequest, market: MarketDescriptor) -> dict[str, Any]:
    """What commands print of a request as JSON."""
    return {
        "request": entry.digest,
        "status": entry.status(now()),
        "place": entry.place,
        "title": entry.body.need.title,
        "price": entry.body.price,
        "digits": market.currency.digits,
        "send_at": entry.send_at,
        "publish_by": entry.publish_by,
        "published_at": entry.published_at,
        "leaf": entry.leaf,
        "crowd": entry.crowd,
        "withdrawn_at": entry.withdrawn_at,
        "day": entry.day,
        "tick": entry.tick,
        "reason": entry.reason,
        "failed": [
            {
                "assignment": msgspec.Raw(one.assignment),
                "reason": one.reason,
                "tick": one.tick,
            }
            for one in entry.failed
        ],
        "rolled_over": entry.rolled,
        "fault": entry.fault,
        "assignment": msgspec.Raw(entry.assignment) if entry.assignment else None,
        "acceptance": msgspec.Raw(entry.acceptance) if entry.acceptance else None,
        "fallback": msgspec.Raw(entry.fallback) if entry.fallback else None,
        **{
            name: msgspec.Raw(said.wire) if said else None
            for name, said in (
                ("rating", entry.rating),
                ("rating_answer", entry.vendor_answer),
                ("vendor_rating", entry.vendor_rating),
                ("vendor_rating_answer", entry.rating_answer),
            )
        },
        "promise": msgspec.Raw(entry.promise) if entry.promise else None,
        "document": msgspec.Raw(entry.wire),
    }
