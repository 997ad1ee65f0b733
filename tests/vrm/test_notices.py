"""Notices go to the desktop's own program, and other people's words stay words."""

from pathlib import Path

import pytest

from vrm import notices
from vrm.errors import UsageError


def on_path(folder: Path, name: str, patch: pytest.MonkeyPatch) -> Path:
    """Put a program there that notes its arguments."""
    noted = folder / "noted"
    program = folder / name
    program.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" > {noted}\n')
    program.chmod(0o700)
    patch.setenv("PATH", str(folder))
    return noted


@pytest.mark.parametrize("name", ["notify-send", "osascript"])
def test_a_notice_with_a_hostile_text(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Neither a shell nor the program's own options nor its script language sees it."""
    noted = on_path(tmp_path, name, monkeypatch)
    hostile = '--urgency=critical $(rm -rf ~) "; do shell script \x1b[2J'
    notices.notifier()("vrm", hostile)
    *before, title, text = noted.read_text().splitlines()
    assert (title, text) == ("vrm", hostile.replace("\x1b", " "))
    assert "--" in before or before[-1] == "end run"


def test_a_desktop_without_notices(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageError, match="notify-send"):
        notices.notifier()
