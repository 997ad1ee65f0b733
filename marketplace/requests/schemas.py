"""What the calls about requests answer."""

import msgspec


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """What became public at one instant: digests in order, so that order tells nothing."""

    instant: str
    requests: list[str]
    withdrawals: list[str]
    """Digests of the requests that were withdrawn."""
    first_leaf: int | None
    """Where the batch's documents begin in the log: requests, withdrawals, Preferences and answers, side by
    side. Null in batches from before that was so."""
    leaves: int | None
    """How many they are."""
