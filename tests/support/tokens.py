"""Members and their posting tokens, made as wallets and issuers make them."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

import crypto
from crypto import issuance, rotation, token_http, voprf
from crypto.derivation import Root
from crypto.tokens import IssuerKey as SecretKey
from crypto.tokens import Token, token_input
from marketplace.identity import Identity
from marketplace.market import Market
from marketplace.tokens import service as tokens
from marketplace.tokens.rules import secret_key, statement
from vrm.documents import (
    Departure,
    Facets,
    Membership,
    Profile,
    Signed,
    Sponsorship,
    sign,
)
from vrm.documents.permits import challenge_of
from vrm.wallet import Wallet
from vrm.wallet.state import OwnEpoch

PROFILED = "2026-11-01T00:00:00Z"


@dataclass
class Person:
    """Somebody with a phrase of their own, who can join markets and draw."""

    name: str
    generation: int = 0
    chain: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root = Root.from_seed(crypto.canonical.digest({"name": self.name}).encode())
        self.chain = [dict(rotation.incept(self.key, self.root.identity(1).did))]

    @property
    def key(self) -> crypto.SigningKey:
        return self.root.identity(self.generation)

    @property
    def did(self) -> str:
        return self.root.identity(0).did

    def rotated(self) -> "Person":
        """The same person with the next key."""
        self.generation += 1
        ahead = self.root.identity(self.generation + 1).did
        self.chain.append(dict(rotation.rotate(rotation.follow(self.chain), self.key, ahead)))
        return self

    def joining(self, market: str, seq: int = 1, **changes: Any) -> Signed[Membership]:
        """A registration; ``facets`` are shown."""
        facets = Facets(id=self.key.did, **changes.pop("facets", {}))
        profile = Profile(issuer=self.key.did, valid_from=PROFILED, credential_subject=facets)
        facts: dict[str, Any] = {
            "market": market,
            "member": self.did,
            "key": self.key.did,
            "seq": seq,
            "keys": tuple(self.chain),
            "profile": dict(crypto.parse(sign(profile, self.key).wire)),
        }
        return sign(Membership(**(facts | changes)), self.key)

    def sponsoring(self, market: str, candidate: str, epoch: int) -> Signed[Sponsorship]:
        """This person's word for a candidate."""
        return sign(
            Sponsorship(
                market=market, sponsor=self.did, key=self.key.did, candidate=candidate, epoch=epoch
            ),
            self.key,
        )

    def leaving(self, market: str, seq: int = 2) -> Signed[Departure]:
        """This person's departure."""
        return sign(Departure(market=market, member=self.did, key=self.key.did, seq=seq), self.key)

    def draw(self, market: str, key: SecretKey, count: int, epoch: int = 0) -> issuance.Draw:
        """The draw of a number of tokens, for pseudonyms of device 1."""
        nonces = tuple(self.root.pseudonym(epoch, 1, at).public.raw for at in range(count))
        blinds = tuple(
            issuance.derive_blind(self.root.blind_seed(epoch, 1, at), key.public, nonce)
            for at, nonce in enumerate(nonces)
        )
        return issuance.Draw(key.public, challenge_of(market), nonces, blinds)


async def issuer_key(market: Market, tier: str = "new") -> SecretKey:
    """The secret key of the epoch that runs, made if it is not there."""
    if await tokens.keys_are_due(market):
        await tokens.keep_keys(market)
    epoch = market.rules.tokens.epoch_at(market.db.machine_time())
    async with market.db.snapshot() as connection:
        found = [
            row
            for row in await tokens.running(market, connection)
            if (row.tier, row.epoch) == (tier, epoch)
        ]
    return secret_key(market.identity.issuer_seed, tier, epoch, found[0].attempt)


def minted(market: str, pseudonym: str, key: SecretKey) -> Token:
    """A token for a pseudonym, as one that was drawn would be."""
    nonce = crypto.VerifyKey.from_did(pseudonym).raw
    digest, key_id = challenge_of(market).digest, key.public.key_id
    made = voprf.evaluate(key.secret, token_input(nonce, digest, key_id))
    return Token(nonce, digest, key_id, made)


def stock(wallet: Wallet, identity: Identity, now: int) -> Wallet:
    """Give a wallet the tokens that it would draw at an instant, under the first key of a market."""
    rules = wallet.read().rules
    epoch = rules.tokens.epoch_at(now)
    key = secret_key(identity.issuer_seed, "new", epoch, 0)
    issuer = sign(statement(identity.did, rules.tokens, "new", epoch, key), identity.key)
    drawn = [
        minted(identity.did, wallet.pseudonym(epoch, at).did, key).encode()
        for at in range(rules.tokens.allotment["new"])
    ]
    with wallet.editing() as state:
        state.epochs.append(OwnEpoch(epoch, "new", issuer.wire, drawn))
    return wallet


async def spending_for(market: Market, body: bytes) -> dict[str, str]:
    """The header that spends a good token for whatever request a body holds; none if it holds none."""
    try:
        document = msgspec.json.decode(body, type=dict[str, Any])
        return await spending(market, str(document["pseudonym"]))
    except (msgspec.MsgspecError, UnicodeError, RecursionError, KeyError, crypto.CryptoError):
        return {}


async def spending(market: Market, pseudonym: str) -> dict[str, str]:
    """The header that spends a good token for a pseudonym."""
    token = minted(market.did, pseudonym, await issuer_key(market))
    return {"Authorization": token_http.authorization(token)}
