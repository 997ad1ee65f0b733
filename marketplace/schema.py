"""The schema and its revisions: Alembic is the only way a table comes to be."""

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import AsyncConnection

from marketplace import models
from marketplace.models import (
    cascade,
    catalogue,
    crowds,
    disputes,
    fulfilment,
    log,
    mail,
    members,
    messages,
    moderation,
    notices,
    ratings,
    reputation,
    stamps,
)

TABLES: Final = (
    models,
    cascade,
    catalogue,
    crowds,
    disputes,
    fulfilment,
    log,
    mail,
    messages,
    moderation,
    notices,
    members,
    ratings,
    reputation,
    stamps,
)
"""Where tables are described; the metadata knows them all once these are imported."""

METADATA: Final = models.Base.metadata


def migrations_folder() -> Path:
    """Where the revisions lie: inside the installed package, or beside it in a source tree."""
    package = Path(__file__).parent
    inside = package / "migrations"
    return inside if inside.is_dir() else package.parent / "migrations"


def config(url: str) -> Config:
    """Alembic's configuration for a database."""
    made = Config()
    made.set_main_option("script_location", str(migrations_folder()))
    made.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return made


def upgrade(url: str, revision: str = "head") -> None:
    """Bring a database's schema up to a revision. Call it outside of an event loop."""
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take a database's schema down to a revision. Call it outside of an event loop."""
    command.downgrade(config(url), revision)


async def is_current(connection: AsyncConnection) -> bool:
    """Tell whether the database has exactly the schema of this version."""
    return await connection.run_sync(_is_current)


def _is_current(connection: Connection) -> bool:
    newest = ScriptDirectory(str(migrations_folder())).get_current_head()
    return MigrationContext.configure(connection).get_current_revision() == newest
