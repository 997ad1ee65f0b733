"""Commands about membership: join, sponsor, rotate, leave, tokens, stamps."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from vrm import console
from vrm.client.member import Departed, Deposited, Joined
from vrm.commands.common import PAUSE, HomeFolder, Pause, client_of, now, open_wallet
from vrm.console import Json, PassphraseFile
from vrm.documents import IssuerKey, Signed, Sponsorship, recall
from vrm.errors import MarketRefused
from vrm.wallet import Wallet, membership
from vrm.wallet import stamps as own_stamps
from vrm.wallet import tokens as posting_tokens
from vrm.wallet.state import State


def join(
    *,
    show: Annotated[
        list[str] | None,
        typer.Option(
            help="A facet of your profile that this market is shown, such as languages; repeat it."
        ),
    ] = None,
    invitation_file: Annotated[
        Path | None,
        typer.Option(help="A file with the invitation code; without it a prompt asks if need be."),
    ] = None,
    sponsorship: Annotated[
        Path | None, typer.Option(help="The file that a member made with: vrm sponsor")
    ] = None,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Join the market as a member, under your profile key, or show it other facets than before.

    Members draw posting tokens. What you post with them is under other keys, and the market cannot tell whose.

        vrm join

        vrm join --show languages --show interests

        vrm join --sponsorship from-ada.json
    """
    wallet = open_wallet(home, passphrase_file)
    word = None
    if sponsorship is not None:
        word = membership.read_sponsorship(wallet, sponsorship.read_bytes())
    code = invitation_file.read_text(encoding="utf-8").strip() if invitation_file else None
    joined = console.run(_join(wallet, show, code, word))
    if json:
        console.print_json(joined)
        return
    console.say(
        f"You are a member of tier {joined.tier}, known as\n  {console.plain(joined.member)}"
    )
    console.note("Next: vrm tokens")


async def _join(
    wallet: Wallet, show: list[str] | None, code: str | None, word: dict[str, Any] | None
) -> Joined:
    async with client_of(wallet) as client:
        try:
            return await membership.join(
                wallet, client, now(), shows=show, invitation=code, sponsorship=word
            )
        except MarketRefused as refusal:
            if refusal.code != "invitation-required" or not console.err.is_terminal:
                raise
        asked = typer.prompt("Invitation code", hide_input=True, err=True)
        return await membership.join(wallet, client, now(), shows=show, invitation=asked)


def sponsor(
    candidate: Annotated[str, typer.Argument(help="The candidate's profile key: vrm profile show")],
    *,
    file: Annotated[Path, typer.Option(help="Where to write it.", show_default=False)],
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Speak for somebody who wants to join. Hand them the file; it is good until the epoch ends.

    vrm sponsor did:key:z6Mk... --file for-bob.json
    """
    wallet = open_wallet(home, passphrase_file)

    async def sign() -> Signed[Sponsorship]:
        async with client_of(wallet) as client:
            return await membership.sponsor(wallet, client, candidate)

    word = console.run(sign())
    with file.open("xb") as target:
        target.write(word.wire + b"\n")
    if json:
        console.print_json({"file": str(file), "epoch": word.body.epoch})
    else:
        console.say(f"Your word for them is in {file}. They join with: vrm join --sponsorship FILE")


def rotate(
    *,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Change to your next key, say since somebody may have the one of today. You stay the same member.

    vrm rotate
    """
    wallet = open_wallet(home, passphrase_file)

    async def change() -> Joined:
        async with client_of(wallet) as client:
            return await membership.rotate(wallet, client, now())

    joined = console.run(change())
    if json:
        console.print_json(joined)
    else:
        console.say(f"The key that signs for you is now\n  {console.plain(joined.key)}")


def leave(
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Leave without asking.")] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Leave the market: it deletes what it can and says what stays. Tokens already drawn stay good.

    vrm leave
    """
    wallet = open_wallet(home, passphrase_file)
    if not yes:
        typer.confirm("Leave the market?", abort=True, err=True)

    async def go() -> Departed:
        async with client_of(wallet) as client:
            return await membership.leave(wallet, client)

    departed = console.run(go())
    if json:
        console.print_json(departed)
        return
    for heading, lines in (("Deleted", departed.deleted), ("Stays", departed.stays)):
        console.say(f"{heading}:")
        for line in lines:
            console.say(f"  {console.plain(line)}")


def tokens(
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Show what the wallet has; draw nothing.")
    ] = False,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Draw this epoch's posting tokens, if that is not done, and show what is left.

    The wallet always draws the whole allotment, and first checks the market's key against its log. Run it now
    and then, not only before you post: whoever draws and posts in one minute is easy to guess.

        vrm tokens
    """
    wallet = open_wallet(home, passphrase_file)

    async def draw() -> State:
        async with client_of(wallet) as client:
            return await posting_tokens.draw_due(wallet, client)

    state = wallet.read() if offline else console.run(draw())
    epochs = [(own, recall(own.issuer, IssuerKey)) for own in state.epochs]
    if json:
        console.print_json(
            [
                {
                    "epoch": own.epoch,
                    "tier": own.tier,
                    "left": len(state.unused(own)),
                    "draws_until": issuer.draws_until,
                    "redeems_until": issuer.redeems_until,
                    "issuer": msgspec.Raw(own.issuer),
                }
                for own, issuer in epochs
            ]
        )
        return
    if not epochs:
        console.note(
            "No token yet; draw them with: vrm tokens"
            if offline
            else "This device has its share of your tokens from the next epoch on."
        )
        return
    rows = [
        (own.epoch, own.tier, len(state.unused(own)), issuer.redeems_until, issuer.key)
        for own, issuer in epochs
    ]
    console.out.print(console.table(("epoch", "tier", "left", "good until", "issuer key"), rows))


def stamps(
    *,
    pause: Pause = PAUSE,
    home: HomeFolder = None,
    passphrase_file: PassphraseFile = None,
    json: Json = False,
) -> None:
    """Deposit the stamps of earlier epochs, or else collect some for tokens that came to nothing.

    They count for your tier, and the market cannot tell which tokens they were for. Each is asked for alone and
    after a random while, some at a time, and not within an hour of anything that you did by name.

        vrm stamps
    """
    wallet = open_wallet(home, passphrase_file)

    async def work() -> tuple[int, Deposited | None]:
        async with client_of(wallet, pause) as client:
            if deposited := await own_stamps.deposit(wallet, client):
                return 0, deposited
            return await own_stamps.collect(wallet, client), None

    got, deposited = console.run(work())
    held = len(wallet.read().stamps)
    if json:
        console.print_json({"collected": got, "held": held, "deposited": deposited})
        return
    console.say(f"Collected {got} stamps, holding {held}.")
    if deposited:
        console.say(f"Deposited {deposited.fulfilled + deposited.returned} stamps.")
