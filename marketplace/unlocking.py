"""What the operator's commands begin with: the market's folder, its settings, its keys."""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from platformdirs import user_data_path

from marketplace.errors import ConfigurationError
from marketplace.identity import Identity
from marketplace.market import Market
from marketplace.settings import Settings, load_settings
from vrm import keyfile

T = TypeVar("T")

Home = Annotated[
    Path,
    typer.Option(
        envvar="VRM_MARKET_HOME",
        help="The market's folder.",
        default_factory=lambda: user_data_path("vrm-market"),
        show_default="the user's data folder",
    ),
]


def unlocked(home: Path, passphrase_file: Path | None) -> tuple[Settings, Identity]:
    """Read the settings and unlock the keys; systemd's credential named ``passphrase`` is found too."""
    settings = load_settings(home)
    credentials = os.environ.get("CREDENTIALS_DIRECTORY")
    if passphrase_file is None and credentials and (Path(credentials) / "passphrase").is_file():
        passphrase_file = Path(credentials) / "passphrase"
    if not settings.key_file.is_file():
        raise ConfigurationError(
            f"No {settings.key_file.name} in {home}: the market's keys are missing."
        )
    secret = keyfile.load(settings.key_file, keyfile.passphrase(passphrase_file))
    return settings, Identity.from_secret(secret)


async def with_market(
    settings: Settings, identity: Identity, work: Callable[[Market], Awaitable[T]]
) -> T:
    """Do something with the open market."""
    market = Market.open(settings, identity)
    try:
        return await work(market)
    finally:
        await market.db.dispose()
