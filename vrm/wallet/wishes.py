"""From what a person types, or a file says, to a personal request; and back into plain words."""

import json
import re
import tomllib
from collections.abc import Mapping
from datetime import UTC, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, get_args
from zoneinfo import ZoneInfo

import h3
import msgspec

from vrm.documents import AskingPrice, MarketDescriptor, PersonalRequest
from vrm.documents.place import RADII_M, centre_of, resolution_of
from vrm.documents.scalars import DeliveryWay, format_instant
from vrm.errors import UsageError
from vrm.money import format_amount, parse_amount
from vrm.wallet.cloaking import resolutions

DEFAULT_RADIUS: Final = "25km"

_DISTANCE: Final = re.compile(r"(\d{1,5}(?:\.\d{1,3})?)\s*(km|m|mi)", re.ASCII)
_METRES: Final = {"m": Decimal(1), "km": Decimal(1000), "mi": Decimal("1609.344")}


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the customer asks for, as flags and request files state it. Amounts are decimal text."""

    title: str = ""
    item: str | None = None
    """A brand's catalogue item, as PRINCIPAL/ID; see `vrm.wallet.items`."""
    category: str = "other"
    fixed: str | None = None
    at_most: str | None = None
    place: str | None = None
    within: str = DEFAULT_RADIUS
    delivery: tuple[str, ...] = ("ship", "pickup")
    needed_by: str | None = None
    not_before: str | None = None
    terms: str | None = None
    policy: str | None = None
    quantity: int = 1
    unit: str = "piece"
    condition: str = "any"
    text: str | None = None
    gtin: str | None = None
    brand: str | None = None
    model: str | None = None
    attributes: dict[str, str] = {}
    facets: dict[str, str] = {}
    roll_over: bool = False
    newcomers: bool = False


def read_wish(path: Path | None, flags: Mapping[str, Any]) -> Wish:
    """Take the wish of a JSON or TOML file, with the flags that are not None in place of its members.

    Raises:
        UsageError: the file is neither, or holds an unknown member or a value of the wrong kind.
    """
    members = _read_file(path) if path else {}
    given = {name: value for name, value in flags.items() if value is not None}
    if {"fixed", "at_most"} & given.keys():
        members = {k: v for k, v in members.items() if k not in {"fixed", "at_most"}}
    try:
        return msgspec.convert({**members, **given}, Wish)
    except msgspec.ValidationError as error:
        where = f"{path}: " if path else ""
        raise UsageError(f"{where}{error}.") from None


def compose(
    wish: Wish, market: MarketDescriptor, *, cell: str, pseudonym: str, reply_key: str
) -> PersonalRequest:
    """Write a wish as a request under the market's rules.

    Raises:
        UsageError: something is missing, or is not what the market or the protocol allows.
    """
    if not wish.title:
        raise UsageError("Say what you need: give a title.")
    price = _price(wish, market)
    zone = ZoneInfo(market.schedule.time_zone)
    members: dict[str, Any] = {
        "market": market.market,
        "pseudonym": pseudonym,
        "reply_key": reply_key,
        "need": _need(wish, market),
        "price": price,
        "area": {"cell": cell, "radius_m": rounded(metres(wish.within))},
        "delivery": sorted(set(wish.delivery), key=_way_order),
        "terms": _terms(wish, market),
        "policy": _policy(wish, market, price["kind"]),
    }
    if wish.item:
        principal, _, item = wish.item.partition("/")
        members["item"] = {"principal": principal, "id": item}
    if wish.needed_by:
        members["needed_by"] = quarter_hour(wish.needed_by, zone, bound="end")
    if wish.not_before:
        members["not_before"] = quarter_hour(wish.not_before, zone, bound="start")
    if wish.facets:
        members["facets"] = known_facets(wish.facets, market)
    if wish.roll_over:
        members["roll_over"] = True
    if wish.newcomers:
        members["try_newcomers"] = True
    _check_cell(cell, market)
    try:
        return msgspec.convert({"type": "PersonalRequest", **members}, PersonalRequest)
    except msgspec.ValidationError as error:
        raise UsageError(f"The request is not valid: {error}.") from None


def metres(text: str) -> int:
    """Read a distance such as ``15km``, ``800m`` or ``10mi`` as whole metres.

    Raises:
        UsageError: the text is no such distance.
    """
    found = _DISTANCE.fullmatch(text.strip().lower())
    if found is None:
        raise UsageError(f"{text} is no distance; one looks like 15km, 800m or 10mi.")
    return round(Decimal(found.group(1)) * _METRES[found.group(2)])


def rounded(distance: int) -> int:
    """Round a distance in metres up to one of a few: 8317 m would be one customer's alone.

    Raises:
        UsageError: it is beyond the last of them.
    """
    for radius in RADII_M:
        if distance <= radius:
            return radius
    raise UsageError(f"A pickup may be at most {RADII_M[-1] // 1000} km away.")


def quarter_hour(text: str, zone: ZoneInfo, *, bound: Literal["start", "end"]) -> str:
    """Read a date or time in the market's zone as an instant, cut to whole quarters of an hour.

    A bare date means its first quarter for ``start`` and its last one for ``end``.

    Raises:
        UsageError: the text is no date or time of ISO 8601.
    """
    try:
        when = datetime.fromisoformat(text)
        if len(text) == len("2026-11-27"):
            when = datetime.combine(when, time(23, 45) if bound == "end" else time(0))
        when = (when if when.tzinfo else when.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        hint = "one looks like 2026-11-27 or 2026-11-27T18:00"
        raise UsageError(f"{text} is no date or time; {hint}.") from None
    return format_instant(when.replace(minute=when.minute // 15 * 15, second=0))


def what_is_public(request: PersonalRequest, market: MarketDescriptor) -> list[tuple[str, str]]:
    """Say in words everything that all the world will read of a request."""
    need, price = request.need, request.price
    titles = {category.id: category.title for category in market.categories}
    named = {agreement.id: agreement.title for agreement in market.terms}
    goods = [str(value) for value in (need.brand, need.model, need.gtin) if value]
    goods += [f"{name}: {value}" for name, value in (need.attributes or {}).items()]
    lines = [
        ("need", need.title),
        (
            "item",
            f"{request.item.id} of the brand {request.item.principal}" if request.item else "",
        ),
        ("category", titles.get(need.category, need.category)),
        ("quantity", f"{need.quantity} {need.unit}, condition: {need.condition}"),
        ("described as", "; ".join(goods)),
        ("text", str(need.text or "")),
        ("price", price_in_words(price, market)),
        ("area", area_in_words(request.area.cell)),
        ("pickup within", f"{request.area.radius_m / 1000:g} km of the area's centre (rounded up)"),
        ("delivery", " or ".join(request.delivery)),
        ("not before", str(request.not_before or "")),
        ("needed by", str(request.needed_by or "")),
        ("if nobody gets it", "it joins the next market days" if request.roll_over else ""),
        ("privacy terms", f"{request.terms.id} ({named.get(request.terms.id, 'unknown')})"),
        ("bids ranked by", request.policy),
        ("newcomers", _newcomers(market) if request.try_newcomers else ""),
        ("facets", "; ".join(f"{k}: {v}" for k, v in (request.facets or {}).items())),
        ("signed by", f"{request.pseudonym} (a fresh key for this request only)"),
    ]
    return [(name, text) for name, text in lines if text]


def price_in_words(price: AskingPrice, market: MarketDescriptor) -> str:
    """Say an asking price."""
    amount = format_amount(price.amount, market.currency)
    bound = "exactly" if price.kind == "fixed" else "at most"
    return f"{bound} {amount}, tax and delivery included"


def area_in_words(cell: str) -> str:
    """Say how large a cell is and round where."""
    centre = centre_of(cell)
    size = h3.cell_area(cell, unit="km^2")
    large = f"{size:.0f} km²" if size >= 1 else f"{size * 1e6:.0f} m²"
    return (
        f"about {large} round {centre.lat_e6 / 1e6:.2f}, {centre.lng_e6 / 1e6:.2f} "
        f"(cell {cell}, resolution {resolution_of(cell)})"
    )


def _read_file(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        members = tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (UnicodeDecodeError, ValueError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise UsageError(f"{path} is not {kind}: {error}.") from None
    if not isinstance(members, dict):
        raise UsageError(f"{path} must hold one object with the request's members.")
    return members


def _price(wish: Wish, market: MarketDescriptor) -> dict[str, Any]:
    if (wish.fixed is None) == (wish.at_most is None):
        raise UsageError("Name one price: --fixed for a price to take or leave, or --at-most.")
    kind, text = ("fixed", wish.fixed) if wish.fixed else ("ceiling", wish.at_most)
    try:
        amount = parse_amount(text or "", market.currency.digits)
    except ValueError as error:
        raise UsageError(f"The price {text}: {error}.") from None
    return {"kind": kind, "amount": amount, "currency": market.currency.code}


def _need(wish: Wish, market: MarketDescriptor) -> dict[str, Any]:
    known = [category.id for category in market.categories]
    if wish.category not in known:
        raise UsageError(f"The market has no category {wish.category}; it has {', '.join(known)}.")
    need: dict[str, Any] = {
        "title": wish.title,
        "category": wish.category,
        "quantity": wish.quantity,
        "unit": wish.unit,
        "condition": wish.condition,
    }
    optional = {
        "text": wish.text,
        "gtin": wish.gtin,
        "brand": wish.brand,
        "model": wish.model,
        "attributes": wish.attributes,
    }
    return need | {name: value for name, value in optional.items() if value}


def _terms(wish: Wish, market: MarketDescriptor) -> dict[str, str]:
    roster = {agreement.id: agreement.digest for agreement in market.terms}
    chosen = wish.terms or next(iter(roster))
    if chosen not in roster:
        raise UsageError(f"The market's terms are {', '.join(roster)}; not {chosen}.")
    return {"id": chosen, "digest": roster[chosen]}


def _policy(wish: Wish, market: MarketDescriptor, kind: str) -> str:
    usual = "best-nearby" if kind == "fixed" else "best-value"
    chosen = wish.policy or (usual if usual in market.policies else market.policies[0])
    if chosen not in market.policies:
        offered = ", ".join(market.policies)
        raise UsageError(f"The market ranks bids by {offered}; not by {chosen}.")
    return chosen


def known_facets(facets: dict[str, str], market: MarketDescriptor) -> dict[str, str]:
    """Check that facets are in the market's words.

    Raises:
        UsageError: names the one that is not, and which there are.
    """
    for name, value in facets.items():
        words = market.facets.get(name, ())
        if value not in words:
            known = f"{name} is one of {', '.join(words)}" if words else ", ".join(market.facets)
            raise UsageError(
                f"{name}={value} is no facet of this market ({known or 'it has none'})."
            )
    return dict(facets)


def _newcomers(market: MarketDescriptor) -> str:
    share = market.newcomers.share / 10
    return f"they go first if the lot falls on it ({share:g} in 100)"


def _way_order(way: str) -> int:
    """Order ways as the protocol lists them; one's own order would be a habit. Unknown ones come last."""
    known: tuple[str, ...] = get_args(DeliveryWay)
    return known.index(way) if way in known else len(known)


def _check_cell(cell: str, market: MarketDescriptor) -> None:
    resolution = resolution_of(cell)
    coarsest, finest = resolutions(market)
    if not coarsest <= resolution <= finest:
        raise UsageError(
            f"The place's cell has resolution {resolution}, and a request here may show "
            f"{coarsest} to {finest}; add the place again."
        )
