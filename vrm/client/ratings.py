"""Ratings that are open, as anybody may read them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from vrm.client.cascade import CascadeClient
from vrm.documents import (
    Moderation,
    Rating,
    RatingAnswer,
    Reveal,
    Signed,
    VendorRating,
    VendorRatingAnswer,
)
from vrm.documents.membership import Tier
from vrm.documents.rating import Stars
from vrm.documents.scalars import Instant
from vrm.errors import MarketMisbehaved

R = TypeVar("R", Rating, VendorRating)
A = TypeVar("A", RatingAnswer, VendorRatingAnswer)
W = TypeVar("W", Rating, VendorRating, RatingAnswer, VendorRatingAnswer)


@dataclass(frozen=True)
class Rated(Generic[R, A]):
    """What one side of an assignment says of the other; words that the operator has hidden are None."""

    stars: int
    rating: Signed[R] | None
    answer: Signed[A] | None


@dataclass(frozen=True)
class Ratings:
    """An assignment's ratings, opened together."""

    reveal: Signed[Reveal]
    vendor: str
    revealed_at: str
    by_customer: Rated[Rating, RatingAnswer] | None
    by_vendor: Rated[VendorRating, VendorRatingAnswer] | None


class _Said(msgspec.Struct, frozen=True):
    digest: str
    document: msgspec.Raw
    hidden: msgspec.Raw


class _Rated(msgspec.Struct, frozen=True):
    stars: Stars
    rating: _Said
    answer: _Said | None


class _Entry(msgspec.Struct, frozen=True):
    request: str
    assignment: str
    vendor: str
    revealed_at: Instant
    tier: Tier
    reveal: msgspec.Raw
    by_customer: _Rated | None
    by_vendor: _Rated | None


class RatingsClient(CascadeClient):
    """A reader of ratings."""

    async def ratings(self, vendor: str) -> AsyncIterator[Ratings]:
        """Walk the ratings of a vendor's assignments that are open, newest first.

        Raises:
            MarketMisbehaved: a document that its author did not sign, or that is about something else.
        """
        await self.descriptor()
        async for entry in self.each(f"/vendors/{vendor}/ratings", _Entry):
            found = self._ratings(entry)
            _check(found.vendor == vendor, "A rating is another vendor's.")
            yield found

    def _ratings(self, entry: _Entry) -> Ratings:
        reveal = self.by_market(bytes(entry.reveal), Reveal)
        body = reveal.body
        about = (body.request, body.assignment, body.tier)
        _check(about == (entry.request, entry.assignment, entry.tier), "A Reveal is another's.")
        named = [one and one.rating.digest for one in (entry.by_customer, entry.by_vendor)]
        _check(named == [body.rating or None, body.vendor_rating or None], "A rating is swapped.")
        return Ratings(
            reveal,
            entry.vendor,
            entry.revealed_at,
            self._rated(entry, entry.by_customer, Rating, RatingAnswer),
            self._rated(entry, entry.by_vendor, VendorRating, VendorRatingAnswer),
        )

    def _rated(
        self, entry: _Entry, said: _Rated | None, kind: type[R], answering: type[A]
    ) -> Rated[R, A] | None:
        if said is None:
            return None
        rating = self._said(entry, said.rating, kind)
        answer = None if said.answer is None else self._said(entry, said.answer, answering)
        if rating is not None:
            _check(rating.body.stars == said.stars, "A rating is filed with other stars.")
        if answer is not None:
            _check(answer.body.rating == said.rating.digest, "An answer is to another rating.")
        return Rated(said.stars, rating, answer)

    def _said(self, entry: _Entry, said: _Said, kind: type[W]) -> Signed[W] | None:
        if bytes(said.hidden) != b"null":
            decision = self.by_market(bytes(said.hidden), Moderation).body
            hides = decision.document == said.digest and decision.hidden
            _check(hides, "A rating is hidden by a decision about something else.")
            return None
        signed = self.verified(bytes(said.document), kind)
        body = signed.body
        filed = (signed.digest, body.request, body.assignment)
        _check(filed == (said.digest, entry.request, entry.assignment), "A rating is another's.")
        if isinstance(body, VendorRating | RatingAnswer):
            _check(body.vendor == entry.vendor, "A vendor's word is another vendor's.")
        return signed


def _check(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MarketMisbehaved(otherwise)
