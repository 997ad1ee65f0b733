"""Vendors: admission, profiles that replace each other, invitations, capacities."""

import asyncio
import json

import pytest

from marketplace.log import service as log
from marketplace.vendors import service as vendors
from tests.conftest import OpenMarket
from tests.support import (
    HERE,
    ClockedMarket,
    a_bid,
    a_bid_withdrawal,
    a_capacity,
    a_key,
    a_place,
    a_request,
    a_vendor,
    assert_refused,
    problem,
)
from vrm.documents import PersonalRequest, Signed, Suspension, read
from vrm.documents.place import Point
from vrm.errors import InvalidDocument

VENDOR = a_key("vendor")


async def test_a_vendor_registers_and_is_shown(market: ClockedMarket) -> None:
    profile = a_vendor(market, VENDOR)
    answer = await market.send(profile)
    assert answer.status_code == 201
    assert answer.json() == {"vendor": VENDOR.did, "profile": profile.digest, "seq": 1}
    shown = await market.get(f"/vendors/{VENDOR.did}")
    assert (shown["vendor"], shown["suspended"], shown["band"]) == (VENDOR.did, False, 16)
    assert "No evidence yet" in shown["reputation"]
    assert await market.items("/vendors") == [shown]
    again = await market.send(profile)
    assert (again.status_code, again.json()) == (200, answer.json())


async def test_a_newer_profile_replaces_the_older(market: ClockedMarket) -> None:
    newer = a_vendor(market, VENDOR, seq=5, name="New name", places=(a_place("a"), a_place("b")))
    await market.store(a_vendor(market, VENDOR), newer)
    shown = await market.get(f"/vendors/{VENDOR.did}")
    assert (shown["name"], shown["profile"]["seq"]) == ("New name", 5)
    for seq in (4, 5):
        stale = a_vendor(market, VENDOR, seq=seq, name="Old name")
        await assert_refused(market, market.send(stale), 409, "stale-sequence")


async def test_vendors_are_listed_in_pages(market: ClockedMarket) -> None:
    keys = sorted((a_key(f"vendor {number}") for number in range(7)), key=lambda key: key.did)
    await market.store(*(a_vendor(market, key) for key in keys))
    listed = await market.items("/vendors", limit=3)
    assert [one["vendor"] for one in listed] == [key.did for key in keys]


async def test_a_vendor_that_nobody_knows(market: ClockedMarket) -> None:
    await assert_refused(market, market.http.get(f"/vendors/{VENDOR.did}"), 404, "unknown-vendor")


async def test_a_profile_with_an_unknown_category(market: ClockedMarket) -> None:
    profile = a_vendor(market, VENDOR, categories=("baby", "weapons"))
    await assert_refused(market, market.send(profile), 422, "unknown-category")


async def test_a_profile_with_unknown_terms(market: ClockedMarket) -> None:
    profile = a_vendor(market, VENDOR, terms=("PDC-ALL",))
    await assert_refused(market, market.send(profile), 422, "unknown-terms")


async def test_a_profile_cannot_end_a_suspension(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    await vendors.suspend(market.market, VENDOR.did, "It sent nothing")
    await market.store(a_vendor(market, VENDOR, seq=2))
    assert (await market.get(f"/vendors/{VENDOR.did}"))["suspended"] is True


async def test_a_suspension_is_signed_with_its_reason_and_logged(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    assert (await market.get(f"/vendors/{VENDOR.did}"))["suspension"] is None
    for suspended, reason in ((True, "It sent nothing"), (True, "Twice"), (False, "It sent all")):
        await vendors.suspend(market.market, VENDOR.did, reason, suspended=suspended)
    shown = await market.get(f"/vendors/{VENDOR.did}")
    decision = read(json.dumps(shown["suspension"]).encode(), Suspension)
    assert decision.body == Suspension(
        market=market.did, vendor=VENDOR.did, seq=2, suspended=False, reason="It sent all"
    )
    await log.grow(market.market)
    await market.get(f"/log/inclusion/{decision.digest}")
    assert await market.get(f"/log/documents/{decision.digest}") == shown["suspension"]


async def test_every_version_of_a_profile_and_a_capacity_is_kept(market: ClockedMarket) -> None:
    profiles = [a_vendor(market, VENDOR, seq=seq, name=f"Name {seq}") for seq in (1, 2)]
    units = [a_capacity(market, VENDOR, "2026-11-21", seq, seq=seq) for seq in (1, 2)]
    await market.store(*profiles, *units)
    await log.grow(market.market)
    for document in (*profiles, *units):
        kept = await market.http.get(f"/log/documents/{document.digest}")
        assert kept.content == document.wire
        await market.get(f"/log/inclusion/{document.digest}")
    answer = await market.http.get(f"/log/documents/{'A' * 43}")
    assert problem(answer) == (404, "not-found")


# --- invitations ---


async def test_a_registration_without_an_invitation(open_market: OpenMarket) -> None:
    market = await open_market(admission="invited")
    profile = a_vendor(market, VENDOR)
    await assert_refused(market, market.send(profile), 403, "invitation-required")
    wrong = {"Vrm-Invitation": "let-me-in"}
    await assert_refused(market, market.send(profile, wrong), 403, "invitation-invalid")


@pytest.mark.on_postgresql
async def test_an_invitation_is_used_up(open_market: OpenMarket) -> None:
    market = await open_market(admission="invited")
    code = {"Vrm-Invitation": await vendors.invite(market.market, 1)}
    first = a_vendor(market, VENDOR)
    assert (await market.send(first, code)).status_code == 201
    assert (await market.send(first)).status_code == 200
    other = a_vendor(market, a_key("other"))
    await assert_refused(market, market.send(other, code), 403, "invitation-invalid")
    await market.store(a_vendor(market, VENDOR, seq=2))  # who is admitted needs none


async def test_an_invitation_is_kept_as_a_digest_only(open_market: OpenMarket) -> None:
    market = await open_market(admission="invited")
    code = await vendors.invite(market.market, 1)
    assert code not in repr(await market.contents())


@pytest.mark.on_postgresql
async def test_eight_registrations_at_once_with_one_use_left(open_market: OpenMarket) -> None:
    market = await open_market(admission="invited")
    code = {"Vrm-Invitation": await vendors.invite(market.market, 1)}
    profiles = [a_vendor(market, a_key(f"vendor {number}")) for number in range(8)]
    answers = await asyncio.gather(*(market.send(profile, code) for profile in profiles))
    assert sorted(answer.status_code for answer in answers) == [201] + [403] * 7
    assert len(await market.items("/vendors")) == 1


@pytest.mark.on_postgresql
async def test_one_vendor_registering_twice_at_once_uses_one_invitation(
    open_market: OpenMarket,
) -> None:
    market = await open_market(admission="invited")
    code = {"Vrm-Invitation": await vendors.invite(market.market, 2)}
    profile = a_vendor(market, VENDOR)
    answers = await asyncio.gather(*(market.send(profile, code) for _ in range(6)))
    assert sorted(answer.status_code for answer in answers) == [200] * 5 + [201]
    assert (await market.contents())["invitations"][0][1] == 1


# --- places with live bids ---


async def bidding(market: ClockedMarket) -> tuple[Signed[PersonalRequest], str]:
    """A vendor of two places with a live bid from one; the request, and the bid's digest."""
    places = (a_place("main"), a_place("second"))
    request = a_request(market)
    await market.store(a_vendor(market, VENDOR, places=places), request)
    await market.publish()
    bid = a_bid(market, VENDOR, request)
    await market.store(bid)
    return request, bid.digest


MOVED = a_place("main", Point(HERE.lat_e6 + 1, HERE.lng_e6))
CHANGES = {
    "dropped": (a_place("second"),),
    "moved": (MOVED, a_place("second")),
    "narrowed": (a_place("main", reach_m=24_999), a_place("second")),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_a_place_with_live_bids_stays(market: ClockedMarket, change: str) -> None:
    request, bid = await bidding(market)
    profile = a_vendor(market, VENDOR, seq=2, places=CHANGES[change])
    await assert_refused(market, market.send(profile), 409, "place-has-bids")
    if change == "moved":
        await market.store(a_bid_withdrawal(market, VENDOR, bid))
    else:
        await market.reach_cutoff(request)
    await market.store(profile)


async def test_a_place_without_live_bids_may_change(market: ClockedMarket) -> None:
    await bidding(market)
    wider = a_place("main", reach_m=30_000, capacity=20)
    await market.store(a_vendor(market, VENDOR, seq=2, places=(wider,)))


# --- capacities ---


async def test_a_capacity_is_stored_once(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    capacity = a_capacity(market, VENDOR, "2026-11-20", 3)
    first, again = await market.send(capacity), await market.send(capacity)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json()["units"] == 3


async def test_a_capacity_for_a_past_date(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    yesterday = a_capacity(market, VENDOR, "2026-11-19", 3)
    await assert_refused(market, market.send(yesterday), 409, "day-closed")


async def test_the_date_of_a_capacity_is_the_market_s_own(open_market: OpenMarket) -> None:
    """At 08:00 UTC it is already tomorrow in Kiritimati."""
    market = await open_market(
        schedule={"time_zone": "Pacific/Kiritimati"}, start="2026-11-20T11:00:10Z"
    )
    await market.store(a_vendor(market, VENDOR))
    today = a_capacity(market, VENDOR, "2026-11-20", 3)
    await assert_refused(market, market.send(today), 409, "day-closed")
    await market.store(a_capacity(market, VENDOR, "2026-11-21", 3))


async def test_a_capacity_with_a_stale_sequence(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR), a_capacity(market, VENDOR, "2026-11-20", 3, seq=4))
    for seq in (3, 4):
        stale = a_capacity(market, VENDOR, "2026-11-20", 9, seq=seq)
        await assert_refused(market, market.send(stale), 409, "stale-sequence")


async def test_a_capacity_of_an_unregistered_vendor(market: ClockedMarket) -> None:
    capacity = a_capacity(market, VENDOR, "2026-11-20", 3)
    await assert_refused(market, market.send(capacity), 404, "unknown-vendor")


async def test_a_capacity_of_an_unknown_place(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    capacity = a_capacity(market, VENDOR, "2026-11-20", 3, place="elsewhere")
    await assert_refused(market, market.send(capacity), 422, "unknown-place")


@pytest.mark.on_postgresql
async def test_capacities_at_once_leave_the_newest(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    several = [a_capacity(market, VENDOR, "2026-11-20", seq, seq=seq) for seq in range(1, 11)]
    answers = await asyncio.gather(*(market.send(capacity) for capacity in several))
    assert {answer.status_code for answer in answers} <= {201, 409}
    ((*_, units, seq, _digest, _wire),) = (await market.contents())["capacities"]
    assert (units, seq) == (10, 10)


async def test_an_invitation_code_of_any_length_is_answered(open_market: OpenMarket) -> None:
    market = await open_market(admission="invited")
    answer = await market.send(a_vendor(market, VENDOR), {"Vrm-Invitation": "x" * 129})
    assert problem(answer) == (400, "invalid-parameter")


# --- a bid is firm ---


async def test_a_vendor_that_takes_back_its_units_once_bids_have_closed(
    market: ClockedMarket,
) -> None:
    request, _ = await bidding(market)
    await market.store(a_capacity(market, VENDOR, "2026-11-21", 5))
    market.clock.set("2026-11-21T16:30:00Z")
    none_left = a_capacity(market, VENDOR, "2026-11-21", 0, seq=2)
    await assert_refused(market, market.send(none_left), 409, "bids-closed")
    await market.store(
        a_capacity(market, VENDOR, "2026-11-22", 0),
        a_capacity(market, VENDOR, "2026-11-21", 6, seq=3),
    )
    day = await market.reach_cutoff(request)
    assert len(await market.items(f"/runs/{day}/assignments")) == 1


async def test_a_capacity_for_a_date_beyond_reason(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    far = a_capacity(market, VENDOR, "9999-12-31", 3)
    await assert_refused(market, market.send(far), 422, "invalid-field")


async def test_a_name_that_reads_like_another(market: ClockedMarket) -> None:
    for name in (
        "Corner\u200b Toys",
        "Corner Toys\nVerified",
        "Corner\u2028Toys",
        "Corner\u200dToys",
    ):
        with pytest.raises(InvalidDocument):
            a_vendor(market, VENDOR, name=name)
    await market.store(a_vendor(market, VENDOR, name="فروشگاه اسباب\u200cبازی"))
