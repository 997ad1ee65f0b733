"""Instants between the database (seconds since the epoch) and documents (RFC 3339 in UTC)."""

from datetime import UTC, datetime

from vrm.documents.scalars import format_instant


def instant_text(seconds: int) -> str:
    """Write seconds since the epoch as documents do."""
    return format_instant(datetime.fromtimestamp(seconds, UTC))
