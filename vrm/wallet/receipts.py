"""The receipts of the owner's requests: the batches, as the market's log holds them.

A request has no receipt of its own, since whoever asked for one would tell which request is theirs. Instead the
documents of every batch stand side by side in the log, and the wallet reads them all, out of the log's public
files: each batch since the wallet was made, whether one of its own is in it or not.

* The log's newest head must have grown out of the one that was kept; both notes are kept where it did not.
* A batch counts once its leaves are proven to be in that head's tree and hold all requests that it lists. Until
  then it is as if it were not there: an open promise whose time has come is broken.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from vrm.client.log import Head, LogReader
from vrm.client.public import Batch, PublicClient
from vrm.documents.scalars import format_instant, parse_instant
from vrm.errors import LogFault, MarketRefused
from vrm.wallet.state import LogFinding, State

GRACE: Final = timedelta(hours=1)
"""How far this machine's clock may be ahead of the market's for no batch to be passed by."""


@dataclass(frozen=True)
class Held:
    """A batch that the log holds, and the numbers of its leaves by digest."""

    batch: Batch
    leaves: Mapping[str, int]


@dataclass(frozen=True)
class Check:
    """What holding the batches against the log came to."""

    since: str
    """The head that was kept before."""
    head: str
    """The head to keep; that of before where the log is at fault."""
    held: list[Held]
    until: str
    """The instant up to which all batches are held."""
    findings: list[LogFinding]


async def check(client: PublicClient, before: State, batches: Sequence[Batch]) -> Check:
    """Hold the batches that are new against the log.

    Args:
        batches: all that the market lists, read before.

    Raises:
        MarketUnreachable: no answer.
    """
    since = max(before.batches_held, format_instant(parse_instant(before.created) - GRACE))
    new = [batch for batch in batches if batch.instant > since]
    reader = LogReader(client)
    try:
        head = await reader.head(before.log_head)
    except LogFault as fault:
        return _at_fault(before, _finding(fault))
    except MarketRefused as refusal:
        if refusal.code != "empty-log":
            raise
        if not (before.log_head or new):
            return _at_fault(before)
        code = "rollback" if before.log_head else "missing"
        shown = (before.log_head,) if before.log_head else ()
        return _at_fault(before, LogFinding(code, "The market shows no log.", shown))
    held, findings = await _held(reader, new, head)
    proven = {one.batch.instant for one in held}
    until = before.batches_held
    for batch in new:
        if batch.instant not in proven:
            break
        until = batch.instant
    return Check(before.log_head, head.note, held, until, findings)


def keep(state: State, found: Check) -> None:
    """Keep what a check found, unless another process has kept a newer head meanwhile."""
    if state.log_head == found.since:
        state.log_head, state.batches_held = found.head, found.until
    known = {(finding.code, finding.detail) for finding in state.log_findings}
    state.log_findings += [one for one in found.findings if (one.code, one.detail) not in known]


def _at_fault(before: State, *findings: LogFinding) -> Check:
    return Check(before.log_head, before.log_head, [], before.batches_held, list(findings))


async def _held(
    reader: LogReader, batches: Sequence[Batch], head: Head
) -> tuple[list[Held], list[LogFinding]]:
    if not batches:
        return [], []
    try:
        return await _read(reader, batches, head), []
    except LogFault:
        pass  # find out which of them are at fault
    held: list[Held] = []
    findings: list[LogFinding] = []
    for batch in batches:
        try:
            held += await _read(reader, [batch], head)
        except LogFault as fault:
            findings.append(_finding(fault, f"The batch of {batch.instant}: "))
    return held, findings


async def _read(reader: LogReader, batches: Sequence[Batch], head: Head) -> list[Held]:
    spans = [_span(batch, head) for batch in batches]
    found: list[Held] = []
    for batch, (first, _), digests in zip(
        batches, spans, await reader.read(spans, head), strict=True
    ):
        leaves = {digest: first + at for at, digest in enumerate(digests)}
        if missing := set(batch.requests) - leaves.keys():
            told = f"the log does not hold {min(missing)}, which it lists."
            raise LogFault("missing", told, (head.note,))
        found.append(Held(batch, leaves))
    return found


def _span(batch: Batch, head: Head) -> tuple[int, int]:
    if batch.first_leaf is None or batch.leaves is None:
        raise LogFault("missing", "it does not say where the log holds it.", (head.note,))
    return batch.first_leaf, batch.leaves


def _finding(fault: LogFault, where: str = "") -> LogFinding:
    return LogFinding(fault.code, f"{where}{fault}", fault.notes)
