"""A day, checked again from its bundle, with the vendor's own receipts held against it.

The checking is the market's program, run from this installation on the file that was downloaded: it is told
which market it must be, which head of its log this vendor saw last, and which bids the vendor holds receipts
for.
"""

import asyncio
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from crypto.checkpoint import Checkpoint
from vrm.client.bundle import download
from vrm.client.vendor import VendorClient
from vrm.errors import UsageError
from vrm.vendor.ledger import Ledger

DONE: Final = (0, 1)
"""The exit codes of a check that came to an end."""


class OwnBid(msgspec.Struct, frozen=True):
    """What became of one of the vendor's bids; ``rank`` 1 is the best in the customer's order."""

    request: str
    bid: str
    outcome: str
    rank: int | None
    eligible: int
    why: str
    ticks: list[str]


class Fault(msgspec.Struct, frozen=True):
    """Something of the day that is not as it should be, and the check that found it."""

    step: str
    subject: str
    detail: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What the check came to."""

    day: str
    verified: bool
    fault_count: int
    faults: list[Fault]
    bids: list[OwnBid]
    checked: dict[str, int]
    on_the_market_s_word: dict[str, int]


async def verify_day(
    client: VendorClient, ledger: Ledger, day: str, keep: Path | None = None
) -> tuple[Verification, int]:
    """Download a day and check it; answers what was found, and for how many of its bids there is a receipt.

    Args:
        keep: where to leave the bundle; None for nowhere.

    Raises:
        MarketRefused: there is no such day, or it is not announced yet.
        UsageError: the check could not be made.
    """
    market = (await client.descriptor()).market
    run = await client.run(day)
    expected = [
        {"bid": entry.digest, "request": entry.request}
        for entry in ledger.in_state("sent", "won", "lost")
        # A bid for an earlier cutoff lapsed when its request rolled over.
        if entry.decided_at >= run.cutoff and entry.digest in ledger.receipts
    ]
    head = ledger.receipts.head()
    with tempfile.TemporaryDirectory(prefix="vrm-day-") as folder:
        bundle = keep or Path(folder) / "bundle"
        await download(client, day, bundle, since=_size(head) if head else None)
        wanted, note = Path(folder) / "expected.json", Path(folder) / "head"
        wanted.write_bytes(msgspec.json.encode(expected))
        arguments = ["--market", market, "--vendor", client.did, "--expect", str(wanted)]
        if head:
            note.write_text(head)
            arguments += ["--since", str(note)]
        found = await _check(bundle, arguments)
    own = {bid.bid for bid in found.bids}
    return found, sum(one["bid"] in own for one in expected)


async def _check(bundle: Path, arguments: Sequence[str]) -> Verification:
    """Run the market's program on a bundle."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "marketplace", "verify", str(bundle), "--json", *arguments,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, err = await process.communicate()
    try:
        if process.returncode in DONE:
            return msgspec.json.decode(out, type=Verification)
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    told: Any = err.decode(errors="replace").strip().splitlines()
    raise UsageError(f"The day cannot be checked: {told[-1] if told else 'no word why'}")


def _size(note: str) -> int:
    return Checkpoint.parse(note.partition("\n\n")[0] + "\n").size
