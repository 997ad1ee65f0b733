"""Running other people's JavaScript, where node and its packages are to be had."""

from __future__ import annotations

import fcntl
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest


def install(folder: Path) -> None:
    """`npm ci` in `folder` unless it was done since the lock changed; skip the test if it fails.

    One process at a time: each would take away what the other has installed.
    """
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("node and npm are not installed: JavaScript interoperation is NOT tested")
    with (folder / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        _install(folder)


def _install(folder: Path) -> None:
    lock, done = folder / "package-lock.json", folder / "node_modules" / ".package-lock.json"
    if done.exists() and done.stat().st_mtime >= lock.stat().st_mtime:
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        finished = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=90, check=False
        )
    except subprocess.TimeoutExpired:
        pytest.skip("npm ci took too long: JavaScript interoperation is NOT tested")
    if finished.returncode != 0:
        reason = finished.stderr.strip().splitlines()[-1:] or ["no reason given"]
        pytest.skip(f"npm ci failed ({reason[0]}): JavaScript interoperation is NOT tested")


def run(script: Path, question: Any, *arguments: str) -> tuple[int, str]:
    """The exit code of a script that reads JSON on standard input, and what it printed."""
    finished = subprocess.run(
        ["node", script.name, *arguments],
        cwd=script.parent,
        input=json.dumps(question),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return finished.returncode, finished.stdout or finished.stderr
