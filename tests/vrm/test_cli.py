"""The customer's command line at a real market over loopback."""

import asyncio

import msgspec
import pytest

from crypto import SigningKey
from tests.vrm.conftest import STROLLER, Terminal
from tests.vrm.vendor.live import LiveMarket, live_market
from vrm.client.vendor import VendorClient, place
from vrm.documents import Alternative, Profile, read
from vrm.wallet import Wallet


def test_a_day_of_a_customer(at_home: Terminal, live: LiveMarket) -> None:
    vrm = at_home
    posted = vrm.json("request", *STROLLER, "--yes")
    assert posted["status"] == "pending"
    assert posted["document"]["price"] == {"kind": "ceiling", "amount": 25000, "currency": "USD"}
    assert posted["promise"]["document"] == posted["request"]
    assert posted["look_alikes"] == 0
    live.publish()
    [kept] = vrm.json("requests")
    assert (kept["status"], kept["request"]) == ("published", posted["request"])
    held = vrm.json("receipts")
    assert held["logged"] == {posted["request"]: kept["leaf"]}
    assert (held["broken"], held["findings"]) == ({}, [])
    reported = vrm.json("report", posted["request"], "--reason", "spam")
    assert reported["document"] == posted["request"]
    code, _, err = vrm("report", "A" * 43, "--reason", "spam")
    assert (code, "unknown-document" in err) == (1, True)

    taken_back = vrm.json("request", "City bicycle", "--fixed", "480.00", "--yes")["request"]
    assert vrm.json("withdraw", taken_back[:9])["status"] == "withdrawing"
    live.publish()
    assert [entry["status"] for entry in vrm.json("requests")] == ["published", "withdrawn"]

    day = live.close_day()
    explained = vrm.json("requests", posted["request"][:9])
    assert (explained["status"], explained["reason"], explained["day"]) == (
        "unfilled",
        "no-bids",
        day,
    )
    assert "No vendor made a bid on it." in explained["explanation"]
    assert vrm.json("requests", "--offline")[0]["status"] == "unfilled"
    code, out, _ = vrm("requests")
    assert code == 0
    assert "Twin stroller" in out
    assert "<= 250.00 USD" in out
    code, _, err = vrm("withdraw", posted["request"][:9])
    assert (code, err.count("\n")) == (2, 1)


def test_everything_public_is_shown_before_it_is_posted(at_home: Terminal) -> None:
    code, out, err = at_home("request", *STROLLER, "--brand", "Pramwell", "--yes")
    assert code == 0
    assert out.startswith("Posted as ")
    for public in (
        "Twin stroller",
        "Baby and child",
        "at most 250.00 USD",
        "about 36 km²",
        "Pramwell",
    ):
        assert public in err
    assert "41.922" not in err + out, "the place itself is told to nobody"


def test_a_post_right_after_a_call_by_name_is_warned_of(at_home: Terminal) -> None:
    at_home.json("join")
    assert at_home.json("stamps") == {"collected": 0, "held": 0, "deposited": None}
    for more, warned in (((), True), (("--later",), False)):
        code, _, err = at_home("request", *STROLLER, "--yes", *more)
        assert (code, "heard from you by name" in err) == (0, warned)


def test_nothing_is_posted_where_nobody_agreed(at_home: Terminal) -> None:
    code, out, err = at_home("request", *STROLLER)
    assert (code, out) == (2, "")
    assert "--yes" in err
    assert at_home.json("requests") == []


def test_a_request_from_a_file(at_home: Terminal) -> None:
    file = at_home.folder / "stroller.toml"
    file.write_text('title = "Twin stroller"\nfixed = "250.00"\n[attributes]\ncolor = "red"\n')
    posted = at_home.json("request", "--from", str(file), "--fixed", "240.00", "--yes")
    assert posted["price"]["amount"] == 24000
    assert posted["document"]["need"]["attributes"] == {"color": "red"}


def test_a_wallet_is_made_once(vrm: Terminal, live: LiveMarket) -> None:
    made = vrm.json("init", "--market", live.url)
    assert made["market"] == live.identity.did
    code, _, err = vrm("init", "--market", live.url)
    assert code == 2
    assert "already" in err
    assert vrm.json("profile", "show")["profile"] == made["profile"]


def test_a_wallet_comes_back_from_its_phrase(vrm: Terminal, live: LiveMarket) -> None:
    made = vrm.json("init", "--market", live.url)
    vrm.json("join")
    [drawn] = vrm.json("tokens")
    words = vrm.folder / "phrase"
    words.write_text(vrm.json("phrase")["phrase"].upper() + "\n")
    words.chmod(0o600)
    again = ("init", "--market", live.url, "--phrase-file", str(words))
    for number, more in enumerate(((), ("--second-device",), ("--device", "1"))):
        vrm.patch.setenv("VRM_HOME", str(vrm.folder / f"again {number}"))
        found = vrm.json(*again, *more)
        assert (found["profile"], found["member"]) == (made["profile"], True)
        assert found["tokens"] == (0 if more[:1] == ("--second-device",) else drawn["left"])
    vrm.patch.setenv("VRM_HOME", str(vrm.folder / "which one"))
    code, _, err = vrm(*again)
    assert (code, "2 devices share this phrase" in err) == (2, True)
    words.write_text("abandon " * 24)
    code, _, err = vrm(*again)
    assert (code, "misspelt" in err) == (2, True)


def test_a_market_under_another_identity(vrm: Terminal, live: LiveMarket) -> None:
    other = "did:key:z6MkoH8KpHkZQyDREP8Jpy6xKHiH5bGsh3UBsstBXfeDehU5"
    code, _, err = vrm("init", "--market", live.url, "--market-did", other)
    assert code == 1
    assert "now calls itself" in err
    assert not (vrm.folder / "wallet").exists()


def test_no_market_there(vrm: Terminal) -> None:
    code, out, err = vrm("init", "--market", "http://127.0.0.1:9")
    assert (code, out, err.count("\n")) == (3, "", 1)


def test_no_wallet_there(vrm: Terminal) -> None:
    for command in (("requests",), ("market",), ("place",), ("profile", "show"), ("send",)):
        code, out, err = vrm(*command)
        assert (code, out, err.count("\n")) == (2, "", 1)
        assert "vrm init" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ("request", "x", "--yes"),
        ("request", "--fixed", "1.00", "--yes"),
        ("request", "x", "--fixed", "1.001", "--yes"),
        ("request", "x", "--fixed", "1.00", "--category", "yachts", "--yes"),
        ("request", "x", "--fixed", "1.00", "--place", "moon", "--yes"),
        ("request", "x", "--fixed", "1.00", "--attribute", "red", "--yes"),
        ("request", "--from", "/nowhere.toml", "--yes"),
        ("request", "x", "--fixed", "1.00", "--terms", "PDC-NONE", "--yes"),
        ("requests", "zzz"),
        ("withdraw", "zzz"),
        ("place", "home"),
        ("place", "home", "60601"),
        ("place", "moon", "00000"),
        ("place", "moon", "60601", "--resolution", "15"),
        ("market", "--terms", "PDC-NONE"),
        ("profile", "set"),
        ("profile", "set", "--size", "39"),
        ("profile", "set", "--clear", "shoes"),
        ("profile", "set", "--language", "not a tag"),
    ],
)
def test_wrong_input_is_one_line(at_home: Terminal, arguments: tuple[str, ...]) -> None:
    code, out, err = at_home(*arguments)
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert at_home.json("requests", "--offline") == []


def test_a_post_that_fails_burns_no_token(at_home: Terminal) -> None:
    [before] = at_home.json("tokens", "--offline")
    code, out, err = at_home("request", *STROLLER, "--needed-by", "2020-01-01", "--yes", "--json")
    assert (code, out) == (1, "")
    assert "(needed-by-too-soon)" in err
    assert at_home.json("tokens", "--offline") == [before]
    assert at_home.json("request", *STROLLER, "--yes")["status"] == "pending"
    assert at_home.json("tokens", "--offline")[0]["left"] == before["left"] - 1


def test_what_was_not_confirmed_is_sent_again(at_home: Terminal, live: LiveMarket) -> None:
    assert at_home.json("send") == []
    code, _, err = at_home("send")
    assert (code, err) == (0, "Nothing waits to be sent.\n")


def test_what_is_put_off_is_sent_later(at_home: Terminal) -> None:
    posted = at_home.json("request", *STROLLER, "--later", "--yes")
    assert (posted["status"], posted["promise"]) == ("scheduled", None)
    assert posted["send_at"] in at_home("send")[2]
    [sent] = at_home.json("send", "--now")
    assert sent["request"] == posted["request"]


def test_the_market_in_words(at_home: Terminal, live: LiveMarket) -> None:
    rules = at_home.json("market")
    assert rules["descriptor"]["market"] == live.identity.did
    assert rules["clock"]["next_batch"] > rules["clock"]["now"]
    code, out, _ = at_home("market")
    assert code == 0
    for told in (
        "Live market",
        "USD, 2 digits",
        "resolution 4 to 7",
        "PDC-INTENT",
        rules["clock"]["cutoff"],
    ):
        assert told in out
    assert "this order only" in at_home.json("market", "--terms", "PDC-INTENT")["text"]


def test_changed_rules_wait_for_consent(at_home: Terminal) -> None:
    wallet = Wallet.open(at_home.folder / "wallet", b"correct horse")
    with wallet.editing() as state:  # as if the owner had met the market under another text
        [terms] = state.rules.terms
        old = msgspec.structs.replace(terms, digest="O" * 42 + "A")
        state.rules = msgspec.structs.replace(state.rules, terms=(old,))
    code, out, err = at_home("request", *STROLLER, "--yes")
    assert (code, out, err.count("\n")) == (1, "", 1)
    assert "another text of PDC-INTENT" in err
    assert at_home.json("market")["changes"] == ["another text of PDC-INTENT"]
    assert at_home("request", *STROLLER, "--yes")[0] == 1, "looking is not agreeing"
    assert at_home.json("market", "--accept-changes")["accepted"] is True
    assert at_home("request", *STROLLER, "--yes")[0] == 0


def test_a_market_that_moved(at_home: Terminal, live: LiveMarket) -> None:
    elsewhere = live.url.replace("127.0.0.1", "localhost")
    assert at_home.json("move", elsewhere)["url"] == elsewhere
    assert at_home.json("requests") == []
    with live_market(at_home.folder / "other") as other:
        code, _, err = at_home("move", other.url)
    assert code == 1
    assert "now calls itself" in err
    assert at_home.json("requests") == [], "the wallet stays with the market it knows"


def test_places_keep_one_cell(at_home: Terminal) -> None:
    [home] = at_home.json("place")
    assert (home["place"], home["resolution"]) == ("home", 6)
    assert at_home.json("place", "home", "41.922,-87.65") == [home], (
        "the same again changes nothing"
    )
    [work] = at_home.json("place", "work", "60602")
    [moved] = at_home.json("place", "home", "60601", "--resolution", "5", "--replace")
    assert (moved["label"], moved["resolution"]) == ("60601 Chicago, IL, US", 5)
    assert at_home.json("place") == [moved, work], "the first stays the one used by default"


def test_a_profile_is_set_shown_and_exported(at_home: Terminal) -> None:
    vrm = at_home
    vrm.json("profile", "set", "--name", "Ada", "--language", "en", "--size", "shoe=39")
    vrm.json("profile", "set", "--size", "hat=57", "--contact", "email=ada@example.org")
    facets = vrm.json("profile", "set", "--clear", "languages")["facets"]
    assert facets == {
        "name": "Ada", "sizes": {"shoe": "39", "hat": "57"}, "contact": {"email": "ada@example.org"},
    }  # fmt: skip
    assert vrm.json("profile", "show")["facets"] == facets
    assert "hat: 57" in vrm("profile", "show")[1]
    _, out, _ = vrm("profile", "export")
    assert read(out.encode(), Profile).body.credential_subject.name == "Ada"
    file = vrm.folder / "profile.json"
    assert vrm.json("profile", "export", str(file))["file"] == str(file)
    assert read(file.read_bytes(), Profile).body.credential_subject.name == "Ada"
    assert vrm("profile", "export", str(file))[0] == 2, "no file is written over"


@pytest.mark.parametrize(
    "command",
    [
        "init",
        "place",
        "request",
        "requests",
        "withdraw",
        "send",
        "sync",
        "watch",
        "calendar",
        "market",
        "move",
        "profile set",
        "profile export",
    ],
)
def test_each_commands_help_has_an_example(vrm: Terminal, command: str) -> None:
    code, out, _ = vrm(*command.split(), "--help")
    assert code == 0
    assert f"vrm {command}" in out.split("Usage:")[1].partition("\n")[2]
    assert "--json" in out


async def _bids(live: LiveMarket, request: str) -> None:
    """Two shops bid, one of them also on something else, and one asks."""
    for name, price, instead in (("Near", "200.00", None), ("Dear", "240.00", "Single stroller")):
        key = SigningKey.generate()
        async with VendorClient(live.url, key) as client:
            rules = await client.descriptor()
            shop = place("shop", name, lat=41.922, lng=-87.65, reach_km=20, capacity=5)
            await client.register(
                name,
                places=[shop],
                categories=["baby"],
                delivery=["pickup"],
                terms=[rules.terms[0].id],
            )
            item = await client.request(request)
            await client.bid(
                item,
                place="shop",
                price=price,
                delivery="pickup",
                lead_time_hours=24,
                alternative=Alternative(title=instead) if instead else None,
            )
            if instead:
                await client.ask(request, "How wide is the door?")


def test_bids_questions_and_an_order_of_ones_own(at_home: Terminal, live: LiveMarket) -> None:
    vrm = at_home
    request = vrm.json("request", *STROLLER, "--yes")["request"]
    live.publish()
    assert vrm.json("bids")[0]["bids"] == []
    code, _, err = vrm("bids")
    assert code == 0
    assert "No bid has come" in err
    asyncio.run(_bids(live, request))
    live.publish()

    [found] = vrm.json("bids", request[:9])
    near, dear = sorted(found["bids"], key=lambda bid: bid["document"]["price"]["amount"])
    assert (near["name"], near["listed"], dear["struck_out"]) == ("Near", None, False)
    code, out, err = vrm("bids")
    assert code == 0
    assert "instead: Single stroller" in out
    assert "vrm prefer" in err

    [asked] = vrm.json("questions")
    assert (asked["text"], asked["answer"]) == ("How wide is the door?", None)
    code, out, _ = vrm("answer", asked["question"][:9], "75 cm.")
    assert code == 0
    assert "on the board" in out
    assert vrm.json("questions", request[:9])[0]["answer"] == "75 cm."
    assert "75 cm." in vrm("questions")[1]

    sent = vrm.json("prefer", request[:9], dear["bid"][:9], "--strike", near["bid"][:9])
    assert sent["document"]["listed"] == [dear["bid"]]
    assert sent["promise"]["document"] == sent["preference"]
    code, out, _ = vrm("prefer", request[:9], dear["bid"][:9], "--only-listed")
    assert (code, "with the market" in out) == (0, True)
    code, out, err = vrm("prefer", request[:9], "nothing")
    assert (code, out) == (2, "")
    assert err.startswith("vrm: No bid on the request begins with nothing")

    live.close_day()
    explained = vrm.json("requests", request[:9])
    assert explained["assignment"]["bid"] == dear["bid"]
    assert "Your own order decided" in " ".join(explained["explanation"])
