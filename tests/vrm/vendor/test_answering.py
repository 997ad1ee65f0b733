"""What the bidding program does with what it is given: in its own time, and when another vendor fails."""

from crypto.vault import Cost
from tests.vrm.vendor.conftest import RULES, Shop
from tests.vrm.vendor.live import LiveMarket
from vrm.client.vendor_answers import OwnAssignment
from vrm.documents import Need
from vrm.vendor.home import Home, Market


def need(title: str) -> Need:
    return Need(title=title, category="baby")


async def given(shop: Shop) -> list[OwnAssignment]:
    async with shop.client() as client:
        return [one async for one in client.my_assignments()]


async def a_win(live: LiveMarket, shop: Shop, title: str) -> str:
    """Let the program win a request; answers the request."""
    digest, _ = await live.post(need(title))
    live.publish()
    shop.stock(f"P,{title},baby,240.00,1")
    assert (await shop.round()).bids == 1
    live.close_day()
    return digest


async def test_it_accepts_what_the_stock_has(live: LiveMarket, shop: Shop) -> None:
    request = await a_win(live, shop, "Ruby pram")
    done = await shop.round()
    assert (done.won, done.accepted, list(done.unanswered)) == (1, 1, [])
    (mine,) = await given(shop)
    assert (mine.assignment.request, mine.state) == (request, "accepted")
    assert (await shop.round()).accepted == 0


async def test_it_leaves_the_answer_to_a_person_who_wants_it(live: LiveMarket, shop: Shop) -> None:
    shop.files.rules.write_text(f'{RULES}accept = "by-hand"\n')
    await a_win(live, shop, "Pearl pram")
    for _ in range(2):
        (left,) = (await shop.round()).unanswered
        assert (left.title, left.because) == ("Pearl pram", "your rules leave it to you")
    (mine,) = await given(shop)
    assert (mine.state, mine.answer_by) == ("waiting", left.answer_by)


async def test_it_does_not_accept_what_is_sold(live: LiveMarket, shop: Shop) -> None:
    await a_win(live, shop, "Coral pram")
    shop.stock("P,Coral pram,baby,240.00,0")
    (left,) = (await shop.round()).unanswered
    assert "the stock has no such article" in left.because or "0 in stock" in left.because
    shop.stock("P,Coral pram,baby,240.00,1")
    assert (await shop.round()).accepted == 1


async def test_the_next_in_line_learns_that_it_is_its_turn(live: LiveMarket, shop: Shop) -> None:
    """The bid had lost and its unit was free again; a tick gives it the request after all."""
    rival = another(live, shop)
    await rival.register()
    request, _ = await live.post(need("Jade pram"))
    live.publish()
    shop.stock("P,Jade pram,baby,240.00,1")
    rival.stock("P,Jade pram,baby,230.00,1")
    assert [(await one.round()).bids for one in (shop, rival)] == [1, 1]
    live.close_day()
    assert (await shop.round()).lost == 1
    async with rival.client() as client:
        (theirs,) = await given(rival)
        await client.decline([theirs.digest], "Out of stock.")
    live.tick()
    assert (await shop.round()).accepted == 1
    (mine,) = await given(shop)
    assert (mine.assignment.request, mine.assignment.tick, mine.state) == (request, 1, "accepted")
    with shop.ledger() as ledger:
        assert [entry.request for entry in ledger.in_state("won")] == [request]
    await rival.round()
    with rival.ledger() as ledger:
        assert [entry.problem for entry in ledger.in_state("lost")] == ["declined"]


def another(live: LiveMarket, shop: Shop) -> Shop:
    """A second vendor with the same rules."""
    home = Home(shop.home.folder.parent / "rival")
    home.create(Market(live.url, live.identity.did), b"rival", cost=Cost.MINIMUM)
    rival = Shop(home, home.key(b"rival"), live.url)
    rival.files.rules.write_text(RULES)
    return rival


async def test_each_message_key_is_for_one_assignment_and_found_again(shop: Shop) -> None:
    async with shop.client() as client, shop.client() as again:
        keys = [client.message_key(digest).public.text for digest in ("A" * 43, "B" * 43)]
        assert len(set(keys)) == 2
        assert again.message_key("A" * 43).public.text == keys[0]
