"""What is still to come, as the wallet knows it, and as a calendar shows it."""

from datetime import UTC, datetime, timedelta

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tests.support import ClockedMarket
from tests.vrm.wallet.scenes import STROLLER, Play, accept, at, followed
from tests.vrm.wallet.test_outcomes import post
from vrm.client.customer import CustomerClient
from vrm.wallet import Wallet, deadlines, icalendar
from vrm.wallet.deadlines import Deadline

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def kinds(wallet: Wallet, market: ClockedMarket) -> list[str]:
    return [one.kind for one in deadlines.ahead(wallet.read(), at(market))]


async def test_the_deadlines_of_a_request_from_its_post_to_its_assignment(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await post(wallet, client)
    assert kinds(wallet, market) == ["published"]
    await market.publish()
    await followed(wallet, client)
    closing, cutoff = deadlines.ahead(wallet.read(), at(market))
    assert (closing.kind, cutoff.kind) == ("bids-close", "cutoff")
    calendar = market.market.calendar
    joined = calendar.joins(market.clock.now)
    assert cutoff.at.timestamp() == joined
    assert closing.at.timestamp() == calendar.bids_close(joined)
    await market.reach_cutoff()
    await market.reach_cutoff()
    await followed(wallet, client)
    assert kinds(wallet, market) == []

    await play()
    await followed(wallet, client)
    [answer] = deadlines.ahead(wallet.read(), at(market))
    assert answer.kind == "vendor-answers"


async def test_when_a_need_is_over_is_a_deadline_until_nobody_can_meet_it(
    wallet: Wallet, client: CustomerClient, market: ClockedMarket, play: Play
) -> None:
    await play(msgspec.structs.replace(STROLLER, needed_by="2026-11-27T18:00"))
    await accept(market, 0)
    await followed(wallet, client)
    disclose, needed = deadlines.ahead(wallet.read(), at(market))
    assert disclose.kind == "disclose"
    assert disclose.at == at(market) + timedelta(hours=24)
    assert (needed.kind, needed.words) == ("needed-by", "Twin stroller: you need it")
    assert needed.at == datetime(2026, 11, 27, 17, tzinfo=UTC)


# --- the file ---


def unfolded(content: bytes) -> list[str]:
    return content.replace(b"\r\n ", b"").decode().removesuffix("\r\n").split("\r\n")


def test_a_calendar_file() -> None:
    one = Deadline("A" * 43, "cutoff", NOW + timedelta(hours=5), "Wein, weiß; 6 \\ Flaschen: order")
    content = icalendar.render([one], NOW, lambda text: f"name of {text}")
    assert unfolded(content) == [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//vrm//deadlines//EN",
        "BEGIN:VEVENT",
        f"UID:name of {'A' * 43} cutoff",
        "DTSTAMP:20261120T120000Z",
        "DTSTART:20261120T170000Z",
        "SUMMARY:Wein\\, weiß\\; 6 \\\\ Flaschen: order",
        "TRANSP:TRANSPARENT",
        "END:VEVENT",
        "END:VCALENDAR",
    ]


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_every_line_is_short_whole_and_one_line(words: str) -> None:
    one = Deadline("A" * 43, "cutoff", NOW, words)
    content = icalendar.render([one], NOW, lambda text: text)
    lines = content.removesuffix(b"\r\n").split(b"\r\n")
    assert all(len(line) <= icalendar.LINE and line.decode() for line in lines)
    assert len(unfolded(content)) == 11, "no text makes a line of its own"


async def test_a_calendar_gives_no_request_away(wallet: Wallet) -> None:
    one = Deadline("A" * 43, "cutoff", NOW, "Twin stroller")
    first, again = (icalendar.render([one], NOW, wallet.alias) for _ in range(2))
    assert first == again
    assert b"A" * 43 not in first
