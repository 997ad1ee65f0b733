"""What a vendor was given, and its answers: accepted with a one-time key, or declined."""

import hashlib
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any

import msgspec

import crypto
from vrm.client.batches import in_batches
from vrm.client.public import PublicClient
from vrm.client.vendor_answers import (
    AnswerResult,
    AnswersAnswer,
    OwnAssignment,
    OwnAssignmentEntry,
)
from vrm.documents import Acceptance, Assignment, Decline, PersonalRequest, Signed, sign
from vrm.errors import MarketMisbehaved


class AssignmentsClient(PublicClient):
    """A vendor that reads and answers its assignments."""

    _signer: crypto.SigningKey

    @property
    def did(self) -> str:
        """The vendor's did:key."""
        return self._signer.did

    async def my_assignments(self, after: str | None = None) -> AsyncIterator[OwnAssignment]:
        """List what the vendor was given, oldest first, from a cursor of `assignments_page` if given."""
        more = True
        while more:
            found, after, more = await self.assignments_page(after)
            for item in found:
                yield item

    async def assignments_page(
        self, cursor: str | None = None
    ) -> tuple[tuple[OwnAssignment, ...], str | None, bool]:
        """Read one page of own assignments: the items, the cursor to go on from, whether more are there.

        Raises:
            MarketMisbehaved: an assignment that the market did not sign, of another vendor or another request.
        """
        await self.descriptor()
        page = await self.page(
            "/vendors/self/assignments", OwnAssignmentEntry, cursor=cursor, signed=True
        )
        items = tuple(self._assigned(entry) for entry in page.items)
        return items, page.next or page.resume or cursor, page.next is not None

    async def accept(self, assignments: Iterable[str]) -> list[AnswerResult]:
        """Accept assignments, by their digests, and tell what became of each, in order.

        The same again gives the same answer, since each message key follows from the vendor's key and the
        assignment (`message_key`).
        """
        market = (await self.descriptor()).market
        documents = [self.acceptance(market, digest).body for digest in assignments]
        return await self._answer("acceptances", documents)

    def acceptance(self, market: str, assignment: str) -> Signed[Acceptance]:
        """The acceptance of an assignment, which is always the same."""
        body = Acceptance(
            market=market,
            vendor=self.did,
            assignment=assignment,
            message_key=self.message_key(assignment).public.text,
        )
        return sign(body, self._signer)

    async def decline(
        self, assignments: Iterable[str], reason: str | None = None
    ) -> list[AnswerResult]:
        """Decline assignments, by their digests, and tell what became of each, in order."""
        market = (await self.descriptor()).market
        documents = [
            Decline(
                market=market,
                vendor=self.did,
                assignment=digest,
                reason=reason or msgspec.UNSET,
            )
            for digest in assignments
        ]
        return await self._answer("declines", documents)

    def message_key(self, assignment: str) -> crypto.ReplyKey:
        """The one-time key to which the customer of an assignment seals what only this vendor may read."""
        seed = hashlib.blake2b(
            assignment.encode(), key=self._signer.seed, digest_size=32, person=b"vrm.acceptance"
        )
        return crypto.ReplyKey.from_seed(seed.digest())

    async def _answer(
        self, member: str, documents: Sequence[Acceptance | Decline]
    ) -> list[AnswerResult]:
        signed = [sign(document, self._signer).wire for document in documents]
        results: list[AnswerResult] = []
        for batch in in_batches(signed):
            body = f'{{"{member}":['.encode() + b",".join(batch) + b"]}"
            answer = await self.post(f"/{member}/batch", body, AnswersAnswer)
            if len(answer.results) != len(batch):
                raise MarketMisbehaved("The market's results are not one for each answer.")
            results += answer.results
        return results

    def _assigned(self, entry: OwnAssignmentEntry) -> OwnAssignment:
        assignment = self.own(self.by_market(bytes(entry.assignment), Assignment), entry.digest)
        request = self.verified(bytes(entry.request), PersonalRequest)
        if request.digest != assignment.body.request:
            raise MarketMisbehaved("An assignment came with another request than it names.")
        return OwnAssignment(
            entry.digest, assignment.body, request.body, entry.state, entry.answer_by
        )

    def own(self, signed: Signed[Any], digest: str | None = None) -> Signed[Any]:
        """Check that a document is this vendor's and the one that it is filed as.

        Raises:
            MarketMisbehaved: it is another.
        """
        if signed.body.vendor != self.did or digest not in {None, signed.digest}:
            raise MarketMisbehaved("The market hands out another vendor's document as yours.")
        return signed
