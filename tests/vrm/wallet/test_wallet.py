"""What a wallet keeps, and who cannot get at it."""

import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

import crypto
from crypto.derivation import Root
from crypto.errors import WrongPassphrase
from tests.vrm.client.test_base import descriptor
from tests.vrm.wallet.conftest import PASSPHRASE, make_wallet
from vrm import keyfile
from vrm.documents import MarketDescriptor, Profile, read
from vrm.errors import KeyFileError, UsageError, WalletError
from vrm.wallet import Wallet, requests
from vrm.wallet.secret import Secret
from vrm.wallet.state import NamedPlace
from vrm.wallet.wishes import Wish

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
RULES = read(descriptor(), MarketDescriptor).body
WISH = Wish(title="Twin stroller", at_most="250.00")


@pytest.fixture
def wallet(tmp_path: Path) -> Wallet:
    return make_wallet(tmp_path / "wallet", RULES, NOW)


def test_a_wallet_opens_again_with_all_it_held(wallet: Wallet) -> None:
    entry = requests.prepare(wallet, WISH, RULES)
    again = Wallet.open(wallet.home, PASSPHRASE)
    assert again.read() == wallet.read()
    assert again.read().requests == [entry]
    assert again.profile_did == wallet.profile_did


def test_a_wrong_passphrase(wallet: Wallet) -> None:
    with pytest.raises(WrongPassphrase):
        Wallet.open(wallet.home, b"wrong horse")


def test_a_wallet_is_never_written_over(wallet: Wallet) -> None:
    before = {file.name: file.read_bytes() for file in wallet.home.iterdir()}
    with pytest.raises(KeyFileError, match="exists already"):
        make_wallet(wallet.home, RULES, NOW)
    assert {file.name: file.read_bytes() for file in wallet.home.iterdir()} == before


def test_nothing_is_kept_in_the_clear(wallet: Wallet) -> None:
    entry = requests.prepare(wallet, WISH, RULES)
    wallet.set_facets({"name": "Ada Lovelace"})
    kept = b"".join(file.read_bytes() for file in wallet.home.iterdir())
    for secret in ("Ada", "stroller", "Vienna", RULES.market, entry.digest, "market.test"):
        assert secret.encode() not in kept
    assert all(file.stat().st_mode & 0o077 == 0 for file in wallet.home.iterdir())


def test_a_state_that_was_tampered_with(wallet: Wallet) -> None:
    file = wallet.home / "wallet.state"
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    with pytest.raises(WalletError, match="damaged"):
        Wallet.open(wallet.home, PASSPHRASE)


def test_a_state_put_in_from_another_wallet(tmp_path: Path, wallet: Wallet) -> None:
    other = make_wallet(tmp_path / "other", RULES, NOW)
    (wallet.home / "wallet.state").write_bytes((other.home / "wallet.state").read_bytes())
    with pytest.raises(WalletError, match="another wallet"):
        Wallet.open(wallet.home, PASSPHRASE)


def test_a_key_file_of_something_else(wallet: Wallet) -> None:
    keyfile.create(
        wallet.home / "wallet.key", b"[]", PASSPHRASE, cost=crypto.vault.Cost.MINIMUM, replace=True
    )
    with pytest.raises(WalletError, match="not a wallet's key file"):
        Wallet.open(wallet.home, PASSPHRASE)


def test_a_change_that_fails_halfway_leaves_the_state_as_it_was(wallet: Wallet) -> None:
    before = wallet.read()
    with pytest.raises(UsageError):
        wallet.set_facets({"languages": ["not a tag"]})
    assert wallet.read() == before


def test_two_programs_at_once_lose_nothing(wallet: Wallet) -> None:
    def post_some() -> None:
        own = Wallet.open(wallet.home, PASSPHRASE)
        for _ in range(4):
            requests.prepare(own, WISH, RULES)

    programs = [threading.Thread(target=post_some) for _ in range(4)]
    for program in programs:
        program.start()
    for program in programs:
        program.join()
    kept = wallet.read().requests
    assert sorted(entry.index for entry in kept) == list(range(16))
    assert len({entry.body.pseudonym for entry in kept}) == 16


# --- keys ---


def test_each_request_has_keys_of_its_own(wallet: Wallet) -> None:
    bodies = [requests.prepare(wallet, WISH, RULES).body for _ in range(3)]
    assert len({body.pseudonym for body in bodies} | {wallet.profile_did}) == 4
    assert len({body.reply_key for body in bodies}) == 3
    assert len({body.area.cell for body in bodies}) == 1, "the same cell every time"


def test_keys_stand_where_the_recovery_phrase_leads() -> None:
    secret = Secret.generate()
    root = Root.from_phrase(secret.phrase)
    assert secret.pseudonym(7, 3).did == root.pseudonym(7, secret.device, 3).did
    assert secret.reply_key(7, 3).public == root.reply(7, secret.device, 3).public
    assert secret.identity(1).did == root.identity(1).did
    assert Secret.from_bytes(secret.to_bytes()) == secret


def test_two_wallets_under_one_phrase_share_no_pseudonym() -> None:
    one = Secret.generate()
    other = Secret(phrase=one.phrase, device=Secret.generate().device)
    assert one.device != other.device
    assert one.pseudonym(0, 0).did != other.pseudonym(0, 0).did


def test_a_secret_that_is_printed_tells_nothing() -> None:
    secret = Secret.generate()
    assert secret.phrase.split()[0] not in f"{secret!r} {secret}"


# --- profile and places ---


def test_a_profile_is_a_credential_that_anybody_can_verify(wallet: Wallet) -> None:
    wallet.set_facets({"name": "Ada", "languages": ["en"], "sizes": {"shoe": "39"}})
    signed = wallet.profile(NOW)
    profile = read(signed.wire, Profile).body
    assert profile.issuer == wallet.profile_did
    assert profile.credential_subject.name == "Ada"
    credential = json.loads(signed.wire)
    assert credential["@context"][0] == "https://www.w3.org/ns/credentials/v2"
    assert credential["validFrom"] == "2026-11-20T12:00:00Z"


def test_facets_are_changed_and_taken_away(wallet: Wallet) -> None:
    wallet.set_facets({"name": "Ada", "languages": ["en"]})
    assert wallet.set_facets({"name": None}) == {"languages": ["en"]}
    with pytest.raises(UsageError):
        wallet.set_facets({"languages": ["not a tag"]})
    with pytest.raises(UsageError):
        wallet.set_facets({"shoe": "39"})
    assert wallet.read().facets == {"languages": ["en"]}


def test_places_and_requests_are_found_by_name(wallet: Wallet) -> None:
    entry = requests.prepare(wallet, WISH, RULES)
    with wallet.editing() as state:
        state.places.append(NamedPlace("work", "1020 Vienna", state.places[0].cell))
    state = wallet.read()
    assert state.place(None).name == "home"
    assert state.place("work").name == "work"
    assert state.request(entry.digest[:6]) == entry
    for lookup, name in ((state.place, "moon"), (state.request, "!")):
        with pytest.raises(WalletError):
            lookup(name)
    state.requests.append(entry)
    with pytest.raises(WalletError, match="Several"):
        state.request(entry.digest[:6])
    state.places.clear()
    with pytest.raises(WalletError, match="no place yet"):
        state.place(None)


def test_a_status_needs_no_market(wallet: Wallet) -> None:
    entry = requests.prepare(wallet, WISH, RULES)
    assert entry.status(NOW) == "unsent"
    assert entry.publish_by is None
