"""A wallet joins its market, draws its tokens, and is not fooled about the keys that they are issued under."""

from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import pytest

import crypto
from crypto import issuer_directory
from crypto.issuance import issue_batch
from crypto.issuer_directory import Directory, ListedKey
from crypto.tokens import IssuerKey as SecretKey
from crypto.tokens import Token, verify
from marketplace.members import service as members
from marketplace.tokens.rules import statement
from tests.support import ClockedMarket
from tests.support.market import an_identity
from tests.support.tokens import Person, issuer_key
from tests.vrm.wallet.conftest import URL, Wire, bare_wallet
from tests.vrm.wallet.scenes import at
from vrm.client.customer import CustomerClient
from vrm.documents import sign
from vrm.documents.permits import challenge_of
from vrm.errors import LogFault, MarketMisbehaved, MarketUnreachable, WalletError
from vrm.wallet import Wallet, membership
from vrm.wallet import tokens as posting_tokens
from vrm.wallet.state import State

Change = Callable[[httpx.Request, httpx.Response], httpx.Response | None]


class Lying(httpx.AsyncBaseTransport):
    """The way to a market that changes some of its answers."""

    def __init__(self, wire: Wire, change: Change) -> None:
        self._wire, self._change = wire, change

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        answer = await self._wire.handle_async_request(request)
        await answer.aread()
        return self._change(request, answer) or answer


@pytest.fixture
def wallet(tmp_path: Path, market: ClockedMarket) -> Wallet:
    return bare_wallet(tmp_path / "wallet", market.rules, at(market))


async def join(wallet: Wallet, client: CustomerClient, market: ClockedMarket) -> None:
    await issuer_key(market.market)
    async with client as connected:
        await membership.join(wallet, connected, at(market))


async def draw(wallet: Wallet, client: CustomerClient) -> State:
    async with client as connected:
        return await posting_tokens.draw_due(wallet, connected)


async def test_a_wallet_draws_its_whole_allotment_once(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    await join(wallet, client, market)
    state = await draw(wallet, client)
    [own] = state.epochs
    key = await issuer_key(market.market)
    for index, raw in enumerate(own.tokens):
        token = Token.parse(raw)
        assert token.nonce == wallet.pseudonym(own.epoch, index).public.raw
        verify(token, challenge=challenge_of(market.did), key=key)
    assert len(own.tokens) == 16
    wire.asked.clear()
    await draw(wallet, client)
    assert ("POST", "/token-request") not in wire.asked


async def test_nothing_but_the_own_registration_and_the_draw_is_signed(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    signed: list[str] = []

    def note(request: httpx.Request, _answer: httpx.Response) -> None:
        if "signature" in request.headers:
            signed.append(request.url.path)

    await join(wallet, client, market)
    await draw(wallet, CustomerClient(URL, transport=Lying(wire, note), attempts=1))
    assert signed == ["/members/self", "/token-request"]


async def test_a_lost_answer_to_a_draw(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    await join(wallet, client, market)
    wire.loses_answers = True
    with pytest.raises(MarketUnreachable):
        await draw(wallet, client)
    wire.loses_answers = False
    assert posting_tokens.left(await draw(wallet, client)) == 16


async def test_a_draw_by_nobody(wallet: Wallet, client: CustomerClient) -> None:
    with pytest.raises(WalletError, match="vrm join"):
        await draw(wallet, client)


async def test_an_issuer_key_made_for_one_member(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """Signed and listed as it should be, but not in the log: the wallet draws nothing."""
    await join(wallet, client, market)
    own = SecretKey.from_seed(b"s" * 32, b"made for one member")
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    stated = sign(statement(market.did, market.rules.tokens, "new", epoch, own), an_identity().key)

    def change(request: httpx.Request, _answer: httpx.Response) -> httpx.Response | None:
        if request.url.path == issuer_directory.PATH:
            shown = Directory("/token-request", (ListedKey(own.public, epoch * 86_400),))
            return httpx.Response(200, content=shown.encode())
        if request.url.path == "/issuer-keys":
            key_id = crypto.base64url_encode(own.public.key_id)
            item = {"key_id": key_id, "issued": 0, "redeemed": 0}
            content = msgspec.json.encode(
                {"items": [item | {"document": msgspec.Raw(stated.wire)}]}
            )
            return httpx.Response(200, content=content)
        return None

    lying = CustomerClient(URL, transport=Lying(wire, change), attempts=1)
    wire.asked.clear()
    with pytest.raises(LogFault) as caught:
        await draw(wallet, lying)
    assert caught.value.code == "missing"
    assert ("POST", "/token-request") not in wire.asked


async def test_a_directory_that_differs_from_the_log(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    await join(wallet, client, market)
    own = SecretKey.from_seed(b"s" * 32, b"made for one member")

    def change(request: httpx.Request, _answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != issuer_directory.PATH:
            return None
        return httpx.Response(
            200, content=Directory("/token-request", (ListedKey(own.public),)).encode()
        )

    lying = CustomerClient(URL, transport=Lying(wire, change), attempts=1)
    wire.asked.clear()
    with pytest.raises(MarketMisbehaved, match="another key than its log"):
        await draw(wallet, lying)
    assert ("POST", "/token-request") not in wire.asked


async def test_two_issuer_keys_of_one_epoch(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    await join(wallet, client, market)
    own = SecretKey.from_seed(b"s" * 32, b"a second key")
    epoch = market.rules.tokens.epoch_at(market.clock.now)
    stated = sign(statement(market.did, market.rules.tokens, "new", epoch, own), an_identity().key)

    def change(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/issuer-keys":
            return None
        items = msgspec.json.decode(answer.content)["items"]
        second = items[0] | {"document": msgspec.Raw(stated.wire)}
        return httpx.Response(200, content=msgspec.json.encode({"items": [*items, second]}))

    with pytest.raises(MarketMisbehaved, match="two issuer keys"):
        await draw(wallet, CustomerClient(URL, transport=Lying(wire, change), attempts=1))


async def test_a_second_issuer_key_under_another_epochs_name(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """It runs now like the one that all see, and stands alone under its tier and epoch."""
    await join(wallet, client, market)
    own = SecretKey.from_seed(b"s" * 32, b"a second key")
    rules = market.rules.tokens
    epoch = rules.epoch_at(market.clock.now)
    second = statement(market.did, rules, "new", epoch, own)
    stated = sign(msgspec.structs.replace(second, epoch=epoch + 1), an_identity().key)
    looked: list[str] = []

    def change(request: httpx.Request, answer: httpx.Response) -> httpx.Response | None:
        looked.append(request.url.path)
        if request.url.path != "/issuer-keys":
            return None
        items = msgspec.json.decode(answer.content)["items"]
        first = items[0] | {"document": msgspec.Raw(stated.wire)}
        return httpx.Response(200, content=msgspec.json.encode({"items": [first, *items]}))

    await draw(wallet, CustomerClient(URL, transport=Lying(wire, change), attempts=1))
    assert f"/log/inclusion/{stated.digest}" not in looked
    assert [one.epoch for one in wallet.read().epochs] == [epoch]


async def test_a_tier_made_for_one_member(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """Its key is listed and logged like others, and nobody else draws under it."""
    await join(wallet, client, market)
    await market.execute("UPDATE members SET tier = 'trusted'")
    with pytest.raises(MarketMisbehaved, match="calls you trusted"):
        await draw(wallet, client)
    assert wallet.read().epochs == []
    with wallet.editing() as state:
        state.fulfilled = market.rules.tokens.standing.trusted.fulfilled
    assert {one.tier for one in (await draw(wallet, client)).epochs} == {"trusted"}


async def test_issuer_keys_shown_to_whom_the_market_has_just_heard_from(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """Who answers questions about keys within the second of a signed call knows whom it answers."""
    await join(wallet, client, market)
    for step in (posting_tokens.draw_due, posting_tokens.restore):
        wire.asked.clear()
        async with client as connected:
            await step(wallet, connected)
        paths = [path.partition("?")[0] for _, path in wire.asked]
        after = paths[paths.index("/members/self") :]
        told = ("/issuer-keys", issuer_directory.PATH, "/log/checkpoint")
        assert not set(told) & set(after)
        assert set(told) <= set(paths)


async def test_wrong_dleq_proof(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, wire: Wire
) -> None:
    """The market shows one key to all and issues one member's tokens under another."""
    await join(wallet, client, market)
    key = await issuer_key(market.market)
    own = SecretKey.from_seed(b"s" * 32, b"made for one member")

    def change(request: httpx.Request, _answer: httpx.Response) -> httpx.Response | None:
        if request.url.path != "/token-request":
            return None
        body = request.read()
        return httpx.Response(200, content=issue_batch(body, {key.public.truncated_id: own}))

    with pytest.raises(MarketMisbehaved, match="another key than it shows"):
        await draw(wallet, CustomerClient(URL, transport=Lying(wire, change), attempts=1))
    assert wallet.read().epochs == []


async def test_a_log_that_was_rolled_back_before_a_draw(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    await join(wallet, client, market)
    await draw(wallet, client)
    await market.reset()
    market.clock.advance(7 * 86_400)
    await join(wallet, client, market)
    with pytest.raises(LogFault):
        await draw(wallet, client)


async def test_a_challenge_made_for_one_member(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    """No answer of the market gives the wallet a challenge: it computes the one of the market's key."""
    await join(wallet, client, market)
    state = await draw(wallet, client)
    digest = challenge_of(market.did).digest
    assert {Token.parse(raw).challenge_digest for raw in state.epochs[0].tokens} == {digest}
    assert challenge_of(Person("another market").did).digest != digest


async def test_rotating_the_key_and_leaving(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket
) -> None:
    with wallet.editing() as state:
        state.facets = {"name": "Ada", "languages": ["en"]}
    await issuer_key(market.market)
    async with client as connected:
        await membership.join(wallet, connected, at(market), shows=["languages"])
        joined = await membership.rotate(wallet, connected, at(market))
        assert (joined.member, joined.key) == (wallet.profile_did, wallet.identity(1).did)
        [known] = await members.list_all(market.market)
        shown = msgspec.json.decode(known.profile)["credentialSubject"]
        assert shown == {"id": joined.key, "languages": ["en"]}
        await posting_tokens.draw_due(wallet, connected)
        departed = await membership.leave(wallet, connected)
        assert departed.stays
        assert await members.list_all(market.market) == []
        again = await membership.join(wallet, connected, at(market))
        assert again.seq > joined.seq


async def test_a_member_speaks_for_another(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, tmp_path: Path
) -> None:
    await join(wallet, client, market)
    friend = bare_wallet(tmp_path / "friend", market.rules, at(market))
    async with client as connected:
        word = await membership.sponsor(wallet, connected, friend.profile_did)
        read_word = membership.read_sponsorship(friend, word.wire)
        await membership.join(friend, connected, at(market), sponsorship=read_word)
    assert len(await members.list_all(market.market)) == 2
