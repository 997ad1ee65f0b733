"""Notices on the desktop, by the program that the system has for them."""

import shutil
import subprocess
from collections.abc import Callable

from vrm.console import plain
from vrm.errors import UsageError

Notify = Callable[[str, str], None]
"""Shows a title and a text."""

_SCRIPT = (
    "on run argv",
    "display notification (item 2 of argv) with title (item 1 of argv)",
    "end run",
)


def notifier() -> Notify:
    """Find out how this desktop shows a notice.

    Raises:
        UsageError: neither notify-send nor osascript is on the PATH.
    """
    command: list[str]
    if found := shutil.which("notify-send"):
        command = [found, "--app-name=vrm", "--"]
    elif found := shutil.which("osascript"):
        command = [found, *(part for line in _SCRIPT for part in ("-e", line))]
    else:
        raise UsageError("There is neither notify-send nor osascript to show notices with.")

    def notify(title: str, text: str) -> None:
        # Vendors' words may stand in it: they are arguments, and no shell reads them.
        shown = [*command, plain(title), plain(text)]
        subprocess.run(shown, check=False, timeout=10, capture_output=True)  # noqa: S603

    return notify
