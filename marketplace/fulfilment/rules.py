"""When a document about an accepted assignment counts: pure."""

from dataclasses import dataclass

from marketplace.errors import Refused


@dataclass(frozen=True, slots=True)
class Given:
    """An assignment, as far as the rules look at it."""

    request: str
    pseudonym: str
    """Whose request it is."""
    is_accepted: bool


def check_disclosure(pseudonym: str, request: str, given: Given | None) -> None:
    """Refuse a Disclosure that nobody asked for.

    Raises:
        Refused: no such assignment of the request, another pseudonym's, or its vendor has not accepted it.
    """
    if given is None or given.request != request:
        detail = "No assignment of this request has this digest."
        raise Refused("unknown-assignment", detail, "assignment")
    if given.pseudonym != pseudonym:
        raise Refused("foreign-request", "Another pseudonym signed that request.", "pseudonym")
    if not given.is_accepted:
        raise Refused("not-accepted", "Its vendor has not accepted it.", "assignment")
