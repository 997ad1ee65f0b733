"""The commands `vendor sign` and `vendor sign-read`."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

import crypto
from tests.vrm.vendor.conftest import Shop
from tests.vrm.vendor.live import LiveMarket
from tests.vrm.vendor.terminal import Vendor, one_line, post
from vrm.documents import Bid, read


def test_sign_signs_a_document_as_it_is_and_curl_can_post_it(
    live: LiveMarket, registered: Shop, vendor: Vendor, tmp_path: Path
) -> None:
    digest = post(live, "Silver cradle")
    terms = httpx.get(f"{live.url}/.well-known/vrm-market").json()["terms"][0]
    bid = {
        "type": "Bid",
        "v": 1,
        "market": live.identity.did,
        "request": digest,
        "vendor": registered.key.did,
        "place": "shop",
        "price": {"amount": 12300, "currency": "USD"},
        "delivery": "ship",
        "lead_time_hours": 1,
        "terms": {"id": terms["id"], "digest": terms["digest"]},
        "seq": 1,
        "salt": "AAAAAAAAAAAAAAAAAAAAAA",
    }
    file = tmp_path / "bid.json"
    file.write_text(json.dumps(bid))
    body = vendor("sign", str(file)).out
    assert read(body.encode(), Bid).body.price.amount == 12300
    posted = httpx.post(
        f"{live.url}/bids", content=body, headers={"content-type": "application/json"}
    )
    assert posted.status_code == 201, posted.text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"type": "Assignment"}, "signs no document of type Assignment"),
        ({"type": "Bit"}, "did you mean Bid?"),
        ({"v": None}, "v"),
        ({"bid": 1}, "Expected `str`"),
        ({"colour": "red"}, "unknown field"),
        ({"proof": {}}, "carries a proof already"),
        ({"vendor": crypto.SigningKey.from_seed(b"x" * 32).did}, "another key"),
    ],
)
def test_sign_refuses_what_would_not_stand(
    registered: Shop, vendor: Vendor, tmp_path: Path, changes: dict[str, Any], said: str
) -> None:
    withdrawal = {
        "type": "BidWithdrawal",
        "v": 1,
        "market": crypto.SigningKey.from_seed(b"m" * 32).did,
        "vendor": registered.key.did,
        "bid": "B" * 42 + "A",
    }
    file = tmp_path / "document.json"
    file.write_text(json.dumps(withdrawal | changes))
    one_line(vendor("sign", str(file)), 2, said)


def test_sign_reads_a_document_as_strictly_as_the_market(
    registered: Shop, vendor: Vendor, tmp_path: Path
) -> None:
    file = tmp_path / "document.json"
    for text, said in (('{"a":1,"a":2}', "twice"), ('{"a":1.5}', "integers"), ("{", "not JSON")):
        file.write_text(text)
        one_line(vendor("sign", str(file)), 2, said)


def test_sign_read_prints_headers_for_one_signed_get(
    live: LiveMarket, registered: Shop, vendor: Vendor
) -> None:
    url = f"{live.url}/board?category=baby&limit=5"
    headers = dict(line.split(": ", 1) for line in vendor("sign-read", url).out.splitlines())
    assert httpx.get(url, headers=headers).status_code == 200
    again = httpx.get(url, headers=headers)
    assert (again.status_code, again.json()["code"]) == (401, "nonce-replayed")
    other = httpx.get(f"{live.url}/board", headers=headers)
    assert other.status_code == 401
