"""The API does what its description says: no server error, no answer that the description lacks."""

import hashlib
import secrets
from typing import Any, cast

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import CHECKS, load_all_checks

import crypto
from crypto.http_signatures import sign_request
from crypto.issuance import BATCH_REQUEST_MEDIA_TYPE
from marketplace.log import service as log
from tests.support import (
    ClockedMarket,
    a_bid,
    a_decline,
    a_key,
    a_request,
    a_request_for,
    a_vendor,
    an_item,
)
from tests.support.clock import SetClock

load_all_checks()


@schemathesis.serializer(BATCH_REQUEST_MEDIA_TYPE)
def as_bytes(_context: Any, value: Any) -> bytes:
    """A draw's body is no JSON."""
    return str(value).encode(errors="replace")


CONFORMANCE = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "response_headers_conformance",
    ]
)
VENDOR = a_key("vendor")


class Signed(requests.auth.AuthBase):
    """Signs each call as a vendor does, in the form in which it leaves."""

    def __init__(self, clock: SetClock) -> None:
        self._clock = clock

    def __call__(self, call: requests.PreparedRequest) -> requests.PreparedRequest:
        nonce = secrets.token_urlsafe(16)
        url, created = str(call.url), self._clock.now
        call.headers.update(
            sign_request("GET", url, {}, None, VENDOR, tag="vrm-read", created=created, nonce=nonce)
        )
        return call


@pytest.fixture
def database_kind() -> str:
    """One database is enough: what is asked here is how answers look."""
    return "sqlite"


async def filled(market: ClockedMarket) -> dict[str, list[Any]]:
    """Put something into every list; answers what paths may name."""
    requests_ = [a_request(market) for _ in range(3)]
    item = an_item(market, VENDOR)
    await market.store(a_vendor(market, VENDOR), item, *requests_)
    await market.store(a_request_for(market, item))
    await market.publish()
    await market.store(*(a_bid(market, VENDOR, request) for request in requests_[:2]))
    await market.publish()
    mail = await market.items("/mail")
    day = await market.reach_cutoff(requests_[0])
    await log.grow(market.market)
    given = (await market.items(f"/runs/{day}/assignments"))[0]
    await market.store(a_decline(market, VENDOR, crypto.digest(given)))
    await market.reach_tick()
    await market.store(a_request(market))
    await market.publish()
    return {
        "day": [day, "2026-11-20"],
        "tick": [1],
        "digest": [*(request.digest for request in requests_), item.digest],
        "did": [VENDOR.did],
        "terms": ["PDC-INTENT"],
        "code": ["float"],
        "segment": [one["segment"] for one in mail],
        "document": [request.digest for request in requests_],
        "old": ["1", "2"],
        "size": [str((await market.get(f"/runs/{day}"))["report"]["log_size"])],
        "path": ["0/000.p/1", "entries/000.p/1"],
        "principal": [VENDOR.did],
        "item": ["duo"],
    }


async def test_no_answer_that_the_description_lacks(market: ClockedMarket) -> None:
    known = await filled(market)
    description = await market.get("/openapi.json")
    schema = schemathesis.openapi.from_dict(description)
    operations: list[Any] = [cast(Any, found).ok() for found in schema.get_all_operations()]
    assert len(operations) > 25
    with market.served() as url:
        for operation in operations:
            examine(operation, url, known, Signed(market.clock))


def examine(operation: Any, url: str, known: dict[str, list[Any]], signed: Signed) -> None:
    """Call one operation with what its description allows, sometimes with names that exist."""
    is_read = operation.method.upper() == "GET"

    @settings(
        max_examples=8,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(), exists=st.booleans(), data=st.data())
    def check(case: Any, exists: bool, data: st.DataObject) -> None:
        if exists and case.path_parameters:
            for name in case.path_parameters:
                case.path_parameters[name] = data.draw(st.sampled_from(known[name]))
        answer = case.call(base_url=url, auth=signed if is_read else None)
        case.validate_response(answer, checks=CONFORMANCE)

    try:
        check()
    except BaseExceptionGroup as found:
        # Not being an Exception, it would end the event loop that all other tests share.
        raise AssertionError("\n".join(map(str, found.exceptions))) from None


async def test_examples_are_taken_as_they_stand(market: ClockedMarket) -> None:
    """What the docs page shows can be posted: each verifies, and meets only rules of time."""
    description = await market.get("/openapi.json")
    order = [
        "/vendors",
        "/members",
        "/departures",
        "/catalogue",
        "/capacities",
        "/requests",
        "/request-withdrawals",
        "/webhooks",
        "/filters",
    ]
    for path in order:
        content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        answer = await market.post(path, msgspec.json.encode(content["example"]))
        assert answer.is_success, (path, answer.text)
    for path, code in (
        ("/bids", "unknown-request"),
        ("/bid-withdrawals", "unknown-bid"),
        ("/acceptances", "unknown-assignment"),
        ("/declines", "unknown-assignment"),
    ):
        content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        answer = await market.http.post(path, json=content["example"])
        assert answer.json()["code"] == code
    for path, code in (
        ("/bids/batch", "unknown-request"),
        ("/acceptances/batch", "unknown-assignment"),
        ("/declines/batch", "unknown-assignment"),
    ):
        content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        answer = await market.http.post(path, json=content["example"])
        assert [one["problem"]["code"] for one in answer.json()["results"]] == [code]


async def test_examples_become_a_bid_once_the_request_is_public(market: ClockedMarket) -> None:
    description = await market.get("/openapi.json")

    async def post(path: str) -> int:
        content = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        return (await market.post(path, msgspec.json.encode(content["example"]))).status_code

    assert [await post("/vendors"), await post("/requests")] == [201, 202]
    await market.publish()
    assert [await post("/bids"), await post("/bids"), await post("/bid-withdrawals")] == [
        201,
        200,
        201,
    ]


async def test_the_description_names_all_that_a_call_needs(market: ClockedMarket) -> None:
    description = await market.get("/openapi.json")
    for path, item in description["paths"].items():
        for method, operation in item.items():
            assert operation["description"].startswith(operation["summary"]), path
            assert "default" in operation["responses"], path
            assert ("requestBody" in operation) == (method == "post"), path
            signed = path.startswith(
                ("/board", "/events", "/vendors/self", "/members/self", "/token-request", "/stamps")
            ) or ((path, method) == ("/requests", "post"))
            assert bool(operation.get("security")) == signed, path
            names = {parameter["name"] for parameter in operation.get("parameters", [])}
            assert not names & {"market", "reading_vendor", "signing_member", "json_body"}, path


async def test_the_docs_page_needs_nothing_from_elsewhere(market: ClockedMarket) -> None:
    page = await market.http.get("/docs")
    assert page.status_code == 200
    assert "text/html" in page.headers["Content-Type"]
    assert "http://" not in page.text
    assert "https://" not in page.text
    for asset in ("assets/swagger-ui.css", "assets/swagger-ui-bundle.js", "start.js"):
        assert f"/docs/{asset}" in page.text
        answer = await market.http.get(f"/docs/{asset}")
        assert answer.status_code == 200
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert (
        "'unsafe-inline'" not in page.headers["Content-Security-Policy"].partition("style-src")[0]
    )


async def test_the_descriptor_is_cached_by_its_digest(market: ClockedMarket) -> None:
    path = "/.well-known/vrm-market"
    first = await market.http.get(path)
    tag = first.headers["ETag"]
    again = await market.http.get(path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["ETag"]) == (304, b"", tag)
    other = await market.http.get(path, headers={"If-None-Match": '"another"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_the_text_of_an_agreement_has_the_digest_of_the_roster(market: ClockedMarket) -> None:
    for agreement in market.rules.terms:
        answer = await market.http.get(f"/terms/{agreement.id}")
        assert answer.headers["Content-Type"].startswith("text/plain")
        digest = crypto.base64url_encode(hashlib.sha256(answer.content).digest())
        assert digest == agreement.digest
    assert (await market.http.get("/terms/PDC-NONE")).status_code == 404
