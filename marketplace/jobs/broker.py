"""The broker: none that anybody must install by default, RabbitMQ or Redis in production."""

import dramatiq
from dramatiq.brokers.stub import StubBroker
from dramatiq.middleware import AgeLimit, AsyncIO, Retries, ShutdownNotifications

from marketplace.errors import ConfigurationError

MESSAGE_AGE_MS = 60_000
"""A wake-up that is older than this has been overtaken by newer ones."""


def make_broker(url: str) -> dramatiq.Broker:
    """Make the broker that a URL names; no URL means one inside this process.

    Raises:
        ConfigurationError: the URL names another kind of broker.
    """
    middleware: list[dramatiq.Middleware] = [
        AsyncIO(),
        AgeLimit(max_age=MESSAGE_AGE_MS),
        ShutdownNotifications(),
        # The next tick is the retry: a failed job leaves its work visible in the database.
        Retries(max_retries=0),
    ]
    if not url:
        return StubBroker(middleware=middleware)
    if url.startswith(("redis://", "rediss://")):
        from dramatiq.brokers.redis import RedisBroker  # noqa: PLC0415

        # By default a killed worker's messages come back only after minutes.
        return RedisBroker(  # type: ignore[no-untyped-call]
            url=url, middleware=middleware, heartbeat_timeout=15_000, maintenance_chance=1000
        )
    if url.startswith(("amqp://", "amqps://")):
        from dramatiq.brokers.rabbitmq import RabbitmqBroker  # noqa: PLC0415

        return RabbitmqBroker(url=url, middleware=middleware, confirm_delivery=True)
    raise ConfigurationError("broker_url must start with redis:// or amqp://, or be empty.")
