"""An open market: what every use case is given."""

import asyncio
import hashlib
from dataclasses import dataclass, field
from typing import Any, Self

import crypto
from marketplace.db import Clock, Database
from marketplace.errors import ConfigurationError, Refused
from marketplace.identity import Identity
from marketplace.reputation import rules as reputation
from marketplace.settings import Settings
from vrm.documents import (
    Agreement,
    Document,
    MarketCurrency,
    MarketDescriptor,
    Signed,
    sign,
)
from vrm.documents.calendar import Calendar
from vrm.errors import InvalidDocument


@dataclass(frozen=True)
class Market:
    """A market's rules, its key and its database, for one event loop."""

    settings: Settings
    identity: Identity
    descriptor: Signed[MarketDescriptor]
    terms: dict[str, str]
    """The texts of the roster's agreements by id."""
    calendar: Calendar
    db: Database
    kept: dict[str, Any] = field(default_factory=dict, repr=False)
    """The last published days that somebody asked about, resolved; see `runs.reading`."""
    issuer_keys: dict[str, Any] = field(default_factory=dict, repr=False)
    """Those issuer keys of the market, by id, under which a token was spent here; see `tokens.service`."""
    explaining: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    """Whoever resolves a day again to explain it."""

    @classmethod
    def open(cls, settings: Settings, identity: Identity, *, clock: Clock | None = None) -> Self:
        """Put a market together; `db.dispose` closes it.

        Raises:
            ConfigurationError: a file of the market's home is missing or wrong.
        """
        terms = _read_terms(settings)
        descriptor = MarketDescriptor(
            market=identity.did,
            name=settings.name,
            currency=MarketCurrency(code=settings.currency, digits=settings.currency_digits),
            schedule=settings.schedule.document(),
            categories=settings.category_documents(),
            cells=settings.cell_range(),
            facets=settings.facets,
            demand=settings.demand_bounds(),
            policies=settings.policies,
            terms=tuple(
                Agreement(id=name, title=text.splitlines()[0], digest=_digest(text))
                for name, text in terms.items()
            ),
            admission=settings.admission,
            members=settings.members.document(),
            tokens=settings.tokens.document(),
            mail=settings.mail.document(),
            messages=settings.messages.document(),
            fulfilment=settings.fulfilment.document(),
            reputation=reputation.stated(),
            ratings=settings.ratings.document(),
            newcomers=settings.newcomers.document(),
            seed_anchor=identity.seed_anchor,
            log=identity.log.text,
        )
        try:
            signed = sign(descriptor, identity.key)
        except InvalidDocument as error:
            raise ConfigurationError(f"The market's settings or agreements: {error}") from None
        return cls(
            settings,
            identity,
            signed,
            terms,
            Calendar(descriptor.schedule),
            Database(settings.database, clock=clock),
        )

    @property
    def did(self) -> str:
        """The market's did:key."""
        return self.identity.did

    @property
    def rules(self) -> MarketDescriptor:
        """The descriptor's body."""
        return self.descriptor.body

    def check_addressed(self, document: Document) -> None:
        """Refuse a document that was meant for another market."""
        if getattr(document, "market", None) != self.did:
            raise Refused("wrong-market", f"This market is {self.did}.", "market")


def _read_terms(settings: Settings) -> dict[str, str]:
    folder = settings.terms_folder
    try:
        texts = {file.stem: file.read_bytes().decode() for file in sorted(folder.glob("*.txt"))}
    except UnicodeDecodeError:
        raise ConfigurationError(f"An agreement in {folder} is not UTF-8.") from None
    if not texts:
        raise ConfigurationError(f"No agreement in {folder}: put the text of at least one there.")
    for name, text in texts.items():
        if not text.strip() or not text.splitlines()[0].strip():
            raise ConfigurationError(f"{folder / name}.txt has no title in its first line.")
    return texts


def _digest(text: str) -> str:
    return crypto.base64url_encode(hashlib.sha256(text.encode()).digest())
