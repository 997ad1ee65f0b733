"""The operator's settings: defaults, then ``market.toml`` in the market's home, then the environment.

Every setting has a safe default but the name; no setting holds a secret. An environment variable is the
setting's name with the prefix ``VRM_MARKET_``, nested by ``__``: ``VRM_MARKET_SCHEDULE__BATCH_SECONDS=60``.
"""

import re
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
from iso4217 import Currency
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from marketplace.errors import ConfigurationError
from marketplace.tokens.rules import MOST_LIVING
from vrm.documents import (
    Category,
    CellRange,
    DemandBounds,
    FulfilmentRules,
    MailRules,
    MemberRules,
    MessageRules,
    NewcomerRules,
    RatingRules,
    Schedule,
    TokenRules,
)
from vrm.documents.membership import Tier
from vrm.documents.scalars import Policy
from vrm.documents.standing import DEPOSIT_EPOCHS, STAMPS

SETTINGS_FILE = "market.toml"

DEFAULT_CATEGORIES = {
    "baby": "Baby and child",
    "bicycles": "Bicycles and parts",
    "books": "Books and media",
    "clothing": "Clothing and shoes",
    "electronics": "Electronics",
    "food": "Food and drink",
    "garden": "Garden and outdoor",
    "health": "Health and care",
    "home": "Home and kitchen",
    "music": "Musical instruments",
    "office": "Office and school",
    "pets": "Pets",
    "repair": "Repair and craft",
    "sports": "Sports and travel",
    "tools": "Tools and hardware",
    "toys": "Toys and games",
}

DEFAULT_FACETS = {
    "age": ("under 20", "20s", "30s", "40s", "50s", "60s", "70 or older"),
    "household": ("one person", "a couple", "a family", "a shared flat"),
    "language": ("ar", "de", "en", "es", "fr", "hi", "it", "pl", "pt", "tr", "uk", "zh"),
}


class ScheduleSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.Schedule`."""

    time_zone: str = "UTC"
    cutoffs: tuple[str, ...] = ("18:00",)
    bids_close_minutes: int = 60
    minimum_open_minutes: int = 12 * 60
    batch_seconds: int = 3600
    batch_minimum: int = 10
    acknowledge_minutes: int = 24 * 60
    tick_minutes: int = 15
    roll_over_days: int = 7

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{value!r} is not an IANA time zone, such as Europe/Vienna") from None
        return value

    @field_validator("cutoffs")
    @classmethod
    def _in_order(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if list(value) != sorted(set(value)):
            raise ValueError("name each cutoff once, in order of the day")
        return value

    @model_validator(mode="after")
    def _fits_the_document(self) -> Self:
        self.document()
        return self

    def document(self) -> Schedule:
        """The schedule as the descriptor states it."""
        return msgspec.convert(self.model_dump(), Schedule)


class MemberSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.MemberRules`."""

    admission: Literal["open", "invited"] = "open"
    sponsorships: Annotated[int, Field(ge=0, le=1000)] = 3

    def document(self) -> MemberRules:
        """The rules as the descriptor states them."""
        return MemberRules(admission=self.admission, sponsorships=self.sponsorships)


class TierSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.TierRule`."""

    fulfilled: Annotated[int, Field(ge=1, le=100_000)]
    permille: Annotated[int, Field(ge=0, le=1000)]


class StandingSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.StandingRules`."""

    window_epochs: Annotated[int, Field(ge=4, le=520)] = 26
    crowd: Annotated[int, Field(ge=1, le=1_000_000)] = 20
    known: TierSettings = TierSettings(fulfilled=3, permille=300)
    trusted: TierSettings = TierSettings(fulfilled=12, permille=600)


class TokenSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.TokenRules`."""

    epoch_days: Annotated[int, Field(ge=1, le=366)] = 7
    grace_days: Annotated[int, Field(ge=0, le=366)] = 2
    allotment: dict[Tier, Annotated[int, Field(ge=1, le=64)]] = {
        "new": 16,
        "known": 24,
        "trusted": 32,
    }
    standing: StandingSettings = StandingSettings()

    @field_validator("allotment")
    @classmethod
    def _newcomers_post_too(cls, value: dict[Tier, int]) -> dict[Tier, int]:
        if "new" not in value:
            raise ValueError("say how many tokens the tier new draws")
        return value

    @model_validator(mode="after")
    def _keys_can_be_told_apart(self) -> Self:
        epochs = self.grace_days // self.epoch_days + 3
        if len(self.allotment) * epochs + len(STAMPS) * (DEPOSIT_EPOCHS + 2) > MOST_LIVING:
            raise ValueError(
                "grace_days is too long for epochs of epoch_days: too many keys would be alive"
            )
        return self

    def document(self) -> TokenRules:
        """The rules as the descriptor states them."""
        return msgspec.convert(self.model_dump(), TokenRules)


class MailSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.MailRules`."""

    bucket_minimum: Annotated[int, Field(ge=1, le=100_000)] = 32
    keep_days: Annotated[int, Field(ge=1, le=3650)] = 30

    def document(self) -> MailRules:
        """The rules as the descriptor states them."""
        return msgspec.convert(self.model_dump(), MailRules)


class MessageSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.MessageRules`."""

    days: Annotated[int, Field(ge=1, le=365)] = 30
    per_day: Annotated[int, Field(ge=1, le=1000)] = 20
    in_all: Annotated[int, Field(ge=1, le=10_000)] = 200

    def document(self) -> MessageRules:
        """The rules as the descriptor states them."""
        return msgspec.convert(self.model_dump(), MessageRules)


class RatingSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.RatingRules`."""

    answer_days: Annotated[int, Field(ge=1, le=90)] = 14
    dispute_days: Annotated[int, Field(ge=1, le=365)] = 30
    within_days: Annotated[int, Field(ge=1, le=365)] = 90

    def document(self) -> RatingRules:
        """The rules as the descriptor states them."""
        return msgspec.convert(self.model_dump(), RatingRules)


class NewcomerSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.NewcomerRules`."""

    share: Annotated[int, Field(ge=0, le=1000)] = 100
    evidence_below: Annotated[int, Field(ge=0, le=1_000_000)] = 12
    quota: Annotated[int, Field(ge=0, le=1_000_000)] = 10
    epoch_days: Annotated[int, Field(ge=1, le=366)] = 7

    def document(self) -> NewcomerRules:
        """The rules as the descriptor states them."""
        return msgspec.convert(self.model_dump(), NewcomerRules)


class FulfilmentSettings(BaseModel, extra="forbid"):
    """See `vrm.documents.FulfilmentRules`."""

    disclose_hours: Annotated[int, Field(ge=1, le=8760)] = 24
    grace_hours: Annotated[int, Field(ge=1, le=8760)] = 24
    confirm_days: Annotated[int, Field(ge=1, le=365)] = 14

    def document(self) -> FulfilmentRules:
        """The rules as the descriptor states them."""
        return msgspec.convert(self.model_dump(), FulfilmentRules)


class Settings(BaseSettings):
    """One market's settings."""

    model_config = SettingsConfigDict(
        env_prefix="VRM_MARKET_", env_nested_delimiter="__", extra="forbid", frozen=True
    )

    home: Path
    name: str = Field(min_length=1, max_length=120)
    database_url: str = ""
    """An SQLAlchemy URL; empty means ``market.db`` in the market's home."""
    broker_url: str = ""
    """``redis://`` or ``amqp://``; empty means a worker inside ``market serve`` and no broker."""
    currency: str = "EUR"
    schedule: ScheduleSettings = ScheduleSettings()
    members: MemberSettings = MemberSettings()
    tokens: TokenSettings = TokenSettings()
    mail: MailSettings = MailSettings()
    messages: MessageSettings = MessageSettings()
    ratings: RatingSettings = RatingSettings()
    fulfilment: FulfilmentSettings = FulfilmentSettings()
    newcomers: NewcomerSettings = NewcomerSettings()
    categories: dict[str, str] = Field(default_factory=DEFAULT_CATEGORIES.copy)
    """Slug and title of each category; ``other`` is always there."""
    facets: dict[str, tuple[str, ...]] = Field(default_factory=DEFAULT_FACETS.copy)
    """What requests may say of their authors, and in which words."""
    coarsest_cell: int = Field(4, ge=0, le=9)
    finest_cell: int = Field(7, ge=0, le=9)
    demand_minimum: int = Field(10, ge=2, le=100_000)
    """The fewest requests that a group in a report of unfilled demand stands for."""
    demand_cell: int = Field(5, ge=0, le=9)
    """The H3 resolution of the areas in those reports."""
    policies: tuple[Policy, ...] = ("best-nearby", "best-value", "nearest", "lowest-price")
    admission: Literal["open", "invited"] = "open"
    anonymous_per_second: int = Field(500, ge=1, le=1_000_000)
    """How many anonymous calls of one kind each process takes, from all callers together."""
    webhooks_to_loopback: bool = False
    """Whether vendors' webhooks may go to this very machine, by plain HTTP too: for trials only."""
    public_url: str = ""
    """The scheme and authority under which callers reach the market, such as ``https://market.example``; signed
    reads are checked against it. Empty means whatever the Host header says, which suits only a loopback."""

    @field_validator("currency")
    @classmethod
    def _is_iso_4217(cls, value: str) -> str:
        try:
            Currency(value)
        except ValueError:
            raise ValueError(f"{value!r} is not an ISO 4217 code, such as EUR") from None
        return value

    @model_validator(mode="after")
    def _cells_are_in_order(self) -> Self:
        if not 0 <= self.coarsest_cell <= self.finest_cell <= 15:
            raise ValueError(
                "coarsest_cell and finest_cell are H3 resolutions, 0 to 15 in this order"
            )
        return self

    @model_validator(mode="after")
    def _mail_outlives_requests(self) -> Self:
        schedule = self.schedule
        open_minutes = schedule.minimum_open_minutes + schedule.roll_over_days * 24 * 60
        if self.mail.keep_days * 24 * 60 < open_minutes + 2 * 24 * 60:
            raise ValueError("mail.keep_days must be two days more than a request can be open")
        return self

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^/?#@\s]+/?", value):
            raise ValueError("write scheme and host only, such as https://market.example")
        return value

    @field_validator("database_url")
    @classmethod
    def _is_supported(cls, value: str) -> str:
        if value and not value.startswith(("sqlite+aiosqlite:", "postgresql+asyncpg:")):
            raise ValueError(
                "write sqlite+aiosqlite:///FILE or postgresql+asyncpg://USER@HOST/NAME"
            )
        return value

    @field_validator("broker_url")
    @classmethod
    def _is_a_broker(cls, value: str) -> str:
        if value and not value.startswith(("redis://", "rediss://", "amqp://", "amqps://")):
            raise ValueError("write redis://HOST or amqp://HOST, or leave it empty")
        return value

    @property
    def currency_digits(self) -> int:
        """How many digits the currency's minor unit has."""
        return Currency(self.currency).exponent or 0

    @property
    def database(self) -> str:
        """The database's URL."""
        return self.database_url or f"sqlite+aiosqlite:///{self.home / 'market.db'}"

    @property
    def key_file(self) -> Path:
        """Where the market's keys lie, encrypted."""
        return self.home / "market.key"

    @property
    def terms_folder(self) -> Path:
        """Where the agreements' texts lie, one ``ID.txt`` each, whose first line is the title."""
        return self.home / "terms"

    def category_documents(self) -> tuple[Category, ...]:
        """The categories as the descriptor lists them."""
        named = self.categories | {"other": self.categories.get("other", "Anything else")}
        return tuple(Category(id=slug, title=title) for slug, title in named.items())

    def cell_range(self) -> CellRange:
        """The H3 resolutions that a request's area may have."""
        return CellRange(coarsest=self.coarsest_cell, finest=self.finest_cell)

    def demand_bounds(self) -> DemandBounds:
        """What the reports of unfilled demand show."""
        return DemandBounds(minimum=self.demand_minimum, resolution=self.demand_cell)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Given values first, then the environment, then the file."""
        home = Path(str(init_settings().get("home", ".")))
        file = TomlConfigSettingsSource(settings_cls, toml_file=home / SETTINGS_FILE)
        return init_settings, env_settings, file


def load_settings(home: Path, **overrides: Any) -> Settings:
    """Read a market's settings.

    Raises:
        ConfigurationError: no settings file, or a setting that is wrong; the message names it.
    """
    if not (home / SETTINGS_FILE).is_file():
        raise ConfigurationError(
            f"No {SETTINGS_FILE} in {home}. Make a market with: market init --home {home}"
        )
    try:
        return Settings(home=home.resolve(), **overrides)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "settings"
        raise ConfigurationError(f"{home / SETTINGS_FILE}: {where}: {first['msg']}.") from None
    except ValueError as error:  # not TOML at all
        raise ConfigurationError(f"{home / SETTINGS_FILE}: {error}.") from None
