"""Markets for trials, whose webhooks may go to this machine."""

import time
from datetime import UTC, datetime

import pytest

from tests.conftest import OpenMarket
from tests.support import ClockedMarket, a_key, a_vendor
from vrm.documents.scalars import format_instant

VENDOR = a_key("vendor")


@pytest.fixture
async def trials(open_market: OpenMarket) -> ClockedMarket:
    """A market with a vendor; its clock shows the real time, which receivers compare with their own."""
    start = format_instant(datetime.fromtimestamp(time.time(), UTC))
    market = await open_market(webhooks_to_loopback=True, start=start)
    await market.store(a_vendor(market, VENDOR))
    return market
