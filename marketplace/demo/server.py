"""The demo's market, whose clock is behind: ``python -m marketplace.demo.server HOME PORT SECONDS``."""

import sys
import time
from pathlib import Path

from marketplace import schema
from marketplace.serving import listen
from marketplace.unlocking import unlocked


def main() -> None:
    """Serve on loopback until told to stop."""
    home, port, behind = sys.argv[1:]
    settings, identity = unlocked(Path(home), None)
    schema.upgrade(settings.database)
    listen(
        settings,
        identity,
        host="127.0.0.1",
        port=int(port),
        works=True,
        clock=lambda: time.time() - int(behind),
    )


if __name__ == "__main__":
    main()
