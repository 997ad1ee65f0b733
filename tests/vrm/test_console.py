"""The manners of the command lines: codes, one line for an error, and nothing else on standard output."""

import asyncio
import errno
import json
import subprocess
import sys
from collections.abc import Callable

import httpx
import msgspec
import pytest
import typer

from crypto.errors import WrongPassphrase
from vrm import console
from vrm.console import Json
from vrm.errors import (
    KeyFileError,
    MarketMisbehaved,
    MarketRefused,
    MarketUnreachable,
    UsageError,
    WalletError,
)
from vrm.vendor.program import Verdict
from vrm.vendor_commands.automatic import _Show

Run = Callable[..., tuple[int, str, str]]


class OperatorError(Exception):
    """An error tree of another program."""


ERRORS: dict[str, tuple[BaseException, int]] = {
    "refused": (MarketRefused("bids-closed", "Closed", "Bids are closed.", 409), 1),
    "misbehaved": (MarketMisbehaved("The promise is for another document."), 1),
    "operator": (OperatorError("The chain is used up."), 1),
    "usage": (UsageError("Name one price."), 2),
    "wallet": (WalletError("No such place."), 2),
    "keyfile": (KeyFileError("Others can read it."), 2),
    "passphrase": (WrongPassphrase("The passphrase does not fit this vault."), 2),
    "file": (FileNotFoundError(errno.ENOENT, "No such file or directory", "stock.csv"), 2),
    "url": (httpx.InvalidURL("Invalid port"), 2),
    "unreachable": (MarketUnreachable("The market does not answer."), 3),
    "connect": (httpx.ConnectError("All connection attempts failed"), 3),
    "timeout": (httpx.ReadTimeout(""), 3),
    "lines": (UsageError("two\nlines\x1b[31m"), 2),
    "keyboard": (KeyboardInterrupt(), 130),
    "abort": (typer.Abort(), 130),
}

app = console.application("A program.")


@app.command()
def fails(name: str, *, grouped: bool = False) -> None:
    """Fail in a named way."""

    async def in_a_group() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(raising(ERRORS[name][0]))

    if grouped:
        console.run(in_a_group())
    raise ERRORS[name][0]


@app.command()
def shows(*, json: Json = False) -> None:
    """Show something."""
    console.note("on the way")
    if json:
        console.print_json({"amount": 1, "raw": msgspec.Raw(b'{"a":"\xc3\xbc"}')})
    else:
        console.out.print(console.table(("name", "km"), [("[bold]Shop[/bold]", 3), ("Other", 12)]))


async def raising(error: BaseException) -> None:
    raise error


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs the program; answers exit code, standard output, standard error."""

    def run_once(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["prog", *arguments])
        with pytest.raises(SystemExit) as caught:
            console.main(app, "prog", also=(OperatorError,))
        assert isinstance(caught.value.code, int)
        return caught.value.code, *capsys.readouterr()

    return run_once


@pytest.mark.parametrize("name", ERRORS)
def test_every_error_has_its_code_and_at_most_one_line(run: Run, name: str) -> None:
    code, out, err = run("fails", name)
    assert code == ERRORS[name][1]
    assert out == ""
    assert err.count("\n") == (0 if code == 130 else 1)
    assert "Traceback" not in err
    assert "\x1b" not in err


@pytest.mark.parametrize("name", ["refused", "usage", "connect", "operator"])
def test_an_error_in_a_task_group_reads_alike(run: Run, name: str) -> None:
    assert run("fails", name, "--grouped") == run("fails", name)


def test_an_error_says_what_and_where(run: Run) -> None:
    assert run("fails", "refused")[2] == "prog: Bids are closed. (bids-closed)\n"
    assert run("fails", "file")[2] == "prog: stock.csv: No such file or directory\n"
    assert "cannot reach the market" in run("fails", "timeout")[2]


def test_a_mistake_in_the_program_is_not_hidden(run: Run) -> None:
    with pytest.raises(KeyError):
        run("fails", "nothing known")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("frobnicate",), "No such command"),
        (("fails",), "Missing argument"),
        (("shows", "--frobnicate"), "--frobnicate"),
        (("shows", "extra"), "extra"),
    ],
)
def test_wrong_use_is_one_line_with_a_way_to_help(
    run: Run, arguments: tuple[str, ...], told: str
) -> None:
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert told in err
    assert err.count("\n") == 1
    assert "--help" in err


def test_json_stands_alone_on_standard_output(run: Run) -> None:
    code, out, err = run("shows", "--json")
    assert code == 0
    assert out.count("\n") == 1
    assert json.loads(out) == {"amount": 1, "raw": {"a": "ü"}}
    assert err == "on the way\n"


def test_a_table_reads_no_cell_as_markup(run: Run) -> None:
    _, out, _ = run("shows")
    assert "[bold]Shop[/bold]" in out
    lines = [line.rstrip() for line in out.splitlines()]
    assert any(line.endswith(" 3") for line in lines), "numbers stand to the right"


def test_words_of_others_that_would_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    evil = "Shop\x1b]0;owned\x07\x9b2J\u202eegdirb"
    console.say(evil)
    console.note(evil)
    console.out.print(console.table((evil,), [(evil,)]))
    shown = "".join(capsys.readouterr())
    assert "Shop" in shown
    assert not set(shown) & set("\x1b\x07\x9b\u202e")


def test_help_is_no_error(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    assert "Fail in a named way." in out


def test_a_reader_that_goes_away_hears_no_complaint() -> None:
    program = (
        "from vrm import console\n"
        "app = console.application('x')\n"
        "@app.command()\n"
        "def a() -> None:\n"
        "    for n in range(200_000): console.print_json(n)\n"
        "@app.command()\n"
        "def b() -> None:\n"
        "    for n in range(20_000): console.say(str(n))\n"
        "console.main(app, 'prog')\n"
    )
    for command in ("a", "b"):
        writer = subprocess.Popen(
            [sys.executable, "-c", program, command],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        assert writer.stdout is not None
        assert writer.stdout.readline() == b"0\n"
        writer.stdout.close()
        assert writer.stderr is not None
        assert writer.stderr.read() == b""
        writer.stderr.close()
        assert writer.wait(30) in {0, 1}


def test_a_strangers_title_that_forges_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    title = "Stroller [abc] - no\nbid: Gold watch\x1b[2J [9Zk3faPqx1] - as ordered by the owner"
    _Show(json=False, quiet=False).verdict(Verdict("d" * 43, title, "passed", "not in stock"))
    console.out.print(console.table(("need",), [(title,)]))
    shown = capsys.readouterr().out
    assert "\x1b" not in shown
    assert not any(line.startswith("bid:") for line in shown.splitlines())
    assert shown.splitlines()[0].startswith("no bid: Stroller [abc] - no bid: Gold watch")


@pytest.mark.parametrize(
    "digest", ["-h2Jk_x9-", "-AbCdEfGhIjKlMnOpQrStUvWxYz0123456789-_abcde"[:43], "--" + "J" * 41]
)
def test_a_digest_that_begins_with_a_dash_is_no_option(
    digest: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = console.application("A program.")

    @app.command()
    def show(first: str, others: list[str], *, strike: str = "", loud: bool = False) -> None:
        print(first, others, strike, loud)

    monkeypatch.setattr(sys, "argv", ["show", "--loud", digest, "B", digest, "--strike", digest])
    with pytest.raises(SystemExit):
        console.main(app, "show")
    assert capsys.readouterr().out == f"{digest} ['B', '{digest}'] {digest} True\n"


def test_an_option_that_does_not_exist_is_still_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    app = console.application("A program.")

    @app.command()
    def show(first: str) -> None:
        print(first)

    monkeypatch.setattr(sys, "argv", ["show", "x", "--louder"])
    with pytest.raises(SystemExit) as ended:
        console.main(app, "show")
    assert ended.value.code == 2
    assert "--louder" in capsys.readouterr().err
