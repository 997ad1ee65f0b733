"""One market day on this machine: market, vendors, customers and a referee, each a process of its own.

They share nothing but HTTP. The players are the programs of `vrm.demo`, which know nothing of this package;
the day is closed by the operator's own command, the referee checks what was published, and the day's bundle is
verified from its file alone.
"""

import asyncio
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from crypto.vault import Cost
from marketplace.bundle.source import save
from marketplace.demo.clock import hold_next_tick
from marketplace.demo.lists import (
    PATIENCE_SECONDS,
    await_announcements,
    await_mail,
    await_publication,
)
from marketplace.demo.telling import stories, tell
from marketplace.errors import ConfigurationError, MarketError
from marketplace.identity import Identity
from marketplace.new_market import write_home
from marketplace.settings import SETTINGS_FILE, Settings
from marketplace.unlocking import unlocked, with_market
from marketplace.verify.checking import verify
from vrm import console, keyfile

ZONE = "America/Chicago"
CENTRE = "60601"
MARKER = ".vrm-demo"
TICKS = """\
acknowledge_minutes = 30
tick_minutes = 5
"""
"""How soon the demo's vendors must answer: well before its next cutoff."""
FOLLOWED = ("accepted", "declined", "timed_out", "placed_again", "shipped")
"""What became of the assignments, as the referee counts it."""


def play(home: Path, *, requests: int, vendors: int, seed: int, as_json: bool) -> None:
    """Play one day and tell about it.

    Raises:
        ConfigurationError: the folder holds something that is no demo.
        MarketError: a player failed, or the referee found a difference.
    """
    started = time.monotonic()
    passphrase_file = _new_home(home)
    with _serving(home, passphrase_file) as url:
        _say(f"The market listens on {url}.")
        _player("vendors", url, home, "--phase", "register", "--count", vendors, "--seed", seed)
        posted = _player("customers", url, home, "--count", requests, "--seed", seed)
        await_publication(url, posted["requests"], posted["withdrawn"])
        _say(f"{posted['requests']} requests are on the board, {posted['withdrawn']} taken back.")
        bidding = _player(
            "vendors", url, home, "--phase", "bid", "--count", vendors, "--seed", seed
        )
        bids = bidding["bids"]
        await_mail(
            url, bids + posted["requests"] + posted["withdrawn"]
        )  # these come back as copies
        chosen = _player("customers", url, home, "--phase", "prefer", "--seed", seed)
        _say(
            f"{bids} bids are in, and {chosen['preferred']} customers have put theirs into an order of "
            "their own. The operator closes the day."
        )
        _suspend(home, passphrase_file, bidding["to_suspend"])
        report = _run([*_market("resolve", home), "--json"], passphrase_file)
        settings, identity = unlocked(home / "market", passphrase_file)
        _play_cascade(url, home, settings, identity, report["day"])
        verdict = _run(
            [*_python("vrm.demo.referee"), "--market", url, "--day", report["day"], "--json"]
        )
        told = stories(url, report["day"])
        bundle = home / f"{report['day']}.bundle"
        asyncio.run(with_market(settings, identity, lambda own: save(own, report["day"], bundle)))
    faults = [*verdict["faults"], *_faults_of(bundle)]
    summary = {
        "requests": report["requests"],
        "bids": report["bids"],
        "assigned": report["assigned"],
        "fallback": report["fallback"],
        "items_served_nearby": verdict.get("items_served_nearby"),
        "unfilled": report["unfilled"],
        **{name: verdict.get(name) for name in FOLLOWED},
        "median_km": verdict.get("median_km"),
        "bundle": str(bundle),
        "verified": not faults,
        "seconds": round(time.monotonic() - started, 1),
    }
    if as_json:
        console.print_json(summary)
    else:
        tell(home, url, report["day"], summary, verdict, told, posted)
    if faults:
        raise MarketError(f"The day is not as it should be: {'; '.join(faults[:3])}")


def _new_home(home: Path) -> Path:
    """Make the demo's market; answers where its passphrase lies."""
    if home.exists():
        if not (home / MARKER).exists():
            raise ConfigurationError(
                f"{home} exists and is no demo; name another folder by --home."
            )
        shutil.rmtree(home)
    home.mkdir(parents=True, mode=0o700)
    (home / MARKER).touch()
    passphrase = secrets.token_urlsafe(18)
    passphrase_file = home / "passphrase"
    keyfile.write_private(passphrase_file, passphrase.encode())
    write_home(
        home / "market",
        passphrase.encode(),
        cost=Cost.MINIMUM,  # the passphrase lies beside the file: nothing is gained by guessing slowly
        name="Chicago personal-request market",
        time_zone=ZONE,
        cutoffs=[_far_cutoff()],
        currency="USD",
        admission="open",
        bids_close_minutes=0,
        minimum_open_minutes=0,
        batch_seconds=1,
        batch_minimum=1,
    )
    with (home / "market" / SETTINGS_FILE).open("a") as settings:  # its last table is the schedule
        settings.write(TICKS)
    return passphrase_file


def _faults_of(bundle: Path) -> list[str]:
    """Verify the day from its bundle alone."""
    with bundle.open("rb") as file:
        found = verify(file, processes=1, progress=lambda *_: None).day.findings
    return [f"{fault.step}: {fault.subject}: {fault.detail}" for fault in found.faults]


def _play_cascade(url: str, home: Path, settings: Settings, identity: Identity, day: str) -> None:
    """Let vendors answer, and hold tick after tick of the day, until nothing waits for an answer."""
    held = -1
    while True:
        ticks = await_announcements(url, day)
        if ticks > held:
            said = _player("vendors", url, home, "--phase", "answer")
            _say(f"Vendors accept {said['accepted']} assignments and decline {said['declined']}.")
            held = ticks
        instant = hold_next_tick(settings, identity)
        if instant is None:
            return
        _say(f"The clock goes on to {instant}.")


def _far_cutoff() -> str:
    """A cutoff twelve hours away, so that the day closes when the demo says so and not before."""
    return (datetime.now(UTC) + timedelta(hours=12)).astimezone(ZoneInfo(ZONE)).strftime("%H:00")


@contextmanager
def _serving(home: Path, passphrase_file: Path) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    log = (home / "market.log").open("wb")
    server = subprocess.Popen(  # noqa: S603
        [*_market("serve", home), "--port", str(port)],
        env=_environment(passphrase_file),
        stdout=log,
        stderr=log,
    )
    try:
        _await_ready(url, server, home / "market.log")
        yield url
    finally:
        server.terminate()
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()
        log.close()


def _await_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise MarketError(f"The market did not start; see {log}.")


def _player(name: str, url: str, home: Path, *arguments: object) -> dict[str, Any]:
    words = [*_python(f"vrm.demo.{name}"), "--market", url, "--home", str(home / name)]
    words += ["--centre", CENTRE, *map(str, arguments), "--json"]
    return _run(words)


def _run(words: list[str], passphrase_file: Path | None = None) -> dict[str, Any]:
    done = subprocess.run(  # noqa: S603
        words, env=_environment(passphrase_file), stdout=subprocess.PIPE, check=False, text=True
    )
    try:
        found: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        raise MarketError(f"{' '.join(words[1:4])} ended with code {done.returncode}.") from None
    return found


def _suspend(home: Path, passphrase_file: Path, dids: list[str]) -> None:
    """Let the operator suspend vendors that have bid, so that some requests have no eligible bid."""
    if dids:
        words = [
            *_market("suspend", home),
            "--reason",
            "Goods that do not exist (part of the demo)",
            *dids,
        ]
        subprocess.run(  # noqa: S603
            words, env=_environment(passphrase_file), stdout=subprocess.DEVNULL, check=True
        )


def _environment(passphrase_file: Path | None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VRM_")}
    if passphrase_file is not None:
        inherited[keyfile.PASSPHRASE_FILE_VARIABLE] = str(passphrase_file)
    return inherited


def _python(module: str) -> list[str]:
    return [sys.executable, "-m", module]


def _market(command: str, home: Path) -> list[str]:
    return [*_python("marketplace"), command, "--home", str(home / "market")]


def _say(line: str) -> None:
    console.note(line)
