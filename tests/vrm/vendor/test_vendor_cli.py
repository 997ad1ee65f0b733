"""The command line `vendor`, at a real market."""

import asyncio
import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

import crypto
from tests.vrm.vendor.conftest import RULES, Shop
from tests.vrm.vendor.live import LiveMarket
from tests.vrm.vendor.terminal import Vendor, one_line, post
from vrm.documents import Need, VendorProfile, read

REGISTER = ("register", "--name", "Flags & Co", "--at", "60614", "--category", "baby")


# --- an account ---


def test_init_makes_a_vendor_that_only_its_owner_can_read(live: LiveMarket, vendor: Vendor) -> None:
    made = vendor("init", "--market", live.url, "--json").json
    assert made["market"] == live.identity.did
    assert made["vendor"].startswith("did:key:z6Mk")
    assert {oct(path.stat().st_mode & 0o777) for path in vendor.folder.iterdir()} == {"0o600"}
    one_line(vendor("init", "--market", live.url), 2, "holds a vendor already")


def test_a_market_with_another_identity_than_expected_is_refused(
    live: LiveMarket, vendor: Vendor
) -> None:
    other = crypto.SigningKey.generate().did
    one_line(vendor("init", "--market", live.url, "--market-did", other), 1, other)
    assert not vendor.folder.exists()


def test_register_from_flags_and_again_from_a_file(unregistered: Shop, vendor: Vendor) -> None:
    first = vendor(*REGISTER, "--delivery", "pickup", "--terms", "PDC-INTENT", "--json").json
    file = unregistered.home.folder / "vendor.toml"
    file.write_text(
        'name = "Two Places"\ncategories = ["baby"]\ndelivery = ["ship"]\nterms = ["PDC-INTENT"]\n'
        '[[place]]\nid = "north"\nat = "60614"\nreach_km = 10\ncapacity = 3\n'
        '[[place]]\nid = "south"\nat = "41.8,-87.6"\nreach_km = 12.5\ncapacity = 4\n'
    )
    second = vendor("register", "--file", str(file), "--json").json
    assert second["vendor"] == first["vendor"]
    assert second["seq"] > first["seq"]
    shown = httpx.get(f"{unregistered.url}/vendors/{first['vendor']}").json()
    profile = read(json.dumps(shown["profile"]).encode(), VendorProfile).body
    assert [(place.id, place.reach_m) for place in profile.places] == [
        ("north", 10_000),
        ("south", 12_500),
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--delivery", "pickup"), "Give --terms"),
        (("--delivery", "drone", "--terms", "PDC-INTENT"), "known are on-site, pickup, ship"),
    ],
)
def test_register_says_what_is_missing_or_wrong(
    unregistered: Shop, vendor: Vendor, words: tuple[str, ...], said: str
) -> None:
    one_line(vendor(*REGISTER, *words), 2, said)


def test_a_description_at_fault_is_refused_with_a_hint(unregistered: Shop, vendor: Vendor) -> None:
    file = unregistered.home.folder / "vendor.toml"
    for text, said in (
        ("name = 3\n", "name"),
        ('nam = "x"\n', "did you mean name?"),
        ("[[place]]\nreach = 3\n", "did you mean reach_km?"),
        ("name\n", "not TOML"),
    ):
        file.write_text(text)
        one_line(vendor("register", "--file", str(file)), 2, said)


def test_a_category_that_the_market_lacks_is_refused_by_its_code(
    unregistered: Shop, vendor: Vendor
) -> None:
    words = (*REGISTER[:-1], "spells", "--delivery", "ship", "--terms", "PDC-INTENT")
    one_line(vendor(*words), 1, "(unknown-category)")


def test_capacity_is_set_for_the_day_that_closes_next(registered: Shop, vendor: Vendor) -> None:
    clock = httpx.get(f"{registered.url}/clock").json()
    answer = vendor("capacity", "shop", "7", "--json").json
    assert (answer["units"], answer["date"]) == (7, clock["day"].partition("#")[0])
    one_line(vendor("capacity", "barn", "7"), 1, "(unknown-place)")
    one_line(vendor("capacity", "shop", "7", "--date", "2026-02-30"), 2, "Capacity")


# --- reading and bidding by hand ---


def test_the_board_is_shown_and_filtered(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    digest = post(live, "Scarlet cradle")
    found = vendor("board", "--category", "baby", "--near", "60614", "--json").json
    (cradle,) = [item for item in found if item["digest"] == digest]
    assert cradle["request"]["need"]["title"] == "Scarlet cradle"
    assert cradle["distance_m"] < 5_000
    table = vendor("board", "--max-price", "250.00").out
    assert digest[:10] in table
    assert "up to 250.00 USD" in table
    assert vendor("board", "--max-price", "249.99", "--json").json == []
    assert vendor("board", "--category", "toys", "--json").json == []
    one_line(vendor("board", "--within-km", "3"), 2, "needs a point")
    one_line(vendor("board", "--max-price", "3,5"), 2, "A price")


def test_a_bid_by_hand_is_replaced_listed_and_withdrawn(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    digest = post(live, "Indigo cradle")
    assert vendor("bid", digest[:12], "--price", "200.00", "--json").json["accepted"] == 1
    assert vendor("bid", digest, "--price", "200.00", "--json").json["known"] == 1
    assert vendor("bid", digest, "--price", "190.00", "--json").json["accepted"] == 1
    own = {item["state"]: item for item in vendor("bids", "--json").json}
    assert own["live"]["bid"]["price"]["amount"] == 19000
    assert own["superseded"]["bid"]["price"]["amount"] == 20000
    assert "190.00 USD" in vendor("bids").out
    assert vendor("withdraw", own["live"]["digest"][:12]).code == 0
    assert {item["state"] for item in vendor("bids", "--json").json} == {"superseded", "withdrawn"}
    one_line(vendor("withdraw", "zzzz"), 2, "No bid begins with zzzz")


def test_a_bid_that_the_market_refuses_exits_with_one_and_says_why(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    digest = post(live, "Olive cradle")
    refused = vendor("bid", digest, "--price", "250.01")
    assert refused.code == 1
    assert "(over-ceiling)" in refused.out
    one_line(vendor("bid", digest), 2, "say your --price")
    one_line(vendor("bid", digest, "--price", "many"), 2, "Price 'many'")
    one_line(vendor("bid"), 2, "Name a request, or give a --file")


def test_a_file_of_bids_gets_a_result_for_each_line(
    live: LiveMarket, registered: Shop, vendor: Vendor, tmp_path: Path
) -> None:
    asyncio.run(live.post(Need(title="Teal cradle", category="baby")))
    good = post(live, "Gray cradle")
    dear = post(live, "Pink cradle")
    line = {"place": "shop", "delivery": "ship", "lead_time_hours": 5}
    rows = [
        {"request": good, "price": "99.00", **line},
        {"request": dear, "price": "999.00", **line},
    ]
    file = tmp_path / "bids.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    first = vendor("bid", "--file", str(file), "--json")
    assert first.code == 1
    result = json.loads(first.out)
    assert (result["accepted"], result["known"], result["refused"]) == (1, 0, 1)
    assert result["results"][1]["problem"]["code"] == "over-ceiling"
    assert json.loads(vendor("bid", "--file", str(file), "--json").out)["known"] == 1
    file.write_text('{"request": "x"}\n')
    one_line(vendor("bid", "--file", str(file)), 2, "bids.jsonl line 1")
    file.write_text(json.dumps(rows[0]) + "\n" + json.dumps(rows[0]) + "\n")
    one_line(vendor("bid", "--file", str(file)), 2, "name a request that another line names")


# --- answers ---


def won(live: LiveMarket, registered: Shop, title: str) -> str:
    """Let the vendor win a request by hand; answers the assignment's digest."""
    digest = post(live, title)
    asyncio.run(bid_by_hand(registered, digest))
    live.close_day()
    return asyncio.run(newest_assignment(registered))


async def bid_by_hand(shop: Shop, digest: str) -> None:
    async with shop.client() as client:
        item = await client.request(digest)
        await client.bid(item, place="shop", price="100.00", delivery="ship", lead_time_hours=1)


async def newest_assignment(shop: Shop) -> str:
    async with shop.client() as client:
        return [given.digest async for given in client.my_assignments()][-1]


def test_accepting_and_declining_by_hand(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    kept, lost = won(live, registered, "Copper bell"), won(live, registered, "Iron bell")
    assert "Copper bell" in vendor("assignments").out
    listed = {one["digest"]: one for one in vendor("assignments", "--waiting", "--json").json}
    assert listed.keys() == {kept, lost}
    assert listed[kept]["answer_by"] == listed[kept]["assignment"]["accept_by"]
    assert vendor("accept", "--", kept[:12]).out == f"accepted: {kept}\n"
    (done,) = vendor("accept", "--json", "--", kept).json
    assert done["status"] == "known"
    (done,) = vendor("decline", "--reason", "Broken.", "--json", "--", lost).json
    assert done["status"] == "accepted"
    states = {one["digest"]: one["state"] for one in vendor("assignments", "--json").json}
    assert states == {kept: "accepted", lost: "declined"}
    assert [one["state"] for one in vendor("inbox", "--json").json] == ["accepted"]
    refused = vendor("accept", "--", lost)
    assert (refused.code, refused.out) == (1, "")
    assert "declined" in refused.err
    one_line(vendor("accept"), 2, "Name assignments, or give --all.")
    one_line(vendor("accept", "--all", "--", kept), 2, "Name assignments, or give --all.")
    one_line(vendor("decline", "zzz"), 2, "No assignment begins with zzz.")
    assert "Nothing waits" in vendor("accept", "--all").err


# --- the bidding program ---


def test_run_rehearses_bids_and_the_inbox_shows_what_was_won(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    digest = post(live, "Golden cradle")
    registered.stock("C,Golden cradle,baby,180.00,2")
    files = ("--stock", str(registered.files.stock), "--rules", str(registered.files.rules))
    dry = vendor("run", *files, "--dry-run")
    assert f"would bid: Golden cradle [{digest[:10]}]" in dry.out
    assert "180.00 USD is the list price" in dry.out
    assert vendor("run", *files, "--dry-run", "--json").json["bids"] == 1
    done = vendor("run", *files, "--once", "--json").json
    (bid,) = [v for v in done["verdicts"] if v["outcome"] == "accepted"]
    assert (bid["request"], bid["amount"]) == (digest, 18000)
    live.close_day()
    (mine,) = vendor("inbox", "--json").json
    assert mine["state"] == "waiting"
    assert "1 accepted" in vendor("run", *files, "--once").err
    (mine,) = vendor("inbox", "--json").json
    assert mine["state"] == "accepted"
    assert mine["assignment"]["request"] == digest
    assert mine["request"]["need"]["title"] == "Golden cradle"
    assert "Golden cradle" in vendor("inbox").out
    registered.files.rules.write_text("[default]\n")
    one_line(vendor("run", *files, "--once"), 2, "rules.toml: [default] lacks")


def test_a_text_swapped_after_registering_waits_for_a_new_registration(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    digest = post(live, "Copper cradle")
    registered.stock("C,Copper cradle,baby,180.00,2")
    files = ("--stock", str(registered.files.stock), "--rules", str(registered.files.rules))

    def outcome() -> str:
        verdicts = vendor("run", *files, "--dry-run", "--json").json["verdicts"]
        (one,) = [v for v in verdicts if v["request"] == digest]
        return f"{one['outcome']}{one['obstacle']}"

    with registered.ledger() as ledger:
        ledger.agree({"PDC-INTENT": "O" * 42 + "A"})
    assert outcome() == "passedterms"
    assert vendor("run", *files, "--once", "--json").json["bids"] == 0
    assert vendor(*REGISTER, "--delivery", "ship", "--terms", "PDC-INTENT").code == 0
    assert outcome() == "would-bid"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_stops_cleanly_when_told(
    live: LiveMarket, registered: Shop, vendor: Vendor, number: int
) -> None:
    registered.stock("C,Nothing wanted,baby,1.00,1")
    registered.files.rules.write_text(RULES)
    words = ["run", "--stock", str(registered.files.stock), "--rules"]
    command = [
        sys.executable,
        "-m",
        "vrm.vendor_cli",
        *words,
        str(registered.files.rules),
        "--json",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert "read" in json.loads(program.stdout.readline())
        program.send_signal(number)
        _, err = program.communicate(timeout=20)
    assert program.returncode == 0, err
    assert err == b""


# --- manners ---


def test_a_folder_without_a_vendor_is_told_in_one_line(vendor: Vendor) -> None:
    one_line(vendor("inbox"), 2, "make one with: vendor init")


def test_a_wrong_passphrase_is_told_in_one_line(registered: Shop, vendor: Vendor) -> None:
    (vendor.folder.parent / "passphrase").write_text("not the one\n")
    one_line(vendor("inbox"), 2, "passphrase")


def test_a_market_that_is_away_has_an_exit_code_of_its_own(
    unregistered: Shop, vendor: Vendor
) -> None:
    file = unregistered.home.folder / "market.json"
    file.write_text(json.dumps({"url": "http://127.0.0.1:9", "did": unregistered.key.did}))
    started = time.monotonic()
    one_line(vendor("board"), 3, "does not answer")
    assert time.monotonic() - started < 10


def test_every_command_explains_itself(vendor: Vendor) -> None:
    helped = vendor("--help")
    assert helped.code == 0
    for command in (
        "init",
        "register",
        "capacity",
        "board",
        "bid",
        "bids",
        "withdraw",
        "inbox",
        "assignments",
        "accept",
        "decline",
        "events",
        "webhook",
    ):
        assert f"vendor {command}" in vendor(command, "--help").out
        assert command in helped.out


def test_a_question_and_an_offer_of_something_else(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    digest = post(live, "Chessboard")
    asked = vendor("ask", digest[:12], "Of wood?", "--json").json
    assert asked["request"] == digest
    one_line(vendor("ask", digest, "And how large?"), 1, "already-asked")
    assert "Of wood? - ?" in vendor("board").out
    made = vendor(
        "bid", digest, "--price", "90.00", "--alternative", "A draughts board", "--json"
    ).json
    assert made["accepted"] == 1
    one_line(vendor("bid", digest, "--price", "90.00", "--alternative", "\n"), 2, "--alternative")
    [own] = [one for one in vendor("bids", "--json").json if one["bid"]["request"] == digest]
    assert own["bid"]["alternative"] == {"title": "A draughts board"}
