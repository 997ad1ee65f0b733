"""The one error tree of this package, and the catalogue of every refusal that a caller can meet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


class MarketError(Exception):
    """Anything that the market refuses or cannot do."""


class ConfigurationError(MarketError):
    """The operator's settings or files are wrong; the message says which and what to do."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of refusal (RFC 9457): the HTTP status, a short title, and what the caller should do."""

    status: int
    title: str
    remedy: str


class Refused(MarketError):
    """A caller's request that breaks a rule; ``code`` names a row of `PROBLEMS`."""

    def __init__(
        self,
        code: str,
        detail: str,
        field: str | None = None,
        *,
        decision: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.decision = decision
        """The signed decision behind it, where there is one."""
        self.code = code
        self.detail = detail
        self.field = field
        self.headers = headers

    @property
    def problem(self) -> Problem:
        return PROBLEMS[self.code]


_RESIGN = "Sign the document again after the last change, with the key that it names."
_FIX_JSON = "Send strict JSON (RFC 7493): one value per name, ASCII names, integers within 2^53."

PROBLEMS: Final[dict[str, Problem]] = {
    # strict JSON
    "not-json": Problem(400, "Not JSON", _FIX_JSON),
    "not-an-object": Problem(400, "Not a JSON object", _FIX_JSON),
    "duplicate-key": Problem(400, "A name occurs twice", _FIX_JSON),
    "non-ascii-key": Problem(400, "A name is not ASCII", _FIX_JSON),
    "float": Problem(
        400, "A number is not an integer", "Write amounts as integers of minor units."
    ),
    "integer-range": Problem(400, "An integer is too large", "Keep integers within 2^53 - 1."),
    "nul": Problem(400, "Text holds the character NUL", _FIX_JSON),
    "lone-surrogate": Problem(400, "Text is not valid Unicode", _FIX_JSON),
    "depth": Problem(400, "Nested too deep", "Nest at most 32 levels."),
    "too-large": Problem(
        413, "Too large", "Send at most 64 KiB for a document, 4 MiB for a batch."
    ),
    "unsupported-media-type": Problem(
        415, "Not application/json", "Set Content-Type to application/json."
    ),
    # shape
    "wrong-type": Problem(
        422, "Another type of document belongs here", "See the API's documentation."
    ),
    "unsupported-version": Problem(422, "Version not supported", "Set v to 1."),
    "unknown-field": Problem(422, "Unknown member", "Remove the member, and sign again."),
    "invalid-field": Problem(422, "Invalid member", "Correct the member, and sign again."),
    "unclean-text": Problem(
        422, "Text is not clean", "Normalise to NFC; remove control characters."
    ),
    "invalid-document": Problem(422, "Invalid document", "Correct the document, and sign again."),
    "invalid-parameter": Problem(400, "Invalid parameter", "See the API's documentation."),
    # proof
    "missing-proof": Problem(422, "No proof", "Sign the document (eddsa-jcs-2022)."),
    "proof-shape": Problem(422, "Proof is not as required", "Use one eddsa-jcs-2022 proof."),
    "wrong-key": Problem(422, "Signed by another key", _RESIGN),
    "bad-signature": Problem(422, "Signature does not verify", _RESIGN),
    "wrong-purpose": Problem(422, "Proof for another purpose", "Use proofPurpose assertionMethod."),
    "created-forbidden": Problem(
        422, "Proof carries a clock", "A pseudonym's proof has no created."
    ),
    "invalid-key": Problem(422, "Not an acceptable key", "Use a fresh Ed25519 key as did:key."),
    "invalid-proof": Problem(422, "Proof does not hold", _RESIGN),
    # signed reads
    "signature-required": Problem(401, "Signature required", "Sign the request (RFC 9421)."),
    "signature-invalid": Problem(401, "Request signature refused", "Sign this very request, now."),
    "nonce-replayed": Problem(401, "Signature used before", "Sign again with a fresh nonce."),
    # members and posting tokens
    "unknown-member": Problem(403, "Not a member", "Join the market first."),
    "keys-refused": Problem(
        409, "Chain of keys refused", "Show the whole chain that continues the known one."
    ),
    "profile-refused": Problem(
        422, "Profile refused", "Sign the profile with the key of the registration."
    ),
    "sponsorship-invalid": Problem(
        403, "Sponsorship not valid", "Ask a member for a new one, for this market and epoch."
    ),
    "sponsorship-used-up": Problem(403, "Sponsor's quota used up", "Ask another member."),
    "token-request-invalid": Problem(
        422, "Token request refused", "Draw the allotment under the key of your tier and epoch."
    ),
    "already-drawn": Problem(
        409, "Drawn before", "Repeat the first request byte for byte, or wait for the next epoch."
    ),
    "token-required": Problem(401, "Posting token required", "Spend a posting token (RFC 9577)."),
    "token-invalid": Problem(
        401, "Posting token refused", "Spend a token of this market, drawn for this pseudonym."
    ),
    "token-expired": Problem(401, "Posting token expired", "Draw the tokens of this epoch."),
    # stamps
    "no-stamp": Problem(409, "No stamp for this token", "Wait until it has come to nothing."),
    "stamp-given": Problem(409, "Stamp given before", "Repeat the first claim byte for byte."),
    "stamp-invalid": Problem(
        422, "Stamp refused", "Deposit stamps of earlier epochs, in the epoch that runs."
    ),
    "stamp-spent": Problem(409, "Stamp deposited before", "Leave it out of the deposit."),
    "already-deposited": Problem(
        409, "Deposited before", "Repeat the first deposit, or wait for the next epoch."
    ),
    # parties
    "wrong-market": Problem(422, "Meant for another market", "Set market to this market's did."),
    "unknown-vendor": Problem(404, "Vendor not known", "Register the vendor first."),
    "not-admitted": Problem(403, "Vendor not admitted", "Register the vendor first."),
    "suspended": Problem(403, "Vendor suspended", "Ask the operator for the reason."),
    "another-vendor": Problem(403, "Another vendor's", "Act only for the vendor whose key signs."),
    "unknown-place": Problem(422, "Place not in the vendor's profile", "Register the place first."),
    "place-has-bids": Problem(
        409, "Place has open bids", "Keep the place until its bids are resolved."
    ),
    "invitation-required": Problem(403, "Invitation required", "Ask the operator for a code."),
    "invitation-invalid": Problem(403, "Invitation not valid", "Ask the operator for a new code."),
    "stale-sequence": Problem(409, "Not newer than what is stored", "Raise seq, and sign again."),
    "day-closed": Problem(409, "That day is over", "Name today or a later date."),
    # requests
    "unknown-category": Problem(422, "Category not offered", "Use a category of the descriptor."),
    "too-fine": Problem(
        422, "Finer than allowed", "Use a coarser cell, or a round radius, so that others do too."
    ),
    "too-unusual": Problem(
        422,
        "Too unusual to hide among others",
        "Leave it out, or say it in the descriptor's words.",
    ),
    "cell-too-coarse": Problem(
        422, "Area too coarse", "Use a finer cell: the descriptor says which."
    ),
    "not-a-cell": Problem(422, "Not an H3 cell", "Give an H3 cell index."),
    "unknown-terms": Problem(422, "Terms not in the roster", "Use an agreement of the descriptor."),
    "unknown-policy": Problem(422, "Policy not offered", "Use a policy of the descriptor."),
    "currency-mismatch": Problem(422, "Another currency", "Use the market's currency."),
    "needed-by-too-soon": Problem(
        422, "Needed before it can be resolved", "See /clock for the next cutoff."
    ),
    "pseudonym-reused": Problem(409, "Pseudonym used before", "Make a fresh key for each request."),
    "unknown-request": Problem(404, "Request not known", "Check the request's digest."),
    "foreign-request": Problem(
        403, "Another pseudonym's request", "Sign with the request's own key."
    ),
    "request-withdrawn": Problem(409, "Request was withdrawn", "Leave it out."),
    "preferences-closed": Problem(
        409, "Too late for a preference", "Send it before the request's cutoff."
    ),
    "request-resolved": Problem(409, "Request was resolved", "See the run of its day."),
    # catalogue
    "unknown-item": Problem(404, "Item not known", "See /catalogue for the items there are."),
    "item-not-listed": Problem(409, "Item is off the list", "Ask for something else."),
    "off-item-price": Problem(
        422, "Not the item's price", "Offer exactly the item's fixed price for each piece."
    ),
    "unlike-item": Problem(
        422, "Not as the item is offered", "Take category, delivery and terms from the item."
    ),
    "not-authorised": Problem(
        403, "Not authorised for this item", "Ask the brand to name you as a seller of it."
    ),
    # questions
    "already-asked": Problem(409, "Asked before", "One question about a request is all you have."),
    "already-answered": Problem(409, "Answered before", "An answer cannot be changed."),
    "unknown-question": Problem(404, "Question not known", "Check the question's digest."),
    # bids
    "terms-not-accepted": Problem(
        422, "Terms not accepted", "Repeat the request's terms in the bid."
    ),
    "over-ceiling": Problem(422, "Over the ceiling", "Ask at most the request's price."),
    "off-fixed-price": Problem(422, "Not the fixed price", "Bid exactly the request's price."),
    "bids-closed": Problem(409, "Bids are closed", "Bid before the close that /clock announces."),
    "delivery-not-offered": Problem(
        422, "Delivery way does not fit", "Use a way both sides offer."
    ),
    "out-of-reach": Problem(422, "Too far away", "Bid from a place within reach."),
    "unknown-bid": Problem(404, "Bid not known", "Check the bid's digest."),
    "bid-not-live": Problem(409, "Bid is not live", "Only a live bid can be withdrawn."),
    "batch-size": Problem(
        422, "Wrong number of documents", "Send 1 to 1000 documents in one call."
    ),
    # answers to assignments
    "unknown-assignment": Problem(404, "Assignment not known", "Check the assignment's digest."),
    "not-your-assignment": Problem(
        403, "Another vendor's assignment", "Answer only what /vendors/self/assignments lists."
    ),
    "not-announced": Problem(409, "Not announced yet", "Answer once it is in your list."),
    "already-accepted": Problem(409, "Accepted before", "An acceptance is final."),
    "already-declined": Problem(409, "Declined before", "A decline is final."),
    "too-late": Problem(409, "The time to answer is over", "It counts as not answered."),
    # fulfilment
    "not-accepted": Problem(
        409, "Not accepted by its vendor", "Wait for the vendor's Acceptance: its key is in it."
    ),
    "not-disclosed": Problem(
        409, "The vendor was told nothing", "It must be disclosed first whom to deliver to."
    ),
    "not-missing-yet": Problem(
        409, "Its vendor has time still", "Wait until it is shipped, or the vendor's time is over."
    ),
    "words-used-up": Problem(
        429, "No more of them on this request", "Let what was said last stand."
    ),
    "already-received": Problem(409, "Received before", "Nothing: that is final."),
    "already-shipped": Problem(409, "Shipped before", "Nothing: that is final."),
    "delivery-ended": Problem(409, "Delivery has ended", "Nothing: that is final."),
    # messages
    "out-of-turn": Problem(
        409, "Not its sender's next message", "Number yours about an assignment 1, 2, 3 and so on."
    ),
    "messages-used-up": Problem(429, "No more messages", "Come back tomorrow, or write elsewhere."),
    "wrong-commitment": Problem(
        422, "Not what its document commits to", "Show the very message that was sealed in it."
    ),
    "conversation-over": Problem(409, "The conversation is over", "Write elsewhere."),
    # ratings
    "already-rated": Problem(409, "Rated before", "Nothing: a rating is final."),
    "ratings-closed": Problem(409, "Too late to rate", "See the descriptor for how long one may."),
    "unknown-rating": Problem(404, "Rating not known", "Check the digest; it may not be open yet."),
    # disputes
    "already-disputed": Problem(409, "Said before", "Each side speaks once."),
    "dispute-too-late": Problem(
        409, "Too late for a dispute", "Nothing: it was rated, or decided."
    ),
    "unknown-message": Problem(
        404, "Message not known", "Name messages about this very assignment, by their digests."
    ),
    "message-not-sent": Problem(
        422, "Not the message that was sent", "Show the signed message that was in the box."
    ),
    "no-dispute": Problem(404, "No open dispute", "See: market disputes."),
    # webhooks
    "webhook-address": Problem(
        422, "Not an address for a webhook", "Give an https:// URL without a user name."
    ),
    "no-webhook": Problem(404, "No webhook set", "Set one first."),
    # reads
    "not-found": Problem(404, "Not found", "See /docs for what there is."),
    "unknown-run": Problem(404, "No such run", "See /runs for the days there are."),
    "unknown-tick": Problem(404, "No such tick", "See /runs/DAY/ticks for those there are."),
    "not-yet-public": Problem(403, "Not public before the close", "Come back after the run."),
    "invalid-cursor": Problem(
        400, "Not a cursor of this list", "Use next or resume as it was given."
    ),
    "method-not-allowed": Problem(405, "Method not allowed", "See /docs for what there is."),
    "refused": Problem(400, "Refused", "See /docs for what is expected."),
    # reports and hidden documents
    "unknown-document": Problem(404, "Document not known", "Check the document's digest."),
    "reported-enough": Problem(429, "Reported often enough", "Nothing: the operator knows."),
    "hidden": Problem(451, "Hidden by the operator", "Read the decision; ask the operator."),
    "not-hidden": Problem(404, "Nothing was decided about it", "See /moderation."),
    # the log
    "empty-log": Problem(404, "The log is empty", "Come back in a moment."),
    "not-logged": Problem(404, "Not in the log", "Ask for a larger size, or come back later."),
    "unknown-size": Problem(404, "The log never had this size", "See /log/checkpoint."),
    "unknown-tile": Problem(404, "No such tile", "See C2SP tlog-tiles, and /log/checkpoint."),
    # the market's own state
    "too-many": Problem(429, "Too many calls, of whomever", "Come back a random while later."),
    "busy": Problem(503, "Busy", "Try again in a moment."),
    "internal": Problem(500, "The market failed", "Nothing was stored; try again later."),
}
