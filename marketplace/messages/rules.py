"""When a message about an accepted assignment is taken: pure."""

from collections.abc import Sequence
from datetime import date

from marketplace.errors import Refused
from vrm.documents import MessageRules
from vrm.documents.membership import DAY_SECONDS


def check_turn(
    number: int, dates: Sequence[date], today: date, *, age: int, limits: MessageRules
) -> None:
    """Refuse a message that is out of its place, or one too many, or too late.

    Args:
        number: the message's own.
        dates: on which its sender's earlier messages about the assignment came.
        today: the date to which this one counts.
        age: seconds since the vendor's Acceptance.

    Raises:
        Refused: names which.
    """
    if number != len(dates) + 1:
        raise Refused("out-of-turn", f"Its sender's next is number {len(dates) + 1}.", "number")
    if age > limits.days * DAY_SECONDS:
        raise Refused("conversation-over", f"It was accepted over {limits.days} days ago.")
    if len(dates) >= limits.in_all:
        raise Refused("messages-used-up", f"Each side has {limits.in_all} messages.", "number")
    if dates.count(today) >= limits.per_day:
        raise Refused("messages-used-up", f"Each side has {limits.per_day} a day.", "number")
