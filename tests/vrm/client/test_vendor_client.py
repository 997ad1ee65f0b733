"""The vendor's client against markets that misbehave, and the sizes of its calls."""

import json
from collections.abc import Callable
from typing import Any

import httpx
import msgspec
import pytest

import crypto
from tests.vrm.vendor.builders import (
    MARKET,
    PSEUDONYM,
    VENDOR,
    market,
    profile,
    request,
    some_digest,
)
from vrm.client.vendor import VendorClient, place
from vrm.client.vendor_answers import parameters
from vrm.documents import (
    Assignment,
    Bid,
    Document,
    Need,
    PersonalRequest,
    Receipt,
    Signed,
    read,
    sign,
)
from vrm.errors import MarketMisbehaved, MarketRefused, UsageError

OTHER = crypto.SigningKey.from_seed(b"o" * 32)
Answer = Callable[[httpx.Request], Any]


def posted(**changes: Any) -> Signed[PersonalRequest]:
    return sign(request(**changes), PSEUDONYM)


def assigned(digest: str, key: crypto.SigningKey = MARKET, **changes: Any) -> Signed[Assignment]:
    facts: dict[str, Any] = {
        "market": key.did,
        "day": "2026-11-21",
        "tick": 0,
        "accept_by": "2026-11-22T18:00:00Z",
        "request": digest,
        "bid": some_digest("B"),
        "vendor": VENDOR.did,
        "place": "shop",
        "amount": 24900,
        "currency": "USD",
        "delivery": "pickup",
        "distance_m": 1600,
        "band": 16,
        "rank": 1,
        "eligible": 1,
        "reserve": (),
    }
    return sign(Assignment(**(facts | changes)), key)


def client(answer: Answer) -> VendorClient:
    """A client of a market that answers with what ``answer`` returns: JSON, or a whole response."""

    def handle(call: httpx.Request) -> httpx.Response:
        if call.url.path == "/.well-known/vrm-market":
            return httpx.Response(200, content=sign(market(), MARKET).wire)
        result = answer(call)
        return result if isinstance(result, httpx.Response) else httpx.Response(200, json=result)

    return VendorClient("http://127.0.0.1", VENDOR, transport=httpx.MockTransport(handle))


def entry(signed: Signed[Any], digest: str | None = None) -> dict[str, Any]:
    return {
        "request": digest or signed.digest,
        "published_at": "2026-11-21T00:00:00Z",
        "bids_close": "2026-11-21T17:00:00Z",
        "cutoff": "2026-11-21T18:00:00Z",
        "state": "open",
        "document": json.loads(signed.wire),
    }


def listed(*items: Any, **more: Any) -> dict[str, Any]:
    return {"items": items, "next": None, **more}


# --- the board ---


async def test_the_board_is_walked_to_its_end_and_its_cursor_kept() -> None:
    first, second = posted(), posted(need=Need(title="Car seat", category="baby"))

    def answer(call: httpx.Request) -> Any:
        assert "signature-input" in call.headers
        if "cursor" not in call.url.params:
            return listed(entry(first)) | {"next": "c1"}
        return listed(entry(second), resume="c2")

    async with client(answer) as vendor:
        assert [i.digest async for i in vendor.board()] == [first.digest, second.digest]
        page = await vendor.board_page("c1")
        assert (page.cursor, page.more) == ("c2", False)


async def test_a_board_without_news_keeps_the_cursor_where_it_was() -> None:
    async with client(lambda _: listed(resume=None)) as vendor:
        assert (await vendor.board_page("c7")).cursor == "c7"


async def test_a_request_changed_by_the_market_is_refused() -> None:
    changed = entry(posted())
    changed["document"]["price"]["amount"] = 99_999
    async with client(lambda _: listed(changed)) as vendor:
        with pytest.raises(MarketMisbehaved, match="A request on the board"):
            await vendor.board_page()


async def test_a_request_filed_as_another_is_refused() -> None:
    async with client(lambda _: listed(entry(posted(), some_digest("X")))) as vendor:
        with pytest.raises(MarketMisbehaved, match="not the one it is filed as"):
            await vendor.board_page()


async def test_a_request_from_another_market_is_refused() -> None:
    async with client(lambda _: listed(entry(posted(market=OTHER.did)))) as vendor:
        with pytest.raises(MarketMisbehaved):
            await vendor.board_page()


def test_a_distance_without_a_point_is_refused() -> None:
    with pytest.raises(UsageError, match="needs a point"):
        parameters({"within_km": 5})


def test_filters_are_written_as_the_query_has_them() -> None:
    shop = place("shop", "Shop", lat=41.9, lng=-87.65, reach_km=1, capacity=1)
    assert parameters({"near": shop, "within_km": 12.5, "delivery": "ship"}) == {
        "lat": "41.900000",
        "lng": "-87.650000",
        "within_km": "12.5",
        "delivery": "ship",
    }


# --- bids ---


async def test_a_bid_carries_the_customers_terms_a_fresh_salt_and_a_growing_seq() -> None:
    sent: list[Bid] = []

    def answer(call: httpx.Request) -> Any:
        bid = read(call.content, Bid)
        sent.append(bid.body)
        receipt = Receipt(
            market=MARKET.did,
            document=bid.digest,
            document_type="Bid",
            logged_by="2026-11-21T12:00:00Z",
        )
        return {
            "bid": bid.digest,
            "request": bid.body.request,
            "receipt": json.loads(sign(receipt, MARKET).wire),
        }

    need = posted()
    async with client(lambda _: entry(need)) as vendor:
        item = await vendor.request(need.digest)
    async with client(answer) as vendor:
        for _ in range(2):
            await vendor.bid(item, place="shop", price="249", delivery="pickup", lead_time_hours=2)
    one, two = sent
    assert one.terms == need.body.terms
    assert one.price.amount == 24900
    assert one.salt != two.salt
    assert one.seq < two.seq


async def test_terms_whose_text_is_not_in_the_roster_are_never_accepted() -> None:
    swapped = request(terms=msgspec.structs.replace(request().terms, digest=some_digest("X")))
    async with client(lambda _: pytest.fail("nothing is sent")) as vendor:
        with pytest.raises(UsageError, match="not that of the market's roster"):
            await vendor.make_bid(
                some_digest("R"),
                swapped,
                place="shop",
                price="1.00",
                delivery="ship",
                lead_time_hours=1,
            )


@pytest.mark.parametrize("price", ["", "249,00", "-1", "1e3", "249.001", "USD 3"])
async def test_a_price_that_is_no_amount_is_not_sent(price: str) -> None:
    async with client(lambda _: pytest.fail("nothing is sent")) as vendor:
        with pytest.raises(UsageError, match="Price"):
            await vendor.make_bid(
                some_digest("R"),
                request(),
                place="shop",
                price=price,
                delivery="ship",
                lead_time_hours=1,
            )


async def test_many_bids_go_out_in_batches_and_each_gets_its_result() -> None:
    sizes: list[int] = []

    def answer(call: httpx.Request) -> Any:
        bids = json.loads(call.content)["bids"]
        sizes.append(len(bids))
        return {"results": [{"status": "accepted", "bid": str(bid["n"])} for bid in bids]}

    async with client(answer) as vendor:
        results = await vendor.send_bids(b'{"n":%d}' % n for n in range(2300))
    assert sizes == [1000, 1000, 300]
    assert [result.bid for result in results] == [str(n) for n in range(2300)]


async def test_a_batch_never_outgrows_what_the_market_takes() -> None:
    sizes: list[int] = []

    def answer(call: httpx.Request) -> Any:
        sizes.append(len(call.content))
        return {"results": [{"status": "accepted"}] * len(json.loads(call.content)["bids"])}

    large = b'"' + b"x" * 60_000 + b'"'
    async with client(answer) as vendor:
        await vendor.send_bids([large] * 200)
    assert max(sizes) <= 4 * 1024 * 1024
    assert len(sizes) == 3


async def test_results_that_are_not_one_for_each_bid_are_refused() -> None:
    async with client(lambda _: {"results": []}) as vendor:
        with pytest.raises(MarketMisbehaved, match="not one for each bid"):
            await vendor.send_bids([b"{}"])


async def test_a_refusal_carries_the_markets_code_and_words() -> None:
    problem = {"type": "/problems/bids-closed", "code": "bids-closed", "detail": "Too late."}
    kind = {"content-type": "application/problem+json"}
    refusal = httpx.Response(409, json=problem, headers=kind)
    async with client(lambda _: refusal) as vendor:
        with pytest.raises(MarketRefused, match=r"Too late\. \(bids-closed\)") as caught:
            await vendor.withdraw(some_digest("B"))
    assert caught.value.code == "bids-closed"


async def test_a_vendor_shown_under_another_did_is_refused() -> None:
    shown = sign(profile(vendor=OTHER.did), OTHER)
    async with client(lambda _: {"profile": json.loads(shown.wire)}) as vendor:
        with pytest.raises(MarketMisbehaved, match="another vendor's profile"):
            await vendor.profile()


# --- outcomes ---


async def assignments(assignment: Signed[Any], need: Signed[Any]) -> list[Any]:
    item = {
        "digest": assignment.digest,
        "state": "waiting",
        "answer_by": assignment.body.accept_by,
        "assignment": json.loads(assignment.wire),
        "request": json.loads(need.wire),
    }
    async with client(lambda _: listed(item)) as vendor:
        return [found async for found in vendor.my_assignments()]


async def test_an_assignment_comes_with_its_request() -> None:
    need = posted()
    (found,) = await assignments(assigned(need.digest), need)
    assert found.request.need.title == "Twin stroller"
    assert found.assignment.amount == 24900


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda digest: assigned(digest, OTHER), id="by another key"),
        pytest.param(lambda digest: assigned(digest, vendor=OTHER.did), id="of another vendor"),
        pytest.param(lambda _: assigned(some_digest("X")), id="of another request"),
    ],
)
async def test_a_forged_assignment_is_refused(forged: Callable[[str], Signed[Document]]) -> None:
    need = posted()
    with pytest.raises(MarketMisbehaved):
        await assignments(forged(need.digest), need)


async def test_another_vendors_bid_in_ones_own_list_is_refused() -> None:
    async with client(lambda _: pytest.fail("nothing is sent")) as vendor:
        bid = await vendor.make_bid(
            some_digest("R"), request(), place="s", price="1.00", delivery="ship", lead_time_hours=1
        )
    item = {"bid": some_digest("X"), "state": "live", "document": json.loads(bid.wire)}
    async with client(lambda _: listed(item)) as vendor:
        with pytest.raises(MarketMisbehaved, match="another vendor's document"):
            assert [own async for own in vendor.my_bids()]
