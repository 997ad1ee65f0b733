"""Three market days on this machine: market, vendors, customers and a referee, each a process of its own.

They share nothing but HTTP. The players are the programs of `vrm.demo`, which know nothing of this package;
each day is closed by the operator's own use case, the referee checks what was published, and the day's bundle
is verified from its file alone. The first days lie in the past, so that the last one ends now.
"""

import time
from pathlib import Path

from marketplace.demo.day import Played, play_day, say
from marketplace.demo.stage import new_home, serving
from marketplace.demo.standing import Standings, standings
from marketplace.demo.telling import tell
from marketplace.errors import MarketError
from marketplace.logging_setup import configure_logging
from marketplace.unlocking import unlocked
from vrm import console
from vrm.documents.membership import DAY_SECONDS

DAYS = 3
FEWER = 6
"""By what the customers of the first day are divided for each later one."""


def play(home: Path, *, requests: int, vendors: int, seed: int, as_json: bool) -> None:
    """Play the days and tell about them.

    Raises:
        ConfigurationError: the folder holds something that is no demo.
        MarketError: a player failed, or the referee found a difference.
    """
    started = time.monotonic()
    configure_logging(quiet=True)  # what happens is told in other words
    passphrase_file = new_home(home)
    settings, identity = unlocked(home / "market", passphrase_file)
    days: list[Played] = []
    history: list[Standings] = []
    behind = (DAYS - 1) * DAY_SECONDS
    with serving(home, passphrase_file, behind, settings, identity) as served:
        for number in range(1, DAYS + 1):
            stage = served.at((DAYS - number) * DAY_SECONDS)
            say(f"Day {number}. The market listens on {stage.url}.")
            if number == 1:
                stage.play("vendors", "--phase", "register", "--count", vendors, "--seed", seed)
                history.append(standings(stage.url))
            count = requests if number == 1 else max(1, requests // FEWER)
            days.append(play_day(stage, number, count, seed, history))
            history.append(days[-1].after)
    seconds = round(time.monotonic() - started, 1)
    if as_json:
        console.print_json({"days": [day.summary for day in days], "seconds": seconds})
    else:
        tell(home, stage.url, days, seconds)
    if faults := [fault for day in days for fault in day.faults]:
        raise MarketError(f"A day is not as it should be: {'; '.join(faults[:3])}")
