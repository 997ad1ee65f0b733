"""An operator with all of the market's keys lies about a day; whoever checks the bundle finds it, and where."""

import json
from typing import Any

import pytest

import crypto
from crypto.checkpoint import Checkpoint
from marketplace.verify.own import Expected, missing
from tests.marketplace.cascade.scenes import DAY, VENDORS
from tests.marketplace.verify.days import bundle_of, faults, verified
from tests.marketplace.verify.forging import Forgery, bids_by, is_named, place_of, steps
from tests.support import ClockedMarket, a_bid, a_key, a_vendor
from vrm.documents import PersonalRequest, read


@pytest.fixture
def database_kind() -> str:
    """What is in the bundle does not depend on it."""
    return "sqlite"


async def test_a_forger_who_changes_nothing_is_believed(forgery: Forgery) -> None:
    """What the attacks below find is the attack, not the forger's clumsiness."""
    forgery.decide()
    forgery.log()
    assert faults(forgery.pack()) == []


async def test_receipted_bid_dropped(forgery: Forgery) -> None:
    lost = bids_by(forgery, VENDORS[0])[0]
    forgery.drop(lost)
    forgery.decide()
    forgery.log()
    bundle = forgery.pack()
    assert faults(bundle) == []  # the rest is in order: only a receipt tells
    receipt = Expected(crypto.digest(lost["document"]), lost["document"]["request"])
    assert missing(verified(bundle), [receipt]) == [receipt]


async def test_receipted_bid_dropped_from_the_run_but_not_from_the_list(forgery: Forgery) -> None:
    won = {line["document"]["bid"] for line in forgery.of("assignment")}
    own = bids_by(forgery, VENDORS[0])
    lost = next(line for line in own if crypto.digest(line["document"]) in won)
    forgery.drop(lost)
    forgery.decide()
    forgery.add(lost, lambda line: (line["document"]["request"], line["document"]["vendor"]))
    forgery.log()
    assert {"matching", "report"} <= steps(forgery.pack())


async def test_bid_added_after_the_freeze(market: ClockedMarket, forgery: Forgery) -> None:
    bid = _a_friend_s_bid(market, forgery)
    forgery.decide()
    forgery.log()
    late = dict(bid)
    # The log holds it, behind the freeze.
    tree_before = len(forgery.of("bid"))
    forgery.drop(bid)
    forgery.log()
    report = forgery.of("report")[0]["document"]
    late["leaf"] = report["log_size"] + tree_before
    forgery.add(late, lambda line: (line["document"]["request"], line["document"]["vendor"]))
    digest = crypto.digest(late["document"])
    assert is_named(forgery.pack(), "log", digest, "is not among the")


async def test_bid_added_in_the_place_of_another_leaf(
    market: ClockedMarket, forgery: Forgery
) -> None:
    bid = _a_friend_s_bid(market, forgery)
    bid["leaf"] = forgery.of("request")[0]["leaf"]
    assert is_named(forgery.pack(), "log", "claims leaf")


async def test_bid_added_that_the_log_never_held(market: ClockedMarket, forgery: Forgery) -> None:
    bid = _a_friend_s_bid(market, forgery)
    named = {line["leaf"] for line in forgery.lines if "leaf" in line}
    size = forgery.of("report")[0]["document"]["log_size"]
    bid["leaf"] = next(n for n in range(size) if n not in named)
    assert is_named(forgery.pack(), "log", "proof (freeze)")


async def test_price_changed_by_the_operator(forgery: Forgery) -> None:
    bid = bids_by(forgery, VENDORS[1])[0]
    bid["document"]["price"]["amount"] -= 500
    forgery.decide()
    forgery.log()
    digest = crypto.digest(bid["document"])
    assert is_named(forgery.pack(), "signatures", f"Bid {digest}")


async def test_price_changed_by_a_vendor_and_the_operator_together(forgery: Forgery) -> None:
    bid = bids_by(forgery, VENDORS[1])[0]
    bid["document"]["price"]["amount"] -= 500
    bid["document"] = crypto.proof.sign(bid["document"], VENDORS[1])
    assert is_named(forgery.pack(), "log", "does not hold the bundle's documents")


async def test_price_changed_in_the_assignment(forgery: Forgery) -> None:
    line = forgery.of("assignment")[0]
    line["document"]["amount"] += 500
    forgery.sign(line)
    found = is_named(forgery.pack(), "explanations", line["document"]["request"], "amount")
    assert found


async def test_capacity_changed(forgery: Forgery) -> None:
    place_of(forgery, VENDORS[0])["units"] = 1
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "capacities", VENDORS[0].did, "1 is stated, 2 is right")


async def test_vendor_favoured_as_a_newcomer_beyond_its_quota(forgery: Forgery) -> None:
    place_of(forgery, VENDORS[0])["leads"] = 11
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "newcomers", VENDORS[0].did, "11 is stated, 10 is right")


async def test_newcomer_denied_its_lead(forgery: Forgery) -> None:
    place_of(forgery, VENDORS[0])["leads"] = 0
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "newcomers", VENDORS[0].did, "0 is stated, 10 is right")


async def test_assignment_passed_off_as_a_newcomer_s(forgery: Forgery) -> None:
    line = forgery.of("assignment")[0]
    line["document"]["newcomer"] = True
    forgery.sign(line)
    assert is_named(forgery.pack(), "explanations", line["document"]["request"], "newcomer")


async def test_newcomer_s_quota_grown_at_a_tick(forgery: Forgery) -> None:
    line = forgery.of("left")[0]
    line["leads"] = 11
    assert is_named(forgery.pack(), "tick 1", line["vendor"], "leads", "11 is stated, 10 is right")


async def test_capacity_changed_in_the_name_of_earlier_runs(forgery: Forgery) -> None:
    place = place_of(forgery, VENDORS[0])
    place["units"], place["awarded"] = 1, 1
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "capacities", VENDORS[0].did, "awarded before")


async def test_tie_break_seed_changed(forgery: Forgery) -> None:
    report = forgery.of("report")[0]
    report["document"]["seed"] = crypto.base64url_encode(b"a lucky seed that suits a friend")
    forgery.sign(report)
    forgery.decide()
    forgery.log()
    assert steps(forgery.pack()) == {"seed"}


async def test_preference_ignored(forgery: Forgery) -> None:
    ignored = forgery.of("preference")
    for line in ignored:
        forgery.drop(line)
    forgery.decide()
    report = next(at for at, one in enumerate(forgery.lines) if one["kind"] == "bid")
    forgery.lines[report:report] = ignored
    forgery.log()
    listing = next(line["document"] for line in ignored if line["document"].get("listed"))
    assert is_named(forgery.pack(), "matching", listing["request"], listing["listed"][0])


async def test_preference_by_somebody_else(forgery: Forgery) -> None:
    line = forgery.of("preference")[0]
    stranger = a_key("stranger")
    line["document"]["pseudonym"] = stranger.did
    line["document"] = crypto.proof.sign(line["document"], stranger)
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "preferences", "not by the owner")


async def test_reserve_reordered(forgery: Forgery) -> None:
    line = next(one for one in forgery.of("assignment") if len(one["document"]["reserve"]) > 1)
    line["document"]["reserve"].reverse()
    forgery.sign(line)
    assert is_named(forgery.pack(), "explanations", line["document"]["request"], "reserve")


async def test_band_raised_for_one_vendor(forgery: Forgery) -> None:
    place_of(forgery, VENDORS[2])["band"] = 20
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "bands", VENDORS[2].did, "20 is stated")


async def test_band_raised_by_heavy_evidence(forgery: Forgery) -> None:
    piece = {
        "kind": "evidence",
        "leaf": 0,
        "vendor": VENDORS[2].did,
        "document": crypto.digest({"an": "acceptance"}),
        "date": DAY,
        "category": "baby",
        "amount": 20_000,
        "directed": False,
        "weight": 1_000_000,
        "good": True,
    }
    forgery.lines.insert(1, piece)
    place_of(forgery, VENDORS[2])["band"] = 19
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "bands", str(piece["document"]), "25 is right")


async def test_suspension_without_record(forgery: Forgery) -> None:
    place_of(forgery, VENDORS[0])["suspended"] = True
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "suspensions", VENDORS[0].did, "no decision says so")


async def test_suspension_passed_over_for_a_friend(forgery: Forgery) -> None:
    place_of(forgery, VENDORS[3])["suspended"] = False
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "suspensions", VENDORS[3].did, "it is not suspended")


async def test_suspension_lifted_in_secret(forgery: Forgery) -> None:
    line = forgery.of("suspension")[0]
    line["document"] |= {"seq": 3, "suspended": False}
    forgery.sign(line)
    place_of(forgery, VENDORS[3])["suspended"] = False
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "suspensions", VENDORS[3].did, "only [3] are there")


async def test_assignment_given_to_another(forgery: Forgery) -> None:
    forgery.forget_what_followed()
    line = next(
        one for one in forgery.of("assignment") if one["document"]["vendor"] == VENDORS[0].did
    )
    right, second = line["document"]["bid"], line["document"]["reserve"][0]
    other = next(one for one in forgery.of("bid") if crypto.digest(one["document"]) == second)
    line["document"] |= {
        "bid": second,
        "vendor": other["document"]["vendor"],
        "amount": other["document"]["price"]["amount"],
    }
    forgery.sign(line)
    forgery.log()
    assert is_named(forgery.pack(), "matching", line["document"]["request"], right)


async def test_assignment_left_out(forgery: Forgery) -> None:
    forgery.forget_what_followed()
    line = forgery.of("assignment")[0]
    forgery.drop(line)
    assert is_named(forgery.pack(), "matching", line["document"]["request"], "nothing is stated")


async def test_place_moved_nearer(forgery: Forgery) -> None:
    place_of(forgery, VENDORS[1])["lat_e6"] += 5_000
    forgery.decide()
    forgery.log()
    assert steps(forgery.pack()) == {"places", "distances"}


async def test_distance_shortened(forgery: Forgery) -> None:
    bid = bids_by(forgery, VENDORS[1])[0]
    bid["distance_m"] += 2
    forgery.decide()
    forgery.log()
    assert is_named(forgery.pack(), "distances", crypto.digest(bid["document"]))


async def test_report_signed_by_another_market(forgery: Forgery) -> None:
    line = forgery.of("report")[0]
    line["document"]["market"] = VENDORS[0].did
    line["document"] = crypto.proof.sign(line["document"], VENDORS[0])
    assert is_named(forgery.pack(), "signatures", "RunReport", "another market")


async def test_another_market_s_day_shown_for_this_one(honest: bytes) -> None:
    assert "market" in steps(honest, market=VENDORS[0].did)


async def test_history_rewritten_under_a_checkpoint_that_was_kept(honest: bytes) -> None:
    """Two days that are each in order, out of two logs of one size."""
    shown = []
    for number in (0, 1):
        forgery = Forgery(honest)
        forgery.drop(bids_by(forgery, VENDORS[0])[number])
        forgery.decide()
        forgery.log()
        shown.append(forgery)
        assert faults(forgery.pack()) == []
    kept = shown[0].of("header")[0]["freeze"]
    told = "growth since the checkpoint that was kept"
    assert ("log", told, "The log shows two trees of one size.") in faults(
        shown[1].pack(), since=kept
    )


async def test_checkpoint_of_another_log_kept(honest: bytes) -> None:
    other = Checkpoint("elsewhere", 3, bytes(32)).sign(VENDORS[0])
    assert "log" in steps(honest, since=other)


async def test_checkpoint_not_signed_by_the_log(forgery: Forgery) -> None:
    header = forgery.of("header")[0]
    header["freeze"] = header["freeze"][:-12] + "AAAAAAAAAA=\n"
    assert "log" in steps(forgery.pack())


async def test_evidence_dropped(second_day: tuple[ClockedMarket, str]) -> None:
    market, day = second_day
    forgery = Forgery(await bundle_of(market, day))
    assert faults(forgery.pack()) == []
    against = [line for line in forgery.of("evidence") if not line["good"] and "tier" not in line]
    assert len(against) == 4
    for line in against:
        forgery.drop(line)
    assert is_named(forgery.pack(), "bands", against[0]["vendor"], "is stated")


def _a_friend_s_bid(market: ClockedMarket, forgery: Forgery) -> Any:
    """A bid by a vendor that did not bid, added with its profile and place."""
    friend = a_key("friend")
    profile = a_vendor(market, friend)
    line = forgery.of("request")[0]
    request = read(crypto.canonical.canonical(line["document"]), PersonalRequest)
    bid = a_bid(market, friend, request, price={"amount": 100})
    forgery.add(
        {"kind": "profile", "leaf": 0, "document": json.loads(profile.wire)},
        lambda one: one["document"]["vendor"],
    )
    place = dict(place_of(forgery, VENDORS[1]))
    forgery.add(
        place | {"vendor": friend.did, "profile": profile.digest},
        lambda one: (one["vendor"], one["place"]),
    )
    added = {"kind": "bid", "leaf": 0, "distance_m": 0, "document": json.loads(bid.wire)}
    twin = next(one for one in forgery.of("bid"))
    added["distance_m"] = twin["distance_m"]
    forgery.add(added, lambda one: (one["document"]["request"], one["document"]["vendor"]))
    return added
