"""Webhooks that would harm the market: addresses within its own network, and receivers that never end."""

import ipaddress
import ssl
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from marketplace.notices import calling, delivery
from marketplace.notices.calling import NotDelivered, call
from marketplace.notices.rules import PAUSES, is_public, next_attempt
from tests.marketplace.notices.conftest import VENDOR
from tests.marketplace.notices.receivers import (
    Receiver,
    drop_by_drop,
    endless_body,
    endless_headers,
    listening,
    never,
    status,
)
from tests.support import ClockedMarket, a_key, a_vendor, a_webhook, assert_refused, forged

NEARBY = [
    "0.0.0.0",  # noqa: S104 - to be refused
    "10.1.2.3",
    "100.64.0.1",
    "127.0.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.170",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::127.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]


@pytest.fixture
def database_kind() -> str:
    """What is asked here is not the database's."""
    return "sqlite"


def resolving(*answers: Sequence[str]) -> tuple[calling.Resolve, list[str]]:
    """A resolver that gives these answers in turn, and the hosts that it was asked for."""
    asked: list[str] = []

    async def resolve(host: str, _port: int) -> Sequence[str]:
        asked.append(host)
        return answers[min(len(asked), len(answers)) - 1]

    return resolve, asked


@pytest.mark.parametrize("address", NEARBY)
async def test_a_name_of_a_machine_nearby(address: str) -> None:
    assert not is_public(address)
    resolve, _ = resolving([address])
    with pytest.raises(NotDelivered, match="no public address"):
        await call("https://shop.test/", b"{}", {}, resolve, loopback=False)


@pytest.mark.parametrize("address", ["8.8.8.8", "193.171.255.2", "2a02:1234::1", "2606:4700::1"])
def test_addresses_of_the_open_internet(address: str) -> None:
    assert is_public(address)


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_inside_an_ipv6_one(inner: ipaddress.IPv4Address) -> None:
    number = int(inner)
    for prefix in (0, 0xFFFF << 32, 0x64_FF9B << 96):
        assert not is_public(str(ipaddress.IPv6Address(prefix | number)))
    assert not is_public(str(ipaddress.IPv6Address(0x2002 << 112 | number << 80)))


@given(st.ip_addresses())
def test_nothing_public_is_private_to_python(address: ipaddress.IPv4Address) -> None:
    if is_public(str(address)):
        assert address.is_global
        assert not address.is_private
        assert not address.is_multicast


async def test_a_name_that_is_public_and_private_at_once(trials: ClockedMarket) -> None:
    async with listening(Receiver()) as receiver:
        resolve, _ = resolving(["127.0.0.1", "10.0.0.1"])
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await delivery.deliver(trials.market, resolve)
    assert receiver.calls == []


async def test_a_name_that_turns_private_after_the_check(trials: ClockedMarket) -> None:
    """Each call asks once, checks the answer and connects to what it checked: there is no second look-up."""
    async with listening(Receiver()) as receiver:
        resolve, asked = resolving(["127.0.0.1"], ["192.168.0.1"])
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await delivery.deliver(trials.market, resolve)
        assert (len(receiver.calls), asked) == (1, ["shop.test"])
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url, seq=2))
        await delivery.deliver(trials.market, resolve)
    assert (len(receiver.calls), asked) == (1, ["shop.test"] * 2)
    shown = await trials.read(VENDOR, "/vendors/self/webhook")
    assert shown["failure"] == "Its name has no public address, or others beside it"


async def test_a_market_that_is_not_for_trials_calls_no_loopback(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    async with listening(Receiver()) as receiver:
        url = f"https://shop.test:{receiver.port}/"
        await market.store(a_webhook(market, VENDOR, url=url))
        await delivery.deliver(market.market, receiver.resolve)
    assert receiver.calls == []


async def test_a_name_that_does_not_exist_looks_like_a_private_one() -> None:
    async def nowhere(_host: str, _port: int) -> Sequence[str]:
        raise OSError("no such name")

    said = set()
    for resolve in (nowhere, resolving(["10.0.0.1"])[0], resolving([])[0]):
        with pytest.raises(NotDelivered) as refused:
            await call("https://db.internal/", b"{}", {}, resolve, loopback=False)
        said.add(str(refused.value))
    assert len(said) == 1


async def test_a_redirect_to_loopback() -> None:
    async with listening(Receiver()) as inner:
        answer = status(302, f"Location: http://127.0.0.1:{inner.port}/admin")
        async with listening(Receiver([answer])) as receiver:
            with pytest.raises(NotDelivered, match="answered 302"):
                await call(receiver.url, b"{}", {}, receiver.resolve, loopback=True)
    assert (len(receiver.calls), inner.calls) == (1, [])


@pytest.mark.parametrize("hostile", [never, drop_by_drop], ids=lambda one: str(one.__name__))
async def test_a_receiver_that_takes_its_time(
    monkeypatch: pytest.MonkeyPatch, hostile: object
) -> None:
    monkeypatch.setattr(calling, "SECONDS", 0.3)
    async with listening(Receiver([hostile])) as receiver:  # type: ignore[list-item]
        with pytest.raises(NotDelivered, match="No answer"):
            await call(receiver.url, b"{}", {}, receiver.resolve, loopback=True)


async def test_a_receiver_that_answers_without_end() -> None:
    begun = time.monotonic()
    async with listening(Receiver([endless_headers])) as receiver:
        with pytest.raises(NotDelivered, match="connection failed"):
            await call(receiver.url, b"{}", {}, receiver.resolve, loopback=True)
    async with listening(Receiver([endless_body])) as receiver:
        await call(receiver.url, b"{}", {}, receiver.resolve, loopback=True)
    assert time.monotonic() - begun < calling.SECONDS


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    async with listening(Receiver()) as receiver, listening(Receiver()) as proxy:
        for name in ("HTTP_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        await call(receiver.url, b"{}", {}, receiver.resolve, loopback=True)
    assert (len(receiver.calls), proxy.calls) == (1, [])


async def test_the_certificate_must_be_the_name_s_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = certificate(tmp_path, "shop.test")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(file)
    asked: list[str] = []
    tls.sni_callback = lambda _socket, name, _context: asked.append(name)
    async with listening(Receiver(), tls) as receiver:
        url = f"https://shop.test:{receiver.port}/"
        with pytest.raises(NotDelivered, match="connection failed"):
            await call(url, b"{}", {}, receiver.resolve, loopback=True)
        monkeypatch.setenv("SSL_CERT_FILE", str(file))
        calling._tls.cache_clear()
        try:
            await call(url, b"{}", {}, receiver.resolve, loopback=True)
            other = f"https://other.test:{receiver.port}/"
            with pytest.raises(NotDelivered, match="connection failed"):
                await call(other, b"{}", {}, receiver.resolve, loopback=True)
        finally:
            calling._tls.cache_clear()
    assert asked == ["shop.test", "shop.test", "other.test"]
    assert [one.headers["host"] for one in receiver.calls] == [f"shop.test:{receiver.port}"]


ADDRESSES = [
    "http://shop.test/",
    "https://user@shop.test/",
    "https://shop.test/#part",
    "https://",
    "https://shop.test:22/",
    "https://shop.test:99999/",
    "https://[::1/",
]


@pytest.mark.parametrize("url", ADDRESSES)
async def test_an_address_that_is_no_webhook_s(market: ClockedMarket, url: str) -> None:
    await market.store(a_vendor(market, VENDOR))
    raw = forged(a_webhook(market, VENDOR), VENDOR, url=url)
    answer = market.post("/webhooks", raw)
    code = "invalid-field" if url == "https://" else "webhook-address"
    await assert_refused(market, answer, 422, code)


async def test_a_webhook_that_is_not_the_vendor_s_own(market: ClockedMarket) -> None:
    await market.store(a_vendor(market, VENDOR))
    webhook = a_webhook(market, VENDOR, seq=5)
    raw = forged(webhook, a_key("thief"))
    await assert_refused(market, market.post("/webhooks", raw), 422, "wrong-key")
    elsewhere = a_webhook(market, VENDOR, market=a_key("elsewhere").did)
    await assert_refused(market, market.send(elsewhere), 422, "wrong-market")
    stranger = a_webhook(market, a_key("stranger"))
    await assert_refused(market, market.send(stranger), 404, "unknown-vendor")
    assert (await market.send(webhook)).status_code == 201
    assert (await market.send(webhook)).status_code == 200
    older = a_webhook(market, VENDOR, seq=4, url="https://thief.test/")
    await assert_refused(market, market.send(older), 409, "stale-sequence")


async def test_keys_are_shown_to_the_vendor_alone(market: ClockedMarket) -> None:
    other = a_key("other")
    await market.store(a_vendor(market, VENDOR), a_vendor(market, other))
    stored = await market.send(a_webhook(market, VENDOR))
    assert "whsec_" not in stored.text
    call_by_other = market.ask(other, "/vendors/self/webhook")
    await assert_refused(market, call_by_other, 404, "no-webhook")


def test_a_hundred_years_is_not_what_a_receiver_may_wish() -> None:
    assert next_attempt(1, 0, 10**9, 0.0) == 86_400
    waited = sum(PAUSES)
    assert 3 * 86_400 < waited < 4 * 86_400
    assert next_attempt(len(PAUSES), 0, 0, 1.0) == int(PAUSES[-1] * 1.1)
    assert next_attempt(len(PAUSES) + 1, 0, 0, 0.0) is None


def certificate(folder: Path, name: str) -> Path:
    """A certificate for a name, signed by itself, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    who = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(who)
        .issuer_name(who)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = folder / "certificate.pem"
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file
