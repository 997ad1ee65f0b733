"""The one error tree of this package.

Every message is one sentence for a person: what was wrong, and what to do where that is not obvious.
No message carries a secret.
"""


class VrmError(Exception):
    """Anything that this package refuses or cannot do."""


class InvalidDocument(VrmError):
    """A document that is well-formed JSON and rightly signed, but not what the protocol allows.

    ``code`` is a stable slug for programs, such as ``unknown-field`` or ``wrong-type``; ``field`` is the
    JSON path of the offending member where one is to blame.
    """

    def __init__(self, code: str, detail: str, field: str | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.field = field
