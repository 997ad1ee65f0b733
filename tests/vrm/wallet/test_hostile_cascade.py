"""What a market might do after a run, and what the wallet makes of it."""

import pytest

import crypto
from tests.support import (
    ClockedMarket,
    a_decline,
    a_key,
    an_acceptance,
    forged,
)
from tests.vrm.wallet.scenes import (
    DAY,
    SHOPS,
    Play,
    accept,
    at,
    decline,
    followed,
    given,
    told,
    words,
)
from vrm.client.cascade import Accepted, Displaced
from vrm.client.customer import CustomerClient
from vrm.documents import Acceptance, recall
from vrm.errors import MarketMisbehaved
from vrm.wallet import Wallet, outcomes

REPLY_KEY = crypto.ReplyKey.generate().public.text


async def displaced(
    market: ClockedMarket, play: Play, wallet: Wallet, client: CustomerClient
) -> None:
    """A day on which the first vendor has declined and the second has been asked."""
    await play()
    assert told(await followed(wallet, client), market) == ("assigned", 0, 0)
    await decline(market, 0)
    await market.reach_tick()


@pytest.mark.parametrize("by", [0, 1], ids=["of another assignment", "by another vendor"])
async def test_an_acceptance_that_does_not_fit(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play, by: int
) -> None:
    await play()
    await accept(market, 0)
    about = (await given(market)).digest if by else "A" * 43
    wire = an_acceptance(market, SHOPS[by], about).wire
    await market.execute("UPDATE assignment_answers SET wire = :wire", wire=wire)
    entry = await followed(wallet, client)
    assert entry.acceptance is None
    assert told(entry, market) == ("assigned", 0, 0)
    assert "by another vendor, or of another assignment" in words(entry, market)


async def test_an_acceptance_that_nobody_signed(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play()
    await accept(market, 0)
    real = an_acceptance(market, SHOPS[0], (await given(market)).digest)
    wire = real.wire.replace(recall(real.wire, Acceptance).message_key.encode(), REPLY_KEY.encode())
    await market.execute("UPDATE assignment_answers SET wire = :wire", wire=wire)
    with pytest.raises(MarketMisbehaved, match="Acceptance"):
        await followed(wallet, client)


async def test_an_assignment_of_a_tick_that_is_not_by_the_market(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await displaced(market, play, wallet, client)
    other = a_key("another market")
    wire = forged(await given(market, 1), other, market=other.did)
    await market.execute("UPDATE assignments SET wire = :wire WHERE tick = 1", wire=wire)
    with pytest.raises(MarketMisbehaved, match="another key"):
        await followed(wallet, client)
    assert wallet.read().requests[-1].failed == []


async def test_a_vendor_displaced_by_another_ones_word(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await displaced(market, play, wallet, client)
    wire = a_decline(market, SHOPS[1], (await given(market)).digest).wire
    await market.execute("UPDATE assignment_answers SET wire = :wire", wire=wire)
    with pytest.raises(MarketMisbehaved, match="without its word"):
        await followed(wallet, client)


async def test_a_vendor_displaced_by_its_word_on_something_else(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await displaced(market, play, wallet, client)
    wire = a_decline(market, SHOPS[0], "A" * 43).wire
    await market.execute("UPDATE assignment_answers SET wire = :wire", wire=wire)
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 0, 0), "the first one has it still"
    assert "had declined something else" in words(entry, market)


async def test_a_vendor_displaced_before_its_time(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await displaced(market, play, wallet, client)
    await market.execute("UPDATE displaced SET reason = 'timed-out'")
    await market.execute("DELETE FROM assignment_answers")
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 0, 0)
    assert "when its time was over" in words(entry, market)


async def test_a_vendor_displaced_after_it_had_accepted(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play()
    await accept(market, 0)
    entry = await followed(wallet, client)
    held = await given(market)
    lost = Displaced(entry.digest, 0, held.body.bid, held.body.vendor, "timed-out", None)
    said = outcomes.wrongly_displaced(entry, DAY, lost, held.body.accept_by)
    assert said is not None
    assert "had accepted it" in said


async def test_an_acceptance_of_what_was_given_to_another(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    """The acceptance shows only after the displacement."""
    await displaced(market, play, wallet, client)
    entry = await followed(wallet, client)
    listed = an_acceptance(market, SHOPS[0], (await given(market)).digest)
    outcomes.match_acceptance(entry, Accepted(entry.digest, 0, "2026-11-23T00:00:00Z", listed))
    assert "taken from a vendor" in words(entry, market)


async def test_a_day_called_settled_without_an_answer(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play()
    await accept(market, 0)
    await market.execute("UPDATE assignment_answers SET request = :other", other="A" * 43)
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 0, 0)
    assert "not this one's answer" in words(entry, market)


async def test_a_tick_that_decides_what_was_not_displaced(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await displaced(market, play, wallet, client)
    await market.execute("UPDATE assignment_answers SET request = :other", other="A" * 43)
    await market.execute("UPDATE displaced SET request = :other", other="A" * 43)
    entry = await followed(wallet, client)
    assert told(entry, market) == ("assigned", 0, 0)
    assert "was not displaced" in words(entry, market)


async def test_a_tick_that_displaces_and_lists_nowhere(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play(shops=1)
    await decline(market, 0)
    await market.reach_tick()
    await market.execute("DELETE FROM unfilled")
    entry = await followed(wallet, client)
    assert entry.status(at(market)) == "market-at-fault"
    assert "lists it nowhere" in words(entry, market)


@pytest.mark.parametrize("table", ["displaced", "assignments", "awards"])
async def test_a_list_shorter_than_its_report(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play, table: str
) -> None:
    await displaced(market, play, wallet, client)
    await market.execute("DELETE FROM assignments WHERE tick = 1")
    if table != "assignments":
        await market.execute(f"DELETE FROM {table} WHERE tick = 1")  # noqa: S608 - a parameter above
        with pytest.raises(MarketMisbehaved, match="counts 1"):
            await followed(wallet, client)
    else:  # a document that is not stored is signed for the occasion
        assert told(await followed(wallet, client), market) == ("assigned", 1, 1)


async def test_a_tick_that_has_vanished(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await displaced(market, play, wallet, client)
    await followed(wallet, client)
    await market.execute("DELETE FROM ticks")
    with pytest.raises(MarketMisbehaved, match="had 1 ticks, and now has 0"):
        await followed(wallet, client)


async def test_a_roll_over_that_the_owner_did_not_allow(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    posted = await play(shops=0)
    await market.execute(
        "INSERT INTO roll_overs (day, request, tick, cutoff) SELECT day, request, 0, 1 FROM unfilled"
    )
    entry = await followed(wallet, client)
    assert told(entry, market) == ("unfilled", 0, 0)
    assert "you did not allow that" in words(entry, market)
    assert not posted.body.roll_over
