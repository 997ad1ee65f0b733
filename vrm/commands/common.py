"""What the customer's commands share: the wallet's folder, and how it is opened."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Final

import typer
from platformdirs import user_data_path

from vrm import console, keyfile
from vrm.client.customer import CustomerClient
from vrm.errors import WalletError
from vrm.wallet import Wallet

HomeFolder = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="VRM_HOME",
        help="The wallet's folder. One wallet serves one person at one market.",
        show_default=False,
    ),
]

SHORT: Final = 10
"""Characters of a digest that tables show; commands take that much."""


def folder(home: Path | None) -> Path:
    """The folder that was named, or the user's own."""
    return home or user_data_path("vrm") / "wallet"


def open_wallet(home: Path | None, passphrase_file: Path | None) -> Wallet:
    """Unlock the wallet.

    Raises:
        WalletError: there is none.
        KeyFileError, crypto.VaultError: it cannot be opened.
    """
    where = folder(home)
    if not Wallet.exists(where):
        raise WalletError(f"No wallet in {where}; make one with: vrm init --market URL")
    return Wallet.open(where, keyfile.passphrase(passphrase_file))


Pause = Annotated[
    float,
    typer.Option(
        envvar="VRM_PAUSE",
        min=0,
        help="Post after at most so many seconds, drawn at random, so that the time of it tells less.",
    ),
]

PAUSE: Final = 10.0
"""The default of `Pause`."""


def client_of(wallet: Wallet, pause: float = 0.0) -> CustomerClient:
    """Make the client of the wallet's market; enter it with ``async with``."""
    state = wallet.read()
    return CustomerClient(state.url, market=state.rules.market, pause=pause)


def now() -> datetime:
    """The time by this machine's clock."""
    return datetime.now(UTC)


def pairs(texts: list[str] | None) -> dict[str, str] | None:
    """Read pairs such as ``color=red``; none if none were given."""
    if not texts:
        return None
    found = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not (name and equals and value):
            console.fail(f"{text} is no pair; one looks like color=red.")
        found[name] = value
    return found
