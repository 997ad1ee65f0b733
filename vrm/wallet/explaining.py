"""How a request stands, in words: from what the wallet knows, and whole public lists where names are wanted."""

from collections.abc import Mapping
from datetime import datetime

from vrm.client.customer import CustomerClient
from vrm.client.public import Vendor
from vrm.documents import Assignment, Fallback, MarketDescriptor, Moderation, recall
from vrm.documents.scalars import UnfilledReason, parse_instant
from vrm.money import format_amount
from vrm.wallet import disputing
from vrm.wallet.own import Failed, OwnRequest, Rolled, Status

_REASONS: Mapping[UnfilledReason, str] = {
    "no-bids": "No vendor made a bid on it.",
    "none-eligible": "Vendors made bids, but at the close none of them fulfilled every condition.",
    "capacity": "There were good bids, but those vendors' places were full with requests nearer to them.",
    "too-late": "When its vendor failed it, you would have needed it before anybody else could have it.",
}

_ENDED: Mapping[Status, str] = {
    "cancelling": "You want it no more; that counts from the next batch on, unless it is shipped before.",
    "cancelled": "You want it no more, and it knows.",
    "vendor-cancelled": "Then it took that back, which counts against it; your token comes back as a stamp.",
    "lapsed": "Nobody told it in time whom to deliver to, so it need not deliver.",
    "closed": "The market takes no further word about it.",
}


def in_words(entry: OwnRequest, market: MarketDescriptor, now: datetime) -> list[str]:
    """Explain how a request stands, from what the wallet knows."""
    fault = [f"{entry.fault} That is against the market's rules."] if entry.fault else []
    before = [*map(_failed_in_words, entry.failed), *map(_rolled_in_words, entry.rolled)]
    if (assignment := entry.assigned) is not None:
        decision = _assigned_in_words(assignment, entry, market)
        stands = _answer_in_words(assignment, entry, now)
        return [*before, *decision, stands, *disputing.in_words(entry), *fault]
    if (fallback := entry.shipped) is not None:
        amount = format_amount(fallback.amount, market.currency)
        return [
            *before,
            f"{_when(fallback.day, fallback.tick)} gave it to no vendor nearby, so the brand itself ships "
            f"{fallback.item} for {amount}.",
            *fault,
        ]
    if entry.reason is not None:
        decided = f"{_when(entry.day or '', entry.tick)} could not give it to anybody."
        return [*before, decided, _REASONS[entry.reason], *fault]
    told: dict[str, str] = {
        "unsent": "It is signed and kept, but the market has not confirmed it. Send it with: vrm send",
        "refused": (
            f"The market did not take it: {entry.refusal} But it may have it from an earlier attempt. "
            "Make sure with: vrm withdraw"
        ),
        "pending": f"The market has it and promised to publish it by {entry.publish_by}.",
        "published": (
            f"It is public since {entry.published_at}, {_company(entry)}, and leaf {entry.leaf} of the "
            "market's log; vendors can bid on it."
        ),
        "rolled-over": "It is open for bids again.",
        "withdrawing": "Its withdrawal waits to become public.",
        "hidden": f"The operator has hidden it, so no run takes it. The reason given: {_why(entry)}",
        "withdrawn": f"It is withdrawn since {entry.withdrawn_at}.",
        "promise-broken": (
            f"The market promised to publish it by {entry.publish_by} and did not: no batch that its log "
            "bears out lists it. The wallet holds the signed promise; `vrm receipts --json` shows it."
        ),
        "market-at-fault": "".join(fault),
    }
    return [*before, told[entry.status(now)]]


def _company(entry: OwnRequest) -> str:
    others = (entry.crowd or 1) - 1
    return f"together with {others} others" if others else "with no other beside it"


def _why(entry: OwnRequest) -> str:
    return recall(entry.moderation, Moderation).reason if entry.moderation else ""


async def runners_up(
    client: CustomerClient, assignment: Assignment, market: MarketDescriptor
) -> list[str]:
    """Name winner and runners-up of an assignment, from the whole lists of bids and vendors."""
    bids = {held.bid.digest: held async for held in client.run_bids(assignment.day)}
    vendors = {vendor.vendor: vendor async for vendor in client.vendors()}
    lines = [f"The vendor is {_name(vendors, assignment.vendor)} ({assignment.vendor})."]
    for position, digest in enumerate(assignment.reserve, 1):
        if (held := bids.get(digest)) is not None:
            bid = held.bid.body
            lines.append(
                f"Runner-up {position}: {_name(vendors, bid.vendor)}, "
                f"{format_amount(bid.price.amount, market.currency)}, {bid.delivery}, "
                f"{held.distance_m / 1000:.1f} km."
            )
    return lines


async def brand(client: CustomerClient, fallback: Fallback) -> list[str]:
    """Name the brand that ships, from the whole list of vendors."""
    vendors = {vendor.vendor: vendor async for vendor in client.vendors()}
    return [f"The brand is {_name(vendors, fallback.principal)} ({fallback.principal})."]


def _assigned_in_words(
    assignment: Assignment, entry: OwnRequest, market: MarketDescriptor
) -> list[str]:
    amount = format_amount(assignment.amount, market.currency)
    lines = [
        f"{_when(assignment.day, assignment.tick)} gave it to the vendor's place {assignment.place} for "
        f"{amount} ({assignment.delivery}), {assignment.distance_m / 1000:.1f} km from your area's centre.",
        f"Vendor's reputation: band {assignment.band}. {_ranked_by(entry, assignment.bid)}",
    ]
    if assignment.newcomer:
        lines.append("You try newcomers, and the lot fell on this request: so it goes first.")
    if assignment.eligible == 1:
        lines.append("It was the only bid that fulfilled every condition.")
    elif assignment.rank == 1:
        lines.append(
            f"It was the best of {assignment.eligible} bids that fulfilled every condition."
        )
    else:
        lines.append(
            f"It was number {assignment.rank} of {assignment.eligible} bids that fulfilled every "
            "condition; the places of those above were full with requests nearer to them."
        )
    return lines


def _answer_in_words(assignment: Assignment, entry: OwnRequest, now: datetime) -> str:
    if entry.acceptance:
        if ended := _ENDED.get(entry.status(now)):
            return f"The vendor has accepted it. {ended}"
        if entry.confirmations:
            came = entry.status(now) == "received"
            return f"The vendor has accepted it, and you said that it {'came' if came else 'did not come'}."
        if entry.shipment:
            ready = entry.shipment.state == "ready"
            now_it = "has it ready to be picked up" if ready else "has shipped it"
            return f"The vendor has accepted it and {now_it}. When you have it: vrm received"
        if entry.disclosures:
            return "The vendor has accepted it, and was told whom to deliver to."
        until = f" before {entry.disclose_by}" if entry.disclose_by else ""
        return f"The vendor has accepted it. Tell it{until} whom to deliver to: vrm disclose"
    if now < parse_instant(assignment.accept_by):
        return f"The vendor has until {assignment.accept_by} to accept it."
    return (
        f"The vendor had until {assignment.accept_by} to accept it and did not, as far as the market has "
        "said; the next tick gives it to the next in line."
    )


def _failed_in_words(failed: Failed) -> str:
    held = recall(failed.assignment, Assignment)
    what = "declined it" if failed.reason == "declined" else "did not answer in time"
    return (
        f"{_when(held.day, held.tick)} gave it to the vendor's place {held.place} ({held.vendor}), who "
        f"{what}; tick {failed.tick} decided it again."
    )


def _rolled_in_words(rolled: Rolled) -> str:
    return (
        f"{_when(rolled.day, rolled.tick)} could not give it to anybody. {_REASONS[rolled.reason]} So it "
        f"moved on to the cutoff of {rolled.cutoff}."
    )


def _when(day: str, tick: int) -> str:
    return f"Tick {tick} of {day}" if tick else f"The run of {day}"


def _ranked_by(entry: OwnRequest, bid: str) -> str:
    preference = entry.preference
    if preference is None:
        return f"Bids were ranked by {entry.body.policy}."
    if bid in preference.listed:
        return f"Your own order decided: it is number {preference.listed.index(bid) + 1} of it."
    return f"Bids were ranked by your own order, and behind it by {entry.body.policy}."


def _name(vendors: Mapping[str, Vendor], did: str) -> str:
    return vendors[did].name if did in vendors else did
