"""Vendors' questions about the owner's requests, as the mail brought them, and the owner's answers."""

from collections.abc import Iterable
from dataclasses import dataclass

from vrm.client.customer import CustomerClient
from vrm.client.patience import BUSY
from vrm.documents import Answer, Question, Signed, recall, sign
from vrm.errors import MarketRefused, WalletError
from vrm.wallet.own import OwnAnswer, OwnRequest
from vrm.wallet.wallet import Wallet


@dataclass(frozen=True)
class Asked:
    """A question about one of the owner's requests, and the answer if there is one."""

    request: str
    digest: str
    question: Question
    answer: str | None
    is_confirmed: bool
    """Whether the market has said that it has the answer."""


def asked(entries: Iterable[OwnRequest]) -> list[Asked]:
    """All questions about requests."""
    found: list[Asked] = []
    for entry in entries:
        for digest, wire in entry.questions.items():
            own = entry.answers.get(digest)
            found.append(
                Asked(
                    request=entry.digest,
                    digest=digest,
                    question=recall(wire, Question),
                    answer=None if own is None else recall(own.wire, Answer).text,
                    is_confirmed=own is not None and own.has_arrived,
                )
            )
    return found


async def answer(wallet: Wallet, client: CustomerClient, name: str, text: str) -> Asked:
    """Answer a question, named by the beginning of its digest; the answer will stand on the board.

    An answer whose confirmation was lost is sent again as it was, whatever the text is now.

    Raises:
        WalletError: no question, or several, begin so, or it has its answer.
        InvalidDocument: the text is no answer's.
        MarketRefused: the market does not take it, say because bids are closed.
    """
    market = (await client.descriptor()).market
    found = [one for one in asked(wallet.read().requests) if one.digest.startswith(name)]
    if len(found) != 1:
        trouble = "Several questions begin" if found else "No question begins"
        raise WalletError(f"{trouble} with {name}; list them with: vrm questions")
    [one] = found
    if one.is_confirmed:
        raise WalletError("The question has its answer.")
    with wallet.editing() as state:
        entry = state.request(one.request)
        key = wallet.pseudonym(entry.epoch, entry.index)
        own = entry.answers.get(one.digest)
        if own is None:
            body = Answer(
                market=market,
                pseudonym=key.did,
                request=entry.digest,
                question=one.digest,
                text=text,
            )
            signed = sign(body, key)
            own = OwnAnswer(digest=signed.digest, wire=signed.wire)
            entry.answers[one.digest] = own
    try:
        promise = await client.answer(Signed(recall(own.wire, Answer), own.digest, own.wire))
    except MarketRefused as refusal:
        if refusal.status not in BUSY and not refusal.unsure:
            with wallet.editing() as state:
                state.request(one.request).answers.pop(one.digest, None)
        raise
    with wallet.editing() as state:
        entry = state.request(one.request)
        entry.answers[one.digest].promise = promise.wire
    return next(kept for kept in asked([entry]) if kept.digest == one.digest)
