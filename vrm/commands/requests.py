"""Commands about requests: request, requests, send, withdraw."""

import random
import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from vrm import console
from vrm.commands.common import PAUSE, SHORT, HomeFolder, Pause, client_of, now, open_wallet
from vrm.commands.items import choose
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketDescriptor, PersonalRequest
from vrm.money import format_amount
from vrm.wallet import explaining, later, outcomes, tokens
from vrm.wallet import requests as own
from vrm.wallet.items import taken
from vrm.wallet.state import OwnRequest, State
from vrm.wallet.wishes import read_wish, what_is_public


def request(
    title: Annotated[
        str | None, typer.Argument(help="What you need, in a few words.", show_default=False)
    ] = None,
    *,
    item: Annotated[
        str | None,
        typer.Option(
            help="A brand's item at its fixed price: PRINCIPAL/ID, or words to find it by; "
            "see: vrm items",
            show_default=False,
        ),
    ] = None,
    from_file: Annotated[
        Path | None,
        typer.Option(
            "--from",
            help="A JSON or TOML file with the same names (at_most, needed_by, ...); flags go before it.",
            show_default=False,
        ),
    ] = None,
    fixed: Annotated[
        str | None,
        typer.Option(help="The price to take or leave, such as 250.00.", show_default=False),
    ] = None,
    at_most: Annotated[
        str | None,
        typer.Option(help="Vendors name a price at or under this one.", show_default=False),
    ] = None,
    category: Annotated[
        str | None, typer.Option(help="One of the market's categories (default: other).")
    ] = None,
    place: Annotated[
        str | None, typer.Option(help="Which named place (default: the first).")
    ] = None,
    within: Annotated[
        str | None, typer.Option(help="How far you go for a pickup (default: 25km).")
    ] = None,
    ship: Annotated[bool, typer.Option("--ship", help="It may be shipped.")] = False,
    pickup: Annotated[bool, typer.Option("--pickup", help="You may pick it up.")] = False,
    on_site: Annotated[bool, typer.Option("--on-site", help="The vendor may come.")] = False,
    needed_by: Annotated[
        str | None, typer.Option(help="2026-11-27 or 2026-11-27T18:00, in the market's zone.")
    ] = None,
    not_before: Annotated[str | None, typer.Option(help="Likewise: not earlier than.")] = None,
    terms: Annotated[
        str | None,
        typer.Option(help="The privacy agreement that bids must accept (default: the first)."),
    ] = None,
    policy: Annotated[
        str | None,
        typer.Option(
            help="How bids are ranked: best-nearby (default with --fixed), best-value "
            "(default with --at-most), nearest or lowest-price."
        ),
    ] = None,
    quantity: Annotated[int | None, typer.Option(min=1, help="How many (default: 1).")] = None,
    unit: Annotated[str | None, typer.Option(help="Of what (default: piece).")] = None,
    condition: Annotated[
        str | None, typer.Option(help="new, refurbished, used or any (default: any).")
    ] = None,
    text: Annotated[str | None, typer.Option(help="Whatever else vendors should know.")] = None,
    gtin: Annotated[str | None, typer.Option(help="The number under the bar code.")] = None,
    brand: Annotated[str | None, typer.Option(help="The maker.")] = None,
    model: Annotated[str | None, typer.Option(help="The maker's name for it.")] = None,
    attribute: Annotated[
        list[str] | None, typer.Option(help="Such as color=red; repeat it.")
    ] = None,
    facet: Annotated[
        list[str] | None,
        typer.Option(
            help="Something about you that you choose to show, such as age=30s; repeat it."
        ),
    ] = None,
    roll_over: Annotated[
        bool, typer.Option("--roll-over", help="If nobody gets it, it joins the next market day.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Post without asking.")] = False,
    put_off: Annotated[
        bool,
        typer.Option(
            "--later",
            help="Sign it now and post it at a random instant before the day's last batch, by: vrm send",
        ),
    ] = False,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Post a personal request under a fresh key, after showing what all the world will read.

    vrm request "Twin stroller" --category baby --at-most 250.00 --pickup --within 15km

    vrm request "City bicycle" --fixed 480.00 --brand Lakefront --needed-by 2026-11-27 --yes

    vrm request --item "twin stroller" --within 15km

    vrm request --from stroller.toml --at-most 230.00
    """
    ways = [way for way, on in (("ship", ship), ("pickup", pickup), ("on-site", on_site)) if on]
    flags = {
        "title": title,
        "item": item,
        "fixed": fixed,
        "at_most": at_most,
        "category": category,
        "place": place,
        "within": within,
        "delivery": ways or None,
        "needed_by": needed_by,
        "not_before": not_before,
        "terms": terms,
        "policy": policy,
        "quantity": quantity,
        "unit": unit,
        "condition": condition,
        "text": text,
        "gtin": gtin,
        "brand": brand,
        "model": model,
        "attributes": _pairs(attribute),
        "facets": _pairs(facet),
        "roll_over": roll_over or None,
    }
    wish = read_wish(from_file, flags)
    if not yes and not sys.stdin.isatty():
        console.fail("Nobody is there to agree to what becomes public; give --yes.")
    wallet = open_wallet(home, passphrase_file)
    if wish.item:
        chosen = choose(wallet, wish.item, asks=sys.stdin.isatty()).item.body
        wish = taken(wish, chosen, wallet.read().rules)

    async def draft() -> tuple[PersonalRequest, MarketDescriptor, bool]:
        async with client_of(wallet) as client:
            market = await client.descriptor()
            drew = await tokens.draw_at_need(wallet, client)
            drafted = own.draft(wallet, wish, market)
            await client.terms(drafted.terms.id)  # the text that is signed is the one published
            return drafted, market, drew

    async def post() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            if put_off:
                chance = random.SystemRandom()
                send_at = later.draw_instant(await client.clock(), market, chance)
                return own.prepare(wallet, wish, market, send_at)
            return await own.send(wallet, client, own.prepare(wallet, wish, market))

    drafted, market, drew = console.run(draft())
    if not json or not yes:
        rows = what_is_public(drafted, market)
        console.err.print(console.table(("All the world will read", ""), rows))
        console.note("Nobody reads: your name, your profile, the place itself.")
    if drew and not put_off:
        console.note(
            "You had no posting token left, and the market has just seen you draw. A request that comes in the "
            "same minutes is easy to guess to be yours: post it with --later if nobody may know."
        )
    if not yes:  # asked outside the event loop, which would hold an interrupt back
        typer.confirm("Post it?", abort=True, err=True)
    entry = console.run(post())
    if json:
        console.print_json(_as_json(entry, market))
    else:
        _tell_next(entry)


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


def send(
    *,
    at_once: Annotated[
        bool, typer.Option("--now", help="Also what was put off to an instant still to come.")
    ] = False,
    pause: Pause = 30,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Post what was put off and is due now, and what was not confirmed, say because the connection broke.

    The market knows a document again, so nothing is posted twice.

        vrm send
    """
    wallet = open_wallet(home, passphrase_file)

    async def post() -> list[OwnRequest]:
        async with client_of(wallet, pause) as client:
            return await later.send_due(wallet, client, now(), all_of_them=at_once)

    sent = console.run(post())
    if json:
        console.print_json(
            [{"request": entry.digest, "publish_by": entry.publish_by} for entry in sent]
        )
        return
    for entry in sent:
        console.say(f"{entry.digest}  to be public by {entry.publish_by}")
    left = later.waiting(wallet, now(), all_of_them=True)
    for entry in left:
        console.note(f"{entry.digest}  waits until {entry.send_at}")
    if not sent and not left:
        console.note("Nothing waits to be sent.")


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


def _tell_next(entry: OwnRequest) -> None:
    if entry.promise is None:
        console.say(f"Signed as {entry.digest}")
        console.note(f"To be posted from {entry.send_at} on, by: vrm send")
        return
    console.say(f"Posted as {entry.digest}")
    console.note(
        f"The market promised to publish it by {entry.publish_by}. Follow it: vrm requests"
    )


def _show(state: State, digest: str | None, more: list[str], as_json: bool) -> None:
    if digest is None:
        _list(state.requests, state.rules, as_json)
        return
    entry = state.request(digest)
    lines = explaining.in_words(entry, state.rules, now()) + more
    _explain(entry, state.rules, lines, as_json)


def _list(entries: list[OwnRequest], market: MarketDescriptor, as_json: bool) -> None:
    if as_json:
        console.print_json([_as_json(entry, market) for entry in entries])
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
        console.print_json(_as_json(entry, market) | {"explanation": lines})
        return
    rows = [("request", entry.digest), *what_is_public(entry.body, market)]
    console.out.print(console.table(("public", ""), rows))
    for line in lines:
        console.say(console.plain(line))


def _as_json(entry: OwnRequest, market: MarketDescriptor) -> dict[str, Any]:
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
        "promise": msgspec.Raw(entry.promise) if entry.promise else None,
        "document": msgspec.Raw(entry.wire),
    }


def _pairs(texts: list[str] | None) -> dict[str, str] | None:
    if not texts:
        return None
    pairs = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            console.fail(f"{text} is no pair; one looks like color=red.")
        pairs[name] = value
    return pairs
