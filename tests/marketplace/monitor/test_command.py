"""`market monitor` at a market over loopback: what it prints, what it writes, and its exit codes."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto import checkpoint
from crypto.checkpoint import Checkpoint
from crypto.note import Verifier
from marketplace import cli
from tests.vrm.vendor.live import LiveMarket, live_market
from vrm.documents import Need


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveMarket]:
    with live_market(tmp_path / "market") as market:
        asyncio.run(market.post(Need(title="Twin stroller", category="baby")))
        market.publish()
        yield market


def run(patch: pytest.MonkeyPatch, *words: object) -> int:
    patch.setattr(sys, "argv", ["market", "monitor", *map(str, words)])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_a_monitor_cosigns_what_holds_and_finds_a_split_view(
    live: LiveMarket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    state, head, secret = (tmp_path / name for name in ("state.json", "head", "passphrase"))
    secret.write_text("correct horse battery\n")
    secret.chmod(0o600)
    watching = (live.url, "--state", state, "--json")
    witness = ("--witness-key", tmp_path / "key", "--witness-name", "witness.example")
    given = (*witness, "--head-out", head, "--passphrase-file", secret)
    assert run(monkeypatch, *watching, *given) == 0
    out, err = capsys.readouterr()
    seen = json.loads(out)
    assert (seen["size"] > 0, seen["alarms"]) == (True, [])
    verifier = Verifier.parse(err.split("Witness: ")[1].split()[0])
    log = live.identity.log
    true, signatures = checkpoint.verify(head.read_text(), log, [verifier])
    assert {signature.verifier for signature in signatures} == {log, verifier}
    for other in (state, head):
        assert run(monkeypatch, *watching, "--compare", other) == 0
    forged = Checkpoint(true.origin, true.size, hashlib.sha256(b"another day").digest())
    lie = tmp_path / "lie"
    lie.write_text(forged.sign(live.identity.log_key))
    capsys.readouterr()
    assert run(monkeypatch, *watching, "--compare", lie, *given) == 1
    found = json.loads(capsys.readouterr().out)
    assert [alarm["code"] for alarm in found["alarms"]] == ["split-view"]
    assert lie.read_text() in found["alarms"][0]["notes"]
    assert run(monkeypatch, live.url, "--state", state) == 0
    assert "All is as it should be" in capsys.readouterr().out


def test_what_cannot_be_watched(
    live: LiveMarket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{}")
    assert run(monkeypatch, live.url, "--state", broken) == 1
    assert "no monitor's file" in capsys.readouterr().err
    nowhere = "http://127.0.0.1:9"
    assert run(monkeypatch, nowhere, "--state", tmp_path / "new") == 3
    (tmp_path / "receipts").mkdir()
    (tmp_path / "receipts" / "one.json").write_text("{}")
    watching = (live.url, "--state", tmp_path / "state", "--receipts", tmp_path / "receipts")
    assert run(monkeypatch, *watching) == 1
