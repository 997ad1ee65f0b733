"""A small market's facts, to decide on."""

from datetime import UTC, datetime
from typing import Any

import crypto
from tests.vrm.documents.samples import NEWCOMERS, REPUTATION
from vrm.client.vendor import place
from vrm.documents import (
    AcceptedTerms,
    Agreement,
    Area,
    AskingPrice,
    Category,
    CellRange,
    DemandBounds,
    FulfilmentRules,
    MailRules,
    MarketCurrency,
    MarketDescriptor,
    MemberRules,
    MessageRules,
    Need,
    PersonalRequest,
    RatingRules,
    Schedule,
    StandingRules,
    TierRule,
    TokenRules,
    VendorProfile,
)
from vrm.documents.place import cell_at, point
from vrm.vendor.bidder import Desk, Opening
from vrm.vendor.rules import Rule, Rules
from vrm.vendor.stock import Stock, StockItem


def some_digest(letter: str) -> str:
    """A digest that is written as digests are; the last character holds four bits only."""
    return letter * 42 + "A"


MARKET = crypto.SigningKey.from_seed(b"m" * 32)
VENDOR = crypto.SigningKey.from_seed(b"v" * 32)
PSEUDONYM = crypto.SigningKey.from_seed(b"p" * 32)
TERMS = AcceptedTerms(id="PDC-INTENT", digest=some_digest("T"))
CELL = cell_at(point(41.92, -87.65), 6)
COUNTED = datetime(2026, 11, 20, 8, tzinfo=UTC)
CUTOFF = "2026-11-21T18:00:00Z"


def schedule(**changes: Any) -> Schedule:
    facts: dict[str, Any] = {
        "time_zone": "America/Chicago",
        "cutoffs": ("18:00",),
        "bids_close_minutes": 15,
        "minimum_open_minutes": 720,
        "batch_seconds": 300,
        "batch_minimum": 1,
        "acknowledge_minutes": 1440,
        "tick_minutes": 15,
        "roll_over_days": 7,
    }
    return Schedule(**(facts | changes))


def market() -> MarketDescriptor:
    return MarketDescriptor(
        market=MARKET.did,
        name="Test market",
        currency=MarketCurrency(code="USD", digits=2),
        schedule=schedule(),
        categories=(Category(id="baby", title="Baby"), Category(id="repair", title="Repair")),
        cells=CellRange(coarsest=4, finest=7),
        demand=DemandBounds(minimum=10, resolution=5),
        mail=MailRules(bucket_minimum=32, keep_days=30),
        messages=MessageRules(days=90, per_day=20, in_all=200),
        fulfilment=FulfilmentRules(disclose_hours=24, grace_hours=24, confirm_days=14),
        reputation=REPUTATION,
        ratings=RatingRules(answer_days=14, dispute_days=30, within_days=90),
        newcomers=NEWCOMERS,
        policies=("best-nearby",),
        terms=(Agreement(id="PDC-INTENT", title="Intent", digest=TERMS.digest),),
        admission="open",
        members=MemberRules(admission="open", sponsorships=3),
        tokens=TokenRules(
            epoch_days=7,
            grace_days=2,
            allotment={"new": 16},
            standing=StandingRules(
                window_epochs=26,
                crowd=20,
                known=TierRule(fulfilled=3, permille=300),
                trusted=TierRule(fulfilled=12, permille=600),
            ),
        ),
        seed_anchor=some_digest("A"),
        log="market.example/log+00000000+AAAA",
    )


def profile(**changes: Any) -> VendorProfile:
    facts: dict[str, Any] = {
        "market": MARKET.did,
        "vendor": VENDOR.did,
        "seq": 1,
        "name": "Corner Toys",
        "places": (place("shop", "Main Street", lat=41.92, lng=-87.65, reach_km=15, capacity=5),),
        "categories": ("baby", "repair"),
        "delivery": ("ship", "pickup", "on-site"),
        "terms": ("PDC-INTENT",),
    }
    return VendorProfile(**(facts | changes))


def request(need: Need | None = None, **changes: Any) -> PersonalRequest:
    facts: dict[str, Any] = {
        "market": MARKET.did,
        "pseudonym": PSEUDONYM.did,
        "reply_key": crypto.ReplyKey.from_seed(b"r" * 32).public.text,
        "need": need or Need(title="Twin stroller", category="baby"),
        "price": AskingPrice(kind="ceiling", amount=25000, currency="USD"),
        "area": Area(cell=CELL, radius_m=15_000),
        "delivery": ("ship", "pickup"),
        "terms": TERMS,
        "policy": "best-nearby",
    }
    return PersonalRequest(**(facts | changes))


def opening(need: Need | None = None, **changes: Any) -> Opening:
    return Opening(some_digest("R"), request(need, **changes), CUTOFF)


def item(**changes: Any) -> StockItem:
    facts: dict[str, Any] = {
        "sku": "DUO",
        "title": "Twin stroller, side by side",
        "category": "baby",
        "price": 24900,
        "quantity": 2,
        "gtin": "2000000100012",
        "brand": "Pramwell",
        "model": "Duo 2",
    }
    return StockItem(**(facts | changes))


def rule(**changes: Any) -> Rule:
    facts: dict[str, Any] = {
        "terms": ("PDC-INTENT",),
        "delivery": ("ship", "pickup"),
        "lead_time_hours": 24,
    }
    return Rule(**(facts | changes))


def desk(*items: StockItem, of: VendorProfile | None = None, by: Rule | None = None) -> Desk:
    return Desk(
        market(),
        of or profile(),
        Stock(items or (item(),), COUNTED),
        Rules(by or rule(), {}),
        agreed={TERMS.id: TERMS.digest},
    )
