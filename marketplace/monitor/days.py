"""What a monitor checks of market days: freeze checkpoints, the chain of seeds, and each day as a whole."""

import hashlib
import tempfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import anyio.to_thread

import crypto
from marketplace.monitor.log import of_fault
from marketplace.monitor.state import Alarm, Watched
from marketplace.verify.checking import verify
from marketplace.verify.findings import BundleFault, Fault
from marketplace.verify.parallel import processes_for
from vrm.client.bundle import download
from vrm.client.log import Head, LogReader
from vrm.client.public import PublicClient, Run
from vrm.documents import MarketDescriptor
from vrm.documents.calendar import Calendar
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import LogFault, MarketRefused

NEWEST = 8
"""Days whose ticks are still looked at; older ones are settled."""
SHOWN = 3


def late(
    runs: Sequence[Run], market: MarketDescriptor, now: datetime, grace: timedelta
) -> list[Alarm]:
    """The cutoffs that passed longer ago than the grace and have no freeze checkpoint.

    Args:
        runs: all of the market's, newest first.
    """
    alarms = [
        Alarm(
            code="late-freeze",
            subject=run.day,
            detail=f"Its cutoff was {run.cutoff}, and it shows no freeze checkpoint.",
        )
        for run in runs
        if run.checkpoint is None and parse_instant(run.cutoff) + grace < now
    ]
    if runs:
        newest = max(int(parse_instant(run.cutoff).timestamp()) for run in runs)
        due = Calendar(market.schedule).cutoff_at_or_after(newest + 1)
        if due + grace.total_seconds() < now.timestamp():
            instant = format_instant(datetime.fromtimestamp(due, now.tzinfo))
            told = f"The cutoff of {instant} has passed, and no run has frozen it."
            alarms.append(Alarm(code="late-freeze", subject=instant, detail=told))
    return alarms


async def check_freezes(client: PublicClient, runs: Sequence[Run], head: Head) -> list[Alarm]:
    """Hold freeze checkpoints against the log's history, and reports against them."""
    alarms: list[Alarm] = []
    reader = LogReader(client)
    for run in runs:
        if run.checkpoint is None:
            continue
        try:
            frozen = await reader.verified(run.checkpoint)
            if frozen.size > head.size:
                told = "Its freeze checkpoint is ahead of the log's newest head."
                raise LogFault("rollback", told, (head.note, frozen.note))
            await reader.require_growth(frozen, head)
        except LogFault as fault:
            detail = f"Its freeze checkpoint is not in the log's history: {fault}"
            notes = of_fault(fault).notes
            alarms.append(Alarm(code="late-freeze", subject=run.day, detail=detail, notes=notes))
            continue
        if run.report is not None:
            body = run.report.body
            stated = (body.log_size, body.log_root)
            if stated != (frozen.size, crypto.base64url_encode(frozen.checkpoint.root)):
                told = "Its report names another freeze checkpoint than the one that is published."
                alarms.append(
                    Alarm(code="freeze", subject=run.day, detail=told, notes=(run.checkpoint,))
                )
    return alarms


def check_seeds(watched: Watched, runs: Sequence[Run]) -> list[Alarm]:
    """Follow the chain of seeds from the last one that was seen, day by day.

    Args:
        runs: all of the market's, newest first.
    """
    published = [run for run in reversed(runs) if run.report is not None]
    seen = next(iter(watched.seeds), None)
    if seen is not None:
        at = next((at for at, run in enumerate(published) if run.day == seen), None)
        if at is None:
            told = "The market lists this day no more, and had published it."
            return [Alarm(code="seed-chain", subject=seen, detail=told)]
        published = published[at:]
    alarms: list[Alarm] = []
    expected = watched.anchor
    for run in published:
        seed = run.report.body.seed if run.report is not None else ""
        is_known = run.day == seen
        right = watched.seeds[run.day] == seed if is_known else _hashed(seed) == expected
        if not right:
            told = "Its seed is not the next one of the chain: a day is missing, or was changed."
            alarms.append(Alarm(code="seed-chain", subject=run.day, detail=told))
            return alarms
        watched.seeds = {run.day: seed}
        expected = seed
    return alarms


async def check_days(
    client: PublicClient,
    watched: Watched,
    runs: Sequence[Run],
    since: Head,
    due: datetime,
) -> list[Alarm]:
    """Verify every announced day that is new, or has new ticks, from its bundle.

    Args:
        due: days that closed before must have theirs; of later ones the report may still be on its way into
            the log.
    """
    alarms: list[Alarm] = []
    announced = [run for run in runs if run.stage == "announced"]
    for number, run in enumerate(announced):
        if run.day in watched.days and number >= NEWEST:
            continue
        ticks = 0
        try:
            ticks = len([tick async for tick in client.ticks(run.day) if tick.report is not None])
            if watched.days.get(run.day) == ticks:
                continue
            faults = await _faults(client, run.day, since)
        except MarketRefused as refusal:
            if parse_instant(run.cutoff) >= due:
                continue
            faults = [Fault("bundle", "the market", f"does not show it: {refusal}")]
        if not faults:
            watched.days[run.day] = ticks
            continue
        first = "; ".join(f"{one.step}: {one.subject}: {one.detail}" for one in faults[:SHOWN])
        told = f"The day does not verify ({len(faults)} faults): {first}"
        notes = (run.checkpoint,) if run.checkpoint else ()
        alarms.append(Alarm(code="day", subject=run.day, detail=told, notes=notes))
    return alarms


async def _faults(client: PublicClient, day: str, since: Head) -> list[Fault]:
    market = (await client.descriptor()).market
    with tempfile.TemporaryDirectory(prefix="vrm-monitor-") as folder:
        file = Path(folder) / "bundle"
        await download(client, day, file, since=since.size)
        return await anyio.to_thread.run_sync(_verified, file, since.note, market)


def _verified(file: Path, since: str, market: str) -> list[Fault]:
    with file.open("rb") as opened:
        try:
            found = verify(
                opened,
                processes=processes_for(file.stat().st_size),
                progress=lambda _what, _lines: None,
                since=since,
                market=market,
            )
        except BundleFault as fault:
            return [Fault("bundle", "the file", str(fault))]
    return found.day.findings.faults


def _hashed(seed: str) -> str:
    return crypto.base64url_encode(hashlib.sha256(crypto.base64url_decode(seed)).digest())
