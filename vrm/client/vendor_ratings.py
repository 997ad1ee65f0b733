"""A vendor rates its customers, and answers what they say of it."""

import hashlib

import msgspec

import crypto
from vrm.client.assignments import AssignmentsClient
from vrm.client.ratings import Ratings
from vrm.documents import RatingAnswer, VendorRating, sign
from vrm.errors import UsageError


class RatingStored(msgspec.Struct, frozen=True):
    """The market's word that it has a rating, or an answer to one, by the digests."""

    document: str
    assignment: str


class VendorRatingsClient(AssignmentsClient):
    """A vendor that rates and is rated."""

    async def rate(
        self, request: str, assignment: str, stars: int, text: str | None = None
    ) -> RatingStored:
        """Rate the customer of an assignment, once; hidden until the customer has rated too, or may no more.

        The same again gives the same answer, since the salt follows from the vendor's key and the assignment.

        Args:
            request, assignment: digests.
            stars: 1 to 5.

        Raises:
            InvalidDocument: stars or text are none of a rating's.
            MarketRefused: among others ``not-disclosed``, ``already-rated``, ``ratings-closed``.
        """
        salt = hashlib.blake2b(
            assignment.encode(), key=self._signer.seed, digest_size=16, person=b"vrm.rating"
        )
        body = VendorRating(
            market=(await self.descriptor()).market,
            vendor=self.did,
            request=request,
            assignment=assignment,
            salt=crypto.base64url_encode(salt.digest()),
            stars=stars,
            text=text or msgspec.UNSET,
        )
        return await self.post("/vendor-ratings", sign(body, self._signer), RatingStored)

    async def answer_rating(self, rated: Ratings, text: str) -> RatingStored:
        """Answer what a customer says of this vendor, once, for all to read.

        Raises:
            UsageError: the customer has said nothing.
            MarketRefused: among others ``already-answered``.
        """
        about = rated.reveal.body
        if not about.rating:
            raise UsageError("Its customer has not rated it.")
        body = RatingAnswer(
            market=about.market,
            vendor=self.did,
            request=about.request,
            assignment=about.assignment,
            rating=about.rating,
            text=text,
        )
        return await self.post("/rating-answers", sign(body, self._signer), RatingStored)
