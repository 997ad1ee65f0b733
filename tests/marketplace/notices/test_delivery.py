"""Webhooks that are delivered, or tried again: what a receiver that plays by the rules sees."""

import asyncio
import base64
import json

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from standardwebhooks import Webhook, WebhookVerificationError

import crypto
from marketplace.notices import delivery, writing
from marketplace.notices import service as notices
from marketplace.notices.rules import PAUSES
from marketplace.notices.schemas import EventData
from marketplace.vendors import service as vendors
from tests.marketplace.cascade.scenes import VENDORS, a_day, assignment
from tests.marketplace.notices.conftest import VENDOR
from tests.marketplace.notices.receivers import TAKEN, Call, Receiver, listening, status
from tests.support import ClockedMarket, a_vendor, a_webhook
from tests.support.clock import START

DAY = 86_400


async def happen(market: ClockedMarket, *days: str, key: crypto.SigningKey = VENDOR) -> None:
    """Let a vendor be told of something."""
    async with market.market.db.unit_of_work() as connection:
        told: list[notices.About] = [(key.did, "fallback.made", EventData(day=day)) for day in days]
        await notices.tell(connection, market.clock.now, told)


async def shown(market: ClockedMarket, key: crypto.SigningKey = VENDOR) -> dict[str, object]:
    """A vendor's webhook, as it reads it."""
    found: dict[str, object] = await market.read(key, "/vendors/self/webhook")
    return found


def told(calls: list[Call]) -> list[str]:
    """The days that calls told of, or their types."""
    events = [json.loads(call.body) for call in calls]
    return [event["data"].get("day", event["type"]) for event in events]


async def test_a_public_library_takes_what_is_sent(trials: ClockedMarket) -> None:
    async with listening(Receiver()) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await happen(trials, "2026-11-21")
        await delivery.deliver(trials.market, receiver.resolve)
    assert told(receiver.calls) == ["webhook.set", "2026-11-21"]
    secret = str((await shown(trials))["secret"])
    feed = (await trials.read(VENDOR, "/events"))["items"]
    assert [Webhook(secret).verify(c.body, c.headers) for c in receiver.calls] == feed
    assert [c.headers["webhook-id"] for c in receiver.calls] == [one["id"] for one in feed]
    first = receiver.calls[0]
    assert (first.line, first.headers["host"]) == (
        "POST /events HTTP/1.1",
        f"shop.test:{receiver.port}",
    )
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(first.body.replace(b"set", b"sat"), first.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify(first.body, receiver.calls[1].headers)
    await delivery.deliver(trials.market, receiver.resolve)
    assert len(receiver.calls) == 2
    assert ((await shown(trials))["waiting"], (await shown(trials))["state"]) == (0, "on")


@pytest.mark.on_postgresql
async def test_the_public_key_checks_the_other_signature(trials: ClockedMarket) -> None:
    async with listening(Receiver()) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await delivery.deliver(trials.market, receiver.resolve)
    (call,) = receiver.calls
    public = base64.b64decode(str((await shown(trials))["public_key"]).removeprefix("whpk_"))
    (signature,) = [
        one[4:] for one in call.headers["webhook-signature"].split(" ") if one.startswith("v1a,")
    ]
    named = f"{call.headers['webhook-id']}.{call.headers['webhook-timestamp']}.".encode()
    key = Ed25519PublicKey.from_public_bytes(public)
    key.verify(base64.b64decode(signature), named + call.body)


async def test_a_receiver_can_change_its_keys_when_it_likes(trials: ClockedMarket) -> None:
    async with listening(Receiver()) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        old = str((await shown(trials))["secret"])
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url, seq=2, generation=1))
        new = str((await shown(trials))["secret"])
        await delivery.deliver(trials.market, receiver.resolve)
    assert old != new
    for secret in (old, new):
        for call in receiver.calls:
            Webhook(secret).verify(call.body, call.headers)


async def test_no_two_webhooks_share_a_key(trials: ClockedMarket) -> None:
    await trials.store(*(a_vendor(trials, key) for key in VENDORS[:2]))
    places = [
        (VENDORS[0], "a", 0),
        (VENDORS[0], "b", 0),
        (VENDORS[0], "b", 1),
        (VENDORS[1], "b", 1),
    ]
    seen = set()
    for seq, (key, path, generation) in enumerate(places):
        url = f"https://shop.test/{path}"
        await trials.store(a_webhook(trials, key, url=url, generation=generation, seq=seq))
        found = await shown(trials, key)
        seen |= {found["secret"], found["public_key"]}
    assert len(seen) == 2 * len(places)


async def test_what_failed_is_tried_again_first_and_later_than_before(
    trials: ClockedMarket,
) -> None:
    async with listening(Receiver([status(500), status(404), TAKEN])) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await happen(trials, "a day")
        for attempts, pause in ((1, PAUSES[0]), (2, PAUSES[1])):
            await delivery.deliver(trials.market, receiver.resolve)
            assert len(receiver.calls) == attempts
            found = await shown(trials)
            assert (found["state"], found["failures"], found["waiting"]) == ("failing", attempts, 2)
            trials.clock.advance(pause - 1)
            assert not await delivery.anything_to_deliver(trials.market)
            trials.clock.advance(2 + pause // 10)
        await delivery.deliver(trials.market, receiver.resolve)
    assert told(receiver.calls) == ["webhook.set"] * 3 + ["a day"]
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 2
    times = [int(call.headers["webhook-timestamp"]) for call in receiver.calls]
    assert times == sorted(times)
    assert times[0] < times[1] < times[2]
    found = await shown(trials)
    assert (found["state"], found["failures"], found["failure"]) == ("on", 0, None)


async def test_a_receiver_that_fails_for_days_is_called_no_more_and_the_feed_says_so(
    trials: ClockedMarket,
) -> None:
    async with listening(Receiver([status(503)])) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        begun = trials.clock.now
        while (await shown(trials))["state"] != "disabled":
            await delivery.deliver(trials.market, receiver.resolve)
            trials.clock.advance(3600)
        assert 3 * DAY < trials.clock.now - begun < 4 * DAY
        assert len(receiver.calls) == len(PAUSES) + 1
        await happen(trials, "a later day")
        trials.clock.advance(9 * DAY)
        await delivery.deliver(trials.market, receiver.resolve)
        assert len(receiver.calls) == len(PAUSES) + 1
        events = (await trials.read(VENDOR, "/events"))["items"]
        assert [one["type"] for one in events[:2]] == ["webhook.set", "webhook.disabled"]
        assert events[1]["data"]["reason"] == "It answered 503"
        receiver.answers = [TAKEN]
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url, seq=2))
        await happen(trials, "a new day")
        await delivery.deliver(trials.market, receiver.resolve)
    assert told(receiver.calls)[len(PAUSES) + 1 :] == ["webhook.set", "a new day"]


async def test_a_receiver_that_is_gone_is_called_no_more(trials: ClockedMarket) -> None:
    async with listening(Receiver([status(410)])) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await delivery.deliver(trials.market, receiver.resolve)
        assert (await shown(trials))["state"] == "disabled"
        trials.clock.advance(9 * DAY)
        await delivery.deliver(trials.market, receiver.resolve)
    assert len(receiver.calls) == 1


@pytest.mark.on_postgresql
async def test_a_receiver_may_ask_to_be_left_alone_for_a_while(trials: ClockedMarket) -> None:
    async with listening(Receiver([status(429, "Retry-After: 4000")])) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await delivery.deliver(trials.market, receiver.resolve)
        trials.clock.advance(3999)
        assert not await delivery.anything_to_deliver(trials.market)
        trials.clock.advance(1)
        assert await delivery.anything_to_deliver(trials.market)


async def test_a_webhook_that_was_taken_away_or_is_a_suspended_vendor_s(
    trials: ClockedMarket,
) -> None:
    async with listening(Receiver()) as receiver:
        await trials.store(a_webhook(trials, VENDOR, url=receiver.url))
        await vendors.suspend(trials.market, VENDOR.did, "It sent nothing")
        await delivery.deliver(trials.market, receiver.resolve)
        await vendors.suspend(trials.market, VENDOR.did, "It did", suspended=False)
        await trials.store(a_webhook(trials, VENDOR, seq=2, url=msgspec.UNSET))
        await happen(trials, "a day")
        await delivery.deliver(trials.market, receiver.resolve)
    assert receiver.calls == []
    assert (await trials.ask(VENDOR, "/vendors/self/webhook")).status_code == 404


async def test_a_call_that_is_overtaken_changes_nothing(trials: ClockedMarket) -> None:
    """While the old address is called, the vendor names another one."""
    async with listening(Receiver()) as old, listening(Receiver()) as new:
        await trials.store(a_webhook(trials, VENDOR, url=old.url))
        await happen(trials, "a day")

        async def resolve(_host: str, port: int) -> list[str]:
            if port == old.port and not old.calls:
                await trials.store(a_webhook(trials, VENDOR, url=new.url, seq=2))
            return ["127.0.0.1"]

        await delivery.deliver(trials.market, resolve)
    assert told(old.calls) == ["webhook.set"]
    assert told(new.calls) == ["webhook.set", "a day", "webhook.set"], "told again, never skipped"


async def test_an_assignment_reaches_its_vendor(trials: ClockedMarket) -> None:
    async with listening(Receiver()) as receiver:
        trials.clock.set(START)
        await trials.store(a_vendor(trials, VENDORS[0]))
        await trials.store(a_webhook(trials, VENDORS[0], url=receiver.url))
        await a_day(trials)
        await writing.write(trials.market)
        await delivery.deliver(trials.market, receiver.resolve)
    events = [json.loads(call.body) for call in receiver.calls]
    assert [one["type"] for one in events] == ["webhook.set", "assignment.made"]
    assert events[1]["data"] == {"assignment": crypto.digest(await assignment(trials))}


async def test_the_worker_calls_it_by_itself(trials: ClockedMarket) -> None:
    async with listening(Receiver()) as receiver:
        with trials.served(works=True):
            here = f"http://127.0.0.1:{receiver.port}/"
            await trials.store(a_webhook(trials, VENDOR, url=here))
            await asyncio.wait_for(receiver.called.wait(), 20)
    assert told(receiver.calls) == ["webhook.set"]
