"""The owner's one rating of what a vendor made of a request, and the one answer to the vendor's."""

import secrets
from collections.abc import Iterator, Mapping
from functools import partial

import msgspec

import crypto
from vrm.client.customer import CustomerClient
from vrm.documents import (
    Rating,
    RatingAnswer,
    Signed,
    VendorRating,
    VendorRatingAnswer,
    recall,
    sign,
)
from vrm.errors import MarketRefused, WalletError
from vrm.wallet.own import OwnPreference, OwnRequest, TheirWord
from vrm.wallet.turns import in_turn
from vrm.wallet.wallet import Wallet
from vrm.wallet.wishes import known_facets

_IN_VAIN = frozenset(
    (
        *("ratings-closed", "already-rated", "already-answered", "unknown-rating"),
        *("unknown-assignment", "not-accepted", "foreign-request", "too-unusual"),
    )
)
"""Refusals of what would be refused again."""


async def rate(
    wallet: Wallet,
    client: CustomerClient,
    entry: OwnRequest,
    stars: int,
    *,
    text: str | None = None,
    facets: Mapping[str, str] | None = None,
) -> OwnRequest:
    """Rate what came of a request, once; keep that, post it, and keep the market's promise.

    Args:
        facets: what kind of person rates, in the market's words; nothing is shown unless it is given.

    Raises:
        WalletError: its vendor was not told whom to deliver to, or it was rated.
        UsageError: a facet that the market does not know.
        InvalidDocument: stars or text are none of a rating's.
        MarketRefused: the market does not take it; where it never will, the wallet forgets it.
        MarketUnreachable: no answer; it stays in the wallet, and `send_due` sends it again.
    """
    if entry.assignment_digest is None or not entry.disclosures:
        raise WalletError("Its vendor does not know whom to deliver to; see: vrm disclose")
    descriptor = await client.descriptor()
    shown = known_facets(dict(facets or {}), descriptor)
    key = wallet.pseudonym(entry.epoch, entry.index)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        if kept.rating is not None:
            raise WalletError("You have rated it, and that is final.")
        body = Rating(
            market=descriptor.market,
            pseudonym=key.did,
            request=entry.digest,
            assignment=entry.assignment_digest,
            salt=crypto.base64url_encode(secrets.token_bytes(16)),
            stars=stars,
            facets=shown or msgspec.UNSET,
            text=text or msgspec.UNSET,
        )
        signed = sign(body, key)
        kept.rating = OwnPreference(digest=signed.digest, wire=signed.wire)
    return await _send(wallet, client, entry.digest, signed)


async def answer(
    wallet: Wallet, client: CustomerClient, entry: OwnRequest, text: str
) -> OwnRequest:
    """Answer what the vendor says of the owner, once, for all to read; errors as with `rate`."""
    rated = vendors_word(entry)
    if rated is None:
        raise WalletError("The vendor has not rated you, or that is not open yet; see: vrm sync")
    key = wallet.pseudonym(entry.epoch, entry.index)
    with wallet.editing() as state:
        kept = state.request(entry.digest)
        if kept.rating_answer is not None:
            raise WalletError("You have answered it, and that is final.")
        body = VendorRatingAnswer(
            market=rated.body.market,
            pseudonym=key.did,
            request=entry.digest,
            assignment=rated.body.assignment,
            rating=rated.digest,
            text=text,
        )
        signed = sign(body, key)
        kept.rating_answer = OwnPreference(digest=signed.digest, wire=signed.wire)
    return await _send(wallet, client, entry.digest, signed)


async def look(wallet: Wallet, client: CustomerClient, entry: OwnRequest) -> OwnRequest:
    """Look for the vendor's rating in the public list of the vendor's, where the mail with it is gone.

    The market learns that somebody reads about the vendor, so this is for when the owner asks.
    """
    given = entry.assigned
    if given is None or entry.vendor_rating is not None:
        return entry
    async for found in client.ratings(given.vendor):
        said = found.by_vendor
        if found.reveal.body.request == entry.digest and said and said.rating:
            with wallet.editing() as state:
                entry = state.request(entry.digest)
                entry.vendor_rating = TheirWord(said.rating.digest, said.rating.wire)
            break
    return entry


async def send_due(wallet: Wallet, client: CustomerClient) -> None:
    """Send again what the market has not confirmed; errors as with `rate`, once each one's turn has come."""
    await in_turn(
        [
            partial(_send, wallet, client, entry.digest, _signed(own, kind))
            for entry in wallet.read().requests
            for own, kind in ((entry.rating, Rating), (entry.rating_answer, VendorRatingAnswer))
            if own is not None and not own.has_arrived
        ]
    )


def vendors_word(entry: OwnRequest) -> Signed[VendorRating] | None:
    """What the vendor of a request's assignment says of the owner, once that is open."""
    if entry.vendor_rating is None or entry.assigned is None:
        return None
    body = recall(entry.vendor_rating.wire, VendorRating)
    if (body.vendor, body.assignment) != (entry.assigned.vendor, entry.assignment_digest):
        return None  # another vendor's: no market has any business to send it
    return Signed(body, entry.vendor_rating.digest, entry.vendor_rating.wire)


def in_words(entry: OwnRequest) -> Iterator[str]:
    """What both sides said of each other, as far as the wallet knows."""
    if entry.rating is not None:
        body = recall(entry.rating.wire, Rating)
        yield _sentence("You gave its vendor", body)
    if (theirs := vendors_word(entry)) is not None:
        yield _sentence("Its vendor gave you", theirs.body)
    if (answer := entry.vendor_answer) is not None:
        yield f"Its vendor answered: {recall(answer.wire, RatingAnswer).text}"
    if (own := entry.rating_answer) is not None:
        yield f"You answered: {recall(own.wire, VendorRatingAnswer).text}"


def _sentence(who: str, said: Rating | VendorRating) -> str:
    return f"{who} {said.stars} of 5 stars" + (f": {said.text}" if said.text else ".")


async def _send(
    wallet: Wallet,
    client: CustomerClient,
    request: str,
    signed: Signed[Rating | VendorRatingAnswer],
) -> OwnRequest:
    try:
        promise = await client.rate(signed)
    except MarketRefused as error:
        if error.code in _IN_VAIN:
            _forget(wallet, request, signed.digest)
        raise
    with wallet.editing() as state:
        entry = state.request(request)
        for own in (entry.rating, entry.rating_answer):
            if own is not None and own.digest == signed.digest:
                own.promise = promise.wire
    return entry


def _forget(wallet: Wallet, request: str, digest: str) -> None:
    with wallet.editing() as state:
        entry = state.request(request)
        if entry.rating is not None and entry.rating.digest == digest:
            entry.rating = None
        if entry.rating_answer is not None and entry.rating_answer.digest == digest:
            entry.rating_answer = None


def _signed(
    own: OwnPreference, kind: type[Rating] | type[VendorRatingAnswer]
) -> Signed[Rating | VendorRatingAnswer]:
    return Signed(recall(own.wire, kind), own.digest, own.wire)
