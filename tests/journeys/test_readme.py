"""What the README shows is what happens: its commands, in its order, against a market that they make."""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from crypto import SigningKey

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
COMMANDS = re.findall(r"^\$ (.+)$", README, re.MULTILINE)
PATIENCE_SECONDS = 60


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        found: int = probe.getsockname()[1]
    return found


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    passphrase = tmp_path / "passphrase"
    passphrase.write_text("a passphrase for one test\n")
    passphrase.chmod(0o600)
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "VRM_PASSPHRASE_FILE": str(passphrase),
        "VRM_MARKET_HOME": str(tmp_path / "market"),
        "VRM_HOME": str(tmp_path / "wallet"),
        "VENDOR_HOME": str(tmp_path / "vendor"),
        "COLUMNS": "200",
    }


@pytest.mark.timeout(300)  # some twenty programs, one after the other
async def test_readme_leads_from_nothing_to_an_assignment(
    port: int, environment: dict[str, str]
) -> None:
    said: dict[str, str] = {}
    init, serve, *rest = (command.replace("8000", str(port)) for command in COMMANDS)
    _run(init, environment)
    with _serving(serve, environment, port):
        for command in rest:
            if command == "market resolve":
                await _offer_strollers()(f"http://127.0.0.1:{port}", SigningKey.generate())
            said[" ".join(command.split()[:2])] = _run(command, environment)
            if command.startswith("vrm request "):
                _await_publication(port)
    assert "1 requests, 2 bids, 1 assigned" in said["market resolve"]
    # Both shops stand at one place's postal code; the cheaper one is the README's own Python.
    assert "Twin stroller" not in said["vendor inbox"]


def _offer_strollers() -> Callable[[str, SigningKey], Awaitable[None]]:
    """The README's Python, as it stands there."""
    snippet = re.search(r"```python\n(.+?)```", README, re.DOTALL)
    assert snippet is not None
    scope: dict[str, object] = {}
    exec(compile(snippet.group(1), "README.md", "exec"), scope)  # noqa: S102 - our own text
    program = scope["offer_strollers"]
    assert callable(program)
    return program


def _run(command: str, environment: dict[str, str]) -> str:
    done = subprocess.run(
        shlex.split(command),
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


@contextmanager
def _serving(command: str, environment: dict[str, str], port: int) -> Iterator[None]:
    server = subprocess.Popen(
        shlex.split(command), cwd=ROOT, env=environment, stderr=subprocess.DEVNULL
    )
    try:
        _await(lambda: httpx.get(f"http://127.0.0.1:{port}/ready").is_success)
        yield
    finally:
        server.terminate()
        server.wait(15)


def _await_publication(port: int) -> None:
    batches = f"http://127.0.0.1:{port}/batches"
    _await(lambda: bool(httpx.get(batches).json()["items"]))


def _await(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        try:
            if condition():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.2)
    raise AssertionError("waited in vain")
