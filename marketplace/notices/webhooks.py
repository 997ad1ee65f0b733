"""The use cases about webhooks: a vendor says where to, and reads how it goes."""

import msgspec

from crypto.webhooks import WebhookKeys
from marketplace.db import AnyRow, take_turns
from marketplace.errors import Refused
from marketplace.instants import instant_text
from marketplace.market import Market
from marketplace.notices import repository, service
from marketplace.notices.rules import check_url
from marketplace.notices.schemas import EventData, WebhookState, WebhookStored, WebhookView
from vrm.documents import Webhook, read


async def set_webhook(market: Market, raw: bytes) -> tuple[WebhookStored, bool]:
    """Make a webhook the vendor's one, or take it away; tells whether this call did so.

    A webhook is told of what comes next, first of all that it was set. One that only moves, or changes its
    keys, goes on with what it has not been told yet.

    Raises:
        Refused: an unknown vendor, no address for a webhook, or a sequence number that is not the newest.
    """
    signed = read(raw, Webhook)
    body = signed.body
    market.check_addressed(body)
    if body.url:
        check_url(body.url, loopback=market.settings.webhooks_to_loopback)
    answer = WebhookStored(vendor=body.vendor, webhook=signed.digest, seq=body.seq)
    async with market.db.unit_of_work() as connection:
        await take_turns(connection, [body.vendor])
        newest = (await repository.newest(connection, [body.vendor])).get(body.vendor)
        if newest is None:
            raise Refused("unknown-vendor", "Register the vendor before its webhook.", "vendor")
        stored = await repository.webhook(connection, body.vendor)
        if stored is not None and stored.digest == signed.digest:
            return answer, False
        if stored is not None and body.seq <= stored.seq:
            detail = f"The stored document has seq {stored.seq}; send a higher one."
            raise Refused("stale-sequence", detail, "seq")
        now = await market.db.now(connection)
        goes_on = stored is not None and stored.url is not None and not stored.disabled
        row = {
            "vendor": body.vendor,
            "seq": body.seq,
            "digest": signed.digest,
            "wire": signed.wire,
            "url": body.url or None,
            "generation": body.generation,
            "told": stored.told if stored is not None and goes_on else newest,
            "failures": 0,
            "run_at": now,
            "epoch": 0 if stored is None else stored.epoch + 1,
            "lease_until": 0,
            "disabled": False,
            "delivered_at": None,
            "failure": None,
        }
        await repository.set_webhook(connection, row)
        if body.url:
            about = EventData(webhook=signed.digest)
            await service.tell(connection, now, [(body.vendor, "webhook.set", about)])
    return answer, True


async def show(market: Market, vendor: str) -> WebhookView:
    """Show a vendor its own webhook, with the keys that it is signed by.

    Raises:
        Refused: there is none.
    """
    async with market.db.snapshot() as connection:
        row = await repository.webhook(connection, vendor)
        newest = await repository.newest(connection, [vendor])
    if row is None or row.url is None:
        raise Refused("no-webhook", "You have set no webhook.")
    keys = keys_of(market, row)
    return WebhookView(
        document=msgspec.Raw(row.wire),
        state=_state(row),
        secret=keys.secret,
        public_key=keys.public,
        waiting=newest[vendor] - row.told,
        delivered_at=None if row.delivered_at is None else instant_text(row.delivered_at),
        failures=row.failures,
        failure=row.failure,
        next_attempt=instant_text(row.run_at) if row.failures and not row.disabled else None,
    )


def keys_of(market: Market, row: AnyRow, *, before: int = 0) -> WebhookKeys:
    """The keys of a webhook, or those of some generations before."""
    endpoint = f"{row.vendor} {row.url} {row.generation - before}"
    return WebhookKeys.derive(market.identity.webhook_seed, endpoint)


def _state(row: AnyRow) -> WebhookState:
    if row.disabled:
        return "disabled"
    return "failing" if row.failures else "on"
