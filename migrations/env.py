"""How Alembic reaches a market's database."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from marketplace.schema import METADATA

ADVISORY_LOCK = 7_012_2026
"""Two processes that start together must not upgrade together."""


def run_migrations(connection: Connection) -> None:
    """Run the revisions in one transaction where the database can."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
    options: dict[str, Any] = {"render_as_batch": connection.dialect.name == "sqlite"}
    context.configure(connection=connection, target_metadata=METADATA, compare_type=True, **options)
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Connect, migrate, leave nothing open."""
    engine = create_async_engine(
        context.config.get_main_option("sqlalchemy.url", ""), poolclass=pool.NullPool
    )
    async with engine.begin() as connection:
        await connection.run_sync(run_migrations)
    await engine.dispose()


asyncio.run(main())
