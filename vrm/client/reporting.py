"""Reports to a market's operator: anybody's, under a fresh key that is used for nothing else."""

from msgspec import UNSET

import crypto
from vrm.client.anonymous import post_alone
from vrm.client.public import PublicClient
from vrm.documents import Report, sign
from vrm.documents.customer import ReportReason


async def report(
    client: PublicClient, document: str, reason: ReportReason, text: str | None = None
) -> str:
    """Report a document anonymously (`vrm.client.anonymous`); answers the report's digest.

    Raises:
        InvalidDocument: the text is empty or too long, or the document's digest is none.
        MarketRefused: among others ``unknown-document``, ``reported-enough``.
    """
    key = crypto.SigningKey.generate()
    market = (await client.descriptor()).market
    body = Report(
        market=market,
        reporter=key.did,
        document=document,
        reason=reason,
        text=UNSET if text is None else text,
    )
    signed = sign(body, key)
    await post_alone(client, "/reports", signed)
    return signed.digest
