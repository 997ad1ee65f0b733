"""What the vendor's commands share: options, the folder, the connection."""

from pathlib import Path
from typing import Annotated, Final

import typer
from platformdirs import user_data_path

from vrm import keyfile
from vrm.client.vendor import VendorClient
from vrm.errors import UsageError
from vrm.vendor.home import Home

DIGEST: Final = 43
"""Characters of a whole digest."""

SHORT: Final = 10
"""Characters of a digest that tables show; commands take that much."""

HomeFolder = Annotated[
    Path | None,
    typer.Option(
        "--home",
        envvar="VENDOR_HOME",
        help="The vendor's folder: key, market, ledger of bids. One per vendor and market.",
        show_default=False,
    ),
]


def home_at(folder: Path | None) -> Home:
    """Open the folder that was named, or the user's own."""
    return Home(folder or user_data_path("vrm") / "vendor")


def client_of(home: Home, passphrase_file: Path | None) -> VendorClient:
    """Unlock the vendor's key and make the client of its market; enter it with ``async with``."""
    market = home.market()
    key = home.key(keyfile.passphrase(passphrase_file))
    return VendorClient(market.url, key, market=market.did)


def one_of(prefix: str, known: list[str], what: str) -> str:
    """Complete the beginning of a digest.

    Raises:
        UsageError: none begins so, or several do.
    """
    found = [digest for digest in known if digest.startswith(prefix)]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{len(found)} {what}s begin with {prefix}; write more of it.")
    raise UsageError(f"No {what} begins with {prefix}.")
