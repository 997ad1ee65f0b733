"""How long an anonymous call is tells nothing of what it says."""

from tests.support import ClockedMarket, a_key, a_request, a_withdrawal
from tests.support.market import PATHS
from vrm.documents.padding import WRITES, padded


async def test_sizes_that_tell_what_was_posted_and_answered(
    sqlite_market: ClockedMarket,
) -> None:
    """Short or long, taken or refused, a request or its withdrawal."""
    market, pseudonym = sqlite_market, a_key()
    await market.reset()
    short = a_request(market, pseudonym, need={"title": "x"})
    long = a_request(market, need={"title": "x" * 120, "text": "y" * 2000})
    wrong = a_request(market, need={"category": "weapons"})
    back = a_withdrawal(market, pseudonym, short.digest)
    sizes = set()
    for document in (short, long, wrong, back):
        body = padded(document.wire, WRITES)
        answer = await market.post(PATHS[document.body.type], body)
        assert answer.is_success == (document is not wrong), answer.text
        assert answer.headers["Content-Length"] == str(len(answer.content))
        sizes.add((len(body), len(answer.content)))
    assert sizes == {(8192, 2048)}
    waiting = (await market.contents())["pending"]
    assert all(row[4] in {short.wire, long.wire, back.wire} for row in waiting), "without padding"


def test_a_body_beyond_all_classes_stays_as_it_is() -> None:
    assert padded(b"{}", [4]) == b"{}  "
    assert padded(b"{} ", [2]) == b"{} "
