"""The customer's commands once a vendor has accepted: disclose, ledger, received, cancel, handover."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from vrm import console
from vrm.commands.common import PAUSE, SHORT, HomeFolder, Pause, client_of, now, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents import Contact
from vrm.documents.handover import answer_of
from vrm.errors import UsageError
from vrm.keyfile import write_private
from vrm.wallet import cancelling, confirming, disclosing, handing, mail, outcomes
from vrm.wallet.own import OwnDisclosure, OwnRequest


def disclose(
    request: Annotated[str, typer.Argument(help="The request, by the beginning of its digest.")],
    *,
    name: Annotated[str, typer.Option(help="Whom to deliver to; it need not be you.")],
    address: Annotated[
        list[str] | None,
        typer.Option(help="A line of the address; repeat it. A pickup needs none."),
    ] = None,
    phone: Annotated[str | None, typer.Option(show_default=False)] = None,
    email: Annotated[str | None, typer.Option(show_default=False)] = None,
    note: Annotated[
        str | None, typer.Option(help="A word to the vendor.", show_default=False)
    ] = None,
    always: Annotated[
        bool,
        typer.Option(
            "--always",
            help="Let `vrm sync` tell the same to every later vendor that delivers in this way.",
        ),
    ] = False,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Tell the vendor that accepted your request whom to deliver to; nobody else can read it, nor the market.

    What you tell is sealed to a key that the vendor made for this one delivery. A later one takes the place of
    an earlier one. `vrm ledger` shows who was told what.

        vrm disclose 7pQx2 --name "Maria Weber"

        vrm disclose 7pQx2 --name "Maria Weber" --address "Gasse 1" --address "1010 Wien" --always
    """
    wallet = open_wallet(home, passphrase_file)
    contact = contact_of(
        name=name, address=tuple(address or ()) or None, phone=phone, email=email, note=note
    )

    async def tell() -> tuple[OwnRequest, OwnDisclosure]:
        async with client_of(wallet, pause) as client:
            await mail.fetch(wallet, client)
            entry = (await outcomes.sync(wallet, client)).request(request)
            told = await disclosing.disclose(wallet, client, entry, contact, now())
            if always:
                disclosing.settle(wallet, entry, contact)
            return entry, told

    entry, told = console.run(tell())
    if json:
        console.print_json(
            {
                "request": entry.digest,
                "disclosure": told.digest,
                "vendor": told.vendor,
                "told": told.told,
                "promise": msgspec.Raw(told.promise or b"null"),
                "document": msgspec.Raw(told.wire),
            }
        )
        return
    console.say(f"The vendor of {entry.digest[:SHORT]} has it with the next batch.")


def ledger(
    *,
    export: Annotated[
        Path | None,
        typer.Option(
            help="Write what both sides signed, with the agreements' texts, to this file.",
            show_default=False,
        ),
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Show who was told what of you, when, and under which terms; nothing is asked or sent.

    vrm ledger

    vrm ledger --export contracts.json
    """
    state = open_wallet(home, passphrase_file).read()
    contracts = disclosing.contracts(state, state.requests)
    if export is not None:
        write_private(export, msgspec.json.encode(contracts), replace=True)
    if json:
        console.print_json(contracts)
        return
    rows = [
        (
            own.at or "",
            entry.digest[:SHORT],
            entry.body.need.title,
            own.vendor[-SHORT:],
            entry.body.terms.id,
            own.told.contact.in_words() if own.told else "not known here any more",
        )
        for entry in state.requests
        for own in entry.disclosures
    ]
    heads = ("when", "request", "need", "vendor", "terms", "told")
    console.out.print(console.table(heads, rows))
    if export is not None:
        console.note(f"{len(contracts)} contracts are in {export}")


def received(
    request: Annotated[str, typer.Argument(help="The request, by the beginning of its digest.")],
    *,
    missing: Annotated[
        bool, typer.Option("--missing", help="Say that it did not come; it may still come later.")
    ] = False,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Say that what you asked for came, or that it did not: the vendor learns it, and you earn a stamp by it.

    That it did not come you can say once the vendor has shipped it, or should have.

        vrm received 7pQx2

        vrm received 7pQx2 --missing
    """
    wallet = open_wallet(home, passphrase_file)

    async def tell() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            if missing:
                await mail.fetch(wallet, client)  # perhaps the vendor's word that it is shipped
            entry = (await outcomes.sync(wallet, client)).request(request)
            return await confirming.confirm(wallet, client, entry, now(), received=not missing)

    entry = console.run(tell())
    own = entry.confirmations[-1]
    if json:
        console.print_json(
            {
                "request": entry.digest,
                "confirmation": own.digest,
                "promise": msgspec.Raw(own.promise or b"null"),
                "document": msgspec.Raw(own.wire),
            }
        )
        return
    console.say(f"Your word on {entry.digest[:SHORT]} counts from the next batch on.")


def handover(
    code: Annotated[str, typer.Argument(help="What the vendor shows you.")],
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Sign at the counter that you have what you asked for, and print the answer for the vendor.

    Do it with the goods in your hand: it is as final as `vrm received`. Nothing is asked or sent.

        vrm handover 7Q5D-ABCD-EFGH-IJKL-MNOP-QRST-UVWX-YZ23
    """
    entry, signed = handing.hand_over(open_wallet(home, passphrase_file), code)
    answer = answer_of(signed)
    if json:
        console.print_json(
            {
                "request": entry.digest,
                "answer": answer,
                "document": msgspec.Raw(signed.wire),
            }
        )
        return
    console.note(f"For the vendor of {entry.body.need.title}:")
    console.say(answer)


def cancel(
    request: Annotated[str, typer.Argument(help="The request, by the beginning of its digest.")],
    *,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Want no more what a vendor has accepted; it counts unless the vendor ships before the next batch.

    Your posting token does not come back: the vendor has kept its word. Before a vendor has
    the request: vrm withdraw

        vrm cancel 7pQx2
    """
    wallet = open_wallet(home, passphrase_file)

    async def tell() -> OwnRequest:
        async with client_of(wallet, pause) as client:
            entry = (await outcomes.sync(wallet, client)).request(request)
            return await cancelling.cancel(wallet, client, entry)

    entry = console.run(tell())
    own = entry.cancellations[-1]
    if json:
        console.print_json(
            {
                "request": entry.digest,
                "cancellation": own.digest,
                "promise": msgspec.Raw(own.promise or b"null"),
                "document": msgspec.Raw(own.wire),
            }
        )
        return
    console.say(f"{entry.digest[:SHORT]} is cancelled with the next batch.")


def contact_of(**facts: object) -> Contact:
    try:
        return msgspec.convert({name: fact for name, fact in facts.items() if fact}, Contact)
    except msgspec.ValidationError as error:
        raise UsageError(f"The contact: {error}.") from None
