"""The three tables that a run decides from, as numpy columns.

Every figure is an integer: money in minor units, distance in metres.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum, IntFlag
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

    id: Strings
    """The document's digest as documents write it (base64url, ``S43``)."""
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
    tries_newcomers: Mask
    """The customer allows that newcomers' bids lead, should the request be drawn."""


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
    leads: I32
    """On how many requests the vendor may lead, as a newcomer; 0 for others. Its places share it."""


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
Cell = TypeVar("Cell", bound=np.generic)


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


def view(table: Table, rows: slice | I64) -> Table:
    """The given rows of a table, in that order; a slice copies nothing."""
    return replace(table, **{f.name: getattr(table, f.name)[rows] for f in fields(table)})
