"""The operator's commands about disputes."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from crypto.vault import Cost
from marketplace import cli
from marketplace.new_market import write_home
from tests.marketplace.disputes.test_disputes import replied, said, talk
from tests.marketplace.fulfilment.scenes import delivered
from tests.support import clocked_market
from tests.support.market import an_identity
from vrm import keyfile


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A market's folder, with a dispute in its database."""
    folder = tmp_path / "market"
    values = {"name": "Test market", "time_zone": "Europe/Vienna", "cutoffs": ["18:00"]}
    values |= {"currency": "EUR", "admission": "open"}
    times = {"bids_close_minutes": 60, "minimum_open_minutes": 720}
    batches = {"batch_seconds": 3600, "batch_minimum": 1}
    settings = write_home(folder, b"secret", cost=Cost.MINIMUM, **values, **times, **batches)
    settings.key_file.unlink()
    keyfile.create(settings.key_file, an_identity().to_secret(), b"secret", cost=Cost.MINIMUM)
    keyfile.write_private(tmp_path / "passphrase", b"secret")

    async def play() -> None:
        async with clocked_market(folder, settings.database) as market:
            one = await delivered(market)
            promised = await talk(market, one, "Friday it is.", by_vendor=True)
            await talk(market, one, "My door code is 4711.")
            await market.store(said(market, one, promised, text="It came on Monday."))
            await market.publish()
            unread = await talk(market, one, "The road is closed.", 2, by_vendor=True)
            await market.store(replied(market, one, unread, text="The road was closed."))

    asyncio.run(play())
    return folder


def test_an_operator_reads_what_was_shown_and_decides(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def market(*words: str) -> tuple[object, str, str]:
        secret = ("--passphrase-file", str(home.parent / "passphrase"))
        monkeypatch.setattr(sys, "argv", ["market", *words, "--home", str(home), *secret])
        with pytest.raises(SystemExit) as caught:
            cli.main()
        told = capsys.readouterr()
        return caught.value.code, told.out, told.err

    capsys.readouterr()
    code, out, _ = market("disputes", "--json")
    [case] = json.loads(out)
    assert (code, case["state"], case["ruling"]) == (0, "open", None)
    assert "customer and vendor" in market("disputes")[1]
    code, out, _ = market("dispute", case["digest"])
    assert code == 0
    assert "It came on Monday." in out
    assert "message 1 of the vendor: Friday it is." in out
    assert "The road was closed." in out
    own = "(by its author's word: nobody can tell that the other side could read it)"
    assert f"message 2 of the vendor {own}: The road is closed." in out
    assert "4711" not in out
    code, _, err = market("rule", case["digest"], "--for", "me", "--reason", "Why not.")
    assert (code, "customer, vendor, neither" in err) == (2, True)
    decide = ("rule", case["digest"], "--for", "customer", "--reason", "Friday was agreed.")
    code, out, _ = market(*decide, "--json")
    assert (code, json.loads(out)["finds_for"]) == (0, "customer")
    code, _, err = market(*decide)
    assert (code, "No dispute about it is open" in err) == (1, True)
    assert "Decided for customer: Friday was agreed." in market("dispute", case["digest"])[1]
    assert "No dispute waits." in market("disputes")[2]
