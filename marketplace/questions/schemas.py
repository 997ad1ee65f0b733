"""What the calls about questions answer."""

import msgspec


class QuestionStored(msgspec.Struct, frozen=True, kw_only=True):
    """A question is stored."""

    question: str
    request: str


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """A vendor's question about a request, and the owner's answer once it is public."""

    question: msgspec.Raw
    answer: msgspec.Raw | None
