"""The vendor's description of itself: one TOML file with several places, or flags with one.

name = "Corner Toys"
categories = ["toys", "baby"]
delivery = ["ship", "pickup"]
terms = ["PDC-INTENT"]

[[place]]
id = "shop"
name = "Main Street"
at = "60614"          # a US postal code, "lat,lng" in degrees, or a town
reach_km = 15
capacity = 10
"""

import tomllib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from vrm.documents import Place
from vrm.documents.scalars import DeliveryWay
from vrm.errors import UsageError
from vrm.places import locate
from vrm.vendor.hints import hint


class PlaceDescription(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A place as a person writes it; ``at`` is looked up on this machine."""

    id: str
    at: str
    reach_km: Annotated[float, Meta(ge=0)]
    capacity: Annotated[int, Meta(ge=0)]
    name: str = ""
    hours: str = ""

    def placed(self) -> Place:
        """Look the place up.

        Raises:
            UsageError: no such postal code or town.
        """
        town = locate(self.at)
        return Place(
            id=self.id,
            name=self.name or town.name,
            lat_e6=town.at.lat_e6,
            lng_e6=town.at.lng_e6,
            reach_m=round(self.reach_km * 1000),
            capacity=self.capacity,
            hours=self.hours or msgspec.UNSET,
        )


class Description(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a vendor registers with."""

    name: str
    categories: tuple[str, ...]
    delivery: tuple[DeliveryWay, ...]
    terms: tuple[str, ...]
    place: Annotated[tuple[PlaceDescription, ...], Meta(min_length=1)]
    text: str = ""
    url: str = ""


def read_description(path: Path) -> Description:
    """Read a vendor's description.

    Raises:
        UsageError: no TOML, an unknown key, or a value of another kind.
    """
    try:
        tables = tomllib.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path.name}: not TOML: {error}.") from None
    _check_keys(path.name, tables, Description)
    for place in tables.get("place", []):
        if isinstance(place, dict):
            _check_keys(f"{path.name} [[place]]", place, PlaceDescription)
    try:
        return msgspec.convert(tables, Description)
    except msgspec.ValidationError as error:
        raise UsageError(f"{path.name}: {error}.") from None


def _check_keys(where: str, table: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    for key in table:
        if key not in kind.__struct_fields__:
            raise UsageError(f"{where} does not know '{key}'; {hint(key, kind.__struct_fields__)}")
