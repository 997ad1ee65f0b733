"""Both command lines at the counter: a code, an answer, and the market hears of it later."""

from pathlib import Path

import msgspec
import pytest

from crypto.vault import Cost
from tests.vrm.conftest import STROLLER, Terminal
from tests.vrm.vendor.live import LiveMarket
from tests.vrm.vendor.terminal import Vendor
from vrm.vendor.home import Home, Market


def test_at_the_counter(
    at_home: Terminal,
    live: LiveMarket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    vrm, vendor = at_home, Vendor(tmp_path / "vendor", monkeypatch, capsys)
    home = Home(tmp_path / "vendor")
    market = Market(url=live.url, did=live.identity.key.did)
    home.create(market, b"correct horse", cost=Cost.MINIMUM)
    shop = ("--name", "Near", "--at", "60614", "--category", "baby", "--delivery", "pickup")
    assert vendor("register", *shop, "--terms", "PDC-INTENT").code == 0
    request = vrm.json("request", *STROLLER, "--yes")["request"]
    live.publish()
    assert vendor("bid", "--price", "200.00", "--", request).code == 0
    live.publish()
    live.close_day()
    assert vendor("accept", "--all").code == 0
    vrm.json("disclose", request, "--name", "Maria Weber", "--pause", "0")
    live.publish()
    [told] = vendor("disclosures", "--json").json

    # Nobody reaches the market.
    away = Market(url="http://127.0.0.1:9", did=market.did)
    reach(tmp_path, away)
    shown = vendor("handover", told["assignment"][:10]).out.strip()
    assert shown.count("-") == 7
    signed = vrm.json("handover", shown.lower())
    assert signed["request"] == request
    assert vrm("handover", shown)[1].strip() == signed["answer"], "the same code, the same answer"
    ran = vendor("handover", told["assignment"][:10], "--signed", signed["answer"])
    assert "customer's word" in ran.err
    assert "later" in ran.err

    reach(tmp_path, market)
    ran = vendor("handover")
    assert (ran.code, ran.out.split()) == (0, ["handed", "over:", told["assignment"]])
    assert vendor("handover", "--json").json == []
    live.publish()
    [delivery] = vendor("deliveries", "--json").json
    assert delivery["state"] == "received"
    [listed] = vrm.json("requests")
    assert listed["status"] == "received"

    # What holds nobody.
    ran = vendor("handover", told["assignment"][:10], "--signed", "z" + "1" * 87)
    assert (ran.code, "hand nothing over" in ran.err) == (2, True)
    ran = vendor("handover", "zzzzzzzz")
    assert (ran.code, "none begins so" in ran.err) == (2, True)
    code, _, err = vrm("handover", "5HBL")
    assert (code, "no code" in err) == (2, True)
    code, _, err = vrm("handover", "A" * 32)
    assert (code, "none of your pickups" in err) == (2, True)


def reach(tmp_path: Path, market: Market) -> None:
    """Let the vendor's program look for the market somewhere."""
    (tmp_path / "vendor" / "market.json").write_bytes(msgspec.json.encode(market))
