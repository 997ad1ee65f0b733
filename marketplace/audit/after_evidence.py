"""What the operator is left with once assignments have run their course."""

import re
from typing import Any, Final

import msgspec
from sqlalchemy import create_engine, text

import crypto
from marketplace.audit.after import WORDS
from marketplace.audit.evidence import Evidence, Request, gather
from marketplace.audit.world import World

OPENLY: Final = frozenset(("pending", "mail_waiting"))
"""Tables that hold rows for a batch's time only."""

NAME: Final = re.compile(r"[A-Za-z0-9_:.-]{22,}")
"""What may name something: all digests, keys and salts are as long as this or longer."""


def gather_after(world: World) -> Evidence:
    """Gather the evidence about requests whose vendors accepted.

    Whether one was accepted, and by whom, is public, so that nobody has to guess it.
    """
    evidence = gather(world)
    tables = _tables(world.settings.database.replace("+aiosqlite", ""))
    accepted = {row["request"]: row["assignment"] for row in tables["deliveries"]}
    evidence.requests = [one for one in evidence.requests if one.digest in accepted]
    by_pseudonym = {one.body.pseudonym: one for one in evidence.requests}
    for one in evidence.requests:
        one.also.add(accepted[one.digest])
        one.also |= {row["digest"] for row in tables["bids"] if row["request"] == one.digest}
    seen = set()
    for call in evidence.calls:
        if call.method != "POST" or call.path not in WORDS:
            continue
        document = msgspec.json.decode(call.body)
        said = by_pseudonym.get(document["pseudonym"])
        if said is None:
            continue
        digest = crypto.digest(document)
        # A call that failed is made again; each attempt tells something.
        if (digest, call.at) not in seen:
            seen.add((digest, call.at))
            said.words.append(call)
            said.also.add(digest)
    for name, rows in tables.items():
        _place(name, rows, evidence.requests)
    return evidence


def names_in(text: str) -> set[str]:
    """All strings of a text that may name something."""
    return set(NAME.findall(text))


def _place(table: str, rows: list[dict[str, Any]], requests: list[Request]) -> None:
    """Note where a table's rows about requests lie, whatever their columns are called."""
    about = {name: one for one in requests for name in (one.digest, one.body.pseudonym, *one.also)}
    for nth, row in enumerate(rows):
        for value in row.values():
            if isinstance(value, str) and value in about:
                about[value].places.setdefault(table, nth / len(rows))


def _tables(url: str) -> dict[str, list[dict[str, Any]]]:
    engine = create_engine(url)
    with engine.connect() as database:
        listed = database.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
        names = [name for (name,) in listed if name not in OPENLY]
        tables = {
            name: [row._asdict() for row in database.execute(text(f"SELECT * FROM {name}"))]  # noqa: S608
            for name in names
        }
    engine.dispose()
    return tables
