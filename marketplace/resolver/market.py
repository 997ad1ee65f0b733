"""The frozen inputs of one run, as numpy columns.

Three tables, in the one order that every run uses (the *canonical order*):

* requests by id;
* places by (vendor did, place id);
* bids by (request, place), so that the bids on one request are neighbours.

`Market` refuses any other order and `arranged` makes this one, so that nothing of the order in
which things arrived is left when the first decision is made. Every figure is an integer: money
in minor units, distance in metres.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum, IntFlag
from functools import cached_property
from typing import Final, TypeVar, get_args, get_type_hints

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
U8 = NDArray[np.uint8]
U16 = NDArray[np.uint16]
I16 = NDArray[np.int16]
I32 = NDArray[np.int32]
I64 = NDArray[np.int64]
Strings = NDArray[np.bytes_]

STRUCK_OUT: Final = -1
"""`Bids.listed` of a bid that the customer's Preference rules out."""
UNLISTED: Final = int(np.iinfo(np.int16).max)
"""`Bids.listed` of a bid that the customer's Preference does not mention."""


class Policy(IntEnum):
    """How a request orders the bids that its Preference does not list."""

    BEST_NEARBY = 0
    BEST_VALUE = 1
    NEAREST = 2
    LOWEST_PRICE = 3


class Way(IntFlag):
    """How the goods reach the customer; a request names a set, a bid exactly one."""

    SHIP = 1
    PICKUP = 2
    ON_SITE = 4


class Flaw(IntFlag):
    """What is known of a bid before its figures are looked at."""

    LATE = 1
    WITHDRAWN = 2
    UNAUTHORISED = 4
    """The request names a principal's item and this vendor may not sell it."""
    ALTERNATIVE = 8
    """It offers something else than was asked: good only if the Preference lists it."""
    DECLINED = 16
    """It was assigned earlier in the day, and the vendor declined or let the time run out."""


def label(code: Policy | Way) -> str:
    """The name that documents use: `best-nearby`, `on-site`."""
    return str(code.name).lower().replace("_", "-")


@dataclass(frozen=True, slots=True, eq=False)
class Requests:
    """Personal requests, one row each."""

    id: U8
    """(n, 32): the document's digest."""
    policy: U8
    """A `Policy`."""
    price: I64
    """Minor units."""
    fixed: Mask
    """A bid must name exactly `price`; otherwise at most `price`."""
    currency: U16
    """Any code, the same one in `Bids`."""
    terms: U16
    """The customer's privacy terms: any code, the same one in `Bids`."""
    ways: U8
    """A set of `Way`."""
    radius_m: I32
    """Metres: how far the customer goes for a pickup."""
    only_listed: Mask
    """Bids that the Preference does not list are out."""


@dataclass(frozen=True, slots=True, eq=False)
class Places:
    """Vendors' places, one row each."""

    did: Strings
    """The vendor's did in ASCII; a vendor's places share it."""
    place: Strings
    """The place's id, unique within the vendor."""
    capacity: I32
    """Units left today; one request is one unit."""
    band: U8
    """The vendor's reputation band; higher is better."""
    reach_m: I32
    """Metres: how far the place delivers."""
    admitted: Mask
    """The vendor is admitted and not suspended."""


@dataclass(frozen=True, slots=True, eq=False)
class Bids:
    """Bids, one row each; a vendor has at most one on a request."""

    request: I32
    """Row of `Requests`."""
    place: I32
    """Row of `Places`."""
    price: I64
    """Minor units."""
    distance_m: I32
    """Metres from the centre of the request's area to the place."""
    currency: U16
    terms: U16
    """The terms that the vendor accepted."""
    way: U8
    """One `Way`."""
    flaws: U8
    """A set of `Flaw`."""
    listed: I16
    """Position in the customer's Preference from 0, or `UNLISTED`, or `STRUCK_OUT`."""


Table = TypeVar("Table", Requests, Places, Bids)


@dataclass(frozen=True, eq=False)
class Market:
    """Everything that one run decides from, in canonical order.

    `seed` is the day's 32 public random bytes. Raises `ValueError` if a column has another type
    or length than its table says, a table is out of order, a bid names a row that does not
    exist, a vendor has two bids on one request, or a figure is negative.
    """

    requests: Requests
    places: Places
    bids: Bids
    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise ValueError("the seed has 32 bytes")
        for table in (self.requests, self.places, self.bids):
            _check_columns(table)
        _check_requests(self.requests)
        _check_places(self.places)
        _check_bids(self)

    @cached_property
    def first_bid(self) -> I64:
        """(requests + 1): the bids on request r are rows `first_bid[r]` to `first_bid[r + 1]`."""
        rows = np.arange(size(self.requests) + 1, dtype=np.int32)
        return np.searchsorted(self.bids.request, rows)


def arranged(requests: Requests, places: Places, bids: Bids, seed: bytes) -> tuple[Market, I64]:
    """Put tables that come in any order into canonical order.

    Returns the market, and for each row of its bids the row that it had in `bids`.
    """
    by_id = np.argsort(_as_strings(requests.id))
    by_did = np.lexsort((places.place, places.did))
    bids = replace(
        bids,
        request=_inverse(by_id).take(bids.request),
        place=_inverse(by_did).take(bids.place),
    )
    by_request = np.lexsort((bids.place, bids.request))
    market = Market(take(requests, by_id), take(places, by_did), take(bids, by_request), seed)
    return market, by_request


def size(table: Requests | Places | Bids) -> int:
    """The number of rows of a table."""
    return len(getattr(table, fields(table)[0].name))


def dtypes(kind: type[Requests] | type[Places] | type[Bids]) -> dict[str, np.dtype[np.generic]]:
    """The type of each column, as the table's annotations say."""
    # NDArray[np.uint8] is np.ndarray[shape, np.dtype[np.uint8]].
    return {
        name: np.dtype(get_args(get_args(hint)[1])[0])
        for name, hint in get_type_hints(kind).items()
    }


def take(table: Table, rows: I64) -> Table:
    """The rows of a table, in the order of `rows`."""
    return replace(table, **{f.name: getattr(table, f.name)[rows] for f in fields(table)})


def _inverse(order: I64) -> I32:
    inverse = np.empty(len(order), dtype=np.int32)
    inverse[order] = np.arange(len(order), dtype=np.int32)
    return inverse


def _as_strings(ids: U8) -> Strings:
    return np.ascontiguousarray(ids).view("S32").ravel()


def _check_columns(table: Requests | Places | Bids) -> None:
    for name, dtype in dtypes(type(table)).items():
        column = getattr(table, name)
        shape = (size(table), 32) if name == "id" else (size(table),)
        if not np.issubdtype(column.dtype, dtype.type):
            raise ValueError(f"{name} is of type {column.dtype}, not {dtype}")
        if column.shape != shape:
            raise ValueError(f"{name} has shape {column.shape}, not {shape}")


def _check_requests(requests: Requests) -> None:
    ids = _as_strings(requests.id)
    if not np.all(ids[:-1] < ids[1:]):
        raise ValueError("requests are not in strict order of their ids")
    if np.any(requests.policy > max(Policy)):
        raise ValueError("unknown policy")
    if np.any(requests.price < 0) or np.any(requests.radius_m < 0):
        raise ValueError("a price or radius is negative")


def _check_places(places: Places) -> None:
    same = places.did[:-1] == places.did[1:]
    rising = places.did[:-1] < places.did[1:]
    if not np.all(rising | (same & (places.place[:-1] < places.place[1:]))):
        raise ValueError("places are not in strict order of (did, place)")
    if np.any(places.capacity < 0) or np.any(places.reach_m < 0):
        raise ValueError("a capacity or reach is negative")


def _check_bids(market: Market, block: int = 1 << 18) -> None:
    bids, places = market.bids, market.places
    vendor = np.zeros(size(places), dtype=np.int32)
    np.cumsum(places.did[1:] != places.did[:-1], out=vendor[1:])
    for start in range(0, size(bids), block):
        rows = slice(max(start - 1, 0), start + block)  # one back: neighbours across the seam
        request, place = bids.request[rows], bids.place[rows]
        if request.min() < 0 or request.max() >= size(market.requests):
            raise ValueError("a bid names a request that does not exist")
        if place.min() < 0 or place.max() >= len(vendor):
            raise ValueError("a bid names a place that does not exist")
        by = vendor.take(place)
        # A vendor's places are neighbours, so one comparison sees a wrong order, the same place
        # twice and two places of one vendor.
        rising = (request[1:] > request[:-1]) | ((request[1:] == request[:-1]) & (by[1:] > by[:-1]))
        if not rising.all():
            raise ValueError("bids are not in order of (request, place), one per vendor")
        if bids.price[rows].min() < 0 or bids.distance_m[rows].min() < 0:
            raise ValueError("a price or distance is negative")
        if bids.listed[rows].min() < STRUCK_OUT:
            raise ValueError("listed is a position, UNLISTED or STRUCK_OUT")
