"""Requests and withdrawals that break a rule of the market."""

import h3
import pytest

import crypto
from crypto.encoding import base58_encode
from tests.conftest import OpenMarket
from tests.support import (
    HERE,
    ClockedMarket,
    a_key,
    a_request,
    a_vendor,
    a_withdrawal,
    assert_refused,
    forged,
)
from vrm.documents.place import cell_at

PSEUDONYM = a_key("pseudonym")


@pytest.mark.parametrize("resolution", [8, 15])
async def test_a_cell_finer_than_allowed(market: ClockedMarket, resolution: int) -> None:
    request = a_request(market, area={"cell": cell_at(HERE, resolution)})
    await assert_refused(market, market.send(request), 422, "too-fine")


@pytest.mark.parametrize("resolution", [0, 3])
async def test_a_cell_coarser_than_allowed(market: ClockedMarket, resolution: int) -> None:
    request = a_request(market, area={"cell": cell_at(HERE, resolution)})
    await assert_refused(market, market.send(request), 422, "cell-too-coarse")


@pytest.mark.parametrize("resolution", [4, 7])
async def test_the_coarsest_and_the_finest_cell_are_allowed(
    market: ClockedMarket, resolution: int
) -> None:
    await market.store(a_request(market, area={"cell": cell_at(HERE, resolution)}))


async def test_a_radius_of_one_s_own(market: ClockedMarket) -> None:
    request = a_request(market, area={"radius_m": 8317})
    await assert_refused(market, market.send(request), 422, "too-fine")


@pytest.mark.parametrize("facets", [{"age": "37"}, {"shoe": "39"}])
async def test_facets_in_words_of_one_s_own(market: ClockedMarket, facets: dict[str, str]) -> None:
    await market.store(a_request(market, facets={"age": "30s", "language": "de"}))
    await assert_refused(market, market.send(a_request(market, facets=facets)), 422, "too-unusual")


async def test_a_cell_that_is_none(market: ClockedMarket) -> None:
    impossible = "8fffffffffffff" + "f"
    assert not h3.is_valid_cell(impossible)
    request = a_request(market, area={"cell": impossible})
    await assert_refused(market, market.send(request), 422, "not-a-cell")


async def test_an_edge_instead_of_a_cell(market: ClockedMarket) -> None:
    """A directed edge is an H3 index too, with its mode in the first digit but one."""
    edge = h3.origin_to_directed_edges(cell_at(HERE, 7))[0]
    body = forged(a_request(market, PSEUDONYM), PSEUDONYM, area={"cell": edge, "radius_m": 15_000})
    await assert_refused(market, market.post("/requests", body), 422, "invalid-field")


async def test_an_unknown_category(market: ClockedMarket) -> None:
    request = a_request(market, need={"category": "weapons"})
    await assert_refused(market, market.send(request), 422, "unknown-category")


async def test_the_category_other_is_always_known(market: ClockedMarket) -> None:
    await market.store(a_request(market, need={"category": "other"}))


async def test_unknown_terms(market: ClockedMarket) -> None:
    request = a_request(market, terms={"id": "PDC-ALL"})
    await assert_refused(market, market.send(request), 422, "unknown-terms")


async def test_terms_with_the_right_id_and_another_text(market: ClockedMarket) -> None:
    request = a_request(market, terms={"digest": "A" * 43})
    await assert_refused(market, market.send(request), 422, "unknown-terms")


async def test_a_policy_that_is_not_offered(open_market: OpenMarket) -> None:
    market = await open_market(policies=("nearest",))
    request = a_request(market, policy="best-nearby")
    await assert_refused(market, market.send(request), 422, "unknown-policy")


async def test_another_currency(market: ClockedMarket) -> None:
    request = a_request(market, price={"currency": "USD"})
    await assert_refused(market, market.send(request), 422, "currency-mismatch")


async def test_a_reply_key_of_low_order(market: ClockedMarket) -> None:
    """What is sealed to it, everybody could open."""
    low = base58_encode(b"\xec\x01" + b"\x01" + bytes(31))
    request = a_request(market, reply_key=low)
    await assert_refused(market, market.send(request), 422, "invalid-key")


async def test_a_reply_key_that_is_a_signing_key(market: ClockedMarket) -> None:
    text = PSEUDONYM.did.removeprefix("did:key:")
    body = forged(a_request(market, PSEUDONYM), PSEUDONYM, reply_key=text)
    await assert_refused(market, market.post("/requests", body), 422, "invalid-field")


@pytest.mark.parametrize("published", [False, True])
async def test_a_pseudonym_used_twice(market: ClockedMarket, *, published: bool) -> None:
    await market.store(a_request(market, PSEUDONYM))
    if published:
        await market.publish()
    await assert_refused(market, market.send(a_request(market, PSEUDONYM)), 409, "pseudonym-reused")


async def test_needed_by_to_the_second(market: ClockedMarket) -> None:
    """A second is a fingerprint: only quarters of an hour."""
    body = forged(a_request(market, PSEUDONYM), PSEUDONYM, needed_by="2026-12-01T12:00:01Z")
    await assert_refused(market, market.post("/requests", body), 422, "invalid-field")


@pytest.mark.parametrize("published", [False, True])
async def test_a_withdrawal_by_another_pseudonym(market: ClockedMarket, *, published: bool) -> None:
    request = a_request(market, PSEUDONYM)
    await market.store(request)
    if published:
        await market.publish()
    withdrawal = a_withdrawal(market, a_key("thief"), request.digest)
    await assert_refused(market, market.send(withdrawal), 403, "foreign-request")


async def test_a_withdrawal_of_an_unknown_request(market: ClockedMarket) -> None:
    withdrawal = a_withdrawal(market, PSEUDONYM, "A" * 43)
    await assert_refused(market, market.send(withdrawal), 404, "unknown-request")


async def test_a_withdrawal_after_resolution(market: ClockedMarket) -> None:
    request = a_request(market, PSEUDONYM)
    await market.store(request)
    await market.publish()
    await market.reach_cutoff(request)
    withdrawal = a_withdrawal(market, PSEUDONYM, request.digest)
    await assert_refused(market, market.send(withdrawal), 409, "request-resolved")


async def test_a_withdrawal_with_a_clock_in_its_proof(market: ClockedMarket) -> None:
    request = a_request(market, PSEUDONYM)
    await market.store(request)
    withdrawal = a_withdrawal(market, PSEUDONYM, request.digest)
    signed = crypto.proof.sign(
        {"type": "RequestWithdrawal", "v": 1, "market": market.did, "pseudonym": PSEUDONYM.did,
         "request": request.digest},
        PSEUDONYM,
        created="2026-11-20T08:00:00Z",
    )  # fmt: skip
    assert crypto.digest(signed) == withdrawal.digest
    body = crypto.canonical.canonical(signed)
    call = market.post("/request-withdrawals", body)
    await assert_refused(market, call, 422, "created-forbidden")


async def test_a_vendor_s_key_as_a_pseudonym_is_no_vendor_s_business(market: ClockedMarket) -> None:
    """Nothing joins the two sides: a request under a vendor's key is a request like any other."""
    vendor = a_key("vendor")
    await market.store(a_vendor(market, vendor), a_request(market, vendor))


async def test_a_withdrawal_of_a_withdrawal(market: ClockedMarket) -> None:
    """Otherwise a chain of them would fill the batches with requests that never were."""
    request = a_request(market, key=PSEUDONYM)
    withdrawal = a_withdrawal(market, PSEUDONYM, request.digest)
    await market.store(request, withdrawal)
    second = a_withdrawal(market, PSEUDONYM, withdrawal.digest)
    await assert_refused(market, market.send(second), 404, "unknown-request")
