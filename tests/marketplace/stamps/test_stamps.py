"""Stamps: given blindly for tokens that came to nothing, deposited once, in a later epoch, by a member."""

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

import crypto
from crypto import issuance, token_http
from crypto.tokens import IssuerKey as SecretKey
from crypto.tokens import Token, token_input
from crypto.voprf import evaluate
from marketplace.stamps import service as stamps
from marketplace.tokens import service as tokens
from tests.conftest import OpenMarket
from tests.support import (
    ClockedMarket,
    a_bid,
    a_decline,
    a_key,
    a_request,
    a_vendor,
    a_withdrawal,
    assert_refused,
    problem,
)
from tests.support.tokens import Person, issuer_key, minted
from vrm.documents import Signed, StampClaim, StampDeposit, sign
from vrm.documents.permits import challenge_of, stamp_challenge
from vrm.documents.standing import Stamp

WEEK = 7 * 86_400
ADA = a_key("pseudonym")


@dataclass
class Claim:
    """A pseudonym's claim, its token, and the draw that finishes the stamp."""

    signed: Signed[StampClaim]
    token: Token
    draw: issuance.Draw

    async def post(self, market: ClockedMarket) -> httpx.Response:
        headers = {"Authorization": token_http.authorization(self.token)}
        return await market.post("/stamps", self.signed.wire, headers)

    async def stamp(self, market: ClockedMarket) -> Token:
        answer = await self.post(market)
        assert answer.status_code == 200, answer.text
        return self.draw.finish(crypto.base64url_decode(answer.json()["response"]))


async def a_claim(
    market: ClockedMarket,
    key: crypto.SigningKey,
    token: Token,
    seed: bytes = b"s" * 32,
    **changes: Any,
) -> Claim:
    kind: Stamp = changes.get("stamp", "stamp-r")
    issuer = await issuer_key(market.market, kind)
    nonce = crypto.canonical.digest({"nonce": key.did + seed.hex()})
    raw = crypto.base64url_decode(nonce)
    blind = issuance.derive_blind(seed, issuer.public, raw)
    draw = issuance.Draw(issuer.public, stamp_challenge(market.did, kind), (raw,), (blind,))
    facts: dict[str, Any] = {
        "market": market.did,
        "pseudonym": key.did,
        "stamp": kind,
        "issuer_key": crypto.base64url_encode(issuer.public.key_id),
        "blinded": crypto.base64url_encode(draw.request()[3:]),
    }
    return Claim(sign(StampClaim(**(facts | changes)), key), token, draw)


async def unused(market: ClockedMarket, key: crypto.SigningKey = ADA, **changes: Any) -> Claim:
    """A claim for a token whose epoch and grace went by."""
    token = minted(market.did, key.did, await issuer_key(market.market))
    market.clock.advance(2 * WEEK)
    return await a_claim(market, key, token, **changes)


def forged(market: str, key: SecretKey, kind: Stamp, name: str = "nonce") -> Token:
    """A stamp, as one that was given would be."""
    nonce = crypto.base64url_decode(crypto.canonical.digest({"name": name}))
    parts = nonce, stamp_challenge(market, kind).digest, key.public.key_id
    return Token(*parts, evaluate(key.secret, token_input(*parts)))


async def joined(market: ClockedMarket, name: str = "ada") -> Person:
    person = Person(name)
    await market.post("/members", person.joining(market.did).wire)
    return person


async def earned(market: ClockedMarket, kind: Stamp, count: int) -> list[Token]:
    """Stamps of this epoch; the next one has begun when they are answered."""
    key = await issuer_key(market.market, kind)
    made = [forged(market.did, key, kind, str(number)) for number in range(count)]
    market.clock.advance(WEEK)
    await issuer_key(market.market, kind)
    return made


async def deposit(
    market: ClockedMarket, person: Person, given: list[Token], **changes: Any
) -> httpx.Response:
    facts: dict[str, Any] = {
        "market": market.did,
        "member": person.did,
        "key": person.key.did,
        "epoch": market.rules.tokens.epoch_at(market.clock.now),
        "stamps": tuple(crypto.base64url_encode(one.encode()) for one in given),
    }
    signed = sign(StampDeposit(**(facts | changes)), person.key)
    return await market.post("/stamp-deposits", signed.wire)


# --- giving ---


async def test_an_unused_token_of_an_epoch_that_is_over(market: ClockedMarket) -> None:
    claim = await unused(market)
    stamp = await claim.stamp(market)
    person = await joined(market)
    market.clock.advance(WEEK)
    answer = await deposit(market, person, [stamp])
    assert answer.json() == {
        "member": person.did,
        "epoch": market.rules.tokens.epoch_at(market.clock.now),
        "fulfilled": 0,
        "returned": 1,
    }


@pytest.mark.on_postgresql
async def test_a_request_that_was_withdrawn(market: ClockedMarket) -> None:
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    request = a_request(market, ADA)
    await market.store(request)
    claim = await a_claim(market, ADA, token)
    await assert_refused(market, claim.post(market), 409, "no-stamp")
    await market.publish()
    await assert_refused(market, claim.post(market), 409, "no-stamp")
    await market.store(a_withdrawal(market, ADA, request.digest))
    await market.publish()
    await claim.stamp(market)


async def test_a_request_that_found_nobody(market: ClockedMarket) -> None:
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    request = a_request(market, ADA)
    await market.store(request)
    await market.publish()
    await market.reach_cutoff(request)
    await (await a_claim(market, ADA, token)).stamp(market)


async def test_a_request_that_its_vendor_failed(market: ClockedMarket) -> None:
    vendor, token = a_key("vendor"), minted(market.did, ADA.did, await issuer_key(market.market))
    request = a_request(market, ADA)
    await market.store(a_vendor(market, vendor), request)
    await market.publish()
    await market.store(a_bid(market, vendor, request))
    day = await market.reach_cutoff(request)
    claim = await a_claim(market, ADA, token)
    await assert_refused(market, claim.post(market), 409, "no-stamp")
    [assignment] = await market.items(f"/runs/{day}/assignments")
    digest = crypto.digest({name: assignment[name] for name in assignment if name != "proof"})
    await market.store(a_decline(market, vendor, digest))
    await market.reach_tick()
    await claim.stamp(market)


async def test_a_token_that_can_be_spent_still(market: ClockedMarket) -> None:
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    claim = await a_claim(market, ADA, token)
    await assert_refused(market, claim.post(market), 409, "no-stamp")


@pytest.mark.on_postgresql
async def test_one_stamp_for_each_pseudonym(market: ClockedMarket) -> None:
    """Fifty different claims at once: one is answered, and the same one again is answered the same."""
    first = await unused(market)
    claims = [await a_claim(market, ADA, first.token, bytes([n]) * 32) for n in range(50)]
    answers = await asyncio.gather(*(claim.post(market) for claim in claims))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49
    at = next(n for n, answer in enumerate(answers) if answer.status_code == 200)
    assert (await claims[at].post(market)).content == answers[at].content
    await stamps.settle(market.market)
    assert (await claims[at].post(market)).content == answers[at].content
    assert problem(await claims[at - 1].post(market)) == (409, "stamp-given")


async def test_an_f_stamp_that_nothing_earned(market: ClockedMarket) -> None:
    claim = await unused(market, stamp="stamp-f")
    await assert_refused(market, claim.post(market), 409, "no-stamp")


async def test_a_stamp_for_somebody_else_s_token(market: ClockedMarket) -> None:
    claim = await unused(market)
    thief = await a_claim(market, a_key("thief"), claim.token)
    await assert_refused(market, thief.post(market), 401, "token-invalid")
    bare = market.post("/stamps", claim.signed.wire)
    await assert_refused(market, bare, 401, "token-required")


async def test_a_stamp_under_a_key_of_another_kind_or_epoch(market: ClockedMarket) -> None:
    claim = await unused(market)
    for name in ("new", "stamp-f"):
        key = await issuer_key(market.market, name)
        named = crypto.base64url_encode(key.public.key_id)
        other = await a_claim(market, ADA, claim.token, issuer_key=named)
        await assert_refused(market, other.post(market), 422, "token-request-invalid")
    market.clock.advance(WEEK)
    await tokens.keep_keys(market.market)
    await assert_refused(market, claim.post(market), 422, "token-request-invalid")


async def test_a_stamp_for_a_token_that_is_too_old(market: ClockedMarket) -> None:
    claim = await unused(market)
    market.clock.advance(9 * WEEK)
    claim = await a_claim(market, ADA, claim.token)
    await assert_refused(market, claim.post(market), 401, "token-expired")


async def test_a_malformed_element(market: ClockedMarket) -> None:
    claim = await unused(market, blinded="A" * 43)
    await assert_refused(market, claim.post(market), 422, "token-request-invalid")


# --- depositing ---


async def test_stamps_of_the_epoch_that_runs(market: ClockedMarket) -> None:
    """Whoever hands in what was given a moment ago is easy to guess."""
    person, key = await joined(market), await issuer_key(market.market, "stamp-r")
    fresh = deposit(market, person, [forged(market.did, key, "stamp-r")])
    await assert_refused(market, fresh, 422, "stamp-invalid")


@pytest.mark.on_postgresql
async def test_a_stamp_deposited_twice(market: ClockedMarket) -> None:
    ada, bob = await joined(market), await joined(market, "bob")
    [stamp] = await earned(market, "stamp-r", 1)
    twice = deposit(market, ada, [stamp, stamp])
    await assert_refused(market, twice, 409, "stamp-spent")
    answers = await asyncio.gather(*(deposit(market, one, [stamp]) for one in (ada, bob)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    market.clock.advance(WEEK)
    await issuer_key(market.market)
    again = deposit(market, ada, [stamp])
    await assert_refused(market, again, 409, "stamp-spent")


async def test_a_second_deposit_in_one_epoch(market: ClockedMarket) -> None:
    """One in each epoch, so that its instant tells nothing; the same one again has the same answer."""
    person = await joined(market)
    one, two = await earned(market, "stamp-r", 2)
    first = await deposit(market, person, [one])
    assert (await deposit(market, person, [one])).content == first.content
    await assert_refused(market, deposit(market, person, [two]), 409, "already-deposited")


async def test_a_deposit_by_nobody(market: ClockedMarket) -> None:
    ada = await joined(market)
    [stamp] = await earned(market, "stamp-r", 1)
    for person, changes in ((Person("bob"), {}), (Person("bob"), {"member": ada.did})):
        refused = deposit(market, person, [stamp], **changes)
        await assert_refused(market, refused, 403, "unknown-member")


async def test_a_stamp_of_another_kind_or_of_nobody(market: ClockedMarket) -> None:
    """A posting token is no stamp, an R-stamp is no F-stamp, and a forged one is none at all."""
    person = await joined(market)
    key = await issuer_key(market.market, "stamp-r")
    nonce = a_key("nonce").did
    good = forged(market.did, key, "stamp-r")
    wrong = [
        minted(market.did, nonce, await issuer_key(market.market)),
        forged(market.did, key, "stamp-f"),
        forged(a_key("another market").did, key, "stamp-r"),
        minted(market.did, nonce, key),
        Token(good.nonce, good.challenge_digest, good.key_id, bytes(64)),
    ]
    market.clock.advance(WEEK)
    await issuer_key(market.market)
    for stamp in wrong:
        await assert_refused(market, deposit(market, person, [stamp]), 422, "stamp-invalid")
    elsewhen = deposit(market, person, [good], epoch=0)
    await assert_refused(market, elsewhen, 422, "stamp-invalid")
    assert challenge_of(market.did).digest != stamp_challenge(market.did, "stamp-r").digest


async def test_a_stamp_that_is_too_old(market: ClockedMarket) -> None:
    person = await joined(market)
    [stamp] = await earned(market, "stamp-r", 1)
    market.clock.advance(8 * WEEK)
    await issuer_key(market.market)
    await assert_refused(market, deposit(market, person, [stamp]), 422, "stamp-invalid")


# --- what is kept, and shown ---


async def test_nothing_joins_a_deposit_to_what_was_given(market: ClockedMarket) -> None:
    claim = await unused(market)
    stamp, person = await claim.stamp(market), await joined(market)
    market.clock.advance(WEEK)
    await issuer_key(market.market)
    await deposit(market, person, [stamp])
    held = await market.contents()
    for table in ("stamp_grants", "stamp_arrivals"):
        assert person.did not in str(held[table])
        assert crypto.base64url_encode(stamp.nonce) not in str(held[table])
    assert person.did not in str(held["spent_stamps"])
    assert ADA.did not in str({name: held[name] for name in held if name != "stamp_arrivals"})


async def test_counts_of_stamps_move_with_batches(market: ClockedMarket) -> None:
    async def counts() -> list[tuple[int, int]]:
        listed = await market.items("/issuer-keys")
        return [
            (one["issued"], one["redeemed"])
            for one in listed
            if one["document"]["tier"] == "stamp-r" and (one["issued"] or one["redeemed"])
        ]

    claim = await unused(market)
    await stamps.settle(market.market)
    stamp = await claim.stamp(market)
    await stamps.settle(market.market)
    assert await counts() == []
    await market.publish()
    await stamps.settle(market.market)
    assert await counts() == [(1, 0)]
    assert not await stamps.is_due(market.market)
    person = await joined(market)
    market.clock.advance(WEEK)
    assert await stamps.is_due(market.market)
    await issuer_key(market.market)
    await deposit(market, person, [stamp])
    await market.publish()
    await stamps.settle(market.market)
    assert await counts() == [(1, 1)]


@pytest.mark.on_postgresql
async def test_what_no_tier_counts_is_forgotten(open_market: OpenMarket) -> None:
    market = await open_market(tokens={"standing": {"window_epochs": 4}})
    claim = await unused(market)
    stamp, person = await claim.stamp(market), await joined(market)
    market.clock.advance(WEEK)
    await issuer_key(market.market)
    await deposit(market, person, [stamp])
    await stamps.settle(market.market)
    for weeks, left in ((4, {"standings": 1, "spent_stamps": 1}), (1, {"standings": 0}), (5, {})):
        market.clock.advance(weeks * WEEK)
        await stamps.purge(market.market)
        held = await market.contents()
        assert {name: len(held[name]) for name in left} == left
    assert not held["spent_stamps"]
    assert not held["stamp_grants"]
