"""Commands about the wallet itself, its places and its market: init, phrase, place, market, move."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vrm import console, keyfile
from vrm.client.base import Clock
from vrm.client.customer import Crowds, CustomerClient
from vrm.commands.common import HomeFolder, client_of, folder, now, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents import MarketDescriptor
from vrm.documents.place import resolution_of
from vrm.places import locate
from vrm.wallet import Wallet, membership, recovery, tokens
from vrm.wallet.cloaking import choose_cell
from vrm.wallet.consent import (
    changes,
    mail_in_words,
    newcomers_in_words,
    ratings_in_words,
    require_unchanged,
)
from vrm.wallet.membership import Found
from vrm.wallet.places import settle
from vrm.wallet.secret import Secret
from vrm.wallet.state import NamedPlace
from vrm.wallet.wishes import area_in_words


def init(
    *,
    market: Annotated[str, typer.Option(help="The market's address.", show_default=False)],
    market_did: Annotated[
        str | None,
        typer.Option(help="The did:key that the market must have.", show_default=False),
    ] = None,
    phrase: Annotated[
        bool,
        typer.Option("--phrase", help="Ask for the recovery phrase of a wallet that was lost."),
    ] = False,
    phrase_file: Annotated[
        Path | None, typer.Option(help="Likewise, from a file that only you can read.")
    ] = None,
    second_device: Annotated[
        bool,
        typer.Option("--second-device", help="The phrase's other wallet is in use and stays so."),
    ] = False,
    device: Annotated[
        int | None,
        typer.Option(min=1, help="Which of several devices was lost: 1 is the oldest."),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Make a wallet: a fresh secret, kept encrypted, for one market; or get a lost one back from its phrase.

    The market's identity is learnt now and held to from here on. The market learns nothing about a new wallet.
    A wallet from a phrase finds its membership, its posting tokens, its requests and its mail again.

        vrm init --market https://market.example

        vrm init --market https://market.example --phrase

        vrm init --market https://market.example --phrase --second-device
    """
    where = folder(home)
    if Wallet.exists(where):
        console.fail(f"{where} holds a wallet already.")
    descriptor = console.run(_meet(market, market_did))
    found: Found | None = None
    if phrase or phrase_file:
        secret = Secret.from_phrase(_asked_phrase(phrase_file))
        found = console.run(_look_up(market, descriptor, secret))
        if found and not second_device:
            secret = msgspec.structs.replace(secret, device=_lost(found, secret, device))
    else:
        secret = Secret.generate()
    wallet = Wallet.create(
        where,
        keyfile.passphrase(passphrase_file, confirm=True),
        url=market,
        rules=descriptor,
        now=now(),
        secret=secret,
    )
    if found:
        console.run(_take_up(wallet, found, second_device))
    if json:
        made = {
            "home": str(where),
            "market": descriptor.market,
            "profile": wallet.profile_did,
            "member": found is not None,
            "tokens": tokens.left(wallet.read()),
            "requests": len(wallet.read().requests),
        }
        console.print_json(made)
        return
    console.say(
        f"A new wallet for {console.plain(descriptor.name)}\n"
        f"  folder      {where}\n"
        f"  market      {descriptor.market}\n"
        f"  profile key {wallet.profile_did}\n"
        "The profile key never signs a request: each request gets a key of its own.\n"
        "Write down the recovery phrase, out of which all of it comes back: vrm phrase"
    )
    if found is None:
        console.note("Next: vrm join")
    elif second_device:
        console.note(
            "You are a member. This device has its share of your tokens from the next epoch on."
        )
    else:
        console.note(
            f"You are a member again, with {len(wallet.read().requests)} requests and "
            f"{tokens.left(wallet.read())} posting tokens. What was posted just before the loss comes with the "
            "market's next batch: run vrm sync after it, and before you post. Add your places again: vrm place"
        )


def phrase(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the recovery phrase. Who has it has the wallet: write it on paper, and keep it where nobody looks.

    vrm phrase
    """
    words = open_wallet(home, passphrase_file).phrase
    if json:
        console.print_json({"phrase": words})
    else:
        console.say(words)


def _asked_phrase(file: Path | None) -> str:
    if file is not None:
        return keyfile.read_private(file).decode()
    asked: str = typer.prompt("Recovery phrase", hide_input=True, err=True)
    return asked


async def _look_up(url: str, market: MarketDescriptor, secret: Secret) -> Found | None:
    async with CustomerClient(url, market=market.market) as client:
        return await membership.look_up(secret.identity, client)


def _lost(found: Found, secret: Secret, number: int | None) -> int:
    """The branch of the device that was lost."""
    known = found.devices(secret.devices_key)
    if len(known) > 1 and number is None:
        console.fail(
            f"{len(known)} devices share this phrase: say which one was lost with --device, or give "
            "--second-device if none was."
        )
    if number is not None and number > len(known):
        console.fail(f"There are only {len(known)} devices under this phrase.")
    return known[(number or 1) - 1].branch if known else secret.device


async def _take_up(wallet: Wallet, found: Found, second_device: bool) -> None:
    membership.adopt(wallet, found)
    async with client_of(wallet) as client:
        if second_device:
            await membership.join(wallet, client, now())
        else:
            await tokens.restore(wallet, client)
            await recovery.recover(wallet, client)


async def _meet(url: str, did: str | None) -> MarketDescriptor:
    async with CustomerClient(url, market=did) as client:
        return await client.descriptor()


def place(
    name: Annotated[
        str | None, typer.Argument(help="What you call it, such as home.", show_default=False)
    ] = None,
    where: Annotated[
        str | None,
        typer.Argument(
            help='A US postal code, "lat,lng" in degrees, or a town such as "Vienna, AT".',
            show_default=False,
        ),
    ] = None,
    *,
    resolution: Annotated[
        int | None,
        typer.Option(
            help="The H3 resolution of its cell: a smaller number is a larger area.",
            show_default=False,
        ),
    ] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Move a place of that name.")] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Name a place, or list the named places.

    The place is looked up on this machine and never sent. What requests show is one cell of a fixed grid that
    holds it, always the same one, so that asking often gives nothing more away. How large it is follows from
    how many others ask from there.

        vrm place home 60601

        vrm place work "41.88,-87.62" --resolution 7

        vrm place
    """
    wallet = open_wallet(home, passphrase_file)
    if name is None:
        _show_places(wallet.read().places, json)
        return
    if where is None:
        console.fail("Say where it is: a postal code, lat,lng or a town.")
    found = locate(where)
    descriptor, crowds = console.run(_rules_and_crowds(wallet))
    require_unchanged(wallet.read().rules, descriptor)
    label = found.name if not found.code else f"{found.code} {found.name}"
    named = NamedPlace(name, label, choose_cell(found.at, descriptor, crowds, resolution))
    with wallet.editing() as state:
        named = settle(state, named, resolution, replace=replace)
    _show_places([named], json)
    if resolution is None and not crowds.cells and not json:
        console.note(
            "The market is too young to know a crowd, so this is the usual area. Some weeks on, "
            "--replace chooses by the crowd."
        )


def _show_places(places: list[NamedPlace], as_json: bool) -> None:
    if as_json:
        console.print_json(
            [
                {
                    "place": known.name,
                    "label": known.label,
                    "cell": known.cell,
                    "resolution": resolution_of(known.cell),
                }
                for known in places
            ]
        )
        return
    rows = [(known.name, known.label, area_in_words(known.cell)) for known in places]
    console.out.print(console.table(("place", "only here", "what requests show"), rows))


def market(
    *,
    terms: Annotated[
        str | None,
        typer.Option(help="Print the text of this privacy agreement.", show_default=False),
    ] = None,
    accept_changes: Annotated[
        bool,
        typer.Option(
            "--accept-changes", help="Agree to the rules as they are now, for new requests."
        ),
    ] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the market's rules, its categories and its next instants, and what changed in them.

    vrm market

    vrm market --terms PDC-INTENT

    vrm market --accept-changes
    """
    wallet = open_wallet(home, passphrase_file)
    if terms is not None:
        text = console.run(_terms(wallet, terms))
        if json:
            console.print_json({"id": terms, "text": text})
        else:
            console.say(text)
        return
    descriptor, clock = console.run(_rules(wallet))
    changed = changes(wallet.read().rules, descriptor)
    if accept_changes:
        with wallet.editing() as state:
            state.rules = descriptor
    if json:
        told = {"descriptor": descriptor, "clock": clock, "changes": changed}
        console.print_json(told | {"accepted": accept_changes})
        return
    if changed:
        said = "you agree to it" if accept_changes else "agree with: vrm market --accept-changes"
        console.note(f"Changed since you last agreed: {'; '.join(changed)} ({said})")
    rows = _rules_in_words(descriptor, clock, wallet.read().url)
    console.out.print(console.table((descriptor.name, ""), rows))
    categories = [(category.id, category.title) for category in descriptor.categories]
    console.out.print(console.table(("category", ""), categories))


def _rules_in_words(market: MarketDescriptor, clock: Clock, url: str) -> list[tuple[str, str]]:
    schedule = market.schedule
    return [
        ("address", url),
        ("identity", market.market),
        ("currency", f"{market.currency.code}, {market.currency.digits} digits after the point"),
        ("cutoffs", f"{', '.join(schedule.cutoffs)} ({schedule.time_zone})"),
        ("next batch", f"{clock.next_batch}: requests that wait become public"),
        ("bids close", f"{clock.bids_close}: no bid or withdrawal of a bid after this"),
        ("next cutoff", f"{clock.cutoff}, closing the market day {clock.day}"),
        ("open at least", f"{schedule.minimum_open_minutes / 60:g} hours before a run decides"),
        ("areas", f"H3 cells of resolution {market.cells.coarsest} to {market.cells.finest}"),
        *((f"facet {name}", ", ".join(words)) for name, words in market.facets.items()),
        ("mail", mail_in_words(market)),
        ("bids ranked by", ", ".join(market.policies)),
        ("newcomers", newcomers_in_words(market)),
        ("ratings", ratings_in_words(market)),
        ("privacy terms", "; ".join(f"{terms.id} ({terms.title})" for terms in market.terms)),
        ("vendors", "by invitation" if market.admission == "invited" else "open to all"),
    ]


def move(
    market: Annotated[str, typer.Argument(help="The market's new address.", show_default=False)],
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Follow the market to a new address. Its identity must be the one that the wallet knows.

    vrm move https://new.example
    """
    wallet = open_wallet(home, passphrase_file)
    descriptor = console.run(_meet(market, wallet.read().rules.market))
    with wallet.editing() as state:
        state.url = market
        if not changes(state.rules, descriptor):
            state.rules = descriptor
    if json:
        console.print_json({"market": descriptor.market, "url": market})
    else:
        console.say(f"{console.plain(descriptor.name)} is now reached at {market}")


async def _rules_and_crowds(wallet: Wallet) -> tuple[MarketDescriptor, Crowds]:
    async with client_of(wallet) as client:
        return await client.descriptor(), await client.crowds()


async def _rules(wallet: Wallet) -> tuple[MarketDescriptor, Clock]:
    async with client_of(wallet) as client:
        return await client.descriptor(), await client.clock()


async def _terms(wallet: Wallet, agreement: str) -> str:
    async with client_of(wallet) as client:
        return await client.terms(agreement)
