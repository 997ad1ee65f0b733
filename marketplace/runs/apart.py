"""Resolving in a process of its own: it can be killed, its memory is given back, and the API goes on answering.

    python -m marketplace.runs.apart

reads what to do from its standard input, since a database's URL may hold a password and a command line is
everybody's to read. It ends when that input does, so it never outlives who started it.
"""

import asyncio
import contextlib
import os
import subprocess
import sys
import threading

import msgspec

from marketplace.db import Database
from marketplace.errors import MarketError
from marketplace.logging_setup import configure_logging
from marketplace.runs.lease import Lease, LeaseLost, Reach, pass_by
from marketplace.runs.resolving import resolve_here

LOST = 3
"""The exit code that says that the lease was lost."""


class Task(msgspec.Struct, frozen=True):
    """What the process is to resolve."""

    url: str
    day: str
    epoch: int


async def resolve_apart(db: Database, lease: Lease, reach: Reach) -> None:
    """Resolve a frozen run in a process of its own; cancelled, it kills the process.

    Raises:
        LeaseLost: another has taken the run over; nothing is stored.
        MarketError: the process failed; it has said why in the log.
    """
    # Not through asyncio: its subprocesses need an event loop that watches children.
    process = await asyncio.to_thread(_start)
    reach("resolver-started")
    try:
        code = await asyncio.to_thread(_give, process, Task(db.url, lease.day, lease.epoch))
    finally:
        process.kill()
    if code == LOST:
        raise LeaseLost(f"The run of {lease.day} is another's.")
    if code:
        raise MarketError(f"The resolver's process of {lease.day} ended with {code}.")
    reach("resolved")


def _start() -> "subprocess.Popen[bytes]":
    program = [sys.executable, "-m", "marketplace.runs.apart"]
    return subprocess.Popen(program, stdin=subprocess.PIPE, bufsize=0)  # noqa: S603 - our own


def _give(process: "subprocess.Popen[bytes]", task: Task) -> int:
    """Tell the process what to do, and wait for its end."""
    if process.stdin is None:
        raise ValueError("the process has no standard input")
    with process.stdin as pipe:
        # One that has ended already says why by its exit code.
        with contextlib.suppress(BrokenPipeError):
            pipe.write(msgspec.json.encode(task) + b"\n")
        return process.wait()


def _end_with_input() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


async def _resolve(task: Task) -> int:
    db = Database(task.url)
    try:
        await resolve_here(db, Lease(task.day, task.epoch), pass_by)
    except LeaseLost:
        return LOST
    finally:
        await db.dispose()
    return 0


def main() -> int:
    """Do what standard input says."""
    configure_logging()
    task = msgspec.json.decode(sys.stdin.buffer.readline(), type=Task)
    threading.Thread(target=_end_with_input, daemon=True).start()
    return asyncio.run(_resolve(task))


if __name__ == "__main__":
    # Not by sys.exit: the interpreter's end would wait for the thread that reads standard input.
    code = main()
    sys.stdout.flush()
    os._exit(code)
