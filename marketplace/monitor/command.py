"""The command ``market monitor``."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import anyio
import httpx
import msgspec
import typer

import crypto
from crypto import note as notes
from crypto.errors import LogError
from crypto.note import COSIGNATURE, Verifier
from marketplace.errors import MarketError
from marketplace.monitor import log, state
from marketplace.monitor.rounds import GRACE, Round, first_look, look
from marketplace.monitor.state import Watched
from vrm import console, keyfile
from vrm.client.public import PublicClient
from vrm.errors import MarketMisbehaved, MarketRefused, MarketUnreachable

Once = Callable[[], Awaitable[tuple[Watched, Round]]]

ALARM: Final = 1
"""The exit code of a look that found something."""
TIMEOUT: Final = 30.0


def monitor(
    url: Annotated[str, typer.Argument(help="The market's address.")],
    *,
    state_file: Annotated[
        Path, typer.Option("--state", help="What the monitor remembers; made at the first look.")
    ],
    receipts: Annotated[
        Path | None,
        typer.Option(help="A folder of signed receipts, one to a .json file.", show_default=False),
    ] = None,
    compare: Annotated[
        list[str] | None,
        typer.Option(
            help="A head that somebody else was shown: another monitor's --state or --head-out, as a file or "
            "an address; may be repeated.",
            show_default=False,
        ),
    ] = None,
    head_out: Annotated[
        Path | None,
        typer.Option(help="Write the head here, for others to compare.", show_default=False),
    ] = None,
    witness_key: Annotated[
        Path | None,
        typer.Option(
            help="Cosign the head with the key of this file; made if there is none.",
            show_default=False,
        ),
    ] = None,
    witness_name: Annotated[
        str, typer.Option(help="The witness's name, such as witness.example.")
    ] = "witness",
    grace_minutes: Annotated[
        float, typer.Option(min=0, help="How late a freeze or a receipt's leaf may be.")
    ] = GRACE.total_seconds() / 60,
    interval: Annotated[
        float | None,
        typer.Option(min=1, help="Look again every so many seconds, for ever.", show_default=False),
    ] = None,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Watch a market from outside: its log, its freezes, its seeds, its days; exits 1 on an alarm.

    What it finds is kept in the file with the signed heads that show it. Run it by a timer, or with --interval.

    market monitor https://market.example --state market.json --receipts receipts/
    """
    signer = None if witness_key is None else _witness(witness_key, witness_name, passphrase_file)
    grace = timedelta(minutes=grace_minutes)

    async def once() -> tuple[Watched, Round]:
        watched = state.read(state_file)
        market = None if watched is None else watched.market
        async with PublicClient(url, market=market) as client:
            if watched is None:
                watched = await first_look(client)
            held = [] if receipts is None else log.receipts_in(receipts, watched.market)
            others = [await _head_of(source) for source in compare or []]
            now = datetime.now(UTC)
            found = await look(client, watched, now, receipts=held, others=others, grace=grace)
        state.write(state_file, watched)
        if head_out is not None:
            _publish(found, head_out, signer, witness_name)
        return watched, found

    if interval is not None:
        console.run(_watch(once, interval, as_json))
        return
    watched, found = console.run(once())
    _tell(watched, found, as_json)
    if found.alarms:
        raise typer.Exit(ALARM)


async def _watch(once: Once, every: float, as_json: bool) -> None:
    while True:
        try:
            _tell(*(await once()), as_json)
        except (MarketUnreachable, MarketRefused) as error:
            console.note(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {error}")
        except MarketMisbehaved as error:
            console.say(f"ALARM: misbehaved: {console.plain(str(error))}")
        await asyncio.sleep(every)


def _publish(found: Round, to: Path, signer: crypto.SigningKey | None, name: str) -> None:
    """Write a head that holds for others to compare, cosigned by the witness if there is one."""
    if found.head is None or found.alarms:
        return
    shown = found.head.note
    if signer is not None:
        shown = notes.cosign(shown, signer, name, time=int(datetime.now(UTC).timestamp()))
    to.write_text(shown)


def _witness(file: Path, name: str, passphrase_file: Path | None) -> crypto.SigningKey:
    if not file.exists():
        seed = crypto.SigningKey.generate().seed
        keyfile.create(file, seed, keyfile.passphrase(passphrase_file, confirm=True))
    key = crypto.SigningKey.from_seed(keyfile.load(file, keyfile.passphrase(passphrase_file)))
    try:
        console.note(f"Witness: {Verifier(name, key.public, COSIGNATURE).text}")
    except LogError as error:
        raise MarketError(f"--witness-name: {error}") from None
    return key


async def _head_of(source: str) -> str:
    """The note in a file or at an address: a bare note, or a monitor's own file."""
    try:
        if source.startswith(("http://", "https://")):
            async with httpx.AsyncClient(timeout=TIMEOUT) as http:
                answer = await http.get(source)
                answer.raise_for_status()
                text = answer.text
        else:
            text = await anyio.Path(source).read_text()
    except (httpx.HTTPError, OSError, UnicodeDecodeError) as error:
        raise MarketError(f"{source}: {error}") from None
    if not text.startswith("{"):
        return text
    try:
        return msgspec.json.decode(text, type=Watched).head
    except msgspec.DecodeError as error:
        raise MarketError(f"{source} is neither a head nor a monitor's file: {error}") from None


def _tell(watched: Watched, found: Round, as_json: bool) -> None:
    size = None if found.head is None else found.head.size
    if as_json:
        answer: dict[str, Any] = {
            "market": watched.market,
            "size": size,
            "head": watched.head,
            "days": watched.days,
            "receipts_found": len(watched.found),
            "alarms": found.alarms,
            "history": watched.history,
        }
        console.print_json(answer)
        return
    for alarm in found.alarms:
        console.say(console.plain(f"ALARM: {alarm.code}: {alarm.subject}: {alarm.detail}"))
    days = f"{len(watched.days)} days verified, {len(watched.found)} receipts found"
    told = f"{size or 0:,} leaves, {days}."
    if found.alarms:
        console.say(f"{told} {len(found.alarms)} alarms.")
    else:
        console.say(f"{told} All is as it should be.")
