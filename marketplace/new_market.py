"""What `market init` writes: a home folder with settings, keys, an agreement and an empty database."""

import json
from pathlib import Path
from typing import Any

from crypto.vault import Cost
from marketplace import schema
from marketplace.errors import ConfigurationError
from marketplace.identity import Identity
from marketplace.settings import SETTINGS_FILE, Settings, load_settings
from vrm import keyfile

SETTINGS_TEXT = """\
# A personal-request market. Every setting is explained in docs/operators.md.
name = {name}
currency = {currency}
admission = {admission}        # "open", or "invited": see `market invite`
{public_url}# database_url = "postgresql+asyncpg://user@host/market"   # default: market.db beside this file
# broker_url = "redis://localhost:6379/0"                    # default: a worker inside `market serve`

[members]
admission = "open"           # of customers; "invited": by a code (market invite --members) or a member's word
# sponsorships = 3             # for how many others a member may speak in each epoch

[tokens]
# epoch_days = 7               # members draw their posting tokens once in so many days
# grace_days = 2               # and may spend them for so long afterwards
# allotment = {{ new = 16, known = 24, trusted = 32 }}   # how many, by tier

[mail]
# bucket_minimum = 32          # mail is divided once so many waiting requests share each part
# keep_days = 30               # and deleted so long after it was published

[messages]
# days = 30                    # for so long after the acceptance customer and vendor may write to each other
# per_day = 20                 # so many a day about one assignment, each
# in_all = 200

[fulfilment]
# disclose_hours = 24          # how long an accepted assignment waits to be told whom to deliver to
# grace_hours = 24             # how long after its lead time a vendor that has not shipped is overdue
# confirm_days = 14            # how long after that a customer can say whether it came

[newcomers]
# share = 100                  # on so many of 1000 requests that allow it, vendors without a history go first
# evidence_below = 12          # those with fewer pieces of evidence
# quota = 10                   # in at most so many assignments each
# epoch_days = 7               # in so many days

[schedule]
time_zone = {time_zone}
cutoffs = {cutoffs}            # local times; each closes a market day
bids_close_minutes = {bids_close_minutes}      # before the cutoff
minimum_open_minutes = {minimum_open_minutes}   # between publication and cutoff
batch_seconds = {batch_seconds}         # requests are published together at these instants
batch_minimum = {batch_minimum}            # wait for at least so many, but never beyond the day
# acknowledge_minutes = 1440    # vendors accept or decline an assignment within
# tick_minutes = 15            # what they do not take is matched again at these instants
# roll_over_days = 7           # an unfilled request rolls over at most so long
"""

AGREEMENT = """\
Personal data for an intent: PDC-INTENT

The customer is the first party and offers these terms; the vendor accepts them by naming them in a bid.

1. Purpose. What the customer says in a request, and what they tell the vendor afterwards, is for answering
   and fulfilling that request, and for nothing else.
2. No tracking. The vendor does not combine it with data from elsewhere, and does not try to learn who posted
   a request before the customer says so.
3. No passing on. Nobody else gets it, except whom delivery needs, for delivery only, under these terms.
4. Deletion. What the law does not oblige the vendor to keep is deleted once the request is closed.
5. Record. Both sides may keep this agreement with both signatures.

This is this market's own wording under the roster's id. The roster of IEEE 7012 (MyTerms) is kept by its
publishers; an operator may replace this file by their text before the market opens. Its digest is part of the
market's descriptor, and every request and bid names it.
"""


def write_home(
    home: Path, passphrase: bytes, *, cost: Cost = Cost.DEFAULT, **values: Any
) -> Settings:
    """Make a market's home folder.

    Args:
        home: a folder without a market in it; it is made where it is missing.
        passphrase: locks the key file.
        cost: what opening the key file costs.
        values: the settings that stand in `SETTINGS_TEXT`.

    Raises:
        ConfigurationError: there is a market already, or a value is wrong; nothing is left behind then.
    """
    file = home / SETTINGS_FILE
    if file.exists():
        raise ConfigurationError(f"There is a market in {home} already.")
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.write_text(_settings_text(values))
    try:
        settings = load_settings(home)
    except ConfigurationError:
        file.unlink()
        raise
    settings.terms_folder.mkdir(exist_ok=True)
    (settings.terms_folder / "PDC-INTENT.txt").write_text(AGREEMENT)
    keyfile.create(settings.key_file, Identity.generate().to_secret(), passphrase, cost=cost)
    schema.upgrade(settings.database)
    return settings


def _settings_text(values: dict[str, Any]) -> str:
    url = values.pop("public_url", "")
    # JSON's strings, numbers and lists of strings are TOML's too.
    written = {name: json.dumps(value, ensure_ascii=False) for name, value in values.items()}
    public_url = f"public_url = {json.dumps(url)}\n" if url else ""
    return SETTINGS_TEXT.format(public_url=public_url, **written)
