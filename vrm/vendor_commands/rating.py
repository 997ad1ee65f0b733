"""Commands about ratings: rate, ratings, answer-rating."""

from typing import Annotated, Any

import msgspec
import typer

from vrm import console
from vrm.client.public import Vendor
from vrm.client.ratings import Rated, Ratings
from vrm.client.vendor import VendorClient
from vrm.client.vendor_ratings import RatingStored
from vrm.console import Json, PassphraseFile
from vrm.vendor_commands.common import SHORT, HomeFolder, client_of, home_at, one_of

Assignment = Annotated[
    str,
    typer.Argument(help="The assignment, by the beginning of its digest.", metavar="ASSIGNMENT"),
]


def rate(
    assignment: Assignment,
    stars: Annotated[int, typer.Argument(min=1, max=5, help="1 is the worst, 5 the best.")],
    *,
    text: Annotated[
        str | None, typer.Option(help="Up to 500 characters, for all to read.", show_default=False)
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Rate the customer of an assignment: once, and for good.

    Nobody reads it before the customer has rated you too, or the time for that is over.

        vendor rate 3fJk2 5

        vendor rate 3fJk2 2 --text "Not there, twice."
    """

    async def say() -> RatingStored:
        async with client_of(home_at(home), passphrase_file) as client:
            given = {one.digest: one async for one in client.my_assignments()}
            chosen = given[one_of(assignment, list(given), "assignment")]
            return await client.rate(chosen.assignment.request, chosen.digest, stars, text)

    stored = console.run(say())
    if json:
        console.print_json(stored)
    else:
        console.say(f"Your rating on {stored.assignment[:SHORT]} is kept, hidden for now.")


def ratings(
    *, home: HomeFolder = None, passphrase_file: PassphraseFile = None, json: Json = False
) -> None:
    """Show what your customers and you said of each other, as far as it is open, newest first.

    vendor ratings
    """

    async def read() -> list[Ratings]:
        async with client_of(home_at(home), passphrase_file) as client:
            return await _open(client)

    found = console.run(read())
    if json:
        console.print_json([_as_json(one) for one in found])
        return
    rows = []
    for one in found:
        said, back = one.by_customer, one.by_vendor
        body = said.rating.body if said and said.rating else None
        rows.append(
            (
                one.reveal.body.assignment[:SHORT],
                one.revealed_at,
                _stars(one),
                (body and body.text) or "",
                "yes" if said and said.answer else "",
                "*" * back.stars if back else "",
            )
        )
    heads = ("assignment", "open since", "customer", "says", "answered", "you")
    console.out.print(console.table(heads, rows))


def reputation(
    *, home: HomeFolder = None, passphrase_file: PassphraseFile = None, json: Json = False
) -> None:
    """Show your reputation as everybody sees it, and the evidence that it rests on.

    vendor reputation
    """

    async def read() -> Vendor:
        async with client_of(home_at(home), passphrase_file) as client:
            return await client.vendor(client.did)

    found = console.run(read())
    if json:
        known = {"band": found.band, "reputation": found.reputation, "evidence": found.evidence}
        console.print_json(known)
    else:
        console.say(console.plain(f"Band {found.band}. {found.reputation}"))


def _stars(one: Ratings) -> str:
    if one.by_customer is None:
        return ""
    stars = "*" * one.by_customer.stars
    return f"{stars} (weighs nothing)" if one.reveal.body.void_by else stars


def answer_rating(
    assignment: Assignment,
    text: Annotated[str, typer.Argument(help="Up to 500 characters, for all to read.")],
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Answer a customer's rating, once, for all to read.

    vendor answer-rating 3fJk2 "We are sorry; the parcel service lost it."
    """

    async def say() -> RatingStored:
        async with client_of(home_at(home), passphrase_file) as client:
            found = {one.reveal.body.assignment: one for one in await _open(client)}
            chosen = found[one_of(assignment, list(found), "rated assignment")]
            return await client.answer_rating(chosen, text)

    stored = console.run(say())
    if json:
        console.print_json(stored)
    else:
        console.say(f"Your answer on {stored.assignment[:SHORT]} is public.")


async def _open(client: VendorClient) -> list[Ratings]:
    return [one async for one in client.ratings(client.did)]


def _as_json(one: Ratings) -> dict[str, object]:
    about = one.reveal.body
    return {
        "request": about.request,
        "assignment": about.assignment,
        "revealed_at": one.revealed_at,
        "tier": about.tier,
        "reveal": msgspec.Raw(one.reveal.wire),
        "by_customer": None if one.by_customer is None else _said(one.by_customer),
        "by_vendor": None if one.by_vendor is None else _said(one.by_vendor),
    }


def _said(one: Rated[Any, Any]) -> dict[str, object]:
    return {
        "stars": one.stars,
        "rating": one.rating and msgspec.Raw(one.rating.wire),
        "answer": one.answer and msgspec.Raw(one.answer.wire),
    }
