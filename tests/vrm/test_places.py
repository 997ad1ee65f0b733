"""Postal codes and towns, found without asking anybody."""

import pytest

from vrm.documents.place import distance_m, point
from vrm.errors import UsageError
from vrm.places import locate, postal_codes_near


@pytest.mark.parametrize(
    ("text", "name", "where"),
    [
        ("60601", "Chicago, IL, US", point(41.8858, -87.6181)),
        ("60601-1234", "Chicago, IL, US", point(41.8858, -87.6181)),
        ("Vienna, AT", "Vienna, AT", point(48.2085, 16.3721)),
        ("wien", "Vienna, AT", point(48.2085, 16.3721)),
        ("Cusco, Peru", "Cusco, PE", point(-13.5319, -71.9675)),
        ("springfield,  il", "Springfield, IL, US", point(39.8017, -89.6437)),
    ],
)
def test_places_that_are_known(text: str, name: str, where: object) -> None:
    found = locate(text)
    assert found.name == name
    assert distance_m(found.at, where) < 500  # type: ignore[arg-type]


def test_coordinates_are_taken_as_they_are() -> None:
    assert locate("48.2082,16.3738").at == point(48.2082, 16.3738)
    assert locate(" -33.9 , 18.4 ").at == point(-33.9, 18.4)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("00000", "no US postal code"),
        ("91,16", "Latitude"),
        ("48,181", "Latitude"),
        ("Springfield", "Springfield, MO, US; Springfield, MA, US"),
    ],
)
def test_places_that_are_none_or_many(text: str, told: str) -> None:
    with pytest.raises(UsageError) as caught:
        locate(text)
    assert told in str(caught.value)


def test_postal_codes_around_one_of_them() -> None:
    centre = locate("60601").at
    near = postal_codes_near(centre, 10)
    assert 20 < len(near) < 60
    assert all(distance_m(centre, town.at) <= 10_000 for town in near)
    assert [town.code for town in near] == sorted({town.code for town in near})
    assert {town.code for town in near} < {town.code for town in postal_codes_near(centre, 35)}
