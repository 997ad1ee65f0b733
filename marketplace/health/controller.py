"""Health, readiness and metrics over HTTP."""

import msgspec
from litestar import Controller, MediaType, Response, get
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest
from sqlalchemy.exc import SQLAlchemyError

from marketplace.errors import Refused
from marketplace.health import service
from marketplace.http.parameters import TheMarket
from marketplace.schema import is_current


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the market is."""

    status: str


class HealthController(Controller):
    tags = ["operation"]

    @get("/health")
    async def health(self) -> Health:
        """Whether the process answers."""
        return Health(status="ok")

    @get("/ready")
    async def ready(self, market: TheMarket) -> Health:
        """Whether the database can be reached and has the schema of this version."""
        try:
            async with market.db.snapshot() as connection:
                current = await is_current(connection)
        except (SQLAlchemyError, OSError):
            raise Refused("busy", "The database cannot be reached.") from None
        if not current:
            raise Refused("busy", "The database has another version's schema.")
        return Health(status="ready")

    @get("/metrics", media_type=MediaType.TEXT)
    async def metrics(self, market: TheMarket) -> Response[bytes]:
        """Counts in Prometheus' text format."""
        registry = CollectorRegistry()
        for name, value in (await service.count(market)).items():
            Gauge(f"vrm_{name}", f"Number of {name.replace('_', ' ')}.", registry=registry).set(
                value
            )
        return Response(generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})
