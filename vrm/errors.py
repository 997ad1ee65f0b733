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


class UsageError(VrmError):
    """What a person or a file asked for cannot be done as written."""


class KeyFileError(VrmError):
    """A key file or passphrase that is missing, exposed, or already there."""


class WalletError(VrmError):
    """A wallet that is missing or damaged, or that does not hold what was asked of it."""


class MarketRefused(VrmError):
    """The market answered with a problem document (RFC 9457).

    ``code`` is the stable slug of the refusal, such as ``bids-closed``; ``status`` the HTTP status;
    ``field`` the JSON path of the offending member where the market names one. ``unsure`` tells that an
    earlier attempt of the same call may have been taken, its answer lost.
    """

    unsure = False

    def __init__(
        self, code: str, title: str, detail: str, status: int, field: str | None = None
    ) -> None:
        super().__init__(f"{detail or title} ({code})")
        self.code = code
        self.title = title
        self.detail = detail
        self.status = status
        self.field = field


class MarketUnreachable(VrmError):
    """No usable answer came from the market's address."""


class RulesChanged(VrmError):
    """The market's rules are others than those that were agreed to."""


class MarketMisbehaved(VrmError):
    """The market answered against its own rules: a wrong signature, another identity, a foreign shape."""


class LogFault(MarketMisbehaved):
    """The market's log is not what it was, or not what the market said that it is.

    ``code`` is a stable slug: ``rollback``, ``fork``, ``consistency``, ``missing``, ``inclusion`` and others.
    ``notes`` are the signed heads that show it, where there are any; keep them, they are the evidence.
    """

    def __init__(self, code: str, detail: str, notes: tuple[str, ...] = ()) -> None:
        super().__init__(detail)
        self.code = code
        self.notes = notes
