"""Commands about the owner's profile: show, set, export."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from vrm import console
from vrm.commands.common import HomeFolder, now, open_wallet
from vrm.console import Json, PassphraseFile

HELP = """Your profile: facets about yourself, signed by you and shown to nobody by default.

No request carries it, and it is signed with a key that signs no request.

    vrm profile set --name "Ada" --language en --interest cycling --size shoe=39

    vrm profile show

    vrm profile export profile.json
"""

app = console.application(HELP)

FACETS = ("name", "languages", "interests", "sizes", "contact")


@app.command()
def show(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show the facets as the wallet keeps them."""
    wallet = open_wallet(home, passphrase_file)
    _print(wallet.profile_did, wallet.read().facets, json)


@app.command("set")
def set_facets(
    *,
    name: Annotated[str | None, typer.Option(help="Your name.", show_default=False)] = None,
    language: Annotated[
        list[str] | None, typer.Option(help="A language tag such as en or de-AT; repeat it.")
    ] = None,
    interest: Annotated[list[str] | None, typer.Option(help="An interest; repeat it.")] = None,
    size: Annotated[
        list[str] | None, typer.Option(help="A size such as shoe=39; repeat it.")
    ] = None,
    contact: Annotated[
        list[str] | None, typer.Option(help="A contact way such as email=a@b.example; repeat it.")
    ] = None,
    clear: Annotated[
        list[str] | None, typer.Option(help=f"Take a facet away: {', '.join(FACETS)}.")
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Set facets. Languages and interests replace earlier ones; sizes and contact ways add to them.

    vrm profile set --name Ada --language en --size shoe=39 --clear interests
    """
    changes: dict[str, Any] = dict.fromkeys(_known(clear or []))
    plain = {"name": name, "languages": language, "interests": interest}
    changes |= {facet: value for facet, value in plain.items() if value}
    wallet = open_wallet(home, passphrase_file)
    kept = wallet.read().facets
    for facet, pairs in (("sizes", size), ("contact", contact)):
        if pairs:
            before = {} if facet in changes else kept.get(facet, {})
            changes[facet] = before | dict(_pair(pair) for pair in pairs)
    if not changes:
        console.fail("Name a facet to set or to clear.")
    _print(wallet.profile_did, wallet.set_facets(changes), json)


@app.command()
def export(
    file: Annotated[
        Path | None,
        typer.Argument(help="Where to write it; standard output if left out.", show_default=False),
    ] = None,
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Sign the profile and write it as a Verifiable Credential 2.0, which other programs can verify.

    vrm profile export profile.json
    """
    signed = open_wallet(home, passphrase_file).profile(now())
    if file is None:
        console.print_json(msgspec.Raw(signed.wire))
        return
    with file.open("xb") as target:
        target.write(signed.wire + b"\n")
    if json:
        console.print_json({"file": str(file), "profile": signed.digest})
    else:
        console.say(f"The signed profile is in {file}")


def _print(did: str, facets: dict[str, Any], as_json: bool) -> None:
    if as_json:
        console.print_json({"profile": did, "facets": facets})
        return
    rows = [("profile key", did)]
    rows += [(facet, _in_words(facets[facet])) for facet in FACETS if facet in facets]
    console.out.print(console.table(("facet", ""), rows))


def _in_words(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {text}" for name, text in value.items())
    return value if isinstance(value, str) else ", ".join(value)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        console.fail(f"{text} is no pair; one looks like shoe=39.")
    return name, value


def _known(facets: list[str]) -> list[str]:
    for facet in facets:
        if facet not in FACETS:
            console.fail(f"{facet} is no facet; they are {', '.join(FACETS)}.")
    return facets
