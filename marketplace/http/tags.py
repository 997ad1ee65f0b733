"""Answers that a reader may keep: an ETag, and 304 for whoever has the same (RFC 9110, 8.8 and 13.1)."""

import hashlib
from collections.abc import Mapping
from typing import Any

import msgspec
from litestar import Request, Response

import crypto


def answer_tagged(
    request: Request[Any, Any, Any],
    content: bytes,
    *,
    tag: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response[Any]:
    """Answer with JSON, or without it where the caller has it already.

    Args:
        content: the JSON.
        tag: names the content; by default its digest does.
        headers: further ones.
    """
    named = tag or crypto.base64url_encode(hashlib.sha256(content).digest())
    sent = {**(headers or {}), "ETag": f'"{named}"'}
    known = request.headers.get("if-none-match", "").split(",")
    if f'"{named}"' in {one.strip().removeprefix("W/") for one in known}:
        return Response(msgspec.Raw(b""), status_code=304, headers=sent)
    return Response(msgspec.Raw(content), headers=sent)
