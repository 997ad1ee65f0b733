"""The honest day that the tests of this folder forge; it is made once."""

import pytest

from tests.marketplace.verify.days import a_full_day, bundle_of
from tests.marketplace.verify.forging import Forgery
from tests.support import ClockedMarket

KEPT: dict[str, bytes] = {}


@pytest.fixture
async def honest(market: ClockedMarket) -> bytes:
    """The bundle of a day that went as it should."""
    if not KEPT:
        KEPT["day"] = await bundle_of(market, await a_full_day(market))
    return KEPT["day"]


@pytest.fixture
def forgery(honest: bytes) -> Forgery:
    """The same, in the operator's hands."""
    return Forgery(honest)
