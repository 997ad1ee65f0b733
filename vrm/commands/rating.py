"""The customer's commands about ratings: rate, answer-rating, vendors, like-me."""

from collections.abc import Iterable
from typing import Annotated, Any

import msgspec
import typer

from vrm import console
from vrm.client.public import Vendor
from vrm.client.ratings import Ratings
from vrm.commands.common import PAUSE, SHORT, HomeFolder, Pause, client_of, open_wallet, pairs
from vrm.console import Json, PassphraseFile
from vrm.errors import WalletError
from vrm.wallet import like_me as likeness
from vrm.wallet import mail, outcomes, rating
from vrm.wallet.like_me import Opinion
from vrm.wallet.own import OwnPreference, OwnRequest
from vrm.wallet.wishes import known_facets

TheRequest = Annotated[
    str, typer.Argument(help="The request, by the beginning of its digest.", metavar="REQUEST")
]
Facets = Annotated[
    list[str] | None,
    typer.Option(
        "--facet",
        help="Something about you, in the market's words, such as age=30s; repeat it.",
    ),
]


def rate(
    request: TheRequest,
    stars: Annotated[int, typer.Argument(min=1, max=5, help="1 is the worst, 5 the best.")],
    *,
    text: Annotated[
        str | None, typer.Option(help="Up to 500 characters, for all to read.", show_default=False)
    ] = None,
    facet: Facets = None,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Rate what a vendor made of your request, also where nothing came: once, and for good.

    Nobody reads it before the vendor has rated you too, or the time for that is over. A rating shows nothing of
    you but what you say in it: facets help people like you, and tell a little of who you are.

    vrm rate 7pQx2 5 --text "A day early, and well packed."

    vrm rate 7pQx2 2 --facet household="a family"
    """
    wallet = open_wallet(home, passphrase_file)

    async def say() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            entry = (await outcomes.sync(wallet, client)).request(request)
            facets = pairs(facet)
            return await rating.rate(wallet, client, entry, stars, text=text, facets=facets)

    entry = console.run(say())
    _tell(entry, entry.rating, "rating", json)


def answer_rating(
    request: TheRequest,
    text: Annotated[str, typer.Argument(help="Up to 500 characters, for all to read.")],
    *,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Answer what a vendor says of you, once, for all to read.

    vrm answer-rating 7pQx2 "The doorbell works now."
    """
    wallet = open_wallet(home, passphrase_file)

    async def say() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            await mail.fetch(wallet, client)
            entry = (await outcomes.sync(wallet, client)).request(request)
            entry = await rating.look(wallet, client, entry)
            return await rating.answer(wallet, client, entry, text)

    entry = console.run(say())
    _tell(entry, entry.rating_answer, "answer", json)


def vendors(
    vendor: Annotated[
        str | None,
        typer.Argument(help="One of them, by its did:key or its name.", show_default=False),
    ] = None,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the market's vendors with their reputations, and the evidence that these rest on.

    vrm vendors

    vrm vendors "Corner Toys"
    """
    wallet = open_wallet(home, passphrase_file)

    async def read() -> list[Vendor]:
        async with client_of(wallet) as client:
            return [one async for one in client.vendors()]

    every = console.run(read())
    found = every if vendor is None else [_called(every, vendor)]
    if json:
        console.print_json([_vendor_in_json(one) for one in found])
        return
    rows = [
        (
            one.name + (" (suspended)" if one.suspended else ""),
            one.band,
            f"{one.evidence.score / 10_000:.2f}",
            f"{one.evidence.low / 10_000:.2f} to {one.evidence.high / 10_000:.2f}",
            one.evidence.good,
            one.evidence.bad,
        )
        for one in found
    ]
    heads = ("vendor", "band", "score", "nine times in ten", "for it", "against it")
    console.out.print(console.table(heads, rows))
    if vendor is not None:
        console.say(console.plain(found[0].reputation))


def like_me(
    vendor: Annotated[str, typer.Argument(help="The vendor, by its did:key or its name.")],
    *,
    facet: Facets = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show what people like you say of a vendor: its ratings, weighed by the facets that they share with you.

    Your facets are those that you named in requests and ratings, and those named here. They stay here: the
    market gives everybody the same list.

    vrm like-me "Corner Toys" --facet household="a family"
    """
    wallet = open_wallet(home, passphrase_file)
    state = wallet.read()
    own = likeness.facets_of(state) | known_facets(pairs(facet) or {}, state.rules)

    async def read() -> tuple[str, list[Ratings]]:
        async with client_of(wallet) as client:
            known = _called([one async for one in client.vendors()], vendor)
            return known.name, [one async for one in client.ratings(known.vendor)]

    name, found = console.run(read())
    counted = [one for one in found if not one.reveal.body.void_by]
    said = [one.by_customer for one in counted if one.by_customer is not None]
    opinions = [
        Opinion(one.stars, (one.rating.body.facets if one.rating else None) or {}) for one in said
    ]
    weighed = likeness.weigh(opinions, own)
    if json:
        console.print_json(_weighed_in_json(name, own, weighed))
    elif weighed is None:
        console.note(f"Nobody's rating of {console.plain(name)} is open yet.")
    else:
        rows: list[tuple[str, object]] = [
            ("all ratings", f"{float(weighed.mean):.2f} of 5, by {weighed.ratings}"),
            ("weighed by your facets", f"{float(weighed.weighed):.2f} of 5"),
            *(
                (f"share {shared} facets with you", count)
                for shared, count in weighed.alike.items()
            ),
        ]
        console.out.print(console.table((console.plain(name), ""), rows))
        if not own:
            console.note("You named no facets yet; name some with --facet.")


def _called(vendors: Iterable[Vendor], name: str) -> Vendor:
    known = [one for one in vendors if name in {one.vendor, one.name}]
    if len(known) != 1:
        trouble = "Several vendors are" if known else "No vendor is"
        raise WalletError(f"{trouble} called {name} here; give its did:key.")
    return known[0]


def _vendor_in_json(one: Vendor) -> dict[str, Any]:
    return {
        "vendor": one.vendor,
        "name": one.name,
        "suspended": one.suspended,
        "band": one.band,
        "reputation": one.reputation,
        "evidence": one.evidence,
    }


def _weighed_in_json(
    name: str, own: dict[str, str], weighed: likeness.Weighed | None
) -> dict[str, Any]:
    if weighed is None:
        return {"vendor": name, "facets": own, "ratings": 0}
    return {
        "vendor": name,
        "facets": own,
        "ratings": weighed.ratings,
        "alike": {str(shared): count for shared, count in weighed.alike.items()},
        "mean_hundredths": int(weighed.mean * 100),
        "weighed_hundredths": int(weighed.weighed * 100),
    }


def _tell(entry: OwnRequest, own: OwnPreference | None, what: str, as_json: bool) -> None:
    if own is None:
        raise WalletError(f"The {what} was not kept.")
    if as_json:
        console.print_json(
            {
                "request": entry.digest,
                what: own.digest,
                "promise": msgspec.Raw(own.promise or b"null"),
                "document": msgspec.Raw(own.wire),
            }
        )
        return
    console.say(f"Your {what} on {entry.digest[:SHORT]} counts from the next batch on.")
