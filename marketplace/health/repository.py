"""Counts for the operator; nothing here moves when an anonymous call arrives."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace.models import (
    Award,
    Batch,
    OutboxItem,
    PublishedRequest,
    Run,
    StoredBid,
    Unfilled,
    Vendor,
)
from marketplace.models.mail import MailWaiting


async def counts(connection: AsyncConnection) -> dict[str, int]:
    """Count what is published and stored, by a metric's name."""
    queries = {
        "vendors": select(func.count()).select_from(Vendor),
        "batches": select(func.count()).select_from(Batch),
        "requests_published": select(func.count()).select_from(PublishedRequest),
        "requests_open": select(func.count())
        .select_from(PublishedRequest)
        .where(PublishedRequest.day.is_(None), PublishedRequest.withdrawn_at.is_(None)),
        "bids_live": select(func.count())
        .select_from(StoredBid)
        .join(PublishedRequest, PublishedRequest.digest == StoredBid.request)
        .where(StoredBid.state == "live", PublishedRequest.day.is_(None)),
        "runs_published": select(func.count()).select_from(Run).where(Run.report.is_not(None)),
        "runs_unfinished": select(func.count()).select_from(Run).where(Run.report.is_(None)),
        "assigned": select(func.count()).select_from(Award),
        "unfilled": select(func.count()).select_from(Unfilled),
        "mail_waiting": select(func.count()).select_from(MailWaiting),
        "outbox_waiting": select(func.count()).select_from(OutboxItem).where(~OutboxItem.parked),
        "outbox_parked": select(func.count()).select_from(OutboxItem).where(OutboxItem.parked),
    }
    return {name: (await connection.execute(query)).scalar_one() for name, query in queries.items()}
