"""The manners that the three command lines share.

Standard output carries the result and nothing else: with ``--json`` one JSON object or array, otherwise text
and tables for people. Progress, questions and errors go to standard error; an error is one line. ``NO_COLOR``
is honoured.

Exit codes:

===  ==============================================================================
0    done
1    the market refused, broke its own rules, or a check did not hold
2    the request itself was wrong: an option, a file, a passphrase, this machine
3    the market cannot be reached
130  interrupted from the keyboard
===  ==============================================================================
"""

import asyncio
import os
import re
import sys
from collections.abc import Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn, TypeVar

import httpx
import msgspec
import typer
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text
from typer.core import TyperCommand

from crypto import CryptoError, check_libsodium
from vrm.errors import (
    MarketMisbehaved,
    MarketRefused,
    MarketUnreachable,
    RulesChanged,
    UsageError,
    VrmError,
)

OK: Final = 0
REFUSED: Final = 1
USAGE: Final = 2
UNREACHABLE: Final = 3
INTERRUPTED: Final = 130

WIDE: Final = 160
"""Columns of text that no terminal shows: a file or a pipe need not fold what a reader may search."""

out: Final = Console(highlight=False, emoji=False)
"""Results for people."""

err: Final = Console(highlight=False, emoji=False, stderr=True)
"""Progress, questions, and the one line of an error."""

Json = Annotated[bool, typer.Option("--json", help="Print one JSON value and nothing else.")]
PassphraseFile = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file",
        help="Read the passphrase from this file's first line, as VRM_PASSPHRASE_FILE does.",
        show_default=False,
    ),
]

_KNOWN: Final = (VrmError, CryptoError, httpx.HTTPError, httpx.InvalidURL, OSError)

T = TypeVar("T")


_DIGEST_LIKE: Final = re.compile(r"-(?!-)[A-Za-z0-9_-]{5,42}\Z|--[A-Za-z0-9_-]{41}\Z")
"""The beginning of a digest that begins with a dash, or a whole one that begins with two. No command here has
short options that run together, or an option with so long a name."""
_SHIELD: Final = "\0"


class _Command(TyperCommand):
    """A command whose arguments may be digests: one in 32 begins with a dash, and is no option for that."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        shielded = [_SHIELD + arg if _DIGEST_LIKE.match(arg) else arg for arg in args]
        left = super().parse_args(ctx, shielded)
        ctx.params = {name: _unshielded(value) for name, value in ctx.params.items()}
        return left


def _unshielded(value: Any) -> Any:
    if isinstance(value, str):
        return value.removeprefix(_SHIELD)
    if isinstance(value, list | tuple):
        return type(value)(_unshielded(one) for one in value)
    return value


class _Application(typer.Typer):
    def command(self, *args: Any, **options: Any) -> Any:
        return super().command(*args, **({"cls": _Command} | options))


def application(help_text: str) -> typer.Typer:
    """Make a Typer application that leaves errors to `main` and prints help when called bare."""
    return _Application(
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def main(app: typer.Typer, name: str, *, also: tuple[type[Exception], ...] = ()) -> NoReturn:
    """Run a command line and exit with one of the codes above; never with a traceback for a known error.

    Args:
        also: further error trees whose members are refusals (exit 1), for programs that bring their own.
    """
    known: tuple[type[Exception], ...] = (*_KNOWN, *also)
    code: object
    try:
        _fit()
        check_libsodium()
        code = app(prog_name=name, standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader went away, as `head` does; the interpreter's own last flush must not complain.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = REFUSED
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except typer.TyperException as error:
        code = _usage(error, name)
    except BaseExceptionGroup as group:
        first = _first(group)
        if not isinstance(first, known):
            raise
        code = _report(first, name, also)
    except known as error:
        code = _report(error, name, also)
    raise SystemExit(code if isinstance(code, int) else OK)


def _fit() -> None:
    columns = os.environ.get("COLUMNS", "")
    if columns.isdigit():
        out.width = int(columns)
    elif sys.stdout is None or not sys.stdout.isatty():
        out.width = WIDE


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run an asynchronous command to its end."""
    return asyncio.run(coroutine)


def fail(message: str) -> NoReturn:
    """End the command as wrongly used (exit 2) with one line."""
    raise UsageError(message)


def words(text: str | None, file: Path | None) -> str:
    """What a person wants to say: as given, out of a file, or else all of the input; without a last line feed.

    Raises:
        UsageError: given twice, or the file is no text.
    """
    if text is not None and file is not None:
        raise UsageError("Give the text, or a file, not both.")
    if text is None:
        try:
            text = sys.stdin.read() if file is None else file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"The text cannot be read: {error}") from None
    return text.replace("\r\n", "\n").rstrip("\n")


def print_json(value: object) -> None:
    """Print one JSON value (built-ins, msgspec structs, dataclasses) on one line of standard output."""
    sys.stdout.write(msgspec.json.encode(value).decode() + "\n")


def plain(text: str) -> str:
    """Take out of other people's words what could steer a terminal, or forge a line of ours."""
    return "".join(c if c.isprintable() else " " for c in text)


def say(message: str) -> None:
    """Print a line of the result for a person; it is not broken, so that it can be cut out and searched.

    A line feed in it is ours: foreign text goes through `plain` first.
    """
    out.print(_plain(message), soft_wrap=True)


def note(message: str) -> None:
    """Print a line for a person on standard error."""
    err.print(_plain(message), soft_wrap=True)


def table(headings: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> Table:
    """Lay out rows as plain text, each cell one line; numbers stand to the right, no cell is markup."""
    grid = Table(
        box=box.SIMPLE_HEAD,
        title=_plain(title) if title else None,
        title_justify="left",
        pad_edge=False,
    )
    cells = [list(row) for row in rows]
    for at, heading in enumerate(headings):
        numeric = bool(cells) and all(isinstance(row[at], int | float) for row in cells)
        grid.add_column(
            Text(plain(heading)), justify="right" if numeric else "left", overflow="fold"
        )
    for row in cells:
        grid.add_row(*(Text(plain(str(cell))) for cell in row))
    return grid


def exit_code(error: BaseException) -> int:
    """Tell the exit code that an error stands for."""
    if isinstance(error, MarketUnreachable | httpx.TransportError):
        return UNREACHABLE
    if isinstance(error, MarketRefused | MarketMisbehaved | RulesChanged):
        return REFUSED
    return USAGE


def _report(error: BaseException, name: str, also: tuple[type[Exception], ...]) -> int:
    _line(name, describe(error))
    return REFUSED if isinstance(error, also) else exit_code(error)


def describe(error: BaseException) -> str:
    """Say an error in one line without a control character."""
    if isinstance(error, OSError) and error.strerror:
        text = f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    elif isinstance(error, httpx.TransportError):
        text = f"cannot reach the market: {error}" if str(error) else "cannot reach the market"
    else:
        text = str(error) or type(error).__name__
    return " ".join(_plain(text).plain.split())


def _plain(text: str) -> Text:
    """Take out what could steer a terminal or read as markup, and leave the line feeds."""
    return Text("".join(c if c.isprintable() or c == "\n" else " " for c in text))


def _usage(error: typer.TyperException, name: str) -> int:
    message = error.format_message().strip()
    if message:
        context = getattr(error, "ctx", None)
        command = context.command_path if context is not None else name
        if message.startswith("Usage:"):  # a bare group: its help, as Typer would have shown it
            err.print(_plain(message), soft_wrap=True)
        else:
            told = " ".join(message.split()).removesuffix(".")
            _line(name, f"{told}. Try: {command} --help")
    return USAGE


def _line(name: str, text: str) -> None:
    sys.stderr.write(f"{name}: {text}\n")


def _first(group: BaseExceptionGroup[BaseException]) -> BaseException:
    """Find the first error of a task group, which is the one worth telling."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
