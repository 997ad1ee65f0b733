"""A market under load, in a process of its own, that also takes requests without a token.

    python -m benchmarks._anonymity_server HOME DATABASE_URL

Prints its URL and serves until its input ends. ``POST /requests-without-token`` does all that
``POST /requests`` does, but reads, verifies and spends no token: it is the floor.
"""

import asyncio
import sys
from pathlib import Path

import msgspec
from litestar import Response, post

from marketplace.app import create_app
from marketplace.db import take_turns
from marketplace.http.parameters import Body, TheMarket
from marketplace.market import Market
from marketplace.pending import service as pending
from marketplace.requests import service as requests
from marketplace.requests.rules import check_request
from marketplace.tokens import service as tokens
from tests.support.market import an_identity, settings_of
from tests.support.serving import serving
from vrm.documents import PersonalRequest, read


@post("/requests-without-token", status_code=202, opt={"anonymous": True})
async def submit_freely(market: TheMarket, json_body: Body) -> Response[msgspec.Raw]:
    """Let a request wait for publication without a token."""
    request = read(json_body, PersonalRequest)
    market.check_addressed(request.body)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [request.body.pseudonym])
        if await pending.find(connection, request.digest):
            raise RuntimeError("a request is posted once in a benchmark")
        now = await market.db.now(connection)
        check_request(request.body, market.rules, market.calendar, now)
        if await requests.ended(connection, request.body.pseudonym) != "none":
            raise RuntimeError("a pseudonym posts once in a benchmark")
        publish_by = market.calendar.publish_by(now)
        await pending.wait(connection, request, None, publish_by)
    promise = pending.promise(market, request, publish_by)
    return Response(msgspec.Raw(promise.wire), status_code=202)


def main(home: Path, url: str) -> None:
    """Serve until the input ends."""
    settings = settings_of(home, url, anonymous_per_second=1_000_000)
    app = create_app(settings, an_identity())
    asyncio.run(_make_keys(Market.open(settings, an_identity())))
    app.register(submit_freely)
    with serving(app) as address:
        print(address, flush=True)
        sys.stdin.read()


async def _make_keys(market: Market) -> None:
    await tokens.keep_keys(market)
    await market.db.dispose()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
