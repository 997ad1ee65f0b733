"""What the operator is left with: rows as they lie, documents, logs, and the calls that it tapped."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import create_engine, text

from crypto import CryptoError, ReplyPublicKey, VerifyKey, token_http
from crypto.encoding import base64url_decode, base64url_encode
from crypto.errors import TokenError
from crypto.tokens import Token
from marketplace.audit.tap import Call
from marketplace.audit.world import BATCH, Reading, World
from vrm.documents import Membership, PersonalRequest, recall

KEY_ID: Final = re.compile(r'keyid="(did:key:[^"]+)"')


@dataclass
class Member:
    """A member as the operator knows it."""

    did: str
    tier: str
    shown: str
    """The facets that the member shows, as text."""
    keys: set[bytes] = field(default_factory=set)
    """Every public key that the market knows of the member."""
    size: int = 0
    """Bytes of its registration."""
    drawn: list[Call] = field(default_factory=list)
    """Its draws, in order of time."""
    deposits: list[tuple[int, list[Token]]] = field(default_factory=list)
    """When it deposited which stamps."""
    places: dict[str, float] = field(default_factory=dict)
    """Where its rows lie in tables, from 0 to 1."""


@dataclass
class Request:
    """A request as the operator knows it."""

    digest: str
    body: PersonalRequest
    published_at: int
    keys: set[bytes]
    """Its pseudonym's key and its reply key."""
    token: Token | None = None
    """Of the call that posted it, like what follows."""
    tier: str = ""
    """That of its token's issuer key."""
    size: int = 0
    connection: str = ""
    claims: list[Call] = field(default_factory=list)
    """The calls that asked for its stamp."""
    preferences: list[Call] = field(default_factory=list)
    words: list[Call] = field(default_factory=list)
    """What its pseudonym said after its assignment; see `marketplace.audit.after`."""
    also: set[str] = field(default_factory=set)
    """Further names: the digests of its assignment and of what was said of it."""
    places: dict[str, float] = field(default_factory=dict)
    """Where its rows lie in tables, from 0 to 1."""

    @property
    def batch(self) -> int:
        """The batch that it would be in if there are batches."""
        return -(-self.published_at // BATCH)

    @property
    def facets(self) -> str:
        return _text(self.body.facets or {})


@dataclass
class Evidence:
    """All of it, with requests and members in an order that says nothing."""

    members: list[Member]
    requests: list[Request]
    calls: list[Call]
    lines: list[str]
    rounds: list[Reading] = field(default_factory=list)
    opened: dict[str, str] = field(default_factory=dict)
    """What accomplices of the operator's, vendors, were told, by the request."""


def gather(world: World) -> Evidence:
    """Read the database's file and sort out the tapped calls."""
    url = world.settings.database.replace("+aiosqlite", "")
    engine = create_engine(url)
    with engine.connect() as database:
        tables = {
            name: [row._asdict() for row in database.execute(text(f"SELECT * FROM {name}"))]  # noqa: S608
            for name in ("members", "token_draws", "requests", "log_leaves", "issuer_keys")
        }
    engine.dispose()
    members = _members(tables)
    requests = _requests(tables, world)
    evidence = Evidence(
        sorted(members.values(), key=lambda one: one.did),
        sorted(requests.values(), key=lambda one: one.digest),
        world.calls,
        world.lines,
        world.rounds,
        world.opened,
    )
    tiers = {row["key_id"]: row["tier"] for row in tables["issuer_keys"]}
    by_key = {key: member for member in members.values() for key in member.keys}
    posted_by = {one.body.pseudonym: one for one in requests.values()}
    for call in world.calls:
        _sort_out(call, by_key, posted_by)
    for one in requests.values():
        one.tier = tiers[base64url_encode(one.token.key_id)] if one.token else ""
    return evidence


def signer(call: Call) -> bytes | None:
    """The key that signed a call as a member's, if one did."""
    found = KEY_ID.search(call.headers.get("signature-input", ""))
    try:
        return VerifyKey.from_did(found[1]).raw if found else None
    except CryptoError:
        return None


def _members(tables: dict[str, list[dict[str, Any]]]) -> dict[str, Member]:
    found = {}
    for row, place in _placed(tables["members"]):
        body = recall(row["wire"], Membership)
        shown = dict(body.profile["credentialSubject"])
        shown.pop("id")
        member = Member(row["did"], row["tier"], _text(shown), size=len(row["wire"]))
        member.keys = {VerifyKey.from_did(did).raw for did in {row["did"], row["key"], body.member}}
        member.places["members"] = place
        found[row["did"]] = member
    for row, place in _placed(tables["token_draws"]):
        found[row["member"]].places["token_draws"] = place
    return found


def _requests(tables: dict[str, list[dict[str, Any]]], world: World) -> dict[str, Request]:
    found = {}
    for row, place in _placed(tables["requests"]):
        body = recall(row["wire"], PersonalRequest)
        keys = {
            VerifyKey.from_did(body.pseudonym).raw,
            ReplyPublicKey.from_text(body.reply_key).raw,
        }
        found[row["digest"]] = Request(row["digest"], body, row["published_at"], keys)
        found[row["digest"]].places["requests"] = place
    for row, place in _placed(tables["log_leaves"]):
        if row["digest"] in found:
            found[row["digest"]].places["log"] = place
    for digests in world.waiting:
        for nth, digest in enumerate(digests):
            if digest in found:
                found[digest].places["pending"] = nth / len(digests)
    return found


def _sort_out(call: Call, members: dict[bytes, Member], posted_by: dict[str, Request]) -> None:
    if call.method == "POST" and call.path in {"/stamps", "/preferences"}:
        named = _posted(call.body, posted_by)
        if named is not None:
            (named.claims if call.path == "/stamps" else named.preferences).append(call)
    if call.method == "POST" and call.path == "/stamp-deposits":
        body = msgspec.json.decode(call.body)
        member = members[VerifyKey.from_did(body["member"]).raw]
        member.deposits.append(
            (call.at, [Token.parse(base64url_decode(one)) for one in body["stamps"]])
        )
    key = signer(call)
    if key in members and call.path == "/token-request":
        members[key].drawn.append(call)
    if call.method == "POST" and call.path == "/requests":
        posted = _posted(call.body, posted_by)
        if posted is not None:
            posted.size, posted.connection = len(call.body), call.connection
            try:
                posted.token = token_http.parse_authorization(call.headers["authorization"])
            except (KeyError, TokenError):
                posted.token = None


def _posted(body: bytes, posted_by: dict[str, Request]) -> Request | None:
    return posted_by.get(msgspec.json.decode(body)["pseudonym"])


def _placed(rows: list[dict[str, Any]]) -> Iterable[tuple[dict[str, Any], float]]:
    return ((row, nth / len(rows)) for nth, row in enumerate(rows))


def _text(facets: dict[str, Any]) -> str:
    return msgspec.json.encode(dict(sorted(facets.items()))).decode()
