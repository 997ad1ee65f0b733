"""The demo's stage: the market's process, and the players', which share nothing but HTTP."""

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
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from crypto.vault import Cost
from marketplace.demo.lists import PATIENCE_SECONDS
from marketplace.errors import ConfigurationError, MarketError
from marketplace.identity import Identity
from marketplace.market import Market
from marketplace.new_market import write_home
from marketplace.settings import SETTINGS_FILE, Settings
from vrm import keyfile

ZONE = "America/Chicago"
CENTRE = "60601"
MARKER = ".vrm-demo"
TICKS = """\
acknowledge_minutes = 30
tick_minutes = 5
"""
"""How soon the demo's vendors must answer: well before its next cutoff."""


@dataclass(frozen=True)
class Stage:
    """A market that is served, and by how many seconds its clock and all players' are behind."""

    home: Path
    url: str
    behind: int
    settings: Settings
    identity: Identity
    server: "subprocess.Popen[str]"
    players: "subprocess.Popen[str]"
    """See `vrm.demo.players`."""

    def at(self, behind: int) -> "Stage":
        """Go on to another time: the market's clock is told, the players are as they begin."""
        _tell(self.server, str(behind))
        return replace(self, behind=behind)

    def seconds(self) -> float:
        """The play's time, in seconds since 1970."""
        return time.time() - self.behind

    def market(self) -> Market:
        """Open the market in this process, for what its operator does."""
        return Market.open(self.settings, self.identity, clock=self.seconds)

    def play(self, name: str, *arguments: object) -> dict[str, Any]:
        """Let the vendors or the customers do something; answers what they tell of it.

        Raises:
            MarketError: they failed.
        """
        words = ["--market", self.url, "--home", str(self.home / name), "--centre", CENTRE]
        words += ["--behind", str(self.behind), *map(str, arguments), "--json"]
        return self.judge(name, *words)

    def judge(self, name: str, *words: str) -> dict[str, Any]:
        """Let a player do something, and read what it found.

        Raises:
            MarketError: it failed.
        """
        _tell(self.players, json.dumps([name, *words]))
        answer = self.players.stdout.readline() if self.players.stdout else ""
        if not answer:
            raise MarketError("The players have gone.")
        code, told = json.loads(answer)
        try:
            found: dict[str, Any] = json.loads(told)
        except ValueError:
            raise MarketError(f"The player {name} ended with code {code}.") from None
        return found


def _tell(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


def new_home(home: Path) -> Path:
    """Make the demo's market; answers where its passphrase lies.

    Raises:
        ConfigurationError: the folder holds something that is no demo.
    """
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


def _free_port() -> int:
    """A port of loopback on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    return port


def _far_cutoff() -> str:
    """A cutoff twelve hours away, so that a day closes when the demo says so and not before."""
    return (datetime.now(UTC) + timedelta(hours=12)).astimezone(ZoneInfo(ZONE)).strftime("%H:00")


@contextmanager
def serving(
    home: Path, passphrase_file: Path, behind: int, settings: Settings, identity: Identity
) -> Iterator[Stage]:
    """Serve the market while the block runs.

    Args:
        behind: seconds.

    Raises:
        MarketError: it did not start.
    """
    port = _free_port()
    log = home / "market.log"
    words = [sys.executable, "-m", "marketplace.demo.server", str(home / "market")]
    pipe = subprocess.PIPE
    with (
        log.open("ab") as told,
        subprocess.Popen(
            [sys.executable, "-m", "vrm.demo.players"],
            env=_environment(),
            stdin=pipe,
            stdout=pipe,
            text=True,
        ) as players,
    ):
        server = subprocess.Popen(  # noqa: S603
            [*words, str(port), str(behind)],
            env=_environment(passphrase_file),
            stdin=pipe,
            stdout=told,
            stderr=told,
            text=True,
        )
        stage = Stage(home, f"http://127.0.0.1:{port}", behind, settings, identity, server, players)
        try:
            _await_ready(stage.url, server, log)
            yield stage
        finally:
            server.terminate()
            try:
                server.communicate(timeout=10)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()


def _await_ready(url: str, server: subprocess.Popen[str], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(f"{url}/ready", timeout=2).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.1)
    raise MarketError(f"The market did not start; see {log}.")


def _environment(passphrase_file: Path | None = None) -> dict[str, str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("VRM_")}
    if passphrase_file is not None:
        inherited[keyfile.PASSPHRASE_FILE_VARIABLE] = str(passphrase_file)
    return inherited
