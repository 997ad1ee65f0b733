"""The vendor's own record of bids."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from vrm.vendor.bidder import Commitment
from vrm.vendor.ledger import Entry, Ledger
from vrm.vendor.stock import StockKey

DUO = StockKey("DUO", "")
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
ONE = datetime(2026, 11, 21, 13, tzinfo=UTC)


def entry(name: str, units: int = 1) -> Entry:
    return Entry(name * 43, name * 43, b"{}", 1, DUO, units, "2026-11-22T00:00:00Z")


def test_what_was_prepared_is_there_after_a_restart(tmp_path: Path) -> None:
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        ledger.prepare([entry("a")], board="cursor-1")
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        assert ledger.in_state("prepared") == [entry("a")]
        assert ledger.mark("board") == "cursor-1"


def test_bids_and_cursor_are_stored_together_or_not_at_all(tmp_path: Path) -> None:
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        broken = Entry("b" * 43, "b" * 43, b"{}", None, DUO, 1, "")  # type: ignore[arg-type]
        with pytest.raises(Exception, match="NOT NULL"):
            ledger.prepare([entry("a"), broken], board="cursor-1")
        assert ledger.on("a" * 43) is None
        assert ledger.mark("board") is None


def test_open_and_won_units_are_held_until_the_stock_is_counted_anew(tmp_path: Path) -> None:
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        ledger.prepare([entry("a", 2), entry("b", 3), entry("c", 5), entry("d", 7)])
        ledger.settle([("a" * 43, "sent", ""), ("b" * 43, "won", ""), ("c" * 43, "lost", "")], NOON)
        assert ledger.committed(NOON) == {DUO: Commitment(open=9, won=3)}
        assert ledger.committed(ONE) == {DUO: Commitment(open=9, won=0)}


def test_the_newest_bid_on_a_request_replaces_the_earlier(tmp_path: Path) -> None:
    with Ledger(tmp_path / "bids.sqlite") as ledger:
        ledger.prepare([entry("a")])
        newer = Entry("a" * 43, "z" * 43, b"{}", 2, DUO, 1, "2026-11-22T00:00:00Z")
        ledger.prepare([newer])
        assert ledger.in_state("prepared") == [newer]
