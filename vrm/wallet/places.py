"""The owner's named places, each with one cell that stays, whatever the crowd round it does."""

import msgspec

from vrm.documents.place import resolution_of
from vrm.errors import UsageError
from vrm.wallet.state import NamedPlace, State


def settle(
    state: State, named: NamedPlace, resolution: int | None, *, replace: bool = False
) -> NamedPlace:
    """Keep a place under its name; answers it with the cell that counts.

    Unless the owner asks for a resolution or to replace it, a place keeps the cell that it has, and a second
    name of it gets the same: several cells round one point would narrow it down.

    Args:
        named: with the cell that would be chosen now.
        resolution: of that cell, if the owner asked for it.

    Raises:
        UsageError: another place has the name, or this one with another resolution, and is not to be replaced.
    """
    known = {place.name: place for place in state.places}
    there = known.get(named.name)
    if there is not None and not replace:
        if there.label != named.label or resolution not in {None, resolution_of(there.cell)}:
            raise UsageError(f"{named.name} is {there.label} already; move it with --replace.")
        return there
    twins = [place for place in state.places if place.label == named.label and place != there]
    if twins and resolution is None and not replace:
        named = msgspec.structs.replace(named, cell=twins[0].cell)
    if there is None:
        state.places.append(named)
    else:  # where it stood, since the first place is the one that requests use by default
        state.places[state.places.index(there)] = named
    return named
