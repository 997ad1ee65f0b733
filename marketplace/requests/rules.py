"""What a request must satisfy beyond its own shape."""

from collections.abc import Mapping
from typing import Any

import crypto
from marketplace.errors import Refused
from vrm.documents import AcceptedTerms, MarketDescriptor, PersonalRequest
from vrm.documents.calendar import Calendar
from vrm.documents.mail import mailbox_of
from vrm.documents.place import RADII_M, centre_of, resolution_of
from vrm.documents.scalars import parse_instant


def check_request(
    request: PersonalRequest, market: MarketDescriptor, calendar: Calendar, now: int
) -> None:
    """Refuse a request that the market's rules do not allow.

    Raises:
        Refused: names the rule that is broken.
        crypto.CryptoError: the reply key is none that a message could be sealed to.
    """
    crypto.ReplyPublicKey.from_text(request.reply_key)
    _check_category(request.need.category, market)
    _check_cell(request.area.cell, market)
    _check_radius(request.area.radius_m)
    check_facets(request.facets or {}, market)
    _check_terms(request.terms, market)
    if request.policy not in market.policies:
        offered = ", ".join(market.policies)
        raise Refused("unknown-policy", f"The market offers {offered}.", "policy")
    if request.price.currency != market.currency.code:
        raise Refused(
            "currency-mismatch", f"Prices here are in {market.currency.code}.", "price.currency"
        )
    if request.needed_by:
        cutoff = calendar.joins(calendar.publish_by(now))
        if parse_instant(request.needed_by).timestamp() < cutoff:
            raise Refused("needed-by-too-soon", "It would be resolved after that.", "needed_by")


def publication_is_due(
    waiting: int, earliest_promise: int | None, instant: int, market: MarketDescriptor
) -> bool:
    """Tell whether what waits is published at a batch instant: enough wait, or a promise falls due."""
    if not waiting or earliest_promise is None:
        return False
    return waiting >= market.schedule.batch_minimum or earliest_promise <= instant


def published_row(
    digest: str,
    wire: bytes,
    request: PersonalRequest,
    publish_by: int,
    instant: int,
    calendar: Calendar,
) -> dict[str, Any]:
    """Make the row of a request that is published at an instant."""
    centre = centre_of(request.area.cell)
    cutoff = calendar.joins(instant)
    needed_by = int(parse_instant(request.needed_by).timestamp()) if request.needed_by else None
    last = calendar.rolls_until(cutoff)
    return {
        "digest": digest,
        "pseudonym": request.pseudonym,
        "mailbox": mailbox_of(request.pseudonym),
        "published_at": instant,
        "publish_by": publish_by,
        "bids_close": calendar.bids_close(cutoff),
        "cutoff": cutoff,
        "day": None,
        "withdrawn_at": None,
        "category": request.need.category,
        "price_kind": request.price.kind,
        "amount": request.price.amount,
        "currency": request.price.currency,
        "lat_e6": centre.lat_e6,
        "lng_e6": centre.lng_e6,
        "radius_m": request.area.radius_m,
        "ships": "ship" in request.delivery,
        "picked_up": "pickup" in request.delivery,
        "on_site": "on-site" in request.delivery,
        "policy": request.policy,
        "terms": request.terms.digest,
        "principal": request.item.principal if request.item else None,
        "item": request.item.id if request.item else None,
        "needed_by": needed_by,
        "rolls_until": min(last, needed_by or last) if request.roll_over else None,
        "tries_newcomers": request.try_newcomers,
        "wire": wire,
    }


def _check_category(category: str, market: MarketDescriptor) -> None:
    if category not in {known.id for known in market.categories}:
        raise Refused("unknown-category", f"{category} is not a category here.", "need.category")


def _check_cell(cell: str, market: MarketDescriptor) -> None:
    resolution = resolution_of(cell)
    if resolution > market.cells.finest:
        detail = (
            f"The cell has resolution {resolution}; the finest allowed is {market.cells.finest}."
        )
        raise Refused("too-fine", detail, "area.cell")
    if resolution < market.cells.coarsest:
        detail = f"The cell has resolution {resolution}; the coarsest is {market.cells.coarsest}."
        raise Refused("cell-too-coarse", detail, "area.cell")


def _check_radius(radius_m: int) -> None:
    if radius_m not in RADII_M:
        allowed = ", ".join(str(radius) for radius in RADII_M)
        raise Refused("too-fine", f"A radius is one of {allowed} m.", "area.radius_m")


def check_facets(facets: Mapping[str, str], market: MarketDescriptor) -> None:
    """Refuse facets in other words than the market's, which would be names.

    Raises:
        Refused: names the facet.
    """
    for name, value in facets.items():
        if value not in market.facets.get(name, ()):
            detail = f"No {name} in such words is a facet here; the descriptor lists all there are."
            raise Refused("too-unusual", detail, f"facets.{name}")


def _check_terms(terms: AcceptedTerms, market: MarketDescriptor) -> None:
    if (terms.id, terms.digest) not in {(a.id, a.digest) for a in market.terms}:
        raise Refused("unknown-terms", f"The roster has no {terms.id} with that text.", "terms")
