"""The operator's settings and secrets: what is wrong is said in one clear line."""

import hashlib
from pathlib import Path

import pytest

import crypto
from crypto.vault import Cost
from marketplace.errors import ConfigurationError
from marketplace.identity import CHAIN_LENGTH, Identity
from marketplace.jobs.broker import make_broker
from marketplace.market import Market
from marketplace.new_market import write_home
from marketplace.settings import Settings, load_settings

VALUES = {
    "name": "Wien",
    "time_zone": "Europe/Vienna",
    "cutoffs": ["12:00", "18:00"],
    "currency": "EUR",
    "admission": "open",
    "bids_close_minutes": 60,
    "minimum_open_minutes": 720,
    "batch_seconds": 3600,
    "batch_minimum": 1,
}
PASSPHRASE = b"correct horse battery"


def write(home: Path, text: str) -> None:
    home.mkdir(exist_ok=True)
    (home / "market.toml").write_text(text)


def load(home: Path, text: str) -> Settings:
    write(home, text)
    return load_settings(home)


def test_a_new_home_holds_a_market(tmp_path: Path) -> None:
    home = tmp_path / "market"
    settings = write_home(home, PASSPHRASE, cost=Cost.MINIMUM, **VALUES)
    assert settings.schedule.cutoffs == ("12:00", "18:00")
    assert (home / "market.key").stat().st_mode & 0o777 == 0o600
    assert (home / "market.db").is_file()
    identity = Identity.from_secret(crypto.vault.unlock(settings.key_file.read_bytes(), PASSPHRASE))
    market = Market.open(settings, identity)
    assert market.rules.name == "Wien"
    assert [agreement.id for agreement in market.rules.terms] == ["PDC-INTENT"]
    with pytest.raises(ConfigurationError, match="There is a market"):
        write_home(home, PASSPHRASE, cost=Cost.MINIMUM, **VALUES)


def test_a_name_with_quotes_and_line_ends_is_only_a_name(tmp_path: Path) -> None:
    """A name must not write settings of its own into the file."""
    name = 'Wien" \nadmission = "invited'
    settings = write_home(tmp_path, PASSPHRASE, cost=Cost.MINIMUM, **(VALUES | {"name": name}))
    assert (settings.name, settings.admission) == (name, "open")


def test_a_wrong_value_leaves_no_half_made_home(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="time_zone"):
        write_home(tmp_path, PASSPHRASE, cost=Cost.MINIMUM, **(VALUES | {"time_zone": "Mars"}))
    assert list(tmp_path.iterdir()) == []


WRONG = {
    "no_toml": ("name = ", "market.toml"),
    "an_unknown_key": ('name = "A"\ncolour = "red"', "colour"),
    "an_unknown_key_in_the_schedule": ('name = "A"\n[schedule]\nhour = 3', "schedule.hour"),
    "no_name": ('currency = "EUR"', "name"),
    "an_empty_name": ('name = ""', "name"),
    "a_zone_that_is_none": ('name = "A"\n[schedule]\ntime_zone = "Europe/Wien"', "IANA"),
    "a_zone_outside_of_the_database": ('name = "A"\n[schedule]\ntime_zone = "../etc"', "IANA"),
    "a_currency_that_is_none": ('name = "A"\ncurrency = "EUX"', "ISO 4217"),
    "a_cutoff_that_is_no_time": ('name = "A"\n[schedule]\ncutoffs = ["25:00"]', "schedule"),
    "no_cutoff": ('name = "A"\n[schedule]\ncutoffs = []', "schedule"),
    "cutoffs_out_of_order": (
        'name = "A"\n[schedule]\ncutoffs = ["18:00", "12:00"]',
        "in order of the day",
    ),
    "a_negative_time": ('name = "A"\n[schedule]\nbids_close_minutes = -1', "schedule"),
    "no_batches": ('name = "A"\n[schedule]\nbatch_seconds = 0', "schedule"),
    "a_policy_that_is_none": ('name = "A"\npolicies = ["cheapest"]', "policies"),
    "an_admission_that_is_none": ('name = "A"\nadmission = "closed"', "admission"),
    "cells_in_the_wrong_order": ('name = "A"\ncoarsest_cell = 8\nfinest_cell = 7', "finest_cell"),
    "mail_that_is_gone_before_its_request_is_decided": (
        'name = "A"\n[mail]\nkeep_days = 3',
        "keep_days",
    ),
    "a_resolution_that_is_none": ('name = "A"\nfinest_cell = 16', "finest_cell"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_setting_is_named_in_one_line(tmp_path: Path, name: str) -> None:
    text, named = WRONG[name]
    with pytest.raises(ConfigurationError) as refused:
        load(tmp_path, text)
    assert named in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_folder_without_a_market(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="market init"):
        load_settings(tmp_path)


def test_the_environment_goes_before_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VRM_MARKET_SCHEDULE__BATCH_SECONDS", "60")
    monkeypatch.setenv("VRM_MARKET_NAME", "From outside")
    settings = load(tmp_path, 'name = "A"\n[schedule]\nbatch_minimum = 4')
    assert settings.name == "From outside"
    assert (settings.schedule.batch_seconds, settings.schedule.batch_minimum) == (60, 4)


AGREEMENTS = {
    "none": {},
    "an_empty_one": {"PDC-INTENT.txt": b""},
    "one_without_a_title": {"PDC-INTENT.txt": b"\nText.\n"},
    "one_that_is_not_utf_8": {"PDC-INTENT.txt": b"\xff\xfe"},
    "one_whose_name_is_no_id": {"my terms.txt": b"Title\n"},
    "one_with_an_endless_title": {"PDC-INTENT.txt": b"x" * 500},
}


@pytest.mark.parametrize("name", AGREEMENTS)
def test_a_wrong_agreement_is_told_in_one_line(tmp_path: Path, name: str) -> None:
    settings = load(tmp_path, 'name = "A"')
    settings.terms_folder.mkdir()
    for file, content in AGREEMENTS[name].items():
        (settings.terms_folder / file).write_bytes(content)
    with pytest.raises(ConfigurationError) as refused:
        Market.open(settings, Identity.generate())
    assert "\n" not in str(refused.value)


def test_a_wrong_category_is_told_in_one_line(tmp_path: Path) -> None:
    settings = load(tmp_path, 'name = "A"\n[categories]\n"Not a slug" = "Title"')
    settings.terms_folder.mkdir()
    (settings.terms_folder / "PDC-INTENT.txt").write_text("Title\n")
    with pytest.raises(ConfigurationError, match="categories"):
        Market.open(settings, Identity.generate())


def test_a_broker_of_another_kind() -> None:
    with pytest.raises(ConfigurationError, match="redis://"):
        make_broker("kafka://localhost")


# --- secrets ---


def test_secrets_survive_their_file_and_stay_out_of_sight() -> None:
    identity = Identity.generate()
    assert Identity.from_secret(identity.to_secret()) == identity
    assert identity.key.seed.hex() not in repr(identity)
    assert repr(identity.key.seed) not in repr(identity)
    assert repr(identity.chain_root) not in repr(identity)


@pytest.mark.parametrize("secret", [b"", b"{}", b"\x00" * 64, b'{"signing_seed":"AA"}'])
def test_a_key_file_of_something_else(secret: bytes) -> None:
    with pytest.raises(ConfigurationError, match="not a market's key file"):
        Identity.from_secret(secret)


def test_seeds_are_a_chain_down_from_the_anchor() -> None:
    identity = Identity(
        crypto.SigningKey.from_seed(b"m" * 32), b"c" * 32, crypto.SigningKey.from_seed(b"l" * 32)
    )
    expected = crypto.base64url_decode(identity.seed_anchor)
    for ordinal in range(1, 6):
        seed = identity.seed(ordinal)
        assert hashlib.sha256(seed).digest() == expected
        expected = seed
    assert identity.seed(CHAIN_LENGTH) == identity.chain_root
    for ordinal in (0, -1, CHAIN_LENGTH + 1):
        with pytest.raises(ConfigurationError, match="used up"):
            identity.seed(ordinal)
