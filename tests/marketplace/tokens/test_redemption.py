"""Posting for a token: spent once, by the pseudonym that it certifies, at the market that issued it."""

import asyncio

import httpx
import pytest

import crypto
from crypto import token_http
from crypto.tokens import Challenge, Token, token_input
from crypto.tokens import IssuerKey as SecretKey
from crypto.voprf import evaluate
from tests.support import ClockedMarket, a_key, a_request, assert_refused, problem
from tests.support.tokens import issuer_key, minted, spending
from vrm.documents import PersonalRequest, Signed
from vrm.documents.permits import challenge_of

DAY = 86_400
ADA = a_key("pseudonym")


async def post(
    market: ClockedMarket, request: Signed[PersonalRequest], token: Token | None
) -> httpx.Response:
    headers = {"Content-Type": "application/json"}
    if token is not None:
        headers["Authorization"] = token_http.authorization(token)
    return await market.http.post("/requests", content=request.wire, headers=headers)


async def test_a_request_without_a_token(market: ClockedMarket) -> None:
    key = await issuer_key(market.market)
    refused = post(market, a_request(market, ADA), None)
    answer = await assert_refused(market, refused, 401, "token-required")
    asked = token_http.parse_www_authenticate(answer.headers["WWW-Authenticate"])
    assert asked == (challenge_of(market.did), key.public)


@pytest.mark.parametrize("header", ["PrivateToken", "Bearer x", 'PrivateToken token="AAAA"', ""])
async def test_a_header_that_carries_no_token(market: ClockedMarket, header: str) -> None:
    headers = {"Content-Type": "application/json", "Authorization": header}
    call = market.http.post("/requests", content=a_request(market).wire, headers=headers)
    await assert_refused(market, call, 401, "token-invalid")


@pytest.mark.on_postgresql
async def test_a_token_spent_twice(market: ClockedMarket) -> None:
    """Fifty requests at once under one token: one is stored."""
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    wanted = [a_request(market, ADA, price={"amount": 1000 + n}) for n in range(50)]
    answers = await asyncio.gather(*(post(market, request, token) for request in wanted))
    assert sorted(answer.status_code for answer in answers) == [202] + [409] * 49
    assert {problem(one) for one in answers if one.status_code == 409} == {
        (409, "pseudonym-reused")
    }
    await market.publish()
    again = post(market, a_request(market, ADA, price={"amount": 5}), token)
    await assert_refused(market, again, 409, "pseudonym-reused")


async def test_the_same_request_again_gets_the_same_promise(market: ClockedMarket) -> None:
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    request = a_request(market, ADA)
    answers = [await post(market, request, token) for _ in range(2)]
    await market.publish()
    market.clock.advance(30 * DAY)
    answers.append(await post(market, request, token))
    assert [answer.status_code for answer in answers] == [202] * 3
    assert len({answer.content for answer in answers}) == 1


async def test_a_token_stolen_for_another_key(market: ClockedMarket) -> None:
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    stolen = post(market, a_request(market, a_key("thief")), token)
    await assert_refused(market, stolen, 401, "token-invalid")


async def test_a_token_replayed_at_another_market(market: ClockedMarket) -> None:
    """Even where both markets had the same issuer key, the challenge in the token is the other's."""
    key = await issuer_key(market.market)
    token = minted(a_key("another market").did, ADA.did, key)
    await assert_refused(market, post(market, a_request(market, ADA), token), 401, "token-invalid")


async def test_a_challenge_made_for_one_member(market: ClockedMarket) -> None:
    """A token that was drawn for another challenge is refused, so that no member can be marked by one."""
    key = await issuer_key(market.market)
    host = challenge_of(market.did).issuer_name
    marked = Challenge(host, host, redemption_context=b"m" * 32)
    parts = ADA.public.raw, marked.digest, key.public.key_id
    token = Token(*parts, evaluate(key.secret, token_input(*parts)))
    await assert_refused(market, post(market, a_request(market, ADA), token), 401, "token-invalid")


async def test_a_token_of_an_unknown_issuer_key(market: ClockedMarket) -> None:
    own = SecretKey.from_seed(b"s" * 32, b"another issuer")
    token = minted(market.did, ADA.did, own)
    await assert_refused(market, post(market, a_request(market, ADA), token), 401, "token-invalid")


async def test_a_posting_token_drawn_as_a_stamp(market: ClockedMarket) -> None:
    """Blinded, it looks like any other: a claim of a stamp could carry it to the stamps' key."""
    for kind in ("stamp-f", "stamp-r"):
        token = minted(market.did, ADA.did, await issuer_key(market.market, kind))
        refused = post(market, a_request(market, ADA), token)
        await assert_refused(market, refused, 401, "token-invalid")


async def test_a_forged_authenticator(market: ClockedMarket) -> None:
    good = minted(market.did, ADA.did, await issuer_key(market.market))
    forged = Token(good.nonce, good.challenge_digest, good.key_id, bytes(64))
    await assert_refused(market, post(market, a_request(market, ADA), forged), 401, "token-invalid")


async def test_an_epoch_that_is_over(market: ClockedMarket) -> None:
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    market.clock.set((epoch + 7 + 2) * DAY)
    await issuer_key(market.market)
    refused = post(market, a_request(market, ADA), token)
    await assert_refused(market, refused, 401, "token-expired")
    market.clock.advance(-1)
    assert (await post(market, a_request(market, ADA), token)).status_code == 202


async def test_a_token_before_its_epoch(market: ClockedMarket) -> None:
    epoch = market.rules.tokens.epoch_at(market.clock.now) + 7
    market.clock.set(epoch * DAY)
    key = await issuer_key(market.market)
    market.clock.advance(-1)
    token = minted(market.did, ADA.did, key)
    early = post(market, a_request(market, ADA), token)
    await assert_refused(market, early, 401, "token-expired")


async def test_a_post_that_fails_burns_no_token(market: ClockedMarket) -> None:
    token = minted(market.did, ADA.did, await issuer_key(market.market))
    bad = a_request(market, ADA, need={"category": "weapons"})
    await assert_refused(market, post(market, bad, token), 422, "unknown-category")
    assert (await post(market, a_request(market, ADA), token)).status_code == 202


async def test_counts_of_spent_tokens_move_with_batches(market: ClockedMarket) -> None:
    async def counts() -> list[int]:
        listed = await market.items("/issuer-keys")
        return [item["redeemed"] for item in listed if item["document"]["tier"] == "new"]

    await market.store(*(a_request(market) for _ in range(3)))
    assert await counts() == [0]
    await market.publish()
    assert await counts() == [3]


async def test_what_is_published_does_not_say_which_key_its_token_was_of(
    market: ClockedMarket,
) -> None:
    key_id = crypto.base64url_encode((await issuer_key(market.market)).public.key_id)
    request = a_request(market, ADA)
    headers = await spending(market.market, ADA.did)
    await market.post("/requests", request.wire, headers)
    await market.publish()
    held = await market.contents(but=("read_nonces", "issuer_keys"))
    assert key_id not in str(held)
