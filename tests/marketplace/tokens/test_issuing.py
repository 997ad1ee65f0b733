"""Issuer keys and draws: one key for everybody, logged before it is used, and one draw for each member."""

import asyncio
import secrets

import httpx
import msgspec
import pytest

import crypto
from crypto import issuance, issuer_directory
from crypto.errors import TokenError
from crypto.http_signatures import sign_request
from crypto.issuance import BATCH_REQUEST_MEDIA_TYPE, BATCH_RESPONSE_MEDIA_TYPE
from crypto.issuer_directory import Directory
from crypto.keys import SigningKey
from crypto.tokens import IssuerKey as SecretKey
from crypto.tokens import verify
from marketplace.requests import service as requests
from marketplace.tokens import repository
from marketplace.tokens import service as tokens
from marketplace.tokens.rules import issued
from tests.conftest import OpenMarket
from tests.support import ClockedMarket, a_key, assert_refused, problem
from tests.support.tokens import Person, issuer_key
from vrm.documents import IssuerKey, Signed, read
from vrm.documents.permits import challenge_of

DAY = 86_400


async def draw(
    market: ClockedMarket,
    key: SigningKey,
    body: bytes,
    *,
    nonce: str | None = None,
    media_type: str = BATCH_REQUEST_MEDIA_TYPE,
    signed_body: bytes | None = None,
) -> httpx.Response:
    """Draw with a member's signature."""
    url = f"{market.http.base_url}/token-request"
    signature = sign_request(
        "POST",
        url,
        {},
        signed_body or body,
        key,
        tag="vrm-member",
        created=market.clock.now,
        nonce=nonce or secrets.token_urlsafe(16),
    )
    headers = {"Content-Type": media_type, **signature}
    return await market.http.post("/token-request", content=body, headers=headers)


async def member(market: ClockedMarket, name: str = "ada") -> Person:
    person = Person(name)
    await market.post("/members", person.joining(market.did).wire)
    await issuer_key(market.market)
    return person


async def directory(market: ClockedMarket) -> Directory:
    answer = await market.http.get(issuer_directory.PATH)
    assert answer.headers["Content-Type"] == issuer_directory.MEDIA_TYPE
    return Directory.parse(answer.content)


async def test_a_member_draws_its_allotment(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    wanted = ada.draw(market.did, key, 16)
    answer = await draw(market, ada.key, wanted.batch_request())
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == BATCH_RESPONSE_MEDIA_TYPE
    drawn = wanted.finish_batch(answer.content)
    assert len(drawn) == 16
    for token in drawn:
        verify(token, challenge=challenge_of(market.did), key=key)


async def test_a_repeated_draw_gets_the_stored_answer(market: ClockedMarket) -> None:
    """Byte for byte, though the proof in it is random: a lost device loses no token."""
    ada, key = await member(market), await issuer_key(market.market)
    body = ada.draw(market.did, key, 16).batch_request()
    answers = [await draw(market, ada.key, body) for _ in range(2)]
    assert answers[0].content == answers[1].content
    rotated = ada.rotated()
    await market.post("/members", rotated.joining(market.did, 2).wire)
    assert (await draw(market, rotated.key, body)).content == answers[0].content


async def test_a_second_draw_in_one_epoch(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    await draw(market, ada.key, ada.draw(market.did, key, 16).batch_request())
    other = ada.draw(market.did, key, 16, epoch=9).batch_request()
    await assert_refused(market, draw(market, ada.key, other), 409, "already-drawn")


@pytest.mark.on_postgresql
async def test_fifty_draws_at_once_give_one_allotment(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    bodies = [ada.draw(market.did, key, 16, epoch=n).batch_request() for n in range(50)]
    answers = await asyncio.gather(*(draw(market, ada.key, body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 49


async def test_leaving_and_joining_again_gives_no_second_draw(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    body = ada.draw(market.did, key, 16).batch_request()
    await draw(market, ada.key, body)
    await market.post("/departures", ada.leaving(market.did).wire)
    assert [row[3] for row in (await market.contents())["token_draws"]] == [b""]
    await market.post("/members", ada.joining(market.did, 3).wire)
    await assert_refused(market, draw(market, ada.key, body), 409, "already-drawn")


@pytest.mark.parametrize("count", [1, 15, 17])
async def test_more_or_less_than_the_allotment(market: ClockedMarket, count: int) -> None:
    """A draw of an unusual size would mark its tokens' holder by their number."""
    ada, key = await member(market), await issuer_key(market.market)
    body = ada.draw(market.did, key, count).batch_request()
    await assert_refused(market, draw(market, ada.key, body), 422, "token-request-invalid")


async def test_a_draw_under_a_key_of_somebody_else_s_making(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    while True:
        other = SecretKey.from_seed(secrets.token_bytes(32), b"another issuer")
        if other.public.truncated_id != key.public.truncated_id:
            break
    body = ada.draw(market.did, other, 16).batch_request()
    await assert_refused(market, draw(market, ada.key, body), 422, "token-request-invalid")


async def test_a_draw_by_nobody(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    body = ada.draw(market.did, key, 16).batch_request()
    headers = {"Content-Type": BATCH_REQUEST_MEDIA_TYPE}
    bare = market.http.post("/token-request", content=body, headers=headers)
    await assert_refused(market, bare, 401, "signature-required")
    stranger = draw(market, a_key("stranger"), body)
    await assert_refused(market, stranger, 403, "unknown-member")


async def test_a_draw_whose_body_was_exchanged(market: ClockedMarket) -> None:
    ada, thief = await member(market), Person("thief")
    key = await issuer_key(market.market)
    mine, theirs = (one.draw(market.did, key, 16).batch_request() for one in (ada, thief))
    swapped = draw(market, ada.key, theirs, signed_body=mine)
    await assert_refused(market, swapped, 401, "signature-invalid")


async def test_a_replayed_signature_of_a_draw(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    body = ada.draw(market.did, key, 16).batch_request()
    answers = [await draw(market, ada.key, body, nonce="n" * 22) for _ in range(2)]
    assert problem(answers[1]) == (401, "nonce-replayed")


async def test_a_draw_by_a_key_that_was_rotated_away(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    old, body = ada.key, ada.draw(market.did, key, 16).batch_request()
    await market.post("/members", ada.rotated().joining(market.did, 2).wire)
    await assert_refused(market, draw(market, old, body), 403, "unknown-member")


async def test_a_draw_of_another_kind_of_body(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    single = ada.draw(market.did, key, 1).request()
    answer = draw(market, ada.key, single, media_type=issuance.REQUEST_MEDIA_TYPE)
    await assert_refused(market, answer, 415, "unsupported-media-type")
    await assert_refused(market, draw(market, ada.key, single), 422, "token-request-invalid")


async def test_a_draw_of_an_epoch_that_is_over(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    market.clock.advance(7 * DAY)
    await issuer_key(market.market)
    body = ada.draw(market.did, key, 16).batch_request()
    await assert_refused(market, draw(market, ada.key, body), 422, "token-request-invalid")


async def test_every_key_is_in_the_log_when_it_is_first_listed(market: ClockedMarket) -> None:
    await tokens.keep_keys(market.market)
    for _ in range(3):
        listed = await directory(market)
        documents = [read_key(item) for item in await market.items("/issuer-keys")]
        for entry in listed.keys:
            key_id = crypto.base64url_encode(entry.key.element)
            [found] = [one for one in documents if one.body.key == key_id]
            await market.get(f"/log/inclusion/{found.digest}")
        market.clock.advance(7 * DAY)
        assert await tokens.keys_are_due(market.market)
        await tokens.keep_keys(market.market)
        assert not await tokens.keys_are_due(market.market)


def read_key(item: dict[str, object]) -> Signed[IssuerKey]:
    return read(msgspec.json.encode(item["document"]), IssuerKey)


@pytest.mark.on_postgresql
async def test_keys_come_ahead_of_their_epoch_and_stay_for_the_grace(market: ClockedMarket) -> None:
    first = await issuer_key(market.market)
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    ends = (epoch + 7) * DAY
    market.clock.set(ends - DAY)
    await tokens.keep_keys(market.market)
    both = await directory(market)
    tiers = len(market.rules.tokens.allotment)
    assert [entry.not_before for entry in both.keys] == [epoch * DAY] * tiers + [ends] * tiers
    assert first.public in [entry.key for entry in both.keys[:tiers]]
    market.clock.set(ends)
    assert [entry.not_before for entry in (await directory(market)).keys] == [ends] * tiers
    truncated = {entry.key.truncated_id for entry in both.keys}
    assert len(truncated) == 2 * tiers


async def test_truncated_ids_are_unique_among_the_living(open_market: OpenMarket) -> None:
    """With a hundred keys alive, two of 256 ids would fall together almost surely."""
    market = await open_market(tokens={"epoch_days": 1, "grace_days": 30})
    for _ in range(31):
        await tokens.keep_keys(market.market)
        market.clock.advance(DAY)
    async with market.market.db.snapshot() as connection:
        rows = await repository.living(connection, market.clock.now)
    assert len(rows) > 100
    assert len({tokens.secret_of(market.market, row).public.truncated_id for row in rows}) == len(
        rows
    )


@pytest.mark.on_postgresql
async def test_two_workers_make_each_key_once(market: ClockedMarket) -> None:
    made = await asyncio.gather(*(tokens.keep_keys(market.market) for _ in range(4)))
    assert sorted(made) == [0, 0, 0, len(issued(market.rules.tokens))]


async def test_counts_move_at_batch_instants_only(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    await draw(market, ada.key, ada.draw(market.did, key, 16).batch_request())

    async def drawn() -> list[int]:
        listed = await market.items("/issuer-keys")
        return [item["issued"] for item in listed if item["document"]["tier"] == "new"]

    assert await drawn() == [0]
    await requests.publish_batch(market.market)
    await market.publish()
    assert await drawn() == [16]


async def test_draws_are_forgotten_with_their_keys(market: ClockedMarket) -> None:
    ada, key = await member(market), await issuer_key(market.market)
    await draw(market, ada.key, ada.draw(market.did, key, 16).batch_request())
    market.clock.advance(7 * DAY)
    await tokens.purge(market.market)
    assert len((await market.contents())["token_draws"]) == 1
    market.clock.advance(7 * DAY)
    await tokens.purge(market.market)
    assert (await market.contents())["token_draws"] == []


async def test_no_secret_key_is_in_the_database(market: ClockedMarket) -> None:
    key = await issuer_key(market.market)
    held = str(await market.contents())
    assert crypto.base64url_encode(key.secret) not in held
    assert repr(key.secret) not in held


async def test_wrong_dleq_proof(market: ClockedMarket) -> None:
    """An answer under a key that was made for one member has no proof under the key that all see."""
    ada, key = await member(market), await issuer_key(market.market)
    wanted = ada.draw(market.did, key, 16)
    own = SecretKey.from_seed(b"s" * 32, b"made for one member")
    marked = issuance.issue_batch(
        wanted.batch_request(), {key.public.truncated_id: own}, max_batch=16
    )
    with pytest.raises(TokenError) as caught:
        wanted.finish_batch(marked)
    assert caught.value.code == "proof"
