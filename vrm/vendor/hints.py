"""What a mistyped word may have meant."""

import difflib
from collections.abc import Collection


def hint(word: str, known: Collection[str]) -> str:
    """Suggest the nearest known word, or list all of them."""
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are {', '.join(sorted(known))}"
