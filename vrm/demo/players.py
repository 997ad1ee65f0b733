"""The demo's players, each call a process of its own: ``python -m vrm.demo.players``.

Each line of standard input is a JSON list of a player's name and the words of its command line. The player is
forked off, so that it need not import again what this process has imported, and its exit code and what it
printed come back as one line of JSON.
"""

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

import msgspec

from vrm.demo import customers, referee, vendors

PLAYERS: Final[dict[str, Callable[[], NoReturn]]] = {
    "customers": customers.main,
    "vendors": vendors.main,
    "referee": referee.main,
}


def main() -> None:
    """Let players play, one after the other, until nobody asks for one."""
    for line in sys.stdin:
        name, *words = msgspec.json.decode(line, type=list[str])
        with tempfile.TemporaryFile() as told:
            child = os.fork()
            if child == 0:
                _play(name, words, told.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            told.seek(0)
            answer = msgspec.json.encode([code, told.read().decode()])
        sys.stdout.write(answer.decode() + "\n")
        sys.stdout.flush()


def _play(name: str, words: Sequence[str], told: int) -> NoReturn:
    """Play in the forked process, which ends here whatever happens."""
    code: object = 1
    try:
        os.dup2(told, sys.stdout.fileno())
        os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
        sys.argv = [name, *words]
        PLAYERS[name]()
    except SystemExit as end:
        code = end.code
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
