"""Whether the revisions make exactly the tables that the models describe, and go down again, on both databases.

    python -m tests.schema_drift

Prints one line; the exit code is 1 on drift.
"""

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, pool
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from marketplace import schema
from marketplace.models import Base
from tests.support.databases import postgres_server


def drift(url: str) -> list[str]:
    """Take an empty database up and down through all revisions; say what is wrong with what that makes."""
    revisions = [
        one.revision for one in ScriptDirectory(str(schema.migrations_folder())).walk_revisions()
    ]
    schema.upgrade(url)
    found = [f"differs: {difference!r}" for difference in asyncio.run(_inspect(url, _differences))]
    for below in [*revisions[1:], "base"]:
        schema.downgrade(url, below)
    left = asyncio.run(_inspect(url, _tables)) - {"alembic_version"}
    found += [f"left behind by the way down: {name}" for name in sorted(left)]
    schema.upgrade(url)
    found += [
        f"differs after down and up: {difference!r}"
        for difference in asyncio.run(_inspect(url, _differences))
    ]
    return found


async def _inspect(url: str, look: Any) -> Any:
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        found = await connection.run_sync(look)
    await engine.dispose()
    return found


def _differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return [*compare_metadata(context, Base.metadata), *_rowids(connection)]


def _rowids(connection: Connection) -> list[str]:
    """What alembic does not compare: whether a table of anonymous things keeps a rowid on SQLite."""
    if connection.dialect.name != "sqlite":
        return []
    listed = connection.exec_driver_sql("PRAGMA table_list").mappings().all()
    without = {row["name"] for row in listed if row["wr"]}
    meant = {
        name
        for name, table in Base.metadata.tables.items()
        if table.dialect_options["sqlite"]["with_rowid"] is False
    }
    return [f"WITHOUT ROWID: {name}" for name in sorted(without ^ meant)]


def _tables(connection: Connection) -> set[str]:
    return set(inspect(connection).get_table_names())


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="vrm-drift-") as folder, postgres_server() as server:
        server.create("drift")
        urls = {
            "SQLite": f"sqlite+aiosqlite:///{Path(folder) / 'drift.db'}",
            "PostgreSQL": server.url("drift"),
        }
        faults = [f"{kind}: {fault}" for kind, url in urls.items() for fault in drift(url)]
    if faults:
        print("\n".join(faults), file=sys.stderr)
        return 1
    print("The migrated schema is that of the models on SQLite and PostgreSQL, up and down.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
