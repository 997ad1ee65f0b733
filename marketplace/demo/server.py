"""The demo's market, whose clock is behind: ``python -m marketplace.demo.server HOME PORT SECONDS``.

Each line of standard input sets anew by how many seconds.
"""

import sys
import threading
import time
from pathlib import Path

from marketplace import schema
from marketplace.serving import listen
from marketplace.unlocking import unlocked


class Clock:
    """A clock that is behind."""

    def __init__(self, behind: int) -> None:
        self.behind = behind

    def __call__(self) -> float:
        return time.time() - self.behind

    def obey(self) -> None:
        """Be behind as told, until nobody tells any more."""
        for line in sys.stdin:
            self.behind = int(line)


def main() -> None:
    """Serve on loopback until told to stop."""
    home, port, behind = sys.argv[1:]
    settings, identity = unlocked(Path(home), None)
    schema.upgrade(settings.database)
    clock = Clock(int(behind))
    threading.Thread(target=clock.obey, daemon=True).start()
    listen(settings, identity, host="127.0.0.1", port=int(port), works=True, clock=clock)


if __name__ == "__main__":
    main()
