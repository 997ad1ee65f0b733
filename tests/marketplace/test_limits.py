"""How many anonymous calls a process takes, from all callers together."""

from marketplace.http.limits import Limits
from tests.support import ClockedMarket, a_key, a_request, a_withdrawal, problem


def test_a_bucket_fills_with_time_and_not_beyond_its_brim() -> None:
    now = [0.0]
    limits = Limits(2, clock=lambda: now[0])
    assert [limits.admits("a") for _ in range(5)] == [True] * 4 + [False]
    now[0] = 0.5
    assert [limits.admits("a") for _ in range(2)] == [True, False]
    now[0] = 3600.0
    assert [limits.admits("a") for _ in range(5)] == [True] * 4 + [False]


async def test_a_flood_of_anonymous_posts(sqlite_market: ClockedMarket) -> None:
    """It is refused alike to everybody, leaves other routes open, and remembers nobody."""
    market, pseudonym = sqlite_market, a_key()
    await market.reset()
    request = a_request(market, pseudonym)
    state, before = market.app.state, market.app.state.limits
    state.limits = Limits(1, clock=lambda: 0.0)
    try:
        await market.store(request, a_request(market))
        refused = [
            await market.http.post(
                "/requests",
                content=b"{}",
                headers={"X-Forwarded-For": caller, "Content-Type": "application/json"},
            )
            for caller in ("192.0.2.1", "198.51.100.2")
        ]
        await market.store(a_withdrawal(market, pseudonym, request.digest))
    finally:
        state.limits = before
    assert {problem(answer) for answer in refused} == {(429, "too-many")}
    first, second = refused
    assert (first.content, first.headers) == (second.content, second.headers)
    assert first.headers["Retry-After"] == "4"
    assert (await market.http.get("/batches")).is_success
