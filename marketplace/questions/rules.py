"""When a question or an answer comes at the right time: pure."""

from dataclasses import dataclass

from marketplace.errors import Refused


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that a question or an answer is about, as far as the rules look at it."""

    pseudonym: str
    is_withdrawn: bool
    is_hidden: bool
    is_resolved: bool
    bids_close: int


def check_open(request: Asked | None, now: int) -> Asked:
    """Refuse words about a request that takes no bids: nobody could act on them.

    Raises:
        Refused: no such request, or it is withdrawn, resolved, or past the close of bids.
    """
    if request is None:
        raise Refused("unknown-request", "No published request has this digest.", "request")
    if request.is_withdrawn:
        raise Refused("request-withdrawn", "The customer has withdrawn the request.", "request")
    if request.is_hidden:
        raise Refused("hidden", "The operator has hidden this request.", "request")
    if request.is_resolved or now >= request.bids_close:
        raise Refused("bids-closed", "Bids on this request are closed.", "request")
    return request
