"""Commands that post requests: request, send."""

import random
import sys
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from vrm import console
from vrm.client.customer import Crowds
from vrm.commands.common import PAUSE, HomeFolder, Pause, client_of, now, open_wallet, pairs
from vrm.commands.items import choose
from vrm.commands.requests import in_json
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketDescriptor, PersonalRequest
from vrm.documents.scalars import parse_instant
from vrm.wallet import cloaking, later, membership, tokens
from vrm.wallet import requests as own
from vrm.wallet.items import taken
from vrm.wallet.own import OwnRequest
from vrm.wallet.wishes import read_wish, what_is_public


class _Draft(NamedTuple):
    """A request before it is signed, and what its owner should know about it."""

    request: PersonalRequest
    market: MarketDescriptor
    crowds: Crowds
    heard: bool
    """Whether the market has just heard from the owner by name."""


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
    newcomers: Annotated[
        bool,
        typer.Option(
            "--newcomers",
            help="Vendors without a history may go first, if the market's lot falls on it.",
        ),
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
        "attributes": pairs(attribute),
        "facets": pairs(facet),
        "roll_over": roll_over or None,
        "newcomers": newcomers or None,
    }
    wish = read_wish(from_file, flags)
    if not yes and not sys.stdin.isatty():
        console.fail("Nobody is there to agree to what becomes public; give --yes.")
    wallet = open_wallet(home, passphrase_file)
    if wish.item:
        chosen = choose(wallet, wish.item, asks=sys.stdin.isatty()).item.body
        wish = taken(wish, chosen, wallet.read().rules)

    async def prepare() -> _Draft:
        async with client_of(wallet) as client:
            market = await client.descriptor()
            await tokens.draw_at_need(wallet, client)
            at = parse_instant((await client.clock()).now)
            drafted = own.draft(wallet, wish, market)
            await client.terms(drafted.terms.id)  # the text that is signed is the one published
            heard = membership.heard_lately(wallet.read(), at)
            return _Draft(drafted, market, await client.crowds(), heard)

    async def post() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            if put_off:
                chance = random.SystemRandom()
                send_at = later.draw_instant(await client.clock(), draft.market, chance)
                return own.prepare(wallet, wish, draft.market, send_at)
            return await own.send(wallet, client, own.prepare(wallet, wish, draft.market))

    draft = console.run(prepare())
    if not json or not yes:
        _show(draft)
    if draft.heard and not put_off:
        console.note(
            "The market has heard from you by name within the last hour, say since you drew tokens. A request "
            "that comes so soon after is easy to guess to be yours: post it with --later if nobody may know."
        )
    if not yes:  # asked outside the event loop, which would hold an interrupt back
        typer.confirm("Post it?", abort=True, err=True)
    entry = console.run(post())
    if json:
        alike = cloaking.look_alikes(draft.request, draft.crowds)
        console.print_json(in_json(entry, draft.market) | {"look_alikes": alike})
    else:
        _tell_next(entry)


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


def _show(draft: _Draft) -> None:
    rows = what_is_public(draft.request, draft.market)
    console.err.print(console.table(("All the world will read", ""), rows))
    console.note("Nobody reads: your name, your profile, the place itself.")
    for line in cloaking.in_words(draft.request, draft.crowds):
        console.note(line)


def _tell_next(entry: OwnRequest) -> None:
    if entry.promise is None:
        console.say(f"Signed as {entry.digest}")
        console.note(f"To be posted from {entry.send_at} on, by: vrm send")
        return
    console.say(f"Posted as {entry.digest}")
    console.note(
        f"The market promised to publish it by {entry.publish_by}. Follow it: vrm requests"
    )
