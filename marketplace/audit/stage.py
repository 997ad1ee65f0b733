"""What a play needs: a clock that it moves, a server on loopback, processes of players, an ear for the logs."""

import asyncio
import contextlib
import json
import logging
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import structlog
import uvicorn

from marketplace.errors import MarketError
from marketplace.tokens import service as tokens


class Clock:
    """The market's time, which the play moves on."""

    def __init__(self, now: int) -> None:
        self.now = now

    def __call__(self) -> float:
        return float(self.now)


@contextlib.contextmanager
def overheard(lines: list[str]) -> Iterator[None]:
    """Keep all that is logged."""

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(record.getMessage())

    keeping = Keeping()
    logging.getLogger().addHandler(keeping)
    with structlog.testing.capture_logs() as events:
        try:
            yield
        finally:
            logging.getLogger().removeHandler(keeping)
            lines += [json.dumps(event, default=str) for event in events]


@contextlib.contextmanager
def taking(*, any_challenge: bool) -> Iterator[None]:
    """Have the market take tokens for whatever challenge it has made up."""
    if not any_challenge:
        yield
        return
    strict = getattr(tokens, "verify")  # noqa: B009

    def lenient(token: Any, *, challenge: Any, key: Any) -> None:
        strict(token, challenge=_Answered(token.challenge_digest), key=key)
        del challenge

    setattr(tokens, "verify", lenient)  # noqa: B010 - this process alone, and put back
    try:
        yield
    finally:
        setattr(tokens, "verify", strict)  # noqa: B010


@dataclass(frozen=True)
class _Answered:
    digest: bytes


@contextlib.asynccontextmanager
async def served(app: Any) -> AsyncIterator[str]:
    """An application on loopback; gives its address."""
    config = uvicorn.Config(
        app, log_level="warning", access_log=False, server_header=False, lifespan="on"
    )
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            while not server.started:
                if serving.done():
                    raise MarketError("The audited market did not start.")
                await asyncio.sleep(0.01)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def playing(module: str, *words: str) -> AsyncIterator[Process]:
    """A process of players, which is told what to do."""
    player = await asyncio.create_subprocess_exec(
        sys.executable, "-m", module, *words, stdin=PIPE, stdout=PIPE, limit=1 << 26
    )
    try:
        yield player
    finally:
        if player.stdin is not None:
            player.stdin.close()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(player.wait(), 10)
        if player.returncode is None:
            player.kill()
            await player.wait()


async def tell(player: Process, **order: Any) -> Any:
    """Tell players what to do, and wait for what they answer.

    Raises:
        MarketError: they gave up.
    """
    if player.stdin is None or player.stdout is None:
        raise MarketError("The players cannot be spoken to.")
    player.stdin.write(json.dumps(order).encode() + b"\n")
    await player.stdin.drain()
    line = await player.stdout.readline()
    if not line:
        raise MarketError(f"The players gave up when told to {order['do']}.")
    return json.loads(line)
