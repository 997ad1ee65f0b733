"""Both command lines at a real market: from the acceptance to whom to deliver to."""

import io
import json
import sys
from pathlib import Path

import pytest

from crypto.vault import Cost
from marketplace.disputes import service as disputes
from tests.vrm.conftest import STROLLER, Terminal
from tests.vrm.vendor.live import LiveMarket
from tests.vrm.vendor.terminal import Vendor
from vrm.vendor.home import Home, Market


class Typed(io.StringIO):
    """What somebody types on a terminal."""

    def isatty(self) -> bool:
        return True


def test_whom_to_deliver_to(
    at_home: Terminal,
    live: LiveMarket,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    vrm, vendor = at_home, Vendor(tmp_path / "vendor", monkeypatch, capsys)
    did = live.identity.key.did
    home = Home(tmp_path / "vendor")
    home.create(Market(url=live.url, did=did), b"correct horse", cost=Cost.MINIMUM)
    shop = ("--name", "Near", "--at", "60614", "--category", "baby", "--delivery", "pickup")
    assert vendor("register", *shop, "--terms", "PDC-INTENT").code == 0
    request = vrm.json("request", *STROLLER, "--yes")["request"]
    live.publish()
    assert vendor("bid", "--price", "200.00", "--", request).code == 0
    live.publish()
    live.close_day()
    code, out, err = vrm("disclose", request, "--name", "Maria Weber", "--pause", "0")
    assert (code, out) == (2, "")
    assert "No vendor has accepted" in err
    assert vendor("accept", "--all").code == 0

    monkeypatch.setattr(sys, "stdin", Typed("M" * 500 + "\nPaul Huber\n"))
    code, out, err = vrm("sync", "--pause", "0")
    assert (code, err.count("needs a name."), err.count("The contact")) == (0, 1, 1)
    assert "The vendor has it with the next batch." in out
    assert "needs a name." not in vrm("sync", "--pause", "0")[2], "it asks once"
    monkeypatch.setattr(sys, "stdin", Typed(""))

    told = vrm.json("disclose", request, "--name", "Maria Weber", "--always", "--pause", "0")
    assert told["told"]["contact"] == {"name": "Maria Weber"}
    assert told["promise"]["document"] == told["disclosure"]
    live.publish()
    ran = vendor("disclosures", "--export", str(tmp_path / "theirs.json"))
    assert ran.code == 0
    assert "Maria Weber" in ran.out
    assert "1 contracts are in" in ran.err
    [heard] = vendor("disclosures", "--json").json
    assert (heard["told"], heard["fault"]) == (told["told"], None)

    code, out, _ = vrm("ledger", "--export", str(tmp_path / "mine.json"))
    assert code == 0
    assert "Maria Weber" in out
    assert "PDC-INTENT" in out
    mine, theirs = (
        json.loads((tmp_path / f"{name}.json").read_bytes()) for name in ("mine", "theirs")
    )
    assert mine[0]["bid"] == theirs[0]["bid"]
    assert vrm.json("ledger") == mine
    code, out, _ = vrm("disclose", request, "--name", "Paul Huber", "--pause", "0")
    assert (code, "next batch" in out) == (0, True)
    code, _, err = vrm("disclose", request, "--name", "P", "--address", "Here", "--pause", "0")
    assert (code, "needs no address" in err) == (2, True)
    code, _, err = vrm("disclose", request, "--name", "P", "--email", "no email")
    assert (code, err.count("\n")) == (2, 1)

    [given] = vendor("deliveries", "--running", "--json").json
    ran = vendor("ship", given["assignment"][:10])
    assert (ran.code, ran.out.split()) == (0, ["shipped:", given["assignment"]])
    assert "ready" in vendor("deliveries").out
    live.publish()
    assert "ready (was accepted)" in vrm("sync", "--pause", "0")[1]
    [listed] = vrm.json("requests")
    assert listed["status"] == "ready"
    sent = vrm.json("message", request, "Is there a ramp?", "--pause", "0")
    assert sent["promise"]["document"] == sent["message"]
    letter = tmp_path / "letter.txt"
    letter.write_text("We open at ten.\nTry --help <b>.\n")
    live.publish()
    [asked] = vendor("messages", "--json").json
    assert (asked["by"], asked["text"]) == ("customer", "Is there a ramp?")
    assert vendor("message", asked["assignment"], "--file", str(letter)).code == 0
    live.publish()
    code, out, _ = vrm("messages", request)
    assert (code, "Is there a ramp?" in out, "We open at ten." in out) == (0, True, True)
    [talk] = vrm.json("messages")
    assert [(line["by"], line["number"]) for line in talk["messages"]] == [
        ("you", 1),
        ("vendor", 1),
    ]
    assert "We open at ten." in vendor("messages", asked["assignment"]).out
    code, _, err = vrm("message", request, "x", "--file", str(letter))
    assert (code, "not both" in err) == (2, True)

    shown = ("--mine", "1", "--theirs", "1", "--pause", "0")
    disputed = vrm.json("dispute", request, "It came on Monday.", *shown)
    assert len(disputed["document"]["messages"]) == 2
    live.publish()
    ran = vendor("disputes")
    assert (ran.code, "It came on Monday." in ran.out, "We open at ten." in ran.out) == (
        0,
        True,
        True,
    )
    assert vendor("dispute", asked["assignment"], "Nobody came.", "--theirs", "1").code == 0
    live.publish()
    [case] = vrm.json("disputes")
    assert (case["vendor"]["text"], case["ruling"]) == ("Nobody came.", None)
    assert "Nobody came." in vrm("disputes")[1]
    assert vendor("disputes", "--json").json[0]["own"]["text"] == "Nobody came."
    live.do(
        lambda market: disputes.rule(
            market, asked["assignment"], "neither", "They have settled it."
        )
    )
    assert "They have settled it." in vendor("disputes").out

    assert (
        vrm.json("received", request, "--missing", "--pause", "0")["document"]["received"] is False
    )
    live.publish()
    assert "not received" in vendor("confirmations").out
    code, out, _ = vrm("received", request, "--pause", "0")
    assert (code, "next batch" in out) == (0, True)
    live.publish()
    [heard] = vendor("confirmations", "--json").json
    assert heard["received"] is True
    [listed] = vrm.json("requests")
    assert listed["status"] == "received"
    assert vendor("deliveries", "--running", "--json").json == []

    facet = ("--facet", "household=a family")
    rated = vrm.json("rate", request, "4", "--text", "Well packed.", *facet, "--pause", "0")
    assert rated["promise"]["document"] == rated["rating"]
    code, _, err = vrm("rate", request, "1", "--pause", "0")
    assert (code, "final" in err) == (2, True)
    assert vendor("ratings", "--json").json == []
    assert vendor("rate", heard["assignment"][:8], "5").code == 0
    live.publish()
    assert "Well packed." in vendor("ratings").out
    assert vendor("answer-rating", heard["assignment"][:8], "Thank you.").code == 0
    [opened] = vendor("ratings", "--json").json
    assert opened["by_customer"]["answer"]["text"] == "Thank you."
    code, out, _ = vrm("answer-rating", request, "You too.", "--pause", "0")
    assert (code, "next batch" in out) == (0, True)
    shown = vrm.json("requests", request)
    assert (shown["rating"]["stars"], shown["vendor_rating"]["stars"]) == (4, 5)
    assert "Its vendor gave you 5 of 5 stars." in shown["explanation"]
    assert "You answered: You too." in shown["explanation"]
    [known] = vrm.json("vendors", "Near")
    assert (known["evidence"]["good"], known["evidence"]["bad"]) == (3, 0)
    code, out, _ = vrm("vendors", "Near")
    assert (code, "nine times in ten" in out) == (0, True)
    assert vendor("reputation", "--json").json["evidence"] == known["evidence"]
    assert known["reputation"] in " ".join(vendor("reputation").out.split())
    weighed = vrm.json("like-me", "Near", *facet)
    assert (weighed["ratings"], weighed["alike"]) == (1, {"1": 1})
    code, out, _ = vrm("like-me", "Near")
    assert (code, "4.00 of 5" in out) == (0, True)
