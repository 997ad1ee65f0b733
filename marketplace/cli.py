"""The operator's command line, ``market``."""

import asyncio
import os
import signal
from pathlib import Path
from typing import Annotated, NoReturn

import dramatiq
import msgspec
import typer
from sqlalchemy.exc import SQLAlchemyError

from marketplace import schema
from marketplace.audit.command import audit_privacy
from marketplace.demo import play
from marketplace.disputes.command import dispute, disputes, rule
from marketplace.errors import ConfigurationError, MarketError
from marketplace.health import service as health
from marketplace.identity import Identity
from marketplace.jobs.worker import working
from marketplace.log import command as log
from marketplace.logging_setup import configure_logging
from marketplace.market import Market
from marketplace.members import service as members
from marketplace.moderation.command import hide, reports, unhide
from marketplace.monitor.command import monitor
from marketplace.new_market import write_home
from marketplace.replay.command import replay
from marketplace.runs import operation
from marketplace.serving import listen
from marketplace.settings import Settings, load_settings
from marketplace.unlocking import Home, unlocked, with_market
from marketplace.vendors import service as vendors
from marketplace.verify.command import bundle, verify
from marketplace.whatif.command import whatif
from vrm import console, keyfile

app = console.application(
    "Run a personal-request market: customers post anonymous requests, vendors bid, and each market day "
    "every request goes to the best-reputation vendor nearby.\n\n"
    "First: [bold]market init --name 'My market'[/], then [bold]market serve[/]. "
    "To see it all at work: [bold]market demo[/]."
)

LOOPBACK = ("127.0.0.1", "::1", "localhost")


@app.command()
def init(
    home: Home,
    name: Annotated[str, typer.Option(help="What the market is called.")],
    time_zone: Annotated[str, typer.Option(help="IANA zone of the cutoffs.")] = "UTC",
    cutoff: Annotated[
        list[str] | None, typer.Option(help="Local time HH:MM; may be repeated.")
    ] = None,
    currency: Annotated[str, typer.Option(help="ISO 4217 code.")] = "EUR",
    admission: Annotated[str, typer.Option(help="open, or invited (see: market invite).")] = "open",
    bids_close_minutes: Annotated[
        int, typer.Option(help="Bids close so long before a cutoff.")
    ] = 60,
    minimum_open_minutes: Annotated[
        int, typer.Option(help="A request is open at least so long.")
    ] = 720,
    batch_seconds: Annotated[
        int, typer.Option(help="Requests are published at these instants.")
    ] = 3600,
    batch_minimum: Annotated[
        int, typer.Option(help="Wait until so many authors stand together, at most for the day.")
    ] = 10,
    public_url: Annotated[str, typer.Option(help="Under which callers reach the market.")] = "",
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Make a market: settings, encrypted keys, an agreement, an empty database.

    Example: market init --name "Wien" --time-zone Europe/Vienna --cutoff 18:00 --currency EUR
    """
    settings = write_home(
        home,
        keyfile.passphrase(passphrase_file, confirm=True),
        name=name,
        time_zone=time_zone,
        cutoffs=sorted(cutoff or ["18:00"]),
        currency=currency,
        admission=admission,
        bids_close_minutes=bids_close_minutes,
        minimum_open_minutes=minimum_open_minutes,
        batch_seconds=batch_seconds,
        batch_minimum=batch_minimum,
        public_url=public_url,
    )
    if as_json:
        console.print_json({"home": str(settings.home), "database": settings.database})
        return
    console.out.print(f"Made the market {settings.name} in {settings.home}.")
    console.out.print(f"Settings: {home / 'market.toml'}; agreements: {settings.terms_folder}.")
    console.out.print("Next: market serve")


@app.command()
def serve(
    home: Home,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.", min=0, max=65535)] = 8000,
    worker: Annotated[
        bool | None,
        typer.Option(
            "--worker/--no-worker",
            help="Also run worker and scheduler here; the default is yes without a broker_url.",
        ),
    ] = None,
    passphrase_file: console.PassphraseFile = None,
) -> None:
    """Serve the API, and without a broker also the daily job. Upgrades the schema first.

    The API's description: http://127.0.0.1:8000/docs
    """
    settings, identity = unlocked(home, passphrase_file)
    if not settings.public_url and host not in LOOPBACK:
        raise ConfigurationError(
            "Set public_url in market.toml before listening beyond this machine: signed reads are checked "
            "against it, or one made for another market could be replayed here."
        )
    schema.upgrade(settings.database)
    works = not settings.broker_url if worker is None else worker
    console.note(f"{settings.name} ({identity.did}) starts on http://{host}:{port}")
    if not works:
        console.note("No worker runs in this process: start one with `market worker`.")
    listen(settings, identity, host=host, port=port, works=works)


@app.command()
def worker(home: Home, passphrase_file: console.PassphraseFile = None) -> None:
    """Run worker and scheduler in a process of their own, beside `market serve --no-worker`.

    Any number may run; the database decides who does what.
    """
    settings, identity = unlocked(home, passphrase_file)
    console.run(_work(settings, identity))


@app.command()
def resolve(
    home: Home,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the run.", min=1)] = 600,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Close the open market day now, before its cutoff, and wait for its run."""
    settings, identity = unlocked(home, passphrase_file)
    report = console.run(operation.resolve_now(lambda: Market.open(settings, identity), timeout))
    if as_json:
        console.print_json(report)
        return
    console.out.print(
        f"{report['day']}: {report['requests']} requests, {report['bids']} bids, "
        f"{report['assigned']} assigned, {report['fallback']} shipped by brands."
    )
    for reason, count in report["unfilled"].items():
        console.out.print(f"  unfilled, {reason}: {count}")


@app.command()
def status(
    home: Home, passphrase_file: console.PassphraseFile = None, as_json: console.Json = False
) -> None:
    """Show how the market stands: counts, the next cutoff, the newest runs."""
    settings, identity = unlocked(home, passphrase_file)
    found = console.run(with_market(settings, identity, health.tell_status))
    if as_json:
        console.print_json(found._asdict())
        return
    console.out.print(f"{found.name} ({found.did})\nnow {found.now}, next cutoff {found.cutoff}\n")
    console.out.print(console.table(["", "count"], found.counts.items()))
    rows = [
        (run["day"], run["stage"], run["report"]["assigned"] if run["report"] else "")
        for run in found.runs
    ]
    if rows:
        console.out.print(console.table(["day", "stage", "assigned"], rows))


@app.command()
def invite(
    home: Home,
    uses: Annotated[int, typer.Option(help="How many may use it.", min=1)] = 1,
    members_too: Annotated[
        bool, typer.Option("--members", help="For customers who join, in place of vendors.")
    ] = False,
    passphrase_file: console.PassphraseFile = None,
    as_json: console.Json = False,
) -> None:
    """Make an invitation code for vendors, or for members; it is shown once, and kept only as a digest."""
    settings, identity = unlocked(home, passphrase_file)

    async def make(market: Market) -> str:
        if members_too:
            return await members.invite(market, uses)
        return await vendors.invite(market, uses)

    code = console.run(with_market(settings, identity, make))
    if as_json:
        console.print_json({"invitation": code, "uses": uses})
    else:
        console.out.print(code)


@app.command("members")
def list_members(
    home: Home, passphrase_file: console.PassphraseFile = None, as_json: console.Json = False
) -> None:
    """List the members: their names, their tiers, and what they show this market of their profiles."""
    settings, identity = unlocked(home, passphrase_file)
    found = console.run(with_market(settings, identity, members.list_all))
    if as_json:
        console.print_json(found)
        return
    rows = [(one.member, one.tier, _shown(bytes(one.profile))) for one in found]
    console.out.print(console.table(["member", "tier", "shows"], rows))


def _shown(profile: bytes) -> str:
    facets = msgspec.json.decode(profile)["credentialSubject"]
    return ", ".join(sorted(name for name in facets if name != "id")) or "nothing"


@app.command()
def suspend(
    home: Home,
    dids: Annotated[list[str], typer.Argument(help="The vendors' did:key.")],
    reason: Annotated[str, typer.Option(help="Why, for all to read: the log keeps it.")],
    lift: Annotated[bool, typer.Option("--lift", help="Reinstate them instead.")] = False,
    passphrase_file: console.PassphraseFile = None,
) -> None:
    """Suspend vendors: they read and bid no more, and their standing bids cannot win."""
    settings, identity = unlocked(home, passphrase_file)

    async def all_of_them(market: Market) -> None:
        for did in dids:
            await vendors.suspend(market, did, reason, suspended=not lift)

    console.run(with_market(settings, identity, all_of_them))
    console.out.print(f"{'Reinstated' if lift else 'Suspended'} {len(dids)} vendors.")


@app.command()
def upgrade(home: Home) -> None:
    """Bring the database's schema up to this version. `market serve` does so by itself."""
    settings = load_settings(home)
    schema.upgrade(settings.database)
    console.out.print("The schema is that of this version.")


@app.command()
def demo(
    home: Annotated[Path, typer.Option(help="Where to keep the demo's market and wallets.")] = Path(
        "demo-market"
    ),
    requests: Annotated[
        int, typer.Option(help="How many customers post a request on the first day.", min=1)
    ] = 300,
    vendors_count: Annotated[
        int, typer.Option("--vendors", help="How many vendors bid.", min=1)
    ] = 60,
    seed: Annotated[int, typer.Option(help="Another seed plays other days.")] = 2026,
    as_json: console.Json = False,
) -> None:
    """Play three market days: market, vendors and customers as separate processes that share only HTTP.

    Every assignment is checked again from the published run by a referee with code of its own; the exit
    code is 1 if anything differs.
    """
    play(home, requests=requests, vendors=vendors_count, seed=seed, as_json=as_json)


app.add_typer(log.app, name="log")
for command in (
    *(audit_privacy, reports, hide, unhide, disputes, dispute, rule),
    *(replay, bundle, verify, whatif, monitor),
):
    app.command()(command)


def main() -> NoReturn:
    """Run the command line."""
    os.umask(0o077)  # the database holds what waits for publication; it is nobody else's to read
    configure_logging()
    console.main(app, "market", also=(MarketError, SQLAlchemyError, dramatiq.DramatiqError))


async def _work(settings: Settings, identity: Identity) -> None:
    market = Market.open(settings, identity)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    try:
        async with working(market, lambda: Market.open(settings, identity)):
            console.note(f"{settings.name}: working.")
            await stop.wait()
    finally:
        await market.db.dispose()
