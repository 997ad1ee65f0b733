"""Problems out: the one place that turns errors into HTTP (RFC 9457)."""

import sqlite3
import traceback
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, InternalServerException, ValidationException
from sqlalchemy.exc import DBAPIError

from crypto import CryptoError
from crypto.errors import KeyFormatError, ProofError
from marketplace.errors import PROBLEMS, Refused
from vrm.errors import InvalidDocument

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was wrong, and what to do."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    remedy: str
    field: str | None = None
    decision: msgspec.Raw | None = None
    """The market's signed decision, where one is the reason."""


def problem_of(error: Exception) -> ProblemDocument:
    """Word an error of this program's trees; anything else is the market's own failure."""
    if isinstance(error, Refused):
        return _document(error.code, error.detail, error.field, error.decision)
    if isinstance(error, InvalidDocument):
        return _document(_known(error.code, "invalid-document"), str(error), error.field)
    if isinstance(error, KeyFormatError):
        return _document("invalid-key", str(error))
    if isinstance(error, ProofError):
        return _document(_known(error.code, "invalid-proof"), str(error), "proof")
    if isinstance(error, CryptoError):
        return _document(_known(error.code, "invalid-document"), str(error))
    if isinstance(error, HTTPException):
        return _of_framework(error)
    if isinstance(error, DBAPIError) and _is_busy(error):
        return _document("busy", "The database is busy.")
    return _document("internal", "Something failed here; the operator's log says what.")


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[ProblemDocument]:
    """Litestar's exception handler for everything."""
    problem = problem_of(error)
    if problem.code == "internal" and not _is_disconnect(error):
        handler = request.scope.get("route_handler")
        if handler is not None and handler.opt.get("anonymous"):
            request.app.state.failures.log_later(_traceless(error))
        else:
            log.error("internal_error", **_traceless(error))
    return _respond(problem, getattr(error, "headers", None) or {})


def _respond(problem: ProblemDocument, given: Mapping[str, str]) -> Response[ProblemDocument]:
    # given: a 405 says what is allowed, a 401 which token is wanted
    headers = {**given, "Cache-Control": "no-store"}
    if problem.status == HTTPStatus.UNAUTHORIZED and "WWW-Authenticate" not in headers:
        headers["WWW-Authenticate"] = 'Signature realm="vrm-read"'
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "2"
    return Response(problem, status_code=problem.status, media_type=MEDIA_TYPE, headers=headers)


def _document(
    code: str, detail: str, field: str | None = None, decision: bytes | None = None
) -> ProblemDocument:
    kind = PROBLEMS[code]
    return ProblemDocument(
        type=f"/problems/{code}",
        title=kind.title,
        status=kind.status,
        detail=detail,
        code=code,
        remedy=kind.remedy,
        field=field,
        decision=None if decision is None else msgspec.Raw(decision),
    )


def _known(code: str, otherwise: str) -> str:
    return code if code in PROBLEMS else otherwise


_BY_STATUS = {
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too-large",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported-media-type",
}


def _of_framework(error: HTTPException) -> ProblemDocument:
    if isinstance(error, ValidationException):
        first = error.extra[0] if isinstance(error.extra, list) and error.extra else {}
        field = first.get("key") if isinstance(first, dict) else None
        message = first.get("message", error.detail) if isinstance(first, dict) else error.detail
        return _document("invalid-parameter", f"{field or 'parameter'}: {message}", field)
    if error.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return _document("internal", "Something failed here; the operator's log says what.")
    status = HTTPStatus(error.status_code)
    return _document(_BY_STATUS.get(status, "refused"), error.detail or status.phrase)


def _is_busy(error: DBAPIError) -> bool:
    if isinstance(error.orig, sqlite3.OperationalError):
        return "locked" in str(error.orig)
    return getattr(error.orig, "sqlstate", None) in _LOST_RACES


_LOST_RACES = frozenset(("40001", "40P01", "55P03"))
"""PostgreSQL's serialization failure, deadlock, and lock not available (appendix A of its manual)."""


def _is_disconnect(error: Exception) -> bool:
    """Whether the caller went away; Litestar has no type for it."""
    return isinstance(error, InternalServerException) and "disconnected" in error.detail


def _traceless(error: BaseException) -> dict[str, object]:
    """What to log of a failure: where and of which kinds, but no message.

    A message may quote what a call sent (a database repeats the key that it holds already), and an anonymous
    call leaves no trace here either.
    """
    kinds, where = [], traceback.extract_tb(error.__traceback__)
    cause: BaseException | None = error
    while cause is not None:
        state = getattr(cause, "sqlstate", None) or getattr(cause, "sqlite_errorname", None)
        kinds.append(type(cause).__name__ + (f" {state}" if state else ""))
        cause = cause.__cause__ or cause.__context__
    return {"kinds": kinds, "where": [f"{f.filename}:{f.lineno} {f.name}" for f in where]}
