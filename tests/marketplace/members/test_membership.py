"""Joining a market, changing the key, speaking for others, and leaving."""

import asyncio
from typing import Any

import httpx
import msgspec
import pytest

import crypto
from marketplace.log import service as log
from marketplace.members import service as members
from marketplace.vendors import service as vendors
from tests.conftest import OpenMarket
from tests.support import ClockedMarket, a_key, assert_refused, forged, problem
from tests.support.tokens import Person
from vrm.documents import Document, Signed

Post = httpx.Response


async def join(market: ClockedMarket, document: Signed[Document], **headers: str) -> Post:
    return await market.post("/members", document.wire, headers)


@pytest.mark.on_postgresql
async def test_a_person_joins_and_shows_what_they_choose(market: ClockedMarket) -> None:
    ada = Person("ada")
    document = ada.joining(market.did, facets={"languages": ("en",)})
    first, again = await join(market, document), await join(market, document)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert first.json() == {"member": ada.did, "key": ada.did, "seq": 1, "tier": "new"}
    [listed] = await members.list_all(market.market)
    shown = msgspec.json.decode(listed.profile)["credentialSubject"]
    assert shown == {"id": ada.did, "languages": ["en"]}


async def test_an_invitation_admits_as_often_as_it_says(open_market: OpenMarket) -> None:
    market = await open_market(members={"admission": "invited"})
    one, two, three = (Person(name).joining(market.did) for name in ("one", "two", "three"))
    await assert_refused(market, join(market, one), 403, "invitation-required")
    code = {"Vrm-Invitation": await members.invite(market.market, 2)}
    guessed = join(market, one, **{"Vrm-Invitation": "guessed"})
    await assert_refused(market, guessed, 403, "invitation-invalid")
    answers = [await join(market, document, **code) for document in (one, one, two, three)]
    assert [answer.status_code for answer in answers] == [201, 200, 201, 403]
    assert not [
        row
        for row in (await market.contents())["member_invitations"]
        if code["Vrm-Invitation"] in str(row)
    ]


async def test_a_vendors_invitation_admits_no_member(open_market: OpenMarket) -> None:
    market = await open_market(members={"admission": "invited"}, admission="invited")
    code = {"Vrm-Invitation": await vendors.invite(market.market, 1)}
    answer = join(market, Person("one").joining(market.did), **code)
    await assert_refused(market, answer, 403, "invitation-invalid")


async def sponsored(
    at: ClockedMarket, sponsor: Person, name: str, **changes: Any
) -> Signed[Document]:
    person = Person(name)
    epoch = at.rules.tokens.epoch_at(at.clock.now)
    facts: dict[str, Any] = {"market": at.did, "candidate": person.did, "epoch": epoch} | changes
    word = dict(crypto.parse(sponsor.sponsoring(**facts).wire))
    return person.joining(at.did, sponsorship=word)


async def invited_market(open_market: OpenMarket) -> tuple[ClockedMarket, Person]:
    market = await open_market(members={"admission": "invited", "sponsorships": 2})
    sponsor = Person("sponsor")
    code = {"Vrm-Invitation": await members.invite(market.market, 1)}
    assert (await join(market, sponsor.joining(market.did), **code)).status_code == 201
    return market, sponsor


async def test_a_member_speaks_for_so_many_in_each_epoch(open_market: OpenMarket) -> None:
    market, sponsor = await invited_market(open_market)
    documents = [await sponsored(market, sponsor, name) for name in ("a", "b", "c")]
    answers = [await join(market, document) for document in documents]
    assert [answer.status_code for answer in answers] == [201, 201, 403]
    assert problem(answers[2]) == (403, "sponsorship-used-up")
    market.clock.advance(7 * 86_400)
    assert (await join(market, await sponsored(market, sponsor, "c"))).status_code == 201


@pytest.mark.on_postgresql
async def test_many_at_once_by_one_sponsor(open_market: OpenMarket) -> None:
    market, sponsor = await invited_market(open_market)
    documents = [await sponsored(market, sponsor, f"guest {n}") for n in range(8)]
    answers = await asyncio.gather(*(join(market, document) for document in documents))
    assert sorted(answer.status_code for answer in answers) == [201] * 2 + [403] * 6


@pytest.mark.on_postgresql
async def test_whom_a_member_spoke_for_is_not_kept(open_market: OpenMarket) -> None:
    market, sponsor = await invited_market(open_market)
    await join(market, await sponsored(market, sponsor, "guest"))
    counts = (await market.contents())["sponsor_counts"]
    assert [row[2] for row in counts] == [1]
    assert Person("guest").did not in str(counts)


async def test_a_sponsorship_that_is_none(open_market: OpenMarket) -> None:
    market, sponsor = await invited_market(open_market)
    stranger = Person("stranger")
    other_market = a_key("other market").did
    bad = [
        await sponsored(market, stranger, "guest"),
        await sponsored(market, sponsor, "guest", candidate=stranger.did),
        await sponsored(market, sponsor, "guest", market=other_market),
        await sponsored(market, sponsor, "guest", epoch=0),
    ]
    for document in bad:
        await assert_refused(market, join(market, document), 403, "sponsorship-invalid")
    forgery = stranger.sponsoring(market.did, Person("guest").did, 0)
    wrong = dict(crypto.parse(forged(forgery, stranger.key, sponsor=sponsor.did)))
    document = Person("guest").joining(market.did, sponsorship=wrong)
    await assert_refused(market, join(market, document), 403, "sponsorship-invalid")


async def test_a_key_rotation_keeps_the_membership(market: ClockedMarket) -> None:
    ada = Person("ada")
    await join(market, ada.joining(market.did))
    ada.rotated()
    answer = await join(market, ada.joining(market.did, 2))
    assert answer.status_code == 201
    assert answer.json()["member"] == ada.did
    assert answer.json()["key"] == ada.key.did != ada.did
    assert len(await members.list_all(market.market)) == 1
    await log.grow(market.market)
    for document in ada.chain:
        await market.get(f"/log/inclusion/{crypto.digest(document)}")


async def test_a_thief_of_todays_key_cannot_rotate(market: ClockedMarket) -> None:
    ada, thief = Person("ada"), Person("thief")
    await join(market, ada.joining(market.did))
    body = crypto.canonical.unsigned(ada.chain[0]) | {
        "seq": 1,
        "previous": crypto.digest(ada.chain[0]),
        "key": thief.key.did,
    }
    stolen = crypto.proof.sign(body, thief.key, purpose="capabilityInvocation")
    thief.chain = [ada.chain[0], dict(stolen)]
    document = thief.joining(market.did, 2, member=ada.did)
    await assert_refused(market, join(market, document), 409, "keys-refused")


async def test_a_rolled_back_chain_of_keys(market: ClockedMarket) -> None:
    ada = Person("ada")
    await join(market, ada.joining(market.did))
    ada.rotated()
    await join(market, ada.joining(market.did, 2))
    old = Person("ada").joining(market.did, 3)
    await assert_refused(market, join(market, old), 409, "keys-refused")


async def test_a_registration_with_another_s_chain_of_keys(market: ClockedMarket) -> None:
    ada, thief = Person("ada"), Person("thief")
    thief.chain = ada.chain
    document = thief.joining(market.did, member=ada.did)
    await assert_refused(market, join(market, document), 409, "keys-refused")


async def test_another_person_s_profile(market: ClockedMarket) -> None:
    ada, other = Person("ada"), Person("other")
    shown = msgspec.json.decode(other.joining(market.did).wire)["profile"]
    document = ada.joining(market.did, profile=shown)
    await assert_refused(market, join(market, document), 422, "profile-refused")
    shown["credentialSubject"]["name"] = "Somebody else"
    document = ada.joining(market.did, profile=shown)
    await assert_refused(market, join(market, document), 422, "profile-refused")


async def test_a_registration_for_another_market(market: ClockedMarket) -> None:
    document = Person("ada").joining(a_key("other market").did)
    await assert_refused(market, join(market, document), 422, "wrong-market")


async def test_an_older_registration(market: ClockedMarket) -> None:
    ada = Person("ada")
    await join(market, ada.joining(market.did, 2))
    document = ada.joining(market.did, 2, facets={"name": "Ada"})
    await assert_refused(market, join(market, document), 409, "stale-sequence")


async def test_leaving_deletes_what_it_says(market: ClockedMarket) -> None:
    ada = Person("ada")
    await join(market, ada.joining(market.did, facets={"name": "Ada Example"}))
    first = await market.post("/departures", ada.leaving(market.did).wire)
    again = await market.post("/departures", ada.leaving(market.did).wire)
    assert first.status_code == again.status_code == 200
    assert first.json() == again.json()
    assert first.json()["deleted"]
    assert first.json()["stays"]
    left = str(await market.contents())
    assert ada.did not in left
    assert "Ada Example" not in left


async def test_somebody_else_s_departure(market: ClockedMarket) -> None:
    ada, thief = Person("ada"), Person("thief")
    await join(market, ada.joining(market.did))
    gone = thief.leaving(market.did)
    forgery = forged(gone, thief.key, member=ada.did)
    await assert_refused(market, market.post("/departures", forgery), 409, "keys-refused")


async def test_a_departure_replayed_after_coming_back(market: ClockedMarket) -> None:
    ada = Person("ada")
    await join(market, ada.joining(market.did))
    gone = ada.leaving(market.did)
    await market.post("/departures", gone.wire)
    await join(market, ada.joining(market.did, 3))
    await assert_refused(market, market.post("/departures", gone.wire), 409, "stale-sequence")


@pytest.mark.parametrize("change", [{"keys": []}, {"seq": -1}, {"sponsorship": "none"}])
async def test_a_malformed_registration(market: ClockedMarket, change: dict[str, Any]) -> None:
    ada = Person("ada")
    document = forged(ada.joining(market.did), ada.key, **change)
    await assert_refused(market, market.post("/members", document), 422, "invalid-field")


async def own(market: ClockedMarket, key: crypto.SigningKey, nonce: str | None = None) -> Post:
    return await market.ask(key, "/members/self", tag="vrm-member", nonce=nonce)


async def test_a_member_reads_what_the_market_holds_of_it(market: ClockedMarket) -> None:
    ada = Person("ada")
    document = ada.joining(market.did, facets={"languages": ("en",)}, devices="d" * 140)
    await join(market, document)
    answer = await own(market, ada.key)
    assert answer.json() == {"tier": "new", "document": dict(crypto.parse(document.wire))}
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_registration_is_shown_to_nobody_else(market: ClockedMarket) -> None:
    ada = Person("ada")
    await join(market, ada.joining(market.did))
    old = ada.key
    await join(market, ada.rotated().joining(market.did, 2))
    await assert_refused(market, market.http.get("/members/self"), 401, "signature-required")
    for key in (a_key("stranger"), old):
        await assert_refused(market, own(market, key), 403, "unknown-member")
    assert (await own(market, ada.key, nonce="n" * 22)).status_code == 200
    replayed = own(market, ada.key, nonce="n" * 22)
    await assert_refused(market, replayed, 401, "nonce-replayed")
