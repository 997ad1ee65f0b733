"""A day of which something had to be hidden verifies without its words, and nothing is hidden in secret."""

import pytest

import crypto
from marketplace.moderation import service as moderation
from marketplace.verify.findings import BundleFault
from tests.marketplace.cascade.scenes import VENDORS
from tests.marketplace.verify.days import a_full_day, bundle_of, faults, verified
from tests.marketplace.verify.forging import Forgery, is_named
from tests.support import ClockedMarket


@pytest.fixture
def database_kind() -> str:
    """What is in the bundle does not depend on it."""
    return "sqlite"


async def a_hidden_day(market: ClockedMarket) -> Forgery:
    """A day of which a request, a bid, an item and a rating had to be hidden after the freeze."""
    day = await a_full_day(market)
    shown = Forgery(await bundle_of(market, day))
    for kind in ("request", "bid", "item", "rating"):
        line = shown.of(kind)[0]
        await moderation.decide(
            market.market, crypto.digest(line["document"]), "It insults somebody.", hidden=True
        )
    return Forgery(await bundle_of(market, day))


async def test_a_day_with_hidden_documents_verifies_without_their_words(
    market: ClockedMarket,
) -> None:
    forgery = await a_hidden_day(market)
    for kind in ("request", "bid", "item", "rating"):
        (line,) = [one for one in forgery.of(kind) if "hidden" in one]
        assert "document" not in line
        assert not {"text", "need", "title", "salt"} & set(line["figures"])
    bundle = forgery.pack()
    assert faults(bundle) == []
    assert verified(bundle).day.findings.on_word["figures of hidden documents"] == 4


async def test_hidden_document_without_decision(market: ClockedMarket) -> None:
    forgery = await a_hidden_day(market)
    (bid,) = [one for one in forgery.of("bid") if "hidden" in one]
    (request,) = [one for one in forgery.of("request") if "hidden" in one]
    honest = bid["hidden"]["decision"]
    digest = bid["hidden"]["digest"]
    of_another = request["hidden"]["decision"]
    shown_again = crypto.proof.sign(honest | {"hidden": False}, forgery.identity.key)
    by_nobody = crypto.proof.sign(honest | {"market": VENDORS[0].did}, VENDORS[0])
    for decision in (of_another, shown_again):
        bid["hidden"]["decision"] = decision
        assert is_named(forgery.pack(), "hidden", digest, "no decision says so")
    bid["hidden"]["decision"] = by_nobody
    assert is_named(forgery.pack(), "signatures", "Moderation", "another market")


async def test_decision_to_hide_that_the_log_never_held(market: ClockedMarket) -> None:
    forgery = await a_hidden_day(market)
    (bid,) = [one for one in forgery.of("bid") if "hidden" in one]
    decision = bid["hidden"]["decision"] | {"reason": "Another reason."}
    bid["hidden"]["decision"] = crypto.proof.sign(decision, forgery.identity.key)
    assert is_named(forgery.pack(), "log", "proof (head)")


async def test_hidden_document_without_figures(market: ClockedMarket) -> None:
    forgery = await a_hidden_day(market)
    (bid,) = [one for one in forgery.of("bid") if "hidden" in one]
    del bid["figures"]
    with pytest.raises(BundleFault, match="neither a document nor what stands for it"):
        verified(forgery.pack())
