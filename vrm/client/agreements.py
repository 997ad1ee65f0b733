"""The texts of privacy agreements that documents name."""

from vrm.client.base import MarketClient
from vrm.documents import AcceptedTerms


async def text_of(client: MarketClient, terms: AcceptedTerms) -> str | None:
    """The text that a document's terms mean; None where the market's roster pins another one by now.

    Raises:
        MarketMisbehaved: the text is another one than the roster pins.
    """
    pinned = {entry.id: entry.digest for entry in (await client.descriptor()).terms}
    return await client.terms(terms.id) if pinned.get(terms.id) == terms.digest else None
