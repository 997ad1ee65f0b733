"""Runs the command line `vendor` in a vendor's folder."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.vrm.vendor.live import LiveMarket
from vrm import vendor_cli
from vrm.documents import Need


class Ran(NamedTuple):
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        assert self.code == 0, self.err
        return json.loads(self.out)


class Vendor:
    """Runs commands in one vendor's folder."""

    def __init__(
        self, folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.folder = folder
        self._patch = monkeypatch
        self._capsys = capsys
        monkeypatch.setenv("VENDOR_HOME", str(folder))
        monkeypatch.setenv("VRM_PASSPHRASE_FILE", str(folder.parent / "passphrase"))
        monkeypatch.setenv("COLUMNS", "200")

    def __call__(self, *words: str) -> Ran:
        self._capsys.readouterr()
        self._patch.setattr(sys, "argv", ["vendor", *words])
        with pytest.raises(SystemExit) as ended:
            vendor_cli.main()
        told = self._capsys.readouterr()
        return Ran(int(ended.value.code or 0), told.out, told.err)


def post(live: LiveMarket, title: str, **changes: Any) -> str:
    digest, _ = asyncio.run(live.post(Need(title=title, category="baby"), **changes))
    live.publish()
    return digest


def one_line(ran: Ran, code: int, said: str) -> None:
    assert ran.code == code, ran
    assert said in ran.err
    assert ran.err.startswith("vendor: ")
    assert ran.err.count("\n") == 1
    assert ran.out == ""
