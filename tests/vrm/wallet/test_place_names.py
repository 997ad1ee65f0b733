"""One cell for each place: what asking often must not narrow down."""

import pytest

from tests.vrm.vendor.builders import market
from vrm.documents.place import cell_at, point
from vrm.errors import UsageError
from vrm.wallet.places import settle
from vrm.wallet.state import NamedPlace, State

HOME = point(48.2082, 16.3738)


def state(*places: NamedPlace) -> State:
    return State(
        url="https://market.test", rules=market(), created="2026-11-20T00:00:00Z", places=[*places]
    )


def home(resolution: int, name: str = "home", label: str = "1010 Vienna") -> NamedPlace:
    return NamedPlace(name, label, cell_at(HOME, resolution))


def test_a_cell_that_moves_with_the_crowd() -> None:
    wallet = state(home(6))
    assert settle(wallet, home(7), None) == home(6)
    assert wallet.places == [home(6)]


def test_a_second_name_for_one_place_has_no_second_cell() -> None:
    wallet = state(home(6))
    assert settle(wallet, home(7, "work"), None) == home(6, "work")


def test_a_place_is_moved_only_if_its_owner_says_so() -> None:
    wallet = state(home(6), home(6, "work", "1020 Vienna"))
    for other, resolution in ((home(6, label="1030 Vienna"), None), (home(5), 5)):
        with pytest.raises(UsageError, match="--replace"):
            settle(wallet, other, resolution)
        assert settle(wallet, other, resolution, replace=True) == other
        assert [place.name for place in wallet.places] == ["home", "work"], "it stays the first"
        wallet.places[0] = home(6)
