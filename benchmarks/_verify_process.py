"""Verifying a bundle in a process of its own, so that its time and its peak of memory are its own: prints JSON.

python -m benchmarks._verify_process BUNDLE
"""

from __future__ import annotations

import gzip
import hashlib
import json
import resource
import sys
import time
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec

from crypto.canonical import canonical, unsigned
from crypto.encoding import base58_decode
from crypto.keys import VerifyKey
from marketplace.resolver import resolve
from marketplace.verify.checking import verify
from marketplace.verify.parallel import processes_for

SIGNATURES = 20_000
"""How many bids' signatures are verified for the floor, at most."""


def main() -> None:
    """Verify, and measure the floors behind it."""
    file = Path(sys.argv[1])
    processes = processes_for(file.stat().st_size)
    start, before = time.perf_counter(), _cpu()
    with file.open("rb") as opened:
        found = verify(opened, processes=processes, progress=lambda *_: None)
    seconds, cpu = time.perf_counter() - start, _cpu() - before
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    worker = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    for fault in found.day.findings.faults[:5]:
        print(fault, file=sys.stderr)
    start = time.perf_counter()
    resolve(found.frozen.matching)
    result = {
        "faults": found.day.findings.count,
        "bids": len(found.frozen.bids),
        "seconds": seconds,
        "cpu": cpu,
        "peak": peak * 1024,
        "worker": worker * 1024,
        "resolve": time.perf_counter() - start,
        "signature": _signature(file),
    }
    print(json.dumps(result))


def _cpu() -> float:
    usage = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in usage)


def _signature(file: Path) -> float:
    """Seconds of the processor for one bid's signature and nothing else, with all that it is of at hand."""
    with gzip.open(file) as opened:
        lines = (line for line in opened if line.startswith(b'{"kind":"bid"'))
        claims = [
            _claim(msgspec.json.decode(line)["document"]) for line in islice(lines, SIGNATURES)
        ]
    start = time.process_time()
    for key, message, signature in claims:
        key.verify(message, signature)
    return (time.process_time() - start) / len(claims)


def _claim(document: dict[str, Any]) -> tuple[VerifyKey, bytes, bytes]:
    proof = document["proof"]
    options = {name: value for name, value in proof.items() if name != "proofValue"}
    key = VerifyKey.from_did(document["vendor"])
    message = b"".join(
        hashlib.sha256(canonical(part)).digest() for part in (options, unsigned(document))
    )
    return key, message, base58_decode(proof["proofValue"], 64)


if __name__ == "__main__":
    main()
