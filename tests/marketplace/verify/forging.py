"""A lying operator: it changes a day's bundle, and signs, decides and logs again all that it has keys for."""

import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import numpy as np

import crypto
from crypto.checkpoint import Checkpoint
from crypto.merkle import Tree, leaf_hash
from crypto.multiproof import prove
from marketplace.bundle.lines import AFTER, FROZEN, kind_of
from marketplace.cascade.rules import accept_by
from marketplace.instants import instant_text
from marketplace.resolver import resolve
from marketplace.resolver.rows import WAY_CODES
from marketplace.runs.resolving import decide
from marketplace.runs.rules import Decided, inputs_digest, outcome_digest
from marketplace.verify.columns import frozen_day
from marketplace.verify.day import Day
from marketplace.verify.load import load
from marketplace.verify.matching import decided_at
from tests.marketplace.verify.days import faults
from tests.support.market import an_identity
from vrm.documents.calendar import Calendar

Line = dict[str, Any]

_FROZEN = {kind_of(line) for line in FROZEN}
_AFTER = {kind_of(line) for line in AFTER}
_WAYS = {int(code): name for name, code in WAY_CODES.items()}


class Forgery:
    """A bundle that is being forged."""

    def __init__(self, bundle: bytes) -> None:
        self.lines: list[Line] = [json.loads(line) for line in gzip.decompress(bundle).splitlines()]
        self.identity = an_identity()

    def of(self, kind: str) -> list[Line]:
        """The lines of a kind."""
        return [line for line in self.lines if line["kind"] == kind]

    def drop(self, line: Line) -> None:
        self.lines.remove(line)

    def add(self, line: Line, key: Callable[[Line], Any]) -> None:
        """Put a line among those of its kind, which are in order of a key."""
        kind = line["kind"]
        same = sorted([*self.of(kind), line], key=key)
        first = self.lines.index(self.of(kind)[0])
        others = [one for one in self.lines if one["kind"] != kind]
        self.lines = [*others[:first], *same, *others[first:]]

    def sign(self, line: Line) -> None:
        """Sign a line's document with the market's key, as it now is."""
        line["document"] = crypto.proof.sign(line["document"], self.identity.key)

    def forget_what_followed(self) -> None:
        """Leave out ticks and answers."""
        report = next(at for at, line in enumerate(self.lines) if line["kind"] == "report")
        end = next(
            at
            for at, line in enumerate(self.lines)
            if at > report and line["kind"] in {"tick", *_AFTER}
        )
        self.lines = self.lines[:end] + self.of("proof")

    def pin(self) -> None:
        """Let the report's digests and counts be those of what the bundle now says, right or wrong."""
        day = self.day()
        frozen = frozen_day(day)
        decided = decide(frozen, resolve(frozen.matching))
        report = self.of("report")[0]
        report["document"]["inputs"] = inputs_digest(
            frozen.requests,
            frozen.bids,
            frozen.places,
            frozen.items,
            frozen.preferences,
            day.rules.newcomers.share,
        )
        report["document"]["bids"] = len(frozen.bids)
        report["document"]["outcome"] = self._outcome(decided)
        self.sign(report)

    def decide(self) -> None:
        """Decide the run again from what the bundle now says, and sign all of it."""
        self.forget_what_followed()
        day = self.day()
        frozen = frozen_day(day)
        decided = decide(frozen, resolve(frozen.matching))
        given = self._assignments(day, decided)
        fallbacks = self.of("fallback")
        reasons = decided.unfilled
        unfilled = [
            {"kind": "unfilled", "request": request.decode(), "reason": reason.decode()}
            for request, reason in zip(reasons["request"], reasons["reason"], strict=True)
        ]
        before = [line for line in self.lines if line["kind"] in {*_FROZEN, "report"}]
        self.lines = [*before, *given, *fallbacks, *unfilled, *self.of("proof")]
        report = self.of("report")[0]["document"]
        report["assigned"] = len(given)
        report["unfilled"] = {
            reason: sum(line["reason"] == reason for line in unfilled)
            for reason in report["unfilled"]
        }
        self.pin()

    def log(self) -> None:
        """Make a log of its own that holds all of the bundle's documents, and the proofs of it."""
        early = [line for line in self.lines if line["kind"] in _FROZEN and "leaf" in line]
        late = [line for line in self.lines if line["kind"] not in _FROZEN and "leaf" in line]
        tree = Tree()
        self._append(tree, early)
        size = len(tree)
        report = self.of("report")[0]
        report["document"]["log_size"] = size
        report["document"]["log_root"] = crypto.base64url_encode(tree.root())
        self.sign(report)
        self._append(tree, late)
        self.prove(tree, size)

    def prove(self, tree: Tree, size: int) -> None:
        """Write the checkpoints of a tree, and the proofs of all leaves that the lines name."""
        header = self.of("header")[0]
        header["freeze"], header["head"] = self._note(tree, size), self._note(tree, len(tree))
        early = sorted(
            {line["leaf"] for line in self.lines if line["kind"] in _FROZEN and "leaf" in line}
        )
        late = sorted(
            {line["leaf"] for line in self.lines if line["kind"] not in _FROZEN and "leaf" in line}
        )
        proofs = {
            "freeze": (size, [*prove([n for n in early if n < size], size, tree.node)]),
            "head": (len(tree), [*prove(late, len(tree), tree.node)]),
            "growth": (size, tree.consistency_proof(size, len(tree))),
        }
        self.lines = [line for line in self.lines if line["kind"] != "proof"] + [
            {
                "kind": "proof",
                "proof": name,
                "size": of,
                "hashes": [one.hex() for one in hashes],
            }
            for name, (of, hashes) in proofs.items()
        ]

    def pack(self) -> bytes:
        """The bundle."""
        return gzip.compress(
            b"".join(
                json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
                for line in self.lines
            )
        )

    def day(self) -> Day:
        """The bundle as it would be read."""
        return load(io.BytesIO(self.pack()), 1, lambda *_: None)

    def _append(self, tree: Tree, lines: list[Line]) -> None:
        for line in lines:
            document = line.get("reveal") or line.get("document") or self._timed_out(line)
            digest = document if isinstance(document, str) else crypto.digest(document)
            line["leaf"] = len(tree)
            tree.append(leaf_hash(crypto.base64url_decode(digest)))

    def _timed_out(self, displaced: Line) -> Line:
        """The assignment that was displaced for want of an answer."""
        given = (displaced["request"], displaced["assigned_at"])
        documents = [line["document"] for line in self.of("assignment")]
        (found,) = [one for one in documents if (one["request"], one["tick"]) == given]
        return dict(found)

    def _note(self, tree: Tree, size: int) -> str:
        name = self.identity.log.name
        return Checkpoint(name, size, tree.root(size)).sign(self.identity.log_key)

    def _outcome(self, decided: Decided) -> str:
        return outcome_digest(decided)

    def _assignments(self, day: Day, decided: Decided) -> list[Line]:
        bids = {crypto.digest(line["document"]): line for line in self.of("bid")}
        bands = {(line["vendor"], line["place"]): line["band"] for line in self.of("place")}
        needed = {
            row["digest"]: None if row["needed_by"] < 0 else int(row["needed_by"])
            for row in day.requests
        }
        calendar = Calendar(day.rules.schedule)
        made = []
        awards = decided.awards
        for at, name in enumerate(awards["request"].tolist()):
            bid = bids[awards["bid"][at].decode()]
            body = bid["document"]
            reserve = decided.reserves[at : at + 1][0].decode()
            due = accept_by(decided_at(day.run), needed[name], calendar)
            line = {
                "kind": "assignment",
                "document": {
                    "v": 1,
                    "type": "Assignment",
                    "market": body["market"],
                    "day": day.header.day,
                    "tick": 0,
                    "accept_by": instant_text(due),
                    "request": name.decode(),
                    "bid": awards["bid"][at].decode(),
                    "vendor": body["vendor"],
                    "place": body["place"],
                    "amount": body["price"]["amount"],
                    "currency": body["price"]["currency"],
                    "delivery": body["delivery"],
                    "distance_m": bid["distance_m"],
                    "band": bands[body["vendor"], body["place"]],
                    "rank": int(awards["rank"][at]),
                    "eligible": int(awards["eligible"][at]),
                    "reserve": [reserve[n : n + 43] for n in range(0, len(reserve), 43)],
                    "newcomer": bool(np.isin(name, decided.led["request"])),
                },
            }
            self.sign(line)
            made.append(line)
        return made


def steps(bundle: bytes, **options: Any) -> set[str]:
    """Which checks find something."""
    return {step for step, _, _ in faults(bundle, **options)}


def is_named(bundle: bytes, step: str, *words: str) -> bool:
    """Tell whether a check finds a fault that says all the words."""
    told = [f"{subject}: {detail}" for at, subject, detail in faults(bundle) if at == step]
    return any(all(word in line for word in words) for line in told)


def bids_by(forgery: Forgery, key: crypto.SigningKey) -> list[Line]:
    """The lines of a vendor's bids."""
    return [line for line in forgery.of("bid") if line["document"]["vendor"] == key.did]


def place_of(forgery: Forgery, key: crypto.SigningKey) -> Line:
    """The line of a vendor's place."""
    (found,) = [line for line in forgery.of("place") if line["vendor"] == key.did]
    return found
