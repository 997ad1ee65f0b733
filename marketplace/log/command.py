"""The commands about the log."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from marketplace.db import Database
from marketplace.log.export import Exported
from marketplace.log.export import export as write_files
from marketplace.settings import load_settings
from marketplace.unlocking import Home
from vrm import console

app = console.application("The log of what the market has taken.")


@app.callback()
def _group() -> None:
    """Keep `export` a word of its own, though it is the only one."""


@app.command()
def export(
    folder: Annotated[Path, typer.Argument(help="Where a static host finds it.")],
    home: Home,
    as_json: console.Json = False,
) -> None:
    """Write the log as plain files that never change, and its checkpoint; again, only what is new.

    It needs no keys. Point readers at the folder's address in place of the market's /log.

        market log export /srv/www/log
    """
    done = console.run(_export(load_settings(home).database, folder))
    if as_json:
        console.print_json(msgspec.structs.asdict(done))
    else:
        console.say(f"{folder}: {done.size:,} leaves, {done.files:,} new files.")


async def _export(url: str, folder: Path) -> Exported:
    db = Database(url)
    try:
        return await write_files(db, folder)
    finally:
        await db.dispose()
